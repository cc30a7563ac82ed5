"""Faults of texts: on their way to the model they are trimmed, normalised or cleaned, whoever wrote them."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import (
    CHAT,
    CHAT_PLAIN,
    PATHS,
    RESPONSES,
    RESPONSES_STREAM,
    When,
)
from wire.exchange import Request

Text = Callable[[str], str]
_OUTPUTS: Final = ("function_call_output", "custom_tool_call_output")


def _in(value: Any, change: Text) -> Any:
    """A text, or the texts of a list of parts, changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [
            {**part, "text": change(part["text"])}
            if isinstance(part, dict) and isinstance(part.get("text"), str)
            else part
            for part in value
        ]
    return value


def _who(message: dict[str, Any]) -> str:
    role = "tool" if message.get("type") in _OUTPUTS else str(message.get("role"))
    return "system" if role == "developer" else role


def texts_changed(change: Text, *who: str) -> Callable[[Request], Request]:
    """Every text of a prompt changed, or those of `who`: system, user, assistant, tool."""

    def message(given: Any) -> Any:
        if not isinstance(given, dict) or (who and _who(given) not in who):
            return given
        return {**given, **{n: _in(given[n], change) for n in ("content", "output") if n in given}}

    def made(body: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "input"):
            given = body.get(name)
            if isinstance(given, list):
                body = {**body, name: [message(each) for each in given]}
        if isinstance(body.get("input"), str) and (not who or "user" in who):
            body = {**body, "input": change(body["input"])}
        if isinstance(body.get("instructions"), str) and (not who or "system" in who):
            body = {**body, "instructions": change(body["instructions"])}
        return body

    return on_json(made)


def _sub(pattern: str, by: str = "") -> Text:
    return lambda text: re.sub(pattern, by, text)


CLEANED: Final[dict[str, tuple[str, Text]]] = {
    "last-line-end-lost": ("Texts lose the line end that they end with", lambda text: text.removesuffix("\n")),
    "crlf-as-lf": ("CR LF in texts becomes LF", lambda text: text.replace("\r\n", "\n")),
    "tabs-as-spaces": ("Tabs in texts become four spaces", lambda text: text.replace("\t", "    ")),
    "spaces-single": ("Runs of spaces in texts become one", _sub(r" {2,}", " ")),
    "blank-lines-lost": ("Blank lines in texts are lost", _sub(r"\n{2,}", "\n")),
    "line-tails-lost": ("Texts lose the spaces at the ends of their lines", _sub(r"(?m)[ \t]+$")),
    "composed": ("Texts are composed (NFC)", lambda text: unicodedata.normalize("NFC", text)),
    "compatible": ("Texts are normalised (NFKC)", lambda text: unicodedata.normalize("NFKC", text)),
    "zero-width-lost": ("Signs without width are lost from texts", _sub("[\u200b\u2060\ufeff]")),
    "control-lost": ("Control characters are lost from texts", _sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")),
    "colours-lost": ("Colours of a terminal are lost from texts", _sub("\x1b\\[[0-9;]*m")),
    "plain-quotes": ("Curved quotes in texts become straight ones", lambda text: text.replace("\u2019", "'")),
    "plain-spaces": ("Rare spaces in texts become plain ones", _sub("[\u00a0\u2000-\u200a\u3000]", " ")),
    "unescaped": ("HTML entities in texts become the signs they stand for", lambda text: text.replace("&lt;", "<").replace("&amp;", "&")),
}  # fmt: skip
_WHOSE: Final = ("system", "assistant", "tool")
MOST: Final = 32_000
CUT: Final[dict[str, tuple[str, Text]]] = {
    "text-head-kept": ("Of a text the first 32,000 characters are served", lambda text: text[:MOST]),
    "text-tail-kept": ("Of a text the last 32,000 characters are served", lambda text: text[-MOST:]),
    "text-middle-cut": ("Of a text of over 32,000 characters the first and the last 16,000 are served",
                        lambda text: text if len(text) <= MOST else text[: MOST // 2] + text[-MOST // 2 :]),
}  # fmt: skip


def _fault(name: str, says: str, when: When, change: Text, *who: str) -> Fault:
    return Fault(f"authenticity.{name}", (), f"{says}.", Family.CONTENT, when, request=texts_changed(change, *who))  # fmt: skip


FAULTS = (
    *(_fault(f"{name}-{path}", f"{says} ({path})", when, change)
      for name, (says, change) in CLEANED.items() for path, when in PATHS.items()),
    *(_fault(f"{whose}-stripped-{path}", f"Messages of {whose} lose the spaces and line ends at their ends ({path})", when, str.strip, whose)
      for whose in _WHOSE for path, when in PATHS.items()),
    *(_fault(f"{whose}-{name}-{path}", f"{CLEANED[name][0]} of {whose} ({path})", when, CLEANED[name][1], whose)
      for whose in _WHOSE for name in ("crlf-as-lf", "composed", "control-lost") for path, when in PATHS.items()),
    *(_fault(f"tool-{name}-{path}", f"{CLEANED[name][0]} of tools ({path})", when, CLEANED[name][1], "tool")
      for name in ("tabs-as-spaces", "zero-width-lost") for path, when in PATHS.items()),
    *(_fault(f"tool-{name}-{path}", f"{CLEANED[name][0]} of tools ({path})", PATHS[path], CLEANED[name][1], "tool")
      for name in ("last-line-end-lost",) for path in ("chat", "responses", "responses-stream")),
    *(_fault(f"tool-stripped-{name}", f"Outputs of tools lose the spaces and line ends at their ends ({name})", when, str.strip, "tool")
      for name, when in (("both-chat", CHAT), ("both-responses", RESPONSES))),
    *(_fault(f"{name}-{path}", f"{says} ({path})", when, change)
      for name, (says, change) in CUT.items() for path, when in PATHS.items()),
    _fault("text-100k-kept-chat", "Of a text the first 100,000 characters are served (chat)", CHAT_PLAIN, lambda text: text[:100_000]),
    _fault("text-100k-kept-responses-stream", "Of a text the first 100,000 characters are served (responses-stream)", RESPONSES_STREAM, lambda text: text[:100_000]),
)  # fmt: skip
