"""Faults of the model list and of one model."""

from dataclasses import replace
from typing import Any

from gateway.fault import Family, Fault
from gateway.frames import GatewayReply
from gateway.selection import MODELS, at, both
from gateway.transform import alter, drop, on_body, on_status, put, with_body, with_header
from wire.endpoint import Endpoint
from wire.exchange import Request

_LIST = at(Endpoint.MODELS)
_ONE = at(Endpoint.MODEL)


def _query_refused(request: Request, reply: GatewayReply) -> GatewayReply:
    if "?" not in request.path:
        return reply
    error = {
        "message": "Unknown query.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    return replace(reply, status=400, body={"error": error})


def _doubled(entries: Any) -> Any:
    return [*entries, entries[0]]


FAULTS = (
    Fault(
        "models.list.bare-array", (), "The list is a bare array.", Family.SHAPE, when=_LIST,
        reply=on_body(lambda body: body["data"]),
    ),
    Fault(
        "models.list.object-wrong", (), "The list's object is 'models'.", Family.VALUE, when=_LIST,
        reply=on_body(put("object", "models")),
    ),
    Fault(
        "models.list.text-plain", (), "The list comes as text/plain.", Family.HEADER, when=_LIST,
        reply=with_header("content-type", "text/plain"),
    ),
    Fault(
        "models.entry.created-missing", (), "Entries have no created.", Family.SHAPE, when=_LIST,
        reply=on_body(drop("data[].created")),
    ),
    Fault(
        "models.entry.created-ms", (), "created is in milliseconds.", Family.VALUE, when=MODELS,
        reply=on_body(
            lambda body: alter("created", lambda n: n * 1000)(
                alter("data[].created", lambda n: n * 1000)(body)
            )
        ),
    ),
    Fault(
        "models.entry.object-wrong", (), "Entries' object is 'models'.", Family.VALUE, when=_LIST,
        reply=on_body(put("data[].object", "models")),
    ),
    Fault(
        "models.entry.owner-null", (), "owned_by is null.", Family.VALUE, when=_LIST,
        reply=on_body(put("data[].owned_by", None)),
    ),
    Fault(
        "models.list.double", (), "One model is listed twice.", Family.CONTENT, when=_LIST,
        reply=on_body(alter("data", _doubled)),
    ),
    Fault(
        "models.list.snapshots-only", (), "Only dated snapshots are listed.", Family.CONTENT,
        when=_LIST,
        reply=on_body(
            alter("data", lambda data: [card for card in data if card["id"].count("-") > 1])
        ),
    ),
    Fault(
        "models.retrieve.differs", (), "A model retrieved has another created than in the list.",
        Family.STATE, when=_ONE, reply=on_body(alter("created", lambda n: n + 1)),
    ),
    Fault(
        "models.retrieve.unknown-served", (), "An unknown model is answered with 200.",
        Family.STATUS, when=_ONE,
        reply=on_status(404, lambda request, reply: with_body({})(request, replace(reply, status=200))),
    ),
    Fault(
        "models.list.query-refused", (), "Unknown query parameters are refused.",
        Family.PARAMETER, when=both(_LIST), reply=_query_refused,
    ),
    Fault(
        "models.list.claude", (), "Models of another tier are listed.", Family.CONTENT, when=_LIST,
        reply=on_body(
            alter("data", lambda data: [*data, {**data[0], "id": "claude-opus-4-5"}])
        ),
    ),
)  # fmt: skip
