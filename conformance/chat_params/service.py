"""service_tier, seed and reasoning_effort: the answer tells what became of them."""

from typing import Any, Final

from conformance.chat.choice import choices_of
from conformance.chat_params.length import usage_json
from conformance.chat_params.request import VALID
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.effort import SHARES, lowered
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe
from wire.chat import fold_chat
from wire.exchange import Exchange
from wire.usage import Usage

# What a tier may turn into. A server out of room may serve any of them at the default tier.
_USED: Final = {
    "auto": ("default", "flex", "scale", "priority"),
    "default": ("default",),
    "flex": ("flex", "default"),
    "priority": ("priority", "default"),
    "fast": ("priority", "default"),
    "scale": ("scale", "default"),
}
EFFORT: Final = SUCCESS.only(
    "with reasoning_effort",
    lambda x: (
        isinstance(x.request.params.get("reasoning_effort"), str) and usage_json(x) is not None
    ),
    f"{VALID}low",
    f"{VALID}effort-*",
)


def _head(x: Exchange) -> dict[str, Any]:
    if x.reply.is_stream:
        return fold_chat(x.reply).head
    return x.reply.json if isinstance(x.reply.json, dict) else {}


@rule(
    "chat.param.service-tier.reported",
    on=SUCCESS.only(
        "with service_tier",
        lambda x: x.request.params.get("service_tier") in list(_USED),
        f"{VALID}low",
        f"{VALID}high",
        f"{VALID}effort-*",
    ),
)
def tier_reported(x: Exchange) -> Findings:
    used, found = _USED[x.request.params["service_tier"]], _head(x).get("service_tier")
    if found not in used:
        yield Finding("service_tier", " or ".join(used), show(found))


@rule("chat.param.reasoning-effort.counted", on=EFFORT)
def effort_counted(x: Exchange) -> Findings:
    usage = Usage.of(usage_json(x))
    if usage is None or usage.reasoning_tokens is None:
        where = "usage.completion_tokens_details.reasoning_tokens"
        yield Finding(where, "a whole number", show(usage_json(x), 80))


@rule("chat.param.reasoning-effort.none", on=EFFORT.only("none", lambda x: _effort(x) == "none",
      f"{VALID}low"))  # fmt: skip
def effort_none(x: Exchange) -> Findings:
    usage = Usage.of(usage_json(x))
    if usage and usage.reasoning_tokens:
        where = "usage.completion_tokens_details.reasoning_tokens"
        yield Finding(where, "0 with effort none", str(usage.reasoning_tokens))


@rule(
    "chat.param.reasoning-effort.reaches-model",
    on=ok_probe(f"{VALID}effort-*"),
)
def effort_reaches(x: Exchange) -> Findings:
    usage = Usage.of(usage_json(x))
    if usage and usage.reasoning_tokens == 0:
        where = "usage.completion_tokens_details.reasoning_tokens"
        yield Finding(where, f"more than 0 with effort {_effort(x)}", "0")


@rule("chat.param.reasoning-effort.honoured", on=ok_probe(f"{VALID}effort-*"))
def effort_kept(x: Exchange) -> Findings:
    """An effort that is asked and not used: as much is thought as with a lower one."""
    usage, effort = Usage.of(usage_json(x)), str(_effort(x))
    if usage and usage.reasoning_tokens and effort in SHARES:
        where = "usage.completion_tokens_details.reasoning_tokens"
        limit = x.request.params.get("max_completion_tokens")
        yield from lowered(where, effort, usage.reasoning_tokens, limit)


def _effort(x: Exchange) -> Any:
    return x.request.params.get("reasoning_effort")


@run_rule("chat.param.seed.repeats", probes=(f"{VALID}low",))
def seed_repeats(run: Run) -> Findings:
    """Best effort by the API's own word; a new system_fingerprint explains a difference."""
    answered = [x for x in run.all(f"{VALID}low") if x.ok]
    if len(answered) < 2:
        refused = all(not x.ok for x in run.all(f"{VALID}low"))
        yield Unsure("there are not two answers", refused=refused)
        return
    first, *others = answered
    for x in others:
        told = [c.content for c in choices_of(x)]
        moved = _head(x).get("system_fingerprint") != _head(first).get("system_fingerprint")
        if told != (before := [c.content for c in choices_of(first)]) and not moved:
            yield Finding("choices[].message.content", f"again {show(before, 60)}", show(told, 60),
                          exchange=x.id)  # fmt: skip
