"""Requests whose answers any model can give: repeated text, calls, reasoning, a cut, a paced count."""

from typing import Any, Final

from conformance.chat.prompts import PROTOCOL
from conformance.judging.typed_call import DESCRIPTION, NAME, SCHEMA, TOLD
from conformance.responses.known import ECHO, repeat
from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Request

RESPONSES: Final = "/responses"
# Free, and sent to every server: whether there is such a route is all that it asks.
OFFERED: Final = Probe(
    "responses.offered",
    lambda c: post(RESPONSES, {"model": c.model}),
    feature="responses",
    per_model=False,
    output_tokens=0,
)
S: Final = {"stream": True}


def _function(name: str, **types: str) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "description": f"The tool {name}.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {key: {"type": kind} for key, kind in types.items()},
            "required": list(types),
            "additionalProperties": False,
        },
    }


_CALLS: Final = {
    "input": (
        'Call the tool lookup with arguments {"word": "été 世界 🚀 \\"q\\"", "times": 3}\n'
        'In the same turn, call the tool note with arguments {"text": "line\\n\\ttwo \\\\ end"}\n'
        f"And call the tool {TOLD}"
    ),
    "tools": [
        _function("lookup", word="string", times="integer"),
        _function("note", text="string"),
        {
            "type": "function",
            "name": NAME,
            "description": DESCRIPTION,
            "parameters": SCHEMA,
            "strict": False,
        },
    ],
}
_CUSTOM: Final = {
    "input": 'Call the tool write with input línea — 世界 🚀 "quoted" \\n end',
    "tools": [{"type": "custom", "name": "write", "description": "Takes any text."}],
}
_THINK: Final = {
    "input": "Count from 1 to 3",
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
}
_CUT: Final = {"input": "Count from 1 to 200", "max_output_tokens": 16}
_LOGPROBS: Final = {
    "input": "Count from 1 to 4",
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 2,
}
PACED_TO: Final = 60
PACE_MS: Final = 5
TTFT_MS: Final = 150


def _paced(context: ProbeContext) -> Request:
    """A count that takes its time; a real model takes it by itself."""
    slow = f"[[ttft {TTFT_MS}]] [[pace {PACE_MS}]] " if context.profile.scripted else ""
    prompt = f"{slow}Count from 1 to {PACED_TO}"
    return post(RESPONSES, {"model": context.model, "input": prompt, **S})


ANY_MODEL: Final = (
    Probe(
        "responses.echo",
        sends(RESPONSES, {"input": repeat(ECHO)}),
        feature="responses",
        output_tokens=140,
    ),
    Probe(
        "responses.stream.echo",
        sends(RESPONSES, {"input": repeat(ECHO), **S}),
        feature="responses.stream",
        output_tokens=140,
    ),
    Probe(
        "responses.tools", sends(RESPONSES, _CALLS), feature="responses.tools", output_tokens=240
    ),
    Probe(
        "responses.stream.tools",
        sends(RESPONSES, {**_CALLS, **S}),
        feature="responses.tools",
        output_tokens=240,
    ),
    Probe(
        "responses.stream.custom",
        sends(RESPONSES, {**_CUSTOM, **S}),
        feature="responses.tools.custom",
    ),
    Probe(
        "responses.reasoning",
        sends(RESPONSES, _THINK),
        feature="responses.reasoning.summary",
        output_tokens=150,
    ),
    Probe(
        "responses.stream.reasoning",
        sends(RESPONSES, {**_THINK, **S}),
        feature="responses.reasoning.summary",
        output_tokens=150,
    ),
    Probe(
        "responses.cut",
        sends(RESPONSES, _CUT),
        feature="responses.max_output_tokens",
        output_tokens=16,
    ),
    Probe(
        "responses.stream.cut",
        sends(RESPONSES, {**_CUT, **S}),
        feature="responses.max_output_tokens",
        output_tokens=16,
    ),
    Probe(
        "responses.stream.logprobs",
        sends(RESPONSES, {**_LOGPROBS, **S}),
        feature="responses.logprobs",
        output_tokens=20,
    ),
    Probe(
        "responses.stream.unpadded",
        sends(
            RESPONSES,
            {
                "input": repeat(PROTOCOL),
                "stream_options": {"include_obfuscation": False},
                **S,
            },
        ),
        feature="responses.obfuscation",
        output_tokens=110,
    ),
    Probe(
        "responses.protocol",
        sends(RESPONSES, {"input": repeat(PROTOCOL)}),
        feature="responses",
        output_tokens=110,
        depth="full",
    ),
    Probe(
        "responses.stream.paced",
        _paced,
        feature="responses.stream",
        output_tokens=150,
        alone=True,
    ),
)
