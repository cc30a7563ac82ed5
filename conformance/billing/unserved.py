"""What serves nothing takes nothing: keys that are wrong, limits that are reached, looks at what there is.

Two readings of the balance around each group of such requests, which cost nothing to ask.
"""

from collections.abc import Callable
from typing import Any, Final

from conformance.billing.account import whiles
from conformance.billing.books import restless, step
from conformance.billing.probes import AFTER_CANCEL, CANCELLED, LONG
from conformance.billing.rates import dollars
from conformance.chat.prompts import user
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.route import Silence
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from conformance.running.balance import reading
from conformance.running.probe import Probe, ProbeContext, get, in_path, post
from conformance.usage import probes as usage
from wire.exchange import Request

_AT: Final = "billing.unserved-"
_ORIGIN: Final = (
    ("origin", "https://example.com"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization,content-type"),
)
_WRONG: Final = ("authorization", "Bearer sk-conformance-wrong-key")


def _asking(context: ProbeContext, *headers: tuple[str, str]) -> Request:
    return post(usage.CHAT, {"model": context.model, **usage.body()}, *headers)


def _called_off_again(context: ProbeContext) -> Request:
    name = in_path(context.reply(LONG).get("id"))
    return get(f"{usage.RESPONSES}/{name}/cancel", method="POST")


Asked = tuple[str, Callable[[ProbeContext], Request], dict[str, Any]]
_REFUSED: Final[tuple[Asked, ...]] = (
    ("key-wrong", lambda context: _asking(context, _WRONG), {"key": ""}),
    ("key-none", _asking, {"key": ""}),
    ("tier", _asking, {"key": "other_tier"}),
    ("limit", lambda context: post(usage.CHAT, {"model": context.model, "messages": user("[[script rate_limit]] Hello")}),
        {"feature": "scripted", "retry": False, "asks_for": frozenset({429})}),
    ("type", lambda context: post(usage.RESPONSES, {"model": context.model, "input": 7}), {}),
    ("media", lambda _: post(usage.CHAT, {}, ("content-type", "text/plain")), {}),
    ("broken", lambda _: post(usage.CHAT, b'{"model": '), {}),
    ("method", lambda _: get(usage.CHAT, method="PUT"), {}),
)  # fmt: skip
_LOOKED: Final[tuple[Asked, ...]] = (
    ("head", lambda _: get("/models", method="HEAD"), {}),
    ("preflight", lambda _: get(usage.CHAT, *_ORIGIN, method="OPTIONS"), {"key": ""}),
    ("list", lambda _: get("/models"), {}),
    ("stored-list", lambda _: get(f"{usage.CHAT}?limit=1"), {"feature": "chat.store"}),
    ("called-off-again", _called_off_again,
        {"feature": "responses.background", "after": (LONG, CANCELLED, AFTER_CANCEL)}),
)  # fmt: skip


def _free(
    before: Probe, name: str, build: Callable[[ProbeContext], Request], options: dict[str, Any]
) -> Probe:
    after = (before.name, *options.get("after", ()))
    given = {
        "feature": "billing",
        "per_model": False,
        "output_tokens": 0,
        "alone": True,
        **options,
        "after": after,
    }
    return Probe(f"{_AT}{name}", build, **given)


_BEFORE: Final = reading(f"{_AT}before", per_model=False)
_BETWEEN: Final = reading(f"{_AT}between", _BEFORE.name, per_model=False)
_AFTER: Final = reading(f"{_AT}after", _BETWEEN.name, per_model=False)
_NOT: Final = tuple(
    _free(_BEFORE, f"refused-{name}", build, more) for name, build, more in _REFUSED
)
_SEEN: Final = tuple(
    _free(_BETWEEN, f"looked-{name}", build, more) for name, build, more in _LOOKED
)
SEQUENCE: Final = (_BEFORE, *_NOT, _BETWEEN, *_SEEN, _AFTER)
"""In the order of sending."""


def _group(before: Probe, group: str, after: Probe) -> RunRule:
    """A rule: between two readings, with only these requests in between, the balance stays."""

    @run_rule(
        "billing.unserved",
        probes=(before.name, f"{_AT}{group}-*", after.name),
        silence=set(Silence),
    )
    def check(run: Run) -> Findings:
        piece = next(
            (
                p
                for p in whiles(run)
                if (p.before.probe, p.after.probe) == (before.name, after.name)
            ),
            None,
        )
        if piece is None or not piece.sent or piece.high or restless(run):
            yield Unsure("no balance was read that keeps still, or what must be refused was served")
        elif abs(piece.fell) > step(run):
            sent = ", ".join(
                f"{x.request.method} {x.request.path} ({x.reply.status})" for x in piece.sent
            )
            found = f"{dollars(piece.fell)} taken, with nothing sent but {sent}"
            yield Finding("balance", "$0 for what serves nothing", found, exchange=piece.sent[0].id)

    return check


RULES: Final = (_group(_BEFORE, "refused", _BETWEEN), _group(_BETWEEN, "looked", _AFTER))
