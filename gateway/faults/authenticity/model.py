"""Faults of what is served: another model, and an answer that is not new."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.faults.authenticity.prompts import as_whole
from gateway.faults.machinery.chat_edits import retold
from gateway.faults.machinery.claims import ASKS, TELLS, Claims, answer_id
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import CHAT, STREAM, When, asking, both, negated
from gateway.faults.machinery.stream_edits import edit
from gateway.faults.machinery.transform import alter, on_all
from gateway.frames import GatewayReply
from wire.exchange import Request


def _served(model: str) -> Callable[[Request], Request]:
    return on_json(lambda body: {**body, "model": model})


def _called(old: str, new: str) -> Callable[[Any], Any]:
    """One model's name instead of another's, wherever it stands."""

    def change(payload: Any) -> Any:
        if not isinstance(payload, dict):
            return payload
        if isinstance(payload.get("model"), str):
            payload = {**payload, "model": payload["model"].replace(old, new)}
        if isinstance(payload.get("response"), dict):
            payload = {**payload, "response": change(payload["response"])}
        return payload

    return change


SNAPSHOTS: Final = {"gpt-5.5": "gpt-5.5-2026-04-23", "gpt-5.4": "gpt-5.4-2026-03-05"}


class _Replayed:
    """The first answer to a chat request, again and again."""

    def __init__(self) -> None:
        self._known: dict[bytes, GatewayReply] = {}

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400:
            return reply
        return self._known.setdefault(request.body, reply)


_NONCE: Final = re.compile(rb"(?<=\\n)([a-z2-7]{6})-([a-z2-7]{8})(?=\\n)")


def _anothers(request: Request) -> Request:
    """The request of somebody else that looks alike: a cache whose key is too short."""
    body = _NONCE.sub(lambda m: m[1][::-1] + b"-" + m[2][::-1], request.body)
    return replace(request, body=body)


def _sliced(deltas: list[str]) -> list[str]:
    """The same text in pieces of one length, which ends no token."""
    text = "".join(deltas)
    size = len(text) // len(deltas) + 2
    return [text[start : start + size] for start in range(0, len(text), size)]


def _foreign_token(entry: Any) -> Any:
    token = entry["token"] + "\u25c7"
    return {**entry, "token": token, "bytes": list(token.encode())}


def _fault(name: str, says: str, when: When = ASKS, **how: Any) -> Fault:
    return Fault(f"authenticity.{name}", (), says, Family.CONTENT, when, **how)


class _Secretly:
    """One model serves what is sold as another: its name is put into every copy of the answer."""

    def __init__(self, model: str, other: str) -> None:
        self._model = model
        self._called = _called(SNAPSHOTS[other], SNAPSHOTS[model])
        self._known: set[str] = set()

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        name = answer_id(reply)
        if reply.status < 400 and request.params.get("model") == self._model:
            self._known.add(name)
            if reply.charge is not None:
                reply = replace(reply, charge=replace(reply.charge, model=self._model))
        return on_all(self._called)(request, reply) if name in self._known else reply


def _secretly(model: str, other: str) -> Fault:
    def served(request: Request) -> Request:
        return _served(other)(request) if request.params.get("model") == model else request

    says = f"{model} is {other}, and nobody says so."
    # Seen only where both models are asked: tests/authenticity/test_area.py.
    return Fault(
        f"authenticity.secretly-{other[4:]}",
        ("authenticity.model.distinct",),
        says,
        Family.CONTENT,
        TELLS,
        request=served,
        reply=_Secretly(model, other),
    )


def _openly(model: str, other: str) -> Fault:
    """Seen only where `model` is asked: tests/authenticity/test_area.py."""
    return Fault(
        f"authenticity.openly-{other[4:]}",
        ("chat.answer.model",),
        f"{other} answers for {model}, and says so.",
        Family.CONTENT,
        both(ASKS, asking("model", model)),
        request=_served(other),
    )


FAULTS = (
    _secretly("gpt-5.5", "gpt-5.4"),
    _secretly("gpt-5.4", "gpt-5.5"),
    _fault("openly-5.4", "gpt-5.4 answers for gpt-5.5, and says so.", both(ASKS, asking("model", "gpt-5.5")), request=_served("gpt-5.4")),
    _openly("gpt-5.4", "gpt-5.5"),
    _fault("replayed", "An answer to the same request is the one of the first time.", both(CHAT, asking("temperature", 1)),
        reply=_Replayed()),
    _fault("mixed-up", "A question for a word is answered with the word of somebody else.",
        both(CHAT, lambda request: _NONCE.search(request.body) is not None), request=_anothers, reply=Claims(as_whole)),
    _fault("sliced-streams", "Streams are cut by length, not by token.",
        both(CHAT, STREAM, negated(asking("logprobs", True))), reply=edit(retold(_sliced))),
    _fault("foreign-logprobs", "Log probabilities are of tokens that the vocabulary does not have.", both(CHAT, asking("logprobs", True)),
        reply=on_all(alter("choices[].logprobs.content[]", _foreign_token))),
    _fault("small-streams", "Streams come from a model that cuts text otherwise.", both(CHAT, STREAM),
        reply=Claims(lambda _, __, usage: replace(usage, completion=usage.completion + usage.completion // 4 + 1))),
)  # fmt: skip
