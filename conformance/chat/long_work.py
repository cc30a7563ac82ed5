"""Long work in chat: many tools, a long history, a long answer without a limit. All of it belongs to `--depth full`."""

from typing import Any, Final

from conformance.chat.choice import choices_of, intact
from conformance.chat.probes import PATH, USAGE, chat
from conformance.chat.wild import uncut
from conformance.judging.answer import status_line
from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.many_tools import (
    CALL_THEM,
    CALLED,
    MANY_TOOLS,
    mode_of,
    numbered,
    schema_of,
)
from conformance.judging.refusal import taken
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.running.probe import Probe, sends
from wire.exchange import Exchange, parse_json

MESSAGES: Final = 300
WORD: Final = "DUNLIN-46"
COUNTED: Final = 1_100
_TOOLS: Final = [
    {"type": "function", "function": {"name": numbered(n), "description": f"Takes its mode, {n}.", "strict": True,
                                      "parameters": schema_of(n)}}
    for n in range(1, MANY_TOOLS + 1)
]  # fmt: skip


def _history() -> list[dict[str, Any]]:
    """A long conversation with the code word in its middle, and ids of calls as long as they may be."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for n in range(MESSAGES // 4):
        if n == MESSAGES // 8:
            messages.append({"role": "user", "content": told(WORD)})
        call = f"call_{n:03}".ljust(64, "0")
        made = {
            "id": call,
            "type": "function",
            "function": {"name": "find", "arguments": f'{{"name": "{n}"}}'},
        }
        messages += [
            {"role": "user", "content": f"Step {n}."},
            {"role": "assistant", "content": None, "tool_calls": [made]},
            {"role": "tool", "tool_call_id": call, "content": f"ok {n}"},
            {"role": "assistant", "content": f"Done {n}."},
        ]  # fmt: skip
    return [*messages, {"role": "user", "content": ASK}]


_FIND: Final = [{"type": "function", "function": {"name": "find", "parameters": {
    "type": "object", "properties": {"name": {"type": "string"}}}}}]  # fmt: skip
HISTORY: Final = Probe(
    "chat.long-history", sends(PATH, {"messages": _history(), "tools": _FIND}), feature="chat.tools",
    output_tokens=30, depth="full",
)  # fmt: skip
TOOLS: Final = (
    Probe("chat.many-tools", sends(PATH, chat(CALL_THEM, tools=_TOOLS)), feature="chat.tools", output_tokens=120,
          depth="full"),
    Probe("chat.many-tools-stream", sends(PATH, chat(CALL_THEM, tools=_TOOLS, **USAGE)), feature="chat.tools",
          output_tokens=120, depth="full", per_model=False),
)  # fmt: skip
_COUNT: Final = (
    f"Count from 1 to {COUNTED}, with one space between the numbers, and write nothing else."
)
UNCUT: Final = (
    Probe("chat.uncut-long", sends(PATH, chat(_COUNT)), output_tokens=2_400, unlimited=True, per_model=False,
          depth="full"),
    Probe("chat.uncut-stream", sends(PATH, chat(_COUNT, stream=True)), feature="chat.stream", output_tokens=2_400,
          unlimited=True, per_model=False, depth="full"),
)  # fmt: skip


@rule("chat.history.long", on=probe(HISTORY.name))
def history_taken(x: Exchange) -> Findings:
    yield from taken(x, f"a conversation of {MESSAGES} messages")


@rule("chat.history.long-heard", on=ok_probe(HISTORY.name))
def history_heard(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        if isinstance(choice.content, str):
            yield from knows(f"{choice.where} content", choice.content, WORD)


@rule("chat.tools.many", on=probe("chat.many-tools*"))
def many_tools_taken(x: Exchange) -> Findings:
    yield from taken(x, f"{MANY_TOOLS} tools")


def _late_schemas(run: Run, x: Exchange) -> Findings:
    made = {
        call.name: parse_json(call.text) if isinstance(call.text, str) else None
        for choice in choices_of(x) for call in choice.calls
    }  # fmt: skip
    for number in CALLED:
        value = made.get(numbered(number))
        if numbered(number) not in made:
            if run.profile.scripted:
                found = f"calls of {', '.join(map(str, made)) or 'nothing'}"
                said = f"a call of {numbered(number)}, as told"
                yield Finding("choices[0] tool_calls", said, found, exchange=x.id)
            else:
                yield Unsure(f"the model did not call {numbered(number)}")
        elif value != {"mode": mode_of(number)}:
            where = f"arguments of {numbered(number)}, tool {number} of {MANY_TOOLS}"
            said = f'{{"mode": "{mode_of(number)}"}}, all that its strict schema allows'
            yield Finding(where, said, show(value), exchange=x.id)


@run_rule("chat.tools.late-schema", probes=("chat.many-tools*",))
def late_schemas(run: Run) -> Findings:
    """A tool late in a long list is called by its own schema, told with $ref and $defs."""
    for x in run.named("chat.many-tools*"):
        if not x.ok or not intact(x) or not choices_of(x):
            yield Unsure(f"{MANY_TOOLS} tools were answered {status_line(x)}, without a choice")
        else:
            yield from _late_schemas(run, x)


LONG_UNCUT: Final = tuple(uncut(probe.name, COUNTED) for probe in UNCUT)
