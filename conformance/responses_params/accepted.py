"""Requests whose parameters are all right, many in each, and that none of them is refused."""

from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.code_word import told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.lacking import null_refused, unsupported_told
from conformance.judging.refusal import asks, blames, blind, unjudged
from conformance.judging.rule import Rule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from conformance.responses_params.request import COUNT, LIMIT, NINE, VALID, asking
from conformance.running.probe import Probe
from conformance.running.resend import without_refused_parameters
from wire.exchange import Exchange

STALE: Final = "HERRING-90"
"""The code word of the first turn's instructions, which later turns must not know."""
KEPT: Final = "LEMUR-41"
"""The code word of the first turn's input, which later turns must know."""
METADATA: Final = {f"{n:02}".ljust(64, "k"): f"{n} é".ljust(512, "v") for n in range(16)}
LOW: Final[dict[str, Any]] = {
    "instructions": told(STALE),
    "temperature": 0,
    "top_p": 0,
    "max_output_tokens": LIMIT,
    "max_tool_calls": 1,
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 20,
    "metadata": METADATA,
    "parallel_tool_calls": False,
    "prompt_cache_key": "conformance",
    "prompt_cache_retention": "24h",
    "reasoning": {"effort": "none"},
    "safety_identifier": "s" * 64,
    "service_tier": "auto",
    "store": True,
    "stream": False,
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tool_choice": "auto",
    "truncation": "auto",
    "user": "u1",
}
HIGH: Final[dict[str, Any]] = {
    "temperature": 2,
    "top_p": 1,
    "max_output_tokens": LIMIT,
    "max_tool_calls": 128,
    "include": [],
    "top_logprobs": 0,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": "none"},
    "safety_identifier": "s",
    "service_tier": "default",
    "store": False,
    "background": False,
    "stream": True,
    "stream_options": {"include_obfuscation": True},
    "text": {"verbosity": "high"},
    "tools": [],
    "tool_choice": "none",
    "truncation": "disabled",
    "user": "u" * 64,
}
# All that the API says may be null. `store` is left out, so that later turns build on its default.
NULL: Final[dict[str, Any]] = dict.fromkeys([
    "background", "conversation", "include", "instructions", "max_output_tokens", "max_tool_calls",
    "metadata", "parallel_tool_calls", "previous_response_id", "prompt_cache_retention",
    "reasoning", "service_tier", "stream", "stream_options", "temperature", "top_logprobs", "top_p",
    "truncation",
])  # fmt: skip

LOW_PROBE: Final = Probe(f"{VALID}low", asking(COUNT, **LOW), output_tokens=LIMIT)
HIGH_PROBE: Final = Probe(f"{VALID}high", asking(COUNT, **HIGH), output_tokens=LIMIT)
AGAIN: Final = (without_refused_parameters(LOW_PROBE), without_refused_parameters(HIGH_PROBE))
NULL_PROBE: Final = Probe(
    f"{VALID}null", asking(f"{told(KEPT)} {NINE}", **NULL), feature="responses", output_tokens=25
)

# Parameters whose acceptance is a requirement of its own, and the probes that carry them.
ACCEPTED: Final[dict[str, str]] = {
    "background": "high", "include": "low high codex*", "instructions": "low roo agents",
    "max_output_tokens": "low high roo", "max_tool_calls": "low high", "metadata": "low high",
    "parallel_tool_calls": "low high codex* continue", "prompt_cache_key": "low codex*",
    "prompt_cache_retention": "low roo", "reasoning": "low high codex* roo",
    "safety_identifier": "low high", "service_tier": "low high", "store": "low high codex* roo",
    "stream": "low high codex* roo continue", "stream_options": "high", "temperature": "low high",
    "text": "low high codex* roo", "tool_choice": "low high codex* roo",
    "tools": "high codex* roo continue agents", "top_logprobs": "low high", "top_p": "low high",
    "truncation": "low high", "user": "low high",
}  # fmt: skip


def is_valid(x: Exchange) -> bool:
    """A request that has to be accepted, when the server looked at it at all."""
    return (x.probe or "").startswith(VALID) and bool(x.reply.status) and not unjudged(x)


def _accepts(parameter: str, probes: str) -> Rule:
    def matches(x: Exchange) -> bool:
        return is_valid(x) and asks(x, parameter)

    def check(x: Exchange) -> Findings:
        if x.ok:
            return
        if blames(x, parameter):
            value = show(x.request.params.get(parameter), 40)
            yield Finding("status", f"200 for {parameter} {value}", status_line(x))
        else:
            yield Unsure(
                f"the request was refused for something else: {status_line(x)}", refused=True
            )

    slug = parameter.replace("_", "-")
    carriers = tuple(VALID + name for name in probes.split())
    on = Selector(f"a valid request with {parameter}", matches, carriers, True)
    return Rule((f"responses.param.{slug}.accepted",), on, check)


RULES: Final = tuple(_accepts(*row) for row in ACCEPTED.items())
_VALID: Final = Selector("a valid request", is_valid, (f"{VALID}*",), True)


@rule("responses.param.valid-accepted", on=_VALID)
def valid_accepted(x: Exchange) -> Findings:
    """A refusal that blames one parameter is that parameter's affair; one of images is that of images."""
    blamed = any(blames(x, name) for name in ACCEPTED if name in x.request.params)
    if not x.ok and not blamed and not _blames_images(x):
        yield Finding(
            "status", "200 for a request whose parameters are all allowed", status_line(x)
        )


def _blames_images(x: Exchange) -> bool:
    message = error_of(x).get("message")
    said = blind(x) or (isinstance(message, str) and "image" in message)
    return said and b'"input_image"' in x.request.body


@rule("responses.param.unsupported-code", on=_VALID)
def unsupported_code(x: Exchange) -> Findings:
    yield from unsupported_told(
        x, [name for name in ACCEPTED if name in x.request.params and blames(x, name)]
    )


@run_rule("responses.param.null", probes=(NULL_PROBE.name,))
def null_is_absent(run: Run) -> Findings:
    for x in run.all(NULL_PROBE.name):
        if not (x.ok or unjudged(x)):
            yield from null_refused(x, run.exchanges)
