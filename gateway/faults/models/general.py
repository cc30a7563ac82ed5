"""Faults of the model list and of one model."""

from dataclasses import replace
from itertools import count
from typing import Any

from gateway.accounts.charge import Charge
from gateway.errors import ApiError
from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.request_edits import with_param
from gateway.faults.machinery.selection import CHAT, MODELS, RESPONSES, When, at, both
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    chain,
    drop,
    on_body,
    on_error,
    on_status,
    put,
    rename,
    with_body,
    with_header,
    with_status,
)
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import Endpoint
from wire.exchange import Request

_LIST = at(Endpoint.MODELS, method="GET")
_ONE = at(Endpoint.MODEL, method="GET")
_READS = lambda request: request.method == "GET" and MODELS(request)  # noqa: E731
_PRICE = Usage(prompt=1_000)


def _unknown(request: Request) -> bool:
    return "no-such-model" in str(request.params.get("model"))


def _query_refused(request: Request, reply: GatewayReply) -> GatewayReply:
    if "?" not in request.path:
        return reply
    return replace(reply, status=400, body=ApiError(400, "Unknown query parameter.").body)


def _codex_only(request: Request, reply: GatewayReply) -> GatewayReply:
    if "client_version" not in request.path:
        return reply
    return on_body(chain(drop("data"), drop("object")))(request, reply)


def _no_catalogue(request: Request, reply: GatewayReply) -> GatewayReply:
    return on_body(drop("models"))(request, reply) if "client_version" in request.path else reply


def _limited(request: Request, reply: GatewayReply) -> GatewayReply:
    cut = on_body(alter("data", lambda cards: cards[:1]))
    return cut(request, reply) if "limit=" in request.path else reply


def _escape_unread(request: Request, reply: GatewayReply) -> GatewayReply:
    body = ApiError(404, "The model does not exist", param="model", code="model_not_found").body
    return replace(reply, status=404, body=body) if "%" in request.path else reply


def _cut_at_dot(request: Request) -> Request:
    path, _, name = request.path.rpartition("/")
    return replace(request, path=f"{path}/{name.partition('.')[0]}")


_calls = count()


def _now(_: Request, reply: GatewayReply) -> GatewayReply:
    made = next(_calls)
    return on_body(put("data[].created", lambda created: created + made))(_, reply)


def _charged(_: Request, reply: GatewayReply) -> GatewayReply:
    if reply.status != 200:
        return reply
    charge = Charge("codex", reply.request_id, "gpt-5.5", "default", _PRICE)
    return replace(reply, charge=charge)


def _listed(name: str, breaks: str, says: str, family: Family, change: Change) -> Fault:
    return Fault(f"models.{name}", rows(breaks), says, family, when=_LIST, reply=on_body(change))


def _found(name: str, breaks: str, says: str, family: Family, change: Change) -> Fault:
    return Fault(f"models.{name}", rows(breaks), says, family, when=_ONE, reply=on_body(change))


def _reply(
    name: str, breaks: str, says: str, family: Family, when: When, reply: ReplyChange
) -> Fault:
    return Fault(f"models.{name}", rows(breaks), says, family, when=when, reply=reply)


def _milliseconds(body: Any) -> Any:
    for path in ("created", "data[].created"):
        body = alter(path, lambda seconds: seconds * 1000)(body)
    return body


FAULTS = (
    _listed("list.bare-array",
        "models.list.codex-catalogue models.list.serves-claimed models.list.shape",
        "The list is a bare array.", Family.SHAPE, lambda body: body["data"]),
    _listed("list.data-missing", "models.list.serves-claimed models.list.shape", "The list has no data.", Family.SHAPE, drop("data")),
    _listed("list.data-null", "models.list.serves-claimed models.list.shape", "The data of the list is null.", Family.VALUE, put("data", None)),
    _listed("list.data-object", "models.list.serves-claimed models.list.shape", "The data is an object by id.", Family.SHAPE,
        alter("data", lambda cards: {card["id"]: card for card in cards})),
    _listed("list.under-models", "models.list.serves-claimed models.list.shape", "The data stands under 'models'.", Family.SHAPE,
        rename("data", "models")),
    _listed("list.ids-only", "models.list.serves-claimed models.list.shape", "The data are mere ids.", Family.SHAPE,
        alter("data", lambda cards: [card["id"] for card in cards])),
    _listed("list.object-missing", "models.list.shape", "The list has no object.", Family.SHAPE, drop("object")),
    _listed("list.object-wrong", "models.list.shape", "The list's object is 'models'.", Family.VALUE,
        put("object", "models")),
    _listed("list.has-more-text", "models.list.has-more", "has_more is a text.", Family.VALUE, put("has_more", "false")),
    _reply("list.text-plain",
        "http.content-type.json http.head models.list.status",
        "The list comes as text/plain.", Family.HEADER, _LIST,
        on_status(200, with_header("content-type", "text/plain"))),
    _listed("entry.id-missing", "models.entry.id models.list.serves-claimed", "Entries have no id.", Family.SHAPE, drop("data[].id")),
    _listed("entry.id-number", "models.entry.id", "The last id is a number.", Family.VALUE, put("data[-1].id", 7)),
    _listed("entry.object-missing", "models.entry.object models.retrieve.equal", "Entries have no object.", Family.SHAPE, drop("data[].object")),
    _listed("entry.object-wrong", "models.entry.object models.retrieve.equal", "Entries' object is 'models'.", Family.VALUE,
        put("data[].object", "models")),
    _listed("entry.created-missing", "models.entry.created models.retrieve.equal", "Entries have no created.", Family.SHAPE, drop("data[].created")),
    _listed("entry.created-text", "models.entry.created models.retrieve.equal", "created is a text.", Family.VALUE,
        alter("data[].created", str)),
    _listed("entry.created-float", "models.entry.created models.retrieve.equal", "created has a fraction.", Family.VALUE,
        alter("data[].created", lambda seconds: seconds + 0.5)),
    _listed("entry.created-zero",
        "models.entry.created-seconds models.retrieve.equal",
        "created of the last entry is 0.", Family.VALUE,
        put("data[-1].created", 0)),
    _reply("entry.created-ms", "models.entry.created-seconds", "created is in milliseconds.", Family.VALUE, _READS,
        on_body(_milliseconds)),
    _listed("entry.owner-missing", "models.entry.owned-by models.retrieve.equal", "Entries have no owned_by.", Family.SHAPE, drop("data[].owned_by")),
    _listed("entry.owner-null", "models.entry.owned-by models.retrieve.equal", "owned_by is null.", Family.VALUE, put("data[].owned_by", None)),
    _listed("entry.owner-empty", "models.entry.owned-by models.retrieve.equal", "owned_by is empty.", Family.VALUE, put("data[].owned_by", "")),
    _listed("entry.shutdown-number",
        "models.entry.shutdown-date",
        "shutdown_date is a Unix time.", Family.VALUE,
        put("data[0].shutdown_date", 1_800_000_000)),
    _listed("entry.shutdown-long",
        "models.entry.shutdown-date",
        "shutdown_date has a time of day.", Family.VALUE,
        put("data[0].shutdown_date", "2027-01-31T00:00:00Z")),
    _listed("list.double", "models.list.unique", "One model is listed twice.", Family.CONTENT,
        alter("data", lambda cards: [*cards, cards[0]])),
    _listed("list.snapshots-only", "models.list.serves-claimed", "Only dated snapshots are listed.", Family.CONTENT,
        alter("data", lambda cards: [card for card in cards if card["id"].count("-") > 1])),
    _listed("list.one-lost", "models.list.serves-claimed", "One of the models is not listed.", Family.CONTENT,
        alter("data", lambda cards: [card for card in cards if card["id"] != "gpt-5.4"])),
    _listed("list.empty", "models.list.serves-claimed", "The list is empty.", Family.CONTENT, put("data", [])),
    _listed("list.claude", "models.retrieve.equal tiers.models-only", "Models of another tier are listed.", Family.CONTENT,
        alter("data", lambda cards: [*cards, {**cards[0], "id": "claude-opus-4-5"}])),
    _reply("list.created-now",
        "models.list.stable",
        "created changes with each call.", Family.STATE, _LIST, _now),
    _reply("list.query-refused",
        "models.list.codex-query models.list.query-ignored",
        "Unknown query parameters are refused.", Family.PARAMETER, _LIST,
        _query_refused),
    _reply("list.query-obeyed", "models.list.query-ignored", "A limit in the query cuts the list.", Family.PARAMETER, _LIST,
        _limited),
    _reply("list.codex-only", "models.list.codex-query", "Asked by Codex, the list has Codex's member alone.", Family.SHAPE,
        _LIST, _codex_only),
    _reply("list.no-codex-catalogue", "models.list.codex-catalogue", "Asked by Codex, the list has no member models.",
        Family.SHAPE, _LIST, _no_catalogue),
    _reply("list.billed", "billing.reading-free models.free", "The list costs something.", Family.BILLING, _LIST, _charged),
    Fault("models.listed-refused", rows("models.list.usable tiers.pairs"), "A listed model is refused as unknown.", Family.STATUS,
        when=both(CHAT, lambda request: b"marker " in request.body),
        request=with_param("model", "gpt-5.5-gone")),
    _found("retrieve.differs", "models.retrieve.equal", "A model retrieved has another created than in the list.",
        Family.STATE, alter("created", lambda seconds: seconds + 1)),
    _found("retrieve.owner-differs", "models.retrieve.equal", "A model retrieved has another owner.", Family.STATE,
        put("owned_by", "system")),
    _found("retrieve.other",
        "models.retrieve.encoded models.retrieve.equal models.retrieve.id",
        "Whatever is asked for, one model is retrieved.", Family.CONTENT,
        put("id", "gpt-4o")),
    _found("retrieve.wrapped",
        "models.retrieve.encoded models.retrieve.equal models.retrieve.id models.retrieve.shape",
        "A retrieved model is wrapped in data.", Family.SHAPE,
        lambda body: {"data": body}),
    _found("retrieve.as-list",
        "models.retrieve.encoded models.retrieve.equal models.retrieve.id models.retrieve.shape",
        "A retrieved model is a list of one.", Family.SHAPE,
        lambda body: {"object": "list", "data": [body]}),
    _found("retrieve.object-wrong", "models.retrieve.equal models.retrieve.shape", "A retrieved model's object is 'list'.", Family.VALUE,
        put("object", "list")),
    _found("retrieve.created-text", "models.retrieve.equal models.retrieve.shape", "created of a retrieved model is a text.", Family.VALUE,
        alter("created", str)),
    _found("retrieve.shutdown-number", "models.retrieve.values", "shutdown_date of a retrieved model is a number.",
        Family.VALUE, put("shutdown_date", 0)),
    _reply("retrieve.refused",
        "models.retrieve.encoded models.retrieve.equal",
        "No model can be retrieved.", Family.STATUS, _ONE,
        on_status(200, lambda _, reply: replace(reply, status=404,
            body=ApiError(404, "Invalid URL", code="unknown_url").body))),
    Fault("models.retrieve.cut-at-dot", rows("models.retrieve.equal"), "The path is cut at a dot.", Family.PARAMETER,
        when=_ONE, request=_cut_at_dot),
    _reply("retrieve.escape-unread", "models.retrieve.encoded", "Escapes in the path are not read.", Family.PARAMETER, _ONE,
        _escape_unread),
    _reply("retrieve.unknown-served", "models.retrieve.shape models.retrieve.unknown", "An unknown model is answered with 200.", Family.STATUS, _ONE,
        on_status(404, lambda request, reply: with_body({})(request, replace(reply, status=200)))),
    _reply("retrieve.unknown-as-400", "models.retrieve.unknown", "An unknown model is answered with 400.", Family.STATUS, _ONE,
        on_status(404, with_status(400))),
    _reply("retrieve.unknown-code", "models.retrieve.unknown-code", "The 404 of a model has no code.", Family.VALUE, _ONE,
        on_error(put("error.code", None))),
    _reply("retrieve.billed", "billing.reading-free models.free", "To retrieve a model costs something.", Family.BILLING, _ONE, _charged),
    Fault("models.unlisted-served-chat",
        rows("billing.failures-free errors.free http.gzip-body models.unlisted.chat"),
        "Chat answers an unknown model with another one.",
        Family.PARAMETER, when=both(CHAT, _unknown), request=with_param("model", "gpt-5.5")),
    Fault("models.unlisted-served-responses", rows("models.unlisted.responses"), "Responses answers an unknown model with another one.", Family.PARAMETER,
        when=both(RESPONSES, _unknown), request=with_param("model", "gpt-5.5")),
    _reply("unlisted-as-400", "http.gzip-body models.unlisted.chat", "Chat refuses an unknown model with 400.", Family.STATUS,
        both(CHAT, _unknown), on_status(404, with_status(400))),
    _reply("unlisted-code", "models.unlisted.responses", "Responses refuses an unknown model without its code.", Family.VALUE,
        both(RESPONSES, _unknown), on_status(400, on_error(put("error.code", "invalid_value")))),
)  # fmt: skip
