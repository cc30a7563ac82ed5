"""Conversations as files have them: what is said turn by turn, and the pauses between.

Read are ShareGPT (`conversations` of `from` and `value`), `messages` that end with an answer (the form of
fine-tuning files), `turns` with a `session_id` (aiperf), and rows of one `session_id` one after the other.
What the file says a model answered is not sent: the history has what the server itself has answered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from load.workload.prompts import Prompt
from load.workload.rows import InputError, Row, tokens_of

PEOPLE: Final = frozenset({"human", "user"})
MODELS: Final = frozenset({"gpt", "chatgpt", "assistant", "model", "bot", "bing", "bard"})
LETTERS_A_TOKEN: Final = 4  # of the answer that a file has, which says how long ours may be
MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What is said next, and after how long a pause; None: as long as `--think` says."""

    prompt: Prompt
    think_s: float | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """At least one turn. `session` is the name that the file has for it, or empty."""

    turns: tuple[Turn, ...]
    session: str = ""


def dialogues(rows: Iterable[Row]) -> list[Dialogue]:
    """One dialogue a row; rows of one session together are one."""
    found: list[Dialogue] = []
    places: dict[str, int] = {}
    for row in _whole(list(rows)):
        one = _dialogue(row)
        if one.session and one.session in places:
            place = places[one.session]
            found[place] = Dialogue(found[place].turns + one.turns, one.session)
            continue
        if one.session:
            places[one.session] = len(found)
        found.append(one)
    return found


def _whole(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows; a file that is one array of messages is one of them."""
    if rows and all(isinstance(row.value, dict) and {"role", "content"} <= row.value.keys() for row in rows):  # fmt: skip
        yield Row([row.value for row in rows], rows[0].where)
    else:
        yield from rows


def _dialogue(row: Row) -> Dialogue:
    value, where = row
    if isinstance(value, str):
        value = {"prompt": value}
    if isinstance(value, list):
        value = {"messages": value}
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object or a string")
    if isinstance(value.get("body"), dict) and isinstance(value.get("url"), str):
        value = value["body"]  # a line of a batch file
    session = value.get("session_id") or value.get("conversation_id") or ""
    session = str(session) if isinstance(session, str | int) else ""
    if "conversations" in value:
        turns = list(_said(value["conversations"], where))
    elif isinstance(value.get("turns"), list):
        turns = [Turn(prompt_of(turn, where), _pause(turn, where)) for turn in value["turns"]]
    elif _answered(value.get("messages")):
        turns = list(_said(value["messages"], where))
    else:
        turns = [Turn(prompt_of(value, where), _pause(value, where))]
    if not turns:
        raise InputError(f"{where}: a conversation in which nobody asks anything")
    return Dialogue(tuple(turns), session or str(value.get("id") or ""))


def _answered(messages: Any) -> bool:
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and last.get("role") in MODELS and len(messages) > 1


def _said(entries: Any, where: str) -> Iterator[Turn]:
    """A turn for each question; what stands before it goes with it, what a model says says how long."""
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise InputError(f"{where}: conversations are no list of objects")
    before: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    for entry in [*entries, {}]:
        who = entry.get("from", entry.get("role"))
        text = entry.get("value", entry.get("content"))
        if entry and (not isinstance(who, str) or not isinstance(text, str | list)):
            raise InputError(f"{where}: a conversation of from and value, or role and content; found {', '.join(entry)}")  # fmt: skip
        if asked and who not in PEOPLE:
            length = len(text) if who in MODELS and isinstance(text, str) else 0
            output = max(1, length // LETTERS_A_TOKEN) if length else None
            yield Turn(Prompt(tuple(before + asked), None, output, cut=output is not None))
            before, asked = [], []
        if who in PEOPLE:
            asked.append({"role": "user", "content": text})
        elif entry and who not in MODELS:
            before.append({"role": "developer" if who == "developer" else "system", "content": text})  # fmt: skip


def _pause(value: Any, where: str) -> float | None:
    """`delay` in milliseconds, as aiperf has it."""
    delay = value.get("delay") if isinstance(value, dict) else None
    if delay is None:
        return None
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < 1e9:
        raise InputError(f"{where}: delay is {delay!r}, expected milliseconds")
    return float(delay) / MS


def prompt_of(value: Any, where: str) -> Prompt:
    """`prompt`, `text`, `texts`, `messages` or `input`, and further parameters of the request."""
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object or a string")
    rest = dict(value)
    messages = rest.pop("messages", None) or rest.pop("input", None)
    text = rest.pop("prompt", None) or rest.pop("text_input", None) or rest.pop("text", None)
    texts = rest.pop("texts", None)
    if text is None and isinstance(texts, list) and all(isinstance(one, str) for one in texts):
        text = "\n".join(texts)
    if isinstance(messages, str):
        text, messages = messages, None
    if isinstance(text, str):
        messages = [{"role": "user", "content": text}]
        system = rest.get("system")
        if isinstance(system, str):
            messages.insert(0, {"role": "system", "content": rest.pop("system")})
    if not isinstance(messages, list) or not all(isinstance(one, Mapping) for one in messages):
        raise InputError(f"{where}: neither prompt nor messages nor input")
    expected = rest.pop("expected", None)
    name = "output_tokens" if "output_tokens" in rest else "output_length"
    output = tokens_of(rest.pop("output_tokens", rest.pop("output_length", None)), where, name)
    for name in ("timestamp", "input_length", "hash_ids", "model", "stream", "session_id", "conversation_id", "delay"):  # fmt: skip
        rest.pop(name, None)
    return Prompt(
        tuple(dict(one) for one in messages),
        expected if isinstance(expected, str) else None,
        output or None,
        rest or None,
    )
