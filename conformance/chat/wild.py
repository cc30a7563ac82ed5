"""What clients really send: protocol in texts, whole histories, long texts."""

import re
from typing import Any, Final

from conformance.chat.choice import choices, choices_of, intact, member
from conformance.chat.probes import PATH, USAGE, chat
from conformance.chat.probes_tools import ONE, TOOLS
from conformance.chat.prompts import PROTOCOL, echo, text_asked, user
from conformance.chat.stream import ends_by_itself
from conformance.judging.ability import COUNT as ABILITY
from conformance.judging.ability import counted
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import refuses, too_long
from conformance.judging.rule import RunRule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.judging.wild_text import framed
from conformance.running.probe import Impossible, Probe, ProbeContext, post, sends
from wire.exchange import Exchange, Request

HALF: Final = "alpha beta gamma <|st"
STOP: Final = "<|stop|>"
CODE: Final = "quartz-7319"
FAR: Final = "Nothing of this matters later. "
COUNTED: Final = 200
_TOOL_CALLS: Final = [
    {"id": f"call_{n}", "type": "function", "function": {"name": "find", "arguments": f'{{"name":"{asked}"}}'}}
    for n, asked in (("one", "one"), ("two", "two. The code word is flint-7."))
]  # fmt: skip


def _told(word: str) -> str:
    return f"The code word is {word}."


# What each place tells that only it tells, in their order.
WORDS: Final = {
    "basalt-1": "the second system message, in parts",
    CODE: "the first of two user messages",
    "gypsum-2": "the second of two user messages, in parts",
    "marble-3": "a system message behind an answer",
    "agate-6": "the `name` of the third user message",
    "flint-7": "the arguments of the second call in the history",
    "topaz-4": "the first tool result, in its second part",
    "slate-5": "the second tool result",
}
# Told where a model need not look when it is asked what it was told.
_HIDDEN: Final = frozenset({"agate-6", "flint-7"})
# As clients keep a conversation: the API's own messages verbatim, notes of their own between them.
HISTORY: Final[list[dict[str, Any]]] = [
    {"role": "system", "content": "You are helpful."},
    {"role": "system", "content": [{"type": "text", "text": f"Be brief. {_told('basalt-1')}"}]},
    {"role": "user", "content": f"{_told(CODE)} Keep it."},
    {"role": "user", "content": [{"type": "text", "text": f"{FAR * 16}{_told('gypsum-2')}"}]},
    {"role": "assistant", "content": "Kept.", "refusal": None, "annotations": []},
    {"role": "system", "content": f"The user is at work. {_told('marble-3')}"},
    {"role": "user", "name": "agate-6", "content": "Find one and two. The code word is also the name of who writes this."},
    {"role": "assistant", "tool_calls": _TOOL_CALLS},
    {"role": "tool", "tool_call_id": "call_one", "content": [
        {"type": "text", "text": "found 1."}, {"type": "text", "text": _told("topaz-4")}]},
    {"role": "tool", "tool_call_id": "call_two", "content": f"found 2. {_told('slate-5')}"},
    {"role": "assistant", "content": "", "tool_calls": [{**_TOOL_CALLS[0], "id": "call_three"}]},
    {"role": "tool", "tool_call_id": "call_three", "content": ""},
    {"role": "user", "content": "List all code words that you were told in their order, separated by spaces, and nothing else."},
]  # fmt: skip


def _verbatim(context: ProbeContext) -> Request:
    """The message of an answer goes back as it came, with every member it had."""
    first = next(iter(choices(context.reply("chat.tool"))), ("", {}))[1]
    message = first.get("message")
    calls = member(first, "message").get("tool_calls")
    if not isinstance(message, dict) or not isinstance(calls, list) or not calls:
        raise Impossible("chat.tool was answered without a call")
    ids = [call.get("id") if isinstance(call, dict) else None for call in calls]
    if not all(isinstance(name, str) and name for name in ids):
        raise Impossible("chat.tool was answered with calls without ids")
    outputs = [
        {
            "role": "tool",
            "tool_call_id": name,
            "content": [{"type": "text", "text": framed("It is done.", 3)}],
        }
        for name in ids
    ]
    messages = [
        *user(ONE),
        message,
        *outputs,
        *user("The code word is opal-42. What is the code word?"),
    ]
    body = {"model": context.model, "messages": messages, "tools": TOOLS, **USAGE}
    return post(PATH, body)


TEXTS: Final = (
    Probe("chat.protocol", sends(PATH, chat(echo(PROTOCOL))), output_tokens=110, depth="full"),
    Probe(
        "chat.protocol-stream",
        sends(PATH, chat(echo(PROTOCOL), stream=True)),
        feature="chat.stream",
        output_tokens=110,
    ),
    Probe(
        "chat.protocol-half",
        sends(PATH, chat(echo(HALF), stop=[STOP], stream=True)),
        feature="chat.stream",
        depth="full",
        output_tokens=20,
    ),
)
TURNS: Final = (
    Probe("chat.history", sends(PATH, {"messages": HISTORY, "tools": TOOLS}), feature="chat.tools"),
    Probe("chat.verbatim", _verbatim, after=("chat.tool",), feature="chat.tools"),
)
UNCUT: Final = Probe(
    "chat.uncut",
    sends(
        PATH,
        chat(
            f"Count from 1 to {COUNTED}, with one space between the numbers, and write nothing else."
        ),
    ),
    output_tokens=420,
    unlimited=True,  # a cap that nobody set shows only where no limit is given
    per_model=False,
)
NOTE: Final = {"type": "function", "function": {"name": "note"}}
CUT_CALL: Final = tuple(
    Probe(
        f"chat.cut-call{name}",
        sends(PATH, chat(ONE, tools=TOOLS, tool_choice=NOTE, max_completion_tokens=16, **more)),
        feature="chat.tools",
        output_tokens=16,
        depth="default" if name else "full",
    )
    for name, more in (("", {}), ("-stream", USAGE))
)
FILTERED: Final = tuple(
    Probe(f"chat.filtered{name}", sends(PATH, chat("[[script content_filter]] Count from 1 to 20", **more)),
          feature="scripted", depth="full" if not name else "default", output_tokens=20)
    for name, more in (("", {}), ("-stream", {"stream": True}))
)  # fmt: skip
CLEAN: Final = Probe(
    "chat.after-abort-stream",
    sends(PATH, chat(echo("Clean after the other left."), stream=True)),
    after=("chat.abort",),
    feature="chat.stream",
    depth="full",
    output_tokens=15,
)


def _heard(x: Exchange) -> list[str]:
    return [c.content for c in choices_of(x) if isinstance(c.content, str)]


@run_rule("chat.answer.protocol-text", probes=("chat.protocol*",))
def protocol(run: Run) -> Findings:
    """A text is a text, whatever it looks like. A model that stops of itself is not blamed."""
    for x in run.named("chat.protocol*"):
        wanted = HALF if str(x.probe).endswith("-half") else PROTOCOL
        if not x.ok or not intact(x) or not ends_by_itself(x):
            yield Unsure("the answer cannot be read")
        for text in _heard(x) if x.ok and intact(x) else ():
            if text == wanted:
                continue
            if run.profile.scripted:
                at = next((n for n, (a, b) in enumerate(zip(wanted, text, strict=False)) if a != b),
                          min(len(wanted), len(text)))  # fmt: skip
                yield Finding(
                    "choices[0] content", f"…{show(wanted[max(0, at - 10): at + 30])}",
                    f"…{show(text[max(0, at - 10): at + 30])}", exchange=x.id,
                )  # fmt: skip
            else:
                yield Unsure("the model did not repeat the text")


@rule("chat.history.accepted", on=probe("chat.history", "chat.verbatim"))
def history_accepted(x: Exchange) -> Findings:
    if refuses(x) and not too_long(x):
        yield Finding("status", "200 for a conversation as clients keep it", status_line(x))


@run_rule("chat.history.heard", probes=("chat.history", "chat.verbatim"))
def history_heard(run: Run) -> Findings:
    for name, words in (
        ("chat.history", WORDS),
        ("chat.verbatim", {"opal-42": "the last message"}),
    ):
        x = run.one(name)
        heard = _heard(x)
        if not x.ok or not heard:
            yield Unsure(f"{name} was not answered with a text")
            continue
        wanted = [word for word in words if run.profile.scripted or word not in _HIDDEN]
        found = [word for word in re.findall(r"[a-z]+-\d+", heard[0]) if word in wanted]
        missing = [word for word in wanted if word not in found]
        if not run.profile.scripted:
            if missing:
                yield Unsure("the model did not say all code words")
        elif missing:
            said = f"{missing[0]}, as told in {words[missing[0]]}"
            yield Finding("choices[0] content", said, show(heard[0]), exchange=x.id)
        elif found != wanted:
            said = f"{' '.join(wanted)}: the messages in their order, each once"
            yield Finding("choices[0] content", said, show(heard[0]), exchange=x.id)


def uncut(name: str, last: int) -> RunRule:
    """A rule: nobody asked for a limit, and the answer to this probe is short enough for any model."""
    whole = " ".join(str(number) for number in range(1, last + 1))

    @run_rule("chat.answer.uncut", probes=(name,))
    def check(run: Run) -> Findings:
        x = run.one(name)
        for choice in choices_of(x) if x.ok and intact(x) else ():
            text = choice.content if isinstance(choice.content, str) else ""
            if choice.finish_reason == "length":
                found = f'finish_reason "length" after {len(text)} characters'
                said = "an answer without a limit that nobody set"
                yield Finding(choice.where, said, found, exchange=x.id)
            elif text.strip() != whole and (run.profile.scripted or counted(text, whole)):
                found = f"{len(text)} characters, ending {show(text[-20:])}"
                yield Finding(f"{choice.where} content", f"all {last} numbers", found,
                              exchange=x.id, ability=ABILITY)  # fmt: skip
            elif text.strip() != whole:
                yield Unsure("the model did not count to the end")

    return check


SHORT_UNCUT: Final = uncut("chat.uncut", COUNTED)


@rule("chat.tools.cut", on=ok_probe("chat.cut-call*"))
def cut_call(x: Exchange) -> Findings:
    """A call that the limit cut is no call: only finish_reason tells a client."""
    for choice in choices_of(x) if intact(x) and ends_by_itself(x) else ():
        texts = [call.text for call in choice.calls if isinstance(call.text, str)]
        whole = any(text.rstrip().endswith("}") for text in texts)
        if not choice.calls and choice.content:
            yield Unsure("the model spoke in place of a call")
            continue
        if choice.finish_reason != "length" and not whole:
            found = show(choice.finish_reason)
            yield Finding(
                f"{choice.where}, finish_reason", '"length" for a call that was cut', found
            )


@run_rule("chat.answer.filtered", probes=("chat.filtered*",))
def filtered(run: Run) -> Findings:
    for x in run.named("chat.filtered*"):
        for choice in choices_of(x) if x.ok and intact(x) and ends_by_itself(x) else ():
            if choice.finish_reason != "content_filter":
                found = show(choice.finish_reason)
                where = f"{choice.where}, finish_reason"
                yield Finding(where, '"content_filter" for what a filter cut', found, exchange=x.id)


@rule("chat.stream.after-abort", on=probe("chat.after-abort-stream"))
def clean_after(x: Exchange) -> Findings:
    wanted, found = text_asked(x) or "", _heard(x) if x.ok and intact(x) else []
    for text in found:
        if "3 4 5" in text or wanted in text.replace(wanted, "", 1):
            yield Finding(
                "choices[0] delta.content", show(wanted), f"the other answer: {show(text)}"
            )
        elif text.strip() != wanted and re.search(r"\d+\s\d+\s\d+", text):
            yield Unsure(
                "the model counted in place of repeating the text: this may be the other answer"
            )
