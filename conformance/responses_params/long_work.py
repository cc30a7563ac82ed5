"""Long work of an agent: turns by id, turns again and again, many tools, many items, images in outputs.

All of it belongs to `--depth full`: it is long, or many.
"""

from typing import Any, Final

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
from conformance.judging.refusal import refuses, taken
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.responses_params.agent import turn
from conformance.responses_params.conversation import id_of
from conformance.responses_params.request import PATH, function, message_with_parts
from conformance.responses_params.selectors import (
    calls_of,
    text_of,
)
from conformance.running.budget import usage_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post, sends
from wire.exchange import Exchange, Request, parse_json

WORD: Final = "CURLEW-54"
_AT: Final = "responses_params.agent."
_LONG_AT: Final = "responses_params.long."
_PREVIOUS: Final = "responses_params.previous."
TURNS: Final = 5
TRIES: Final = 6
MANY_ITEMS: Final = 300


_TOOLS: Final = [
    {"type": "function", "name": numbered(n), "description": f"Takes its mode, {n}.", "strict": True,
     "parameters": schema_of(n)}
    for n in range(1, MANY_TOOLS + 1)
]  # fmt: skip


def _again(context: ProbeContext) -> Request:
    """The first turn's items go back once more: each time perhaps to another account."""
    return turn(context, f"{_AT}1", "A file.", "Count from 1 to 3", image=False)


AGAIN: Final = Probe(
    f"{_AT}again", _again, after=(f"{_AT}1",), feature="responses.tools", count=TRIES, output_tokens=60, depth="full",
)  # fmt: skip
IMAGELESS: Final = Probe(
    f"{_AT}imageless",
    lambda context: turn(context, f"{_AT}1", "A file.", "Count from 1 to 3", image=False),
    after=(f"{_AT}1",), feature="responses.tools", output_tokens=60, depth="full",
)  # fmt: skip
IMAGED: Final = Probe(
    f"{_AT}imaged",
    lambda context: turn(context, f"{_AT}1", "A file.", "Count from 1 to 3", image=True),
    after=(f"{_AT}1",), feature="responses.images", output_tokens=60, depth="full",
)  # fmt: skip


def _many_items() -> list[dict[str, Any]]:
    """A long history with the code word in its middle, and ids as long as they may be."""
    items: list[dict[str, Any]] = []
    for n in range(MANY_ITEMS // 4):
        if n == MANY_ITEMS // 8:
            items.append(message_with_parts("user", told(WORD)))
        call = f"call_{n:03}".ljust(64, "0")
        items += [
            message_with_parts("user", f"Step {n}."),
            message_with_parts("assistant", f"Done {n}.", id=f"msg_{n:03}".ljust(64, "0")),
            {"type": "function_call", "id": f"fc_{n:03}".ljust(64, "0"), "call_id": call, "name": "exec_command",
             "arguments": f'{{"cmd": "step {n}"}}'},
            {"type": "function_call_output", "call_id": call, "output": f"ok {n}"},
        ]  # fmt: skip
    return [*items, message_with_parts("user", ASK)]


ITEMS: Final = Probe(
    f"{_LONG_AT}items",
    sends(PATH, {"input": _many_items(), "tools": [function("exec_command", None, cmd="string")],
                 "stream": True, "store": False}),
    feature="responses.tools", output_tokens=30, depth="full",
)  # fmt: skip
TOOLS: Final = Probe(
    f"{_LONG_AT}tools",
    sends(PATH, {"input": CALL_THEM, "tools": _TOOLS, "stream": True, "store": False}),
    feature="responses.tools", output_tokens=120, depth="full",
)  # fmt: skip

_ORDERS: Final = (
    f'{told(WORD)} Call the tool exec_command with arguments {{"cmd": "make"}}',
    "Count from 1 to 3",
    "Count from 1 to 4",
    "Count from 1 to 5",
    ASK,
)


def _by_id(number: int) -> Probe:
    """A turn that names the one before; the second brings the output of the first one's call."""

    def build(context: ProbeContext) -> Request:
        given: list[dict[str, Any]] = [message_with_parts("user", _ORDERS[number - 1])]
        more: dict[str, Any] = {}
        if number > 1:
            before = f"{_PREVIOUS}{number - 1}"
            calls = calls_of(context.earlier[before][0])
            outputs = [
                {"type": "function_call_output", "call_id": c.get("call_id"), "output": "ok"}
                for c in calls
            ]
            if number == 2 and not calls:
                raise Impossible(f"{before} was answered without a call")
            given, more = (
                [*outputs, *given],
                {"previous_response_id": id_of(context, before)},
            )
        body = {
            "model": context.model, "input": given, "store": True, "stream": number % 2 == 0,
            "tools": [function("exec_command", None, cmd="string")], **more,
        }  # fmt: skip
        return post(PATH, body)

    after = (f"{_PREVIOUS}{number - 1}",) if number > 1 else ()
    return Probe(
        f"{_PREVIOUS}{number}",
        build,
        after=after,
        feature="responses.store",
        # Twice in a row: accounts that are asked in turn cannot both be the one that keeps the turn before.
        count=2 if number == TURNS else 1,
        output_tokens=60,
        depth="full",
    )


BY_ID: Final = tuple(_by_id(number) for number in range(1, TURNS + 1))


@rule("responses.agent.previous", on=probe(f"{_PREVIOUS}*"))
def by_id_taken(x: Exchange) -> Findings:
    if refuses(x):
        yield Finding(
            "status", "200 for a turn that names the one before by its id", status_line(x)
        )


@rule("responses.agent.previous-known", on=ok_probe(f"{_PREVIOUS}{TURNS}"))
def first_turn_known(x: Exchange) -> Findings:
    yield from knows("output", text_of(x), WORD)


@rule("responses.agent.many-items", on=probe(ITEMS.name))
def many_items_taken(x: Exchange) -> Findings:
    yield from taken(x, f"a history of {MANY_ITEMS} items")


@rule("responses.agent.items-heard", on=ok_probe(ITEMS.name))
def many_items_heard(x: Exchange) -> Findings:
    yield from knows("output", text_of(x), WORD)


@rule("responses.agent.many-tools", on=probe(TOOLS.name))
def many_tools_taken(x: Exchange) -> Findings:
    yield from taken(x, f"{MANY_TOOLS} tools")


@run_rule("responses.agent.tool-schema", probes=(TOOLS.name,))
def late_schemas(run: Run) -> Findings:
    x = run.one(TOOLS.name)
    if not x.ok:
        yield Unsure(f"{MANY_TOOLS} tools were answered {status_line(x)}")
        return
    made = {str(call.get("name")): parse_json(str(call.get("arguments"))) for call in calls_of(x)}
    for number in CALLED:
        value = made.get(numbered(number))
        if value is None:
            if run.profile.scripted:
                found = f"calls of {', '.join(made) or 'nothing'}"
                yield Finding(
                    "output", f"a call of {numbered(number)}, as told", found, exchange=x.id
                )
            else:
                yield Unsure(f"the model did not call {numbered(number)}")
        elif value != {"mode": mode_of(number)}:
            where = f"arguments of {numbered(number)}, tool {number} of {MANY_TOOLS}"
            said = f'{{"mode": "{mode_of(number)}"}}, all that its strict schema allows'
            yield Finding(where, said, show(value), exchange=x.id)


@run_rule("responses.agent.images", probes=(IMAGED.name, IMAGELESS.name))
def images_in_outputs(run: Run) -> Findings:
    """The same turn with an image in the tool's output, and without."""
    pair = [run.one(p.name) for p in (IMAGED, IMAGELESS)]
    usages = [usage_of(x) for x in pair]
    tokens = [usage.prompt_tokens if usage else None for usage in usages]
    if not all(x.ok for x in pair) or tokens[0] is None or tokens[1] is None:
        yield Unsure("the turns gave no usage")
    elif tokens[0] <= tokens[1]:
        said = f"more than {tokens[1]}, the tokens of the same turn without its image"
        yield Finding("usage.input_tokens", said, str(tokens[0]), exchange=pair[0].id)
