"""Requests that compare usage: one short text in several ways, and one long text.

They run alone and are read between balances as well, so that each is charged in plain sight
(`conformance/billing/probes.py`).
"""

from collections.abc import Callable
from typing import Any, Final

from conformance.chat.prompts import SHORT, echo, user
from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Request

CHAT: Final = "/chat/completions"
RESPONSES: Final = "/responses"
TOOL: Final = {
    "type": "function",
    "function": {
        "name": "unused",
        "description": "This tool is never needed.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
    },
}
# Over 1,024 tokens in any tokenizer, and never the same in two runs, so that the first answer
# cannot come from a cache that an earlier run filled.
WORDS: Final = "one two three four five six seven eight nine ten"


def body(**more: Any) -> dict[str, Any]:
    return {"messages": user(echo(SHORT)), **more}


def long_text(context: ProbeContext) -> Request:
    lines = "\n".join(f"{number}: {WORDS}" for number in range(100, 220))
    text = f"Run {context.run}. Read this list.\n{lines}\nCount from 1 to 3"
    return post(CHAT, {"model": context.model, "messages": user(text)})


def _alone(
    name: str, build: Callable[[ProbeContext], Request], feature: str, tokens: int = 48
) -> Probe:
    return Probe(f"usage.{name}", build, feature=feature, output_tokens=tokens, alone=True)


WITH_USAGE: Final = {"stream": True, "stream_options": {"include_usage": True}}
USAGE: Final = (
    _alone("small", sends(CHAT, body()), "usage"),
    _alone("small-stream", sends(CHAT, body(**WITH_USAGE)), "chat.stream.usage"),
    _alone("responses", sends(RESPONSES, {"input": echo(SHORT)}), "responses"),
    _alone(
        "responses-stream",
        sends(RESPONSES, {"input": echo(SHORT), "stream": True}),
        "responses.stream",
    ),
    _alone("with-tool", sends(CHAT, body(tools=[TOOL])), "chat.tools"),
    _alone("choices", sends(CHAT, body(n=2)), "chat.n", 60),
    _alone("long", long_text, "usage", 20),
)
LONG_AGAIN: Final = Probe(
    "usage.long-again",
    long_text,
    after=("usage.long",),
    feature="usage",
    output_tokens=20,
    alone=True,
)
