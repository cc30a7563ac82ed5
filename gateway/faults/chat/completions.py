"""Faults of plain chat completions: fields, values, choices."""

from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, plain
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT_PLAIN, asking
from gateway.faults.machinery.transform import (
    Change,
    alter,
    chain,
    drop,
    on_all,
    on_success,
    put,
    rename,
    with_header,
    with_status,
)
from gateway.faults.machinery.wire_edits import after, replaced, truncated

_SHAPE, _VALUE, _CONTENT = Family.SHAPE, Family.VALUE, Family.CONTENT
_MESSAGE: Final = "choices[].message"
# Field -> the requirement that owns it, and a value of a wrong type.
_FIELDS: Final[dict[str, tuple[str, Any]]] = {
    "id": ("response.id", 7),
    "object": ("response.object", None),
    "created": ("response.created", "1700000000"),
    "model": ("response.model", None),
    "choices": ("response.choices", {}),
    "usage": ("response.usage", None),
    "choices[].index": ("response.choice-index", "0"),
    "choices[].message": ("response.message", None),
    "choices[].logprobs": ("response.logprobs", []),
    "choices[].finish_reason": ("response.finish-reason", 1),
    f"{_MESSAGE}.role": ("response.role", None),
    f"{_MESSAGE}.content": ("response.content", [{"type": "text", "text": "parts"}]),
    f"{_MESSAGE}.refusal": ("response.refusal", False),
    "usage.prompt_tokens": ("response.usage-prompt", "12"),
    "usage.completion_tokens": ("response.usage-completion", None),
    "usage.total_tokens": ("response.usage-total", 1.5),
    "usage.prompt_tokens_details": ("response.usage-prompt-details", None),
    "usage.completion_tokens_details": ("response.usage-completion-details", []),
}
# Fields that need not be there, so that only their type can be wrong.
_OPTIONAL: Final[dict[str, tuple[str, Any]]] = {
    f"{_MESSAGE}.annotations": ("response.annotations", None),
    f"{_MESSAGE}.audio": ("response.message", "UklGRg=="),
    f"{_MESSAGE}.function_call": ("response.message", "none"),
    "metadata": ("response.values", ["a"]),
    "moderation": ("response.values", "passed"),
    "service_tier": ("response.service-tier", "standard"),
    "system_fingerprint": ("response.system-fingerprint", 7),
}


def _always(value: Any) -> Change:
    return lambda _: value


def _slug(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("[]").replace("_", "-")


def _answered_as(model: str) -> Any:
    return on_all(put("model", model))


FAULTS: tuple[Fault, ...] = (
    *(
        plain(f"{_slug(path)}-missing", row, f"The answer has no {path}.", _SHAPE, drop(path))
        for path, (row, _) in _FIELDS.items()
    ),
    *(
        plain(f"{_slug(path)}-retyped", row, f"{path} is {value!r}.", _SHAPE, alter(path, _always(value)))
        for path, (row, value) in _FIELDS.items()
    ),
    *(
        plain(f"{_slug(path)}-retyped", row, f"{path} is {value!r}.", _SHAPE, put(path, value))
        for path, (row, value) in _OPTIONAL.items()
    ),
    fault("status-203", "response.status", "A plain answer has status 203.", Family.STATUS, CHAT_PLAIN,
        reply=on_success(with_status(203))),
    fault("media-text", "response.status http.content-type.json", "A plain answer comes as text/plain.",
        Family.HEADER, CHAT_PLAIN, reply=on_success(with_header("content-type", "text/plain"))),
    fault("second-document", "response.json", "A second JSON document follows the first.",
        Family.FRAMING, CHAT_PLAIN, wire=after(b'\n{"object":"ping"}')),
    fault("body-cut", "response.json", "The end of the body is lost.", Family.TRUNCATION, CHAT_PLAIN,
        wire=truncated(0.9)),
    fault("body-latin-1", "response.json", "The body is encoded as Latin-1.", Family.FRAMING, CHAT_PLAIN,
        wire=replaced("é".encode(), b"\xe9")),
    fault("half-pair", "response.json", "Half of a surrogate pair is lost.", Family.FRAMING, CHAT_PLAIN,
        wire=replaced("🚀".encode(), b"\\ud83d")),
    plain("object-wrong", "response.object", "object is 'text_completion'.", _VALUE,
        put("object", "text_completion")),
    plain("finish-null", "response.finish-reason", "finish_reason is null.", _VALUE,
        put("choices[].finish_reason", None)),
    plain("finish-foreign", "response.finish-reason", "finish_reason is a word of another API.", _VALUE,
        put("choices[].finish_reason", "end_turn")),
    plain("role-foreign", "response.role", "The role is 'bot'.", _VALUE, put(f"{_MESSAGE}.role", "bot")),
    plain("content-in-text", "response.message", "The message stands under 'text'.", _SHAPE,
        rename("choices[].message", "text")),
    plain("choices-empty", "response.choices answer.choices", "There are no choices.", _SHAPE,
        put("choices", [])),
    plain("token-text", "response.usage-prompt-details", "A token count is text.", _SHAPE,
        alter("usage.prompt_tokens_details.cached_tokens", str)),
    plain("created-ms", "answer.created http.date.created", "created is in milliseconds.", _VALUE,
        alter("created", lambda seconds: seconds * 1000)),
    fault("created-old", "answer.created http.date.created", "created is an hour late.", Family.STATE,
        reply=on_all(alter("created", lambda seconds: seconds - 3600))),
    plain("id-constant", "answer.id-unique http.object-id.unique", "Every answer has the same id.",
        Family.STATE, put("id", "chatcmpl-1")),
    plain("id-foreign", "answer.id-prefix", "The id of another vendor leaks.", Family.LEAK,
        alter("id", lambda text: text.replace("chatcmpl-", "msg_"))),
    plain("model-foreign", "answer.model", "The name of another vendor's model leaks.", Family.LEAK,
        put("model", "claude-opus-4-5")),
    fault("model-prefixed", "answer.model", "The model's name gets a prefix.", Family.LEAK,
        reply=on_all(alter("model", lambda name: f"openai/{name}"))),
    fault("model-other", "answer.model", "Every answer comes from the small model.", Family.LEAK,
        reply=_answered_as("gpt-5.4-mini")),
    plain("usual-missing", "answer.usual-fields", "What the API adds unasked is not there.", _SHAPE,
        chain(drop("system_fingerprint"), drop(f"{_MESSAGE}.annotations"))),
    plain("index-zero", "answer.choices", "Every choice has index 0.", _VALUE,
        put("choices[].index", 0), asking("n")),
    plain("index-from-one", "answer.choices", "Choices are counted from 1.", _VALUE,
        alter("choices[].index", lambda n: n + 1)),
    plain("choices-reversed", "answer.choices", "The choices come in reverse order.", Family.ORDER,
        alter("choices", lambda rows: rows[::-1])),
    plain("choice-lost", "answer.choices", "One choice is lost.", Family.STATE,
        alter("choices", lambda rows: rows[:-1] or rows)),
    plain("second-choice-empty", "answer.same-choices answer.exact-text", "Only the first choice has a text.",
        _CONTENT, put("choices[1].message.content", "")),
    fault("usage-of-one", "answer.usage-of-all", "Usage counts one of several choices.", Family.BILLING,
        asking("n"), reply=on_all(alter("usage", lambda usage: usage and _halved(usage)))),
    plain("content-null", "answer.text", "The content of a text answer is null.", _VALUE,
        put(f"{_MESSAGE}.content", None)),
    plain("finish-length", "answer.finish-stop answer.refusal", "A whole answer says length.", _VALUE,
        alter("choices[].finish_reason", lambda word: "length" if word == "stop" else word)),
    plain("refusal-as-content", "answer.refusal", "A refusal stands in content.", _CONTENT,
        alter(_MESSAGE, lambda m: {**m, "content": m["refusal"], "refusal": None} if m["refusal"] else m)),
    plain("refusal-twice", "answer.refusal-alone", "A refusal stands in content, too.", _CONTENT,
        alter(_MESSAGE, lambda m: {**m, "content": m["refusal"]} if m["refusal"] else m)),
    plain("refusal-length", "answer.refusal", "A refusal says length.", _VALUE,
        alter("choices[]", lambda c: {**c, "finish_reason": "length"} if c["message"]["refusal"] else c)),
    plain("citation-reversed", "answer.citations", "A citation ends before it begins.", _VALUE,
        put(f"{_MESSAGE}.annotations[].url_citation.start_index", 9_000)),
    plain("citations-lost", "answer.citations", "Annotations are left out.", _CONTENT,
        put(f"{_MESSAGE}.annotations", [])),
    plain("citation-flat", "response.annotations answer.citations", "Citations are not in url_citation.", _SHAPE,
        alter(f"{_MESSAGE}.annotations[]", lambda a: {"type": a["type"], **a["url_citation"]})),
)  # fmt: skip


def _halved(usage: dict[str, Any]) -> dict[str, Any]:
    half = usage["completion_tokens"] // 2
    return {**usage, "completion_tokens": half, "total_tokens": usage["prompt_tokens"] + half}
