"""What a model was seen to be able to do: a model that cannot is no proof of a server that did not pass on.

Small models say "unknown" to anything. Before such an answer is held against a server, the answers of the
same run must show that the model mostly does what the question needs.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange, parse_json
from wire.responses import fold_responses

CODE_WORD: Final = "to name a code word that it was told"
REPEAT: Final = "to repeat a text to the letter"
COUNT: Final = "to count far beyond fifty, to the number that it was told"
CALL: Final = "to call a tool with the arguments that it was told"
MOSTLY: Final = 0.5  # of the answers
_MARKED: Final = re.compile(r"Repeat the text between the markers.*?\n<<<\n(.*)\n>>>", re.DOTALL)
_COUNTED: Final = re.compile(r"Count from 1 to (\d+)")
_FAR: Final = range(51, 200)  # further is the question whether somebody cuts it
_BEGUN: Final = 20  # characters
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_ORDERED: Final = re.compile(r"[Cc]all the tool [\w-]+ with arguments (?=\{)")
_TOLD: Final = re.compile(rb"The code word is ([A-Z]+-\d+)")


def _names_code_word(x: Exchange) -> bool | None:
    """Whether an answer does it; None for an exchange that does not ask for it."""
    if not x.ok or x.request.method != "POST" or not x.request.body_recorded:
        return None
    words = _TOLD.findall(x.request.body)
    return any(word in x.reply.body for word in words) if words else None


def _repeats(x: Exchange) -> bool | None:
    """Plain answers alone: what a stream spoils says nothing of the model."""
    asked = _MARKED.search(_prompt(x))
    return asked[1] in _texts(x.reply.json) if asked else None


def _calls_as_told(x: Exchange) -> bool | None:
    prompt = _prompt(x)
    asked = _ORDERED.search(prompt)
    if not asked:
        return None
    try:
        told, _ = json.JSONDecoder().raw_decode(prompt[asked.end() :])
    except ValueError:
        return None
    return any(parse_json(text) == told for text in _texts(x.reply.json))


def _counts(x: Exchange) -> bool | None:
    asked = _COUNTED.search(_last_words(x))
    if not asked or (last := int(asked[1])) not in _FAR or x.connection.ended is not Ended.COMPLETE:
        return None
    limits = [x.request.params.get(name) for name in _LIMITS]
    if any(isinstance(limit, int) and limit < 2 * last for limit in limits):
        return None  # a number and the space before it are two tokens
    told = " ".join(str(number) for number in range(1, last + 1))
    return any(told in text for text in _texts(_whole(x)))


def _whole(x: Exchange) -> Any:
    """The answer as a JSON value, a stream put together."""
    if not x.reply.is_stream:
        return x.reply.json
    if x.endpoint is Endpoint.CHAT:
        return fold_chat(x.reply).as_completion()
    return fold_responses(x.reply).output_text


def _prompt(x: Exchange) -> str:
    """The last words of a request that was answered plainly; else an empty text."""
    return "" if x.reply.is_stream else _last_words(x)


def _last_words(x: Exchange) -> str:
    if not x.ok or x.request.method != "POST" or not x.request.body_recorded:
        return ""
    given = x.request.params.get("messages") or x.request.params.get("input")
    last = given[-1] if isinstance(given, list) and given else given
    said = last.get("content") if isinstance(last, dict) else last
    return said if isinstance(said, str) else ""


def _texts(value: Any) -> Iterator[str]:
    """Every text inside of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


_DOES: Final[Mapping[str, Callable[[Exchange], bool | None]]] = {
    CODE_WORD: _names_code_word,
    REPEAT: _repeats,
    CALL: _calls_as_told,
    COUNT: _counts,
}


def counted(text: str, whole: str) -> bool:
    """Whether a text is the beginning of a count, long enough to be no chance, and not its whole."""
    said = text.strip()
    return len(said) > _BEGUN and said != whole and whole.startswith(said)


def shown(ability: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether the answers that ask for it mostly show it."""
    asked = [did for x in exchanges if (did := _DOES[ability](x)) is not None]
    return bool(asked) and sum(asked) > MOSTLY * len(asked)
