"""What headers tell of the inside of a gateway; bodies of refusals are the matter of errors."""

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
