"""What headers tell of the inside of a gateway; bodies of refusals are the matter of errors."""

import re

from conformance.errors.selectors import LIVE, is_api
from conformance.errors.shape import LEAKS
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from wire.exchange import Exchange

_INNER = (dict(LEAKS)["an inner address"], dict(LEAKS)["an inner host"])
# What names the server to those who asked it.
_OWN = frozenset({"location", "access-control-allow-origin", "link", "alt-svc", "report-to"})


@rule("http.no-inner-address", on=LIVE.only("of the API", is_api, "models.list", "auth.marker-*"))
def no_inner_address(x: Exchange) -> Findings:
    for name, value in x.reply.headers:
        found = next((m for pattern in _INNER if (m := pattern.search(value))), None)
        if found and name not in _OWN and found[0] not in (x.request.header("origin") or ""):
            yield Finding(f"header {name}", "no address of what lies behind", show(found[0]))


# Which channel, account or upstream served: by their names, and not how long they took or that they are there.
_ROUTER = re.compile(
    r"^(x-)?[\w-]*(channel|upstream|account|deployment|provider|model-id|api-base|key|group)[\w-]*$"
)
_HARMLESS = re.compile(
    r"(^|-)(time|latency|duration|ms|status|count|limit|remaining|reset|overhead)(-|$)"
)
_OF_ROUTERS = re.compile(
    r"^x-(oneapi|new-api|litellm|portkey|kong-upstream|upstream|channel|account|provider)-"
)


@rule("http.router-headers", on=LIVE.only("of the API", is_api, "models.list", "auth.marker-*"))
def router_headers(x: Exchange) -> Findings:
    for name, value in x.reply.headers:
        if _ROUTER.match(name) and _OF_ROUTERS.match(name) and not _HARMLESS.search(name):
            yield Finding(f"header {name}", "nothing of what stands behind the server", show(value))
