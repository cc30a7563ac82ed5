"""Which values the parameters take, as a table, and the rules that the table gives.

The requests of this area are made from `wrong`, but the rules read any chat request: whoever sends
a value that the table excludes has to be refused.
"""

from collections.abc import Iterator
from typing import Final

from conformance.chat.selectors import is_chat
from conformance.chat_params.request import refusing
from conformance.judging.finding import Findings, show
from conformance.judging.limit import Limit
from conformance.judging.refusal import Refusal, refused, unjudged
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from conformance.running.refused import refusal_probes
from wire.exchange import Exchange

INT64: Final = 2**63
_TEXT: Final = Limit("", ("string",), ())
_TOOLS: Final = (("tools", [{"type": "function", "function": {"name": "note"}}]),)

LIMITS: Final = (
    Limit("temperature", ("number",), (-0.0001, 2.0001, "0.5", True), 0, 2),
    Limit("top_p", ("number",), (-0.1, 1.0001, "1"), 0, 1),
    Limit("frequency_penalty", ("number",), (-2.1, 2.1, "0"), -2, 2),
    Limit("presence_penalty", ("number",), (-2.1, 2.1, "0"), -2, 2),
    Limit("n", ("integer",), (0, 129, 1.5, "2", True), 1, 128),
    Limit("max_completion_tokens", ("integer",), (0, -1, 10**9, 1.5, "16"), 1, 10**8),
    Limit("max_tokens", ("integer",), (0, -1, "16"), 1, 10**8),
    Limit("seed", ("integer",), (INT64, -INT64 - 1, 1.5, "7"), -INT64, INT64 - 1),
    Limit("logprobs", ("boolean",), ("yes",)),
    Limit("top_logprobs", ("integer",), (-1, 21, "2"), 0, 20, beside=(("logprobs", True),)),
    Limit("stop", ("string", "array"), (["a", "b", "c", "d", "e"], 5, [5]), items=4, members=_TEXT),
    Limit("logit_bias", ("object",), ({"100": 101}, {"100": -101}, {"100": "1"}, [1]),
          members=Limit("", ("number",), (), -100, 100)),
    Limit("metadata", ("object",),
          ({f"key{n}": "v" for n in range(17)}, {"k" * 65: "v"}, {"key": "v" * 513}, {"key": 1}, "x"),
          items=16, members=Limit("", ("string",), (), length=512), beside=(("store", True),)),
    Limit("store", ("boolean",), ("yes",)),
    Limit("stream", ("boolean",), ("true", 1)),
    Limit("parallel_tool_calls", ("boolean",), ("no",), beside=_TOOLS),
    Limit("reasoning_effort", ("string",), ("ultra", 5),
          words=("none", "minimal", "low", "medium", "high", "xhigh", "max")),
    Limit("verbosity", ("string",), ("loud", 5), words=("low", "medium", "high")),
    Limit("service_tier", ("string",), ("gold", 5),
          words=("auto", "default", "flex", "scale", "priority", "fast")),
    Limit("modalities", ("array",), (["video"], "text"),
          members=Limit("", ("string",), (), words=("text", "audio"))),
    Limit("prompt_cache_retention", ("string",), ("99h", 24), words=("in_memory", "in-memory", "24h")),
    Limit("safety_identifier", ("string",), ("s" * 129, 5), length=128),
    Limit("user", ("string",), (5,)),
    Limit("prompt_cache_key", ("string",), (5,)),
    Limit("stream_options", ("object",), ("usage", {"include_usage": "yes"}, {"include_obfuscation": 1}),
          members=Limit("", ("boolean",), ()), beside=(("stream", True),)),
    Limit("model", ("string",), (5, ["gpt-5.5"])),
)  # fmt: skip


def _rows(limit: Limit) -> Iterator[Refusal]:
    """Each wrong value once, and the first of each kind in a stream as well."""
    kinds = [limit.fault(value) for value in limit.wrong]
    for number, (kind, value) in enumerate(zip(kinds, limit.wrong, strict=True)):
        requirement, slug = f"chat.param.{limit.slug}.{kind}", f"{limit.slug}-{kind}-{number}"
        body = {limit.name: value, **dict(limit.beside)}
        yield Refusal(requirement, slug, body, limit.name)
        if number == kinds.index(kind) and "stream" not in body:
            streamed = {**body, "stream": True}
            yield Refusal(requirement, f"{slug}-stream", streamed, limit.name)


REFUSALS: Final = refusing(tuple(row for limit in LIMITS for row in _rows(limit)))
PROBES: Final = refusal_probes(REFUSALS)


def _rule(limit: Limit, fault: str) -> Rule:
    def matches(x: Exchange) -> bool:
        hostile = (x.probe or "").startswith("chat_params.hostile.")
        mine = is_chat(x) and not hostile and limit.fault(x.request.params.get(limit.name)) == fault
        return mine and not unjudged(x) and (x.source is None or x.ok)

    def check(x: Exchange) -> Findings:
        value = show(x.request.params.get(limit.name), 40)
        yield from refused(x, f"{limit.name} is {value}")

    requirement = f"chat.param.{limit.slug}.{fault}"
    probes = tuple(REFUSALS.probe(row) for row in REFUSALS.rows if row.requirement == requirement)
    return Rule(
        (requirement,), Selector(f"{limit.name} with a wrong {fault}", matches, probes), check
    )


RULES: Final = tuple(
    _rule(limit, fault)
    for limit in LIMITS
    for fault in ("bounds", "type")
    if any(limit.fault(value) == fault for value in limit.wrong)
)
