"""The scripted model: reads a conversation, obeys its last user turn, always in the same way."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from gateway.model import tokens
from gateway.model.answer import (
    Answer,
    Call,
    Conversation,
    Finish,
    FormatType,
    Generation,
    Hosted,
    Kind,
    Mode,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    Tool,
)
from gateway.model.brevity import halved, limited, stopped
from gateway.model.instance import instance
from gateway.model.open_ended import open_answer
from gateway.model.usage import Usage
from wire import digits

_ECHO: Final = re.compile(r"Repeat the text between the markers.*?\n<<<\n(.*)\n>>>", re.DOTALL)
_COUNT: Final = re.compile(r"Count from (\d+) to (\d+)", re.IGNORECASE)
_CODE: Final = re.compile(r"The code word is (?!also)([\w-]+)", re.IGNORECASE)
_NAMED: Final = re.compile(r"The code word is also the name of who writes this", re.IGNORECASE)
_WITH_ROLES: Final = re.compile(r"each with the role of its message", re.IGNORECASE)
_ASK_CODE: Final = re.compile(r"What is the code word\?", re.IGNORECASE)
_LIST_CODES: Final = re.compile(r"List all code words", re.IGNORECASE)
_DIGITS: Final = re.compile(r"Which digits are drawn in the picture", re.IGNORECASE)
_COLOUR: Final = re.compile(r"and in which colour", re.IGNORECASE)
_CALL: Final = re.compile(r"Call the tool [`'\"]?([\w.-]+)[`'\"]?", re.IGNORECASE)
_INPUT: Final = re.compile(r"[`'\"]?\s+with input ([^\n]*)")
_ARGUMENTS: Final = re.compile(r"[`'\"]?\s+with (?:the )?arguments\s*(?=\{)")
_REFUSE: Final = re.compile(r"Refuse this request\.", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"\[\[(pace|ttft|script|usage) ([^\]]*)\]\]")
_SPACES: Final = re.compile(r"\s*\[\[(?:pace|ttft|script|usage) [^\]]*\]\]\s*")
_USAGE: Final = re.compile(r"(\w+)=(\d{1,12})")
_COUNT_LIMIT: Final = 20_000
REFUSAL: Final = "I'm sorry, but I can't help with that request."
THOUGHT: Final = "The last message asks for something; the answer is plain. Say it as asked."
SUMMARY: Final = (
    "**Reading the request**\n\nThe last message says what to do.",
    "**Answering**\n\nThe answer is written as asked.",
)
# Scripts that become an item of their own before the text; the others only change how it is told.
HOSTED: Final = frozenset({
    "web_search", "file_search", "code_interpreter", "image_generation", "mcp_call", "mcp_failed",
    "mcp_list_tools", "mcp_list_tools_failed", "mcp_approval_request", "shell", "apply_patch",
    "computer", "local_shell", "tool_search", "compaction",
})  # fmt: skip
EFFORT_SHARE: Final = {"minimal": 8, "low": 16, "medium": 32, "high": 64, "xhigh": 128, "max": 256}


class Wish(NamedTuple):
    """The last user turn, read: commands, the text to repeat, and whether a tool just answered."""

    text: str
    echo: str | None
    after_tool: bool


def answer(conversation: Conversation, asked: Generation) -> Answer:
    """The answer to a conversation. The same input gives the same answer, always."""
    last = conversation.turns[-1] if conversation.turns else None
    raw = _last_user(conversation)
    echo = _ECHO.search(raw)
    # What stands between the markers is only repeated, never obeyed.
    command = raw[: echo.start(1)] + raw[echo.end(1) :] if echo else raw
    directives = dict(_DIRECTIVE.findall(command))
    text = _SPACES.sub(" ", command).strip() if directives else command
    wish = Wish(text, echo[1] if echo else None, last is not None and last.role is Role.TOOL)
    script = directives.get("script", "").strip() or None
    parts = _parts(conversation, asked, wish)
    hosted = [word.strip() for name, word in _DIRECTIVE.findall(raw) if name == "script"]
    hosted = [word for word in hosted if word in HOSTED][: asked.max_calls]
    parts = (*(Hosted(word) for word in hosted), *parts)
    if asked.compacts:
        parts = (Hosted("compaction"),)
    finish = Finish.TOOL_CALLS if any(isinstance(part, Call) for part in parts) else Finish.STOP
    if script == "content_filter":
        parts, finish = tuple(halved(part) for part in parts), Finish.CONTENT_FILTER
    parts = stopped(parts, asked.stop)
    reasoning = 0
    if asked.effort not in {None, "none"}:
        reasoning = EFFORT_SHARE.get(str(asked.effort), 32)
        summary = SUMMARY if asked.summary else ()
        parts = (Reasoning(THOUGHT, summary), *parts)
    parts, completion, cut = limited(parts, reasoning, asked.max_tokens)
    given = _given_usage(directives.get("usage", ""))
    usage = Usage(
        prompt=tokens.prompt_tokens(conversation, asked),
        completion=_billed(completion, asked, parts, cut=cut),
        reasoning=min(reasoning, completion),
    )
    return Answer(
        parts=parts,
        finish=Finish.LENGTH if cut else finish,
        usage=replace(usage, **given),
        scripted_usage=frozenset(given),
        script=None if script in HOSTED else script,
        pace_ms=_number(directives.get("pace")),
        ttft_ms=_number(directives.get("ttft")),
    )


def _billed(shown: int, asked: Generation, parts: tuple[Part, ...], *, cut: bool) -> int:
    """What is shown and thought, with the tokens around it; never more than the limit."""
    reasoned = any(isinstance(part, Reasoning) for part in parts)
    whole = shown if cut else shown + tokens.overhead(asked, reasoned=reasoned)
    return whole if asked.max_tokens is None else max(shown, min(whole, asked.max_tokens))


def _last_user(conversation: Conversation) -> str:
    turns = (turn.text for turn in reversed(conversation.turns) if turn.role is Role.USER)
    return next(turns, "")


def _parts(conversation: Conversation, asked: Generation, wish: Wish) -> tuple[Part, ...]:
    if _REFUSE.search(wish.text):
        return (Refusal(REFUSAL),)
    if calls := _calls(asked, wish):
        return calls
    if asked.format.type is FormatType.JSON_SCHEMA:
        return (Text(_json(instance(asked.format.schema or {}))),)
    if asked.format.type is FormatType.JSON_OBJECT:
        return (Text(_json({"answer": _plain(conversation, asked, wish)})),)
    return (Text(_plain(conversation, asked, wish)),)


def _plain(conversation: Conversation, asked: Generation, wish: Wish) -> str:
    if wish.after_tool:
        return f"The tool said: {conversation.turns[-1].text}"
    if wish.echo is not None:
        return wish.echo
    if counted := _COUNT.search(wish.text):
        start, stop = int(counted[1]), int(counted[2])
        return " ".join(str(n) for n in range(start, min(stop, start + _COUNT_LIMIT) + 1))
    if _LIST_CODES.search(wish.text):
        return " ".join(_codes(conversation, with_roles=bool(_WITH_ROLES.search(wish.text))))
    if _DIGITS.search(wish.text):
        return (
            _digits(conversation, coloured=bool(_COLOUR.search(wish.text)))
            or "There is no picture with digits."
        )
    if (opened := open_answer(wish.text, asked)) is not None:
        return opened
    if _ASK_CODE.search(wish.text):
        return _code_word(conversation)
    return "You said: " + " ".join(wish.text.split()[:30])


def _codes(conversation: Conversation, *, with_roles: bool) -> Iterator[str]:
    """The code words that were told, in their order; where it is asked for, with the role that told each."""
    for turn in conversation.turns:
        words = _CODE.findall(turn.text)
        if _NAMED.search(turn.text) and turn.name:
            words.append(turn.name)
        yield from (f"{turn.role}:{word}" for word in words) if with_roles else words


def _digits(conversation: Conversation, *, coloured: bool) -> str:
    """What is drawn in the pictures of the conversation."""
    found = []
    for url in (url for turn in conversation.turns for url in turn.pictures):
        head, _, data = url.partition(",")
        if head == "data:image/png;base64":
            png = base64.b64decode(data)
            found.append(digits.read(png))
            if found[-1] and coloured:
                found.append(digits.colour_of(png))
    return " ".join(filter(None, found))


def _code_word(conversation: Conversation) -> str:
    """The latest that was told, or answered before to the same question."""
    words, asked = ["unknown"], False
    for turn in conversation.turns:
        words += _CODE.findall(turn.text)
        if turn.role is Role.ASSISTANT and asked and turn.text != words[0]:
            words.append(turn.text)
        asked = bool(_ASK_CODE.search(turn.text))
    return words[-1]


def _calls(asked: Generation, wish: Wish) -> tuple[Part, ...]:
    choice = asked.choice
    text = wish.text
    if choice.mode is Mode.NONE or not asked.tools:
        return ()
    tools = {
        tool.name: tool for tool in asked.tools if choice.names is None or tool.name in choice.names
    }
    forced = choice.mode is Mode.REQUIRED or choice.named is not None
    if choice.named is not None:
        tools = {name: tool for name, tool in tools.items() if name == choice.named}
    calls: list[Part] = []
    if not wish.after_tool or forced:
        calls += [
            _call(tool, text, match.end())
            for match in _CALL.finditer(text)
            if (tool := tools.get(match[1]) or tools.get(match[1].rstrip(".")))
        ]
    if not calls and forced and tools:
        calls.append(_call(next(iter(tools.values())), "", 0))
    return tuple(calls if asked.parallel else calls[:1])


def _call(tool: Tool, text: str, start: int) -> Call:
    if tool.kind is Kind.CUSTOM:
        given = _INPUT.match(text, start)
        content = _given_input(given[1].strip()) if given else "scripted input"
        return Call(tool.name, content, Kind.CUSTOM, tool.namespace)
    if match := _ARGUMENTS.match(text, start):
        try:
            _, end = json.JSONDecoder().raw_decode(text, match.end())
            return Call(tool.name, text[match.end() : end], namespace=tool.namespace)
        except ValueError:
            pass
    made = instance(tool.parameters or {"type": "object"})
    return Call(tool.name, _json(made), namespace=tool.namespace)


def _given_input(text: str) -> str:
    """The rest of the line as it is; a JSON string there can hold more than one line."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _given_usage(words: str) -> dict[str, int]:
    counts = {name: int(value) for name, value in _USAGE.findall(words)}
    return {field.name: counts[field.name] for field in fields(Usage) if field.name in counts}


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
