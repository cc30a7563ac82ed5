"""Requests whose parameters are all right, many in each, and that none of them is refused."""

from typing import Any, Final

from conformance.chat_params.request import (
    COUNT,
    HELLO,
    LIMIT,
    NINE,
    VALID,
    asking,
)  # fmt: skip
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.lacking import null_refused, unsupported_told
from conformance.judging.refusal import asks, blames
from conformance.judging.rule import Rule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, named
from conformance.running.probe import Probe
from conformance.running.resend import without_refused_parameters
from wire.exchange import Exchange

LOW: Final[dict[str, Any]] = {
    "temperature": 0,
    "top_p": 0,
    "frequency_penalty": -2,
    "presence_penalty": -2,
    "n": 1,
    "max_completion_tokens": LIMIT,
    "seed": -(2**63),
    "logprobs": True,
    "top_logprobs": 20,
    "logit_bias": {"100": -100},  # every vocabulary has it
    "reasoning_effort": "none",
    "verbosity": "low",
    "modalities": ["text"],
    "response_format": {"type": "text"},
    "store": True,
    "metadata": {f"{n:02}".ljust(64, "k"): f"{n} é".ljust(512, "v") for n in range(16)},
    "service_tier": "auto",
    "user": "u1",
    "safety_identifier": "s" * 64,
    "prompt_cache_key": "conformance",
    "prompt_cache_retention": "24h",
    "stream": False,
}
HIGH: Final[dict[str, Any]] = {
    "temperature": 2,
    "top_p": 1,
    "frequency_penalty": 2,
    "presence_penalty": 2,
    "n": 1,
    "max_completion_tokens": LIMIT,
    "seed": 2**63 - 1,
    "logprobs": True,
    "top_logprobs": 0,
    "logit_bias": {"100": -1, "101": 100},
    "reasoning_effort": "none",
    "verbosity": "high",
    "store": False,
    "service_tier": "default",
    "user": "u" * 64,
    "safety_identifier": "s",
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": True},
}
# All that the API says may be null.
NULL: Final[dict[str, Any]] = dict.fromkeys([
    "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "metadata",
    "modalities", "n", "prediction", "presence_penalty", "reasoning_effort", "seed", "service_tier",
    "stop", "store", "stream", "stream_options", "temperature", "top_logprobs", "top_p", "verbosity",
])  # fmt: skip


_USAGE: Final = {"include_usage": True}


_THOUGHT: Final = 100
"""Room for what a high effort thinks: a smaller limit would cut every effort to the same."""


def _effort(effort: str, limit: int = LIMIT, **more: Any) -> Probe:
    body = {"reasoning_effort": effort, "max_completion_tokens": limit, **more}
    feature = "chat.reasoning_effort"
    return Probe(f"{VALID}effort-{effort}", asking(HELLO, **body), feature=feature,
                 output_tokens=limit)  # fmt: skip


# Twice the same, for the seed.
LOW_PROBE = Probe(f"{VALID}low", asking(COUNT, **LOW), count=2, output_tokens=LIMIT)
HIGH_PROBE = Probe(f"{VALID}high", asking(COUNT, **HIGH), output_tokens=LIMIT)
NULL_PROBE = Probe(f"{VALID}null", asking(NINE, **NULL), output_tokens=25)
AGAIN: Final = (without_refused_parameters(LOW_PROBE), without_refused_parameters(HIGH_PROBE))
EFFORTS = (
    _effort("low", verbosity="medium", service_tier="fast", store=False),
    _effort("high", _THOUGHT, service_tier="fast", store=True, stream=True, stream_options=_USAGE),
    _effort("xhigh", _THOUGHT, service_tier="flex"),
)
MAX_TOKENS = tuple(
    Probe(
        f"{VALID}max-tokens{suffix}",
        asking(COUNT, max_tokens=LIMIT, **body),
        feature="chat.max_tokens",
        output_tokens=LIMIT,
    )
    for suffix, body in (("", {}), ("-stream", {"stream": True, "stream_options": _USAGE}))
)

# Parameters whose acceptance is a requirement of its own, and the probes that carry them.
ACCEPTED: Final[dict[str, str]] = {
    "temperature": "low high", "top_p": "low high", "frequency_penalty": "low high",
    "presence_penalty": "low high", "n": "low high", "max_completion_tokens": "low high effort-*",
    "max_tokens": "max-tokens*", "stop": "stop*", "seed": "low high", "logprobs": "low high",
    "top_logprobs": "low high", "logit_bias": "low high", "reasoning_effort": "low effort-*",
    "verbosity": "low high effort-low", "modalities": "low", "response_format": "low json-*",
    "store": "low high effort-*", "metadata": "low", "service_tier": "low high effort-* json-object", "user": "low high",
    "safety_identifier": "low high", "prompt_cache_key": "low", "prompt_cache_retention": "low",
    "stream_options": "high *-stream", "tools": "tools-*", "tool_choice": "tools-*",
    "parallel_tool_calls": "tools-one-stream tools-named",
}  # fmt: skip


def _valid(x: Exchange) -> bool:
    """A request that has to be accepted, when the server looked at it at all."""
    return (x.probe or "").startswith(VALID) and x.reply.status not in (0, 401, 403, 408, 429, 503)


def _sent(x: Exchange) -> list[str]:
    """The parameters that the probe is about; a limit of output is put into every request."""
    limit = "max_completion_tokens"
    about = any(named(x.probe or "", VALID + name) for name in ACCEPTED[limit].split())
    aside = {"model", "messages"} if about else {"model", "messages", limit}
    return [name for name in x.request.params if name not in aside]


def _accepts(parameter: str, probes: str) -> Rule:
    def matches(x: Exchange) -> bool:
        return _valid(x) and asks(x, parameter)

    def check(x: Exchange) -> Findings:
        if x.ok:
            return
        if blames(x, parameter) or _sent(x) == [parameter]:
            value = show(x.request.params.get(parameter), 40)
            yield Finding("status", f"200 for {parameter} {value}", status_line(x))
        else:
            yield Unsure(
                f"the request was refused for something else: {status_line(x)}", refused=True
            )

    slug = parameter.replace("_", "-")
    carriers = tuple(VALID + name for name in probes.split())
    selector = Selector(f"a valid request with {parameter}", matches, carriers)
    return Rule((f"chat.param.{slug}.accepted",), selector, check)


RULES: Final = tuple(_accepts(*row) for row in ACCEPTED.items())


@rule("chat.param.valid-accepted", on=Selector("a valid request", _valid, (f"{VALID}*",)))
def valid_accepted(x: Exchange) -> Findings:
    """A refusal that blames one parameter is that parameter's affair."""
    if not x.ok and not any(blames(x, parameter) for parameter in [*_sent(x), "messages"]):
        yield Finding(
            "status", "200 for a request whose parameters are all allowed", status_line(x)
        )


@rule("chat.param.unsupported-code", on=Selector("a valid request", _valid, (f"{VALID}*",)))
def unsupported_code(x: Exchange) -> Findings:
    yield from unsupported_told(
        x, [p for p in _sent(x) if x.request.params[p] is not None and blames(x, p)]
    )


@run_rule("chat.param.null", probes=(NULL_PROBE.name,))
def null_is_absent(run: Run) -> Findings:
    for x in run.all(NULL_PROBE.name):
        if _valid(x) and not x.ok:
            yield from null_refused(x, run.exchanges)
