"""Which values the parameters take, as a table, and the rules that the table gives.

The requests of this area are made from `wrong`, but the rules read any create call: whoever sends a
value that the table excludes has to be refused.
"""

from typing import Any, Final

from conformance.judging.finding import Findings, show
from conformance.judging.limit import Limit
from conformance.judging.refusal import Refusal, refused, unjudged
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from conformance.responses_params.request import feature_of
from wire.endpoint import Endpoint
from wire.exchange import Exchange

_WORD: Final = Limit("", ("string",), ())
INCLUDES: Final = (
    "code_interpreter_call.outputs", "computer_call_output.output.image_url",
    "file_search_call.results", "message.input_image.image_url", "message.output_text.logprobs",
    "reasoning.encrypted_content", "web_search_call.action.sources", "web_search_call.results",
)  # fmt: skip
_TOOL: Final = (("tools", [{"type": "function", "name": "note", "parameters": None}]),)

LIMITS: Final = (
    Limit("temperature", ("number",), (-0.0001, 2.0001, "0.5", True), 0, 2),
    Limit("top_p", ("number",), (-0.1, 1.0001, "1", True), 0, 1),
    Limit("max_output_tokens", ("integer",), (15, 0, -1, 16.5, "16", True), 16),
    Limit("max_tool_calls", ("integer",), (0, -1, "1"), 1),
    Limit("top_logprobs", ("integer",), (-1, 21, "2", True), 0, 20,
          beside=(("include", ["message.output_text.logprobs"]),)),
    Limit("metadata", ("object",),
          ({f"key{n}": "v" for n in range(17)}, {"k" * 65: "v"}, {"key": "v" * 513}, {"key": 1}, "x"),
          items=16, members=Limit("", ("string",), (), length=512)),
    Limit("include", ("array",), (["foo"], [INCLUDES[0], "foo"], INCLUDES[0], [5]),
          members=Limit("", ("string",), (), words=INCLUDES)),
    Limit("instructions", ("string",), (5, {"text": "Hi."})),
    Limit("store", ("boolean",), ("yes",)),
    Limit("stream", ("boolean",), ("true", 1)),
    Limit("background", ("boolean",), ("yes",)),
    Limit("parallel_tool_calls", ("boolean",), ("no",), beside=_TOOL),
    Limit("truncation", ("string",), ("middle", True), words=("auto", "disabled")),
    Limit("service_tier", ("string",), ("gold", 5),
          words=("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")),
    Limit("prompt_cache_retention", ("string",), ("99h", 24), words=("in_memory", "in-memory", "24h")),
    Limit("safety_identifier", ("string",), ("s" * 129, 5), length=128),
    Limit("user", ("string",), (5,)),
    Limit("prompt_cache_key", ("string",), (5,)),
    Limit("previous_response_id", ("string",), (5, ["resp_1"])),
    Limit("conversation", ("string", "object"), (5,)),
    Limit("stream_options", ("object",), ("usage", {"include_obfuscation": 1}),
          members=Limit("", ("boolean",), ()), beside=(("stream", True),)),
    Limit("reasoning", ("object",), ("low", 5)),
    Limit("text", ("object",), ("json_object", 5)),
    Limit("tools", ("array",), ({}, "note")),
    Limit("model", ("string",), (5, ["gpt-5.5"])),
    Limit("input", ("string", "array"), (5, {"role": "user", "content": "Hi."}, True)),
)  # fmt: skip


def _refusal(limit: Limit, number: int, value: Any) -> Refusal:
    fault = limit.fault(value)
    return Refusal(
        f"responses.param.{limit.slug}.{fault}",
        f"{limit.slug}-{fault}-{number}",
        {limit.name: value, **dict(limit.beside)},
        limit.name,
        feature_of(limit.name),
    )


REFUSALS: Final = tuple(
    _refusal(limit, number, value) for limit in LIMITS for number, value in enumerate(limit.wrong)
)


def _rule(limit: Limit, fault: str) -> Rule:
    def matches(x: Exchange) -> bool:
        create = x.endpoint is Endpoint.RESPONSES and x.request.method == "POST"
        wrong = create and limit.fault(x.request.params.get(limit.name)) == fault
        return wrong and not unjudged(x) and (x.source is None or x.ok)

    def check(x: Exchange) -> Findings:
        value = show(x.request.params.get(limit.name), 40)
        yield from refused(x, f"{limit.name} is {value}")

    requirement = f"responses.param.{limit.slug}.{fault}"
    probes = tuple(
        f"responses_params.refuse.{r.slug}" for r in REFUSALS if r.requirement == requirement
    )
    selector = Selector(f"{limit.name} with a wrong {fault}", matches, probes)
    return Rule((requirement,), selector, check)


RULES: Final = tuple(
    _rule(limit, fault)
    for limit in LIMITS
    for fault in ("bounds", "type")
    if any(limit.fault(value) == fault for value in limit.wrong)
)
