"""Faults of what a Responses server keeps, in corners: streams, deletions, counts, conversations."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import (
    RequestChange,
    on_json,
    without_param,
    without_query,
)
from gateway.faults.machinery.response_edits import LIFECYCLE, about, on_events, refused
from gateway.faults.machinery.selection import RESPONSES, RESPONSES_STREAM, When, asking, both
from gateway.faults.machinery.stream_edits import edit
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    drop,
    in_turn,
    on_body,
    put,
)
from gateway.frames import GatewayReply
from wire.exchange import Request

_GET: Final = about("", method="GET")
_LIST: Final = about("input_items", method="GET")
_CANCEL: Final = about("cancel", method="POST")
_COMPACT: Final = about("compact")
_COUNT: Final = about("input_tokens")


def _fault(
    name: str,
    says: str,
    when: When,
    reply: ReplyChange | None = None,
    request: RequestChange | None = None,
) -> Fault:
    return Fault(
        f"responses_params.{name}", (), says, Family.STATE, when=when, request=request, reply=reply
    )


def _on_response(change: Change) -> ReplyChange:
    """Changes a response, plain and in every event of a stream."""
    return in_turn(on_body(change), on_events(LIFECYCLE, alter("response", change)))


def _with_query(**words: str) -> RequestChange:
    """As if these query parameters had been sent, where the request has none of that name."""

    def change(request: Request) -> Request:
        path, _, query = request.path.partition("?")
        added = {name: value for name, value in words.items() if f"{name}=" not in query}
        return replace(request, path=f"{path}?{'&'.join(filter(None, (query, urlencode(added))))}")

    return change


class _Names:
    """Remembers responses by what was asked, to treat them in a way of its own later."""

    def __init__(self, test: Callable[[Request], bool]) -> None:
        self.test = test
        self.known: set[str] = set()

    def learn(self, request: Request, reply: GatewayReply) -> GatewayReply:
        shown: Any = reply.body
        if reply.frames:
            shown = reply.frames[0].payload.get("response")
        if reply.status < 400 and isinstance(shown, dict) and self.test(request):
            self.known.add(str(shown.get("id")))
        return reply

    def about(self, request: Request) -> bool:
        return any(step in self.known for step in request.path.partition("?")[0].split("/"))


_STREAMED: Final = _Names(RESPONSES_STREAM)
_CANCELLED: Final = _Names(_CANCEL)
_DELETED: Final = _Names(about("", method="DELETE"))


def _lost(names: _Names) -> ReplyChange:
    """Nothing is found of the responses that were remembered."""

    def change(request: Request, reply: GatewayReply) -> GatewayReply:
        if RESPONSES(request):
            return names.learn(request, reply)
        return refused(404, "Not found.")(request, reply) if names.about(request) else reply

    return change


def _revived(request: Request, reply: GatewayReply) -> GatewayReply:
    """What was cancelled is in progress again when it is read."""
    if _CANCEL(request):
        return _CANCELLED.learn(request, reply)
    if _CANCELLED.about(request):
        return on_body(put("status", "in_progress"))(request, reply)
    return reply


def _listed_still(request: Request, reply: GatewayReply) -> GatewayReply:
    """The input of what was deleted is still listed."""
    if request.method == "DELETE":
        return _DELETED.learn(request, reply)
    page: dict[str, Any] = {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    kept = _DELETED.about(request) and reply.status == 404
    return replace(reply, status=200, body=page) if kept else reply


def _unstored(body: Any) -> Any:
    """As if the response before had been stored: it is gone on from without its words."""
    return {**body, "previous_response_id": None}


def _modelled(body: Any) -> Any:
    return {"model": "gpt-5.5", **body}


def _sound(body: Any) -> Any:
    given = body.get("input")
    return body if isinstance(given, (str, list)) or given is None else {**body, "input": "Hello."}


def _bare(body: Any) -> Any:
    return {name: value for name, value in body.items() if name in {"model", "input"}}


def _strange_previous(request: Request) -> bool:
    """Requests with a previous_response_id made here whose response was not stored."""
    return str(request.params.get("previous_response_id")) in _FORGOTTEN.known


_FORGOTTEN: Final = _Names(lambda request: request.params.get("store") is False)

FAULTS: Final = (
    _fault("streams-never-stored", "Streamed responses are not kept.",
           lambda r: RESPONSES(r) or _GET(r) or _LIST(r), _lost(_STREAMED)),
    _fault("streamed-read-without-output", "Streamed responses are kept without output.",
           lambda r: RESPONSES(r) or _GET(r),
           lambda r, a: _STREAMED.learn(r, a) if RESPONSES(r)
           else on_body(put("output", []))(r, a) if _STREAMED.about(r) else a),
    _fault("unstored-gone-on", "A response that was not stored can be gone on from, without its words.",
           RESPONSES, _FORGOTTEN.learn,
           lambda r: on_json(_unstored)(r) if _strange_previous(r) else r),
    _fault("cancelled-revived", "What was cancelled is in progress again.",
           lambda r: _CANCEL(r) or _GET(r), _revived),
    _fault("deleted-still-listed", "The input of a deleted response is still listed.",
           lambda r: r.method == "DELETE" or _LIST(r), _listed_still),
    _fault("deleted-object-wrong", "A deletion has the object of a list.",
           about("", method="DELETE"), on_body(put("object", "list"))),
    _fault("deleted-id-missing", "A deletion does not say what was deleted.",
           about("", method="DELETE"), on_body(drop("id"))),
    _fault("list-ascending", "Input items come in ascending order unless asked otherwise.", _LIST,
           request=_with_query(order="asc")),
    _fault("list-bounds-unchecked", "A limit out of range is brought into it.", _LIST,
           request=lambda r: without_query("limit")(r)
           if any(word in r.path for word in ("limit=0", "limit=101")) else r),
    _fault("list-images-hidden", "Images in input items are never shown.", _LIST,
           on_body(alter("data[].content[].image_url", lambda _: None))),
    _fault("list-items-without-id", "Input items have no ids.", _LIST, on_body(drop("data[].id"))),
    _fault("list-call-ids-lost", "Input items have lost their call_ids.", _LIST,
           on_body(drop("data[].call_id"))),
    _fault("read-usage-lost", "A response that is read again has no usage.", _GET,
           on_body(put("usage", None))),
    _fault("read-metadata-lost", "A response that is read again has no metadata.", _GET,
           on_body(put("metadata", {}))),
    _fault("read-model-other", "A response that is read again names another model.", _GET,
           on_body(put("model", "gpt-5.4"))),
    _fault("read-text-cut", "A response that is read again has lost the end of its text.", _GET,
           on_body(alter("output[].content[].text", lambda text: text[:-1]))),
    _fault("replay-ends-early", "A stream that is told again lacks its end.", _GET,
           edit(lambda frames: frames[:-1])),
    _fault("replay-from-one", "A stream that is told again lacks its first event.", _GET,
           edit(lambda frames: frames[1:])),
    _fault("background-streams-refused", "Streams in the background are refused.",
           both(RESPONSES_STREAM, asking("background", True)),
           refused(400, "This is not supported.", param="background")),
    _fault("background-empty", "A response in the background completes without output.", _GET,
           on_body(put("output", []))),
    _fault("conversation-other", "The answer names another conversation.",
           both(RESPONSES, asking("conversation")),
           _on_response(put("conversation", {"id": "conv_other"}))),
    _fault("conversation-used-crash", "conversation brings the server down.",
           both(RESPONSES, asking("conversation")),
           refused(500, "Internal server error", type="server_error")),
    _fault("previous-unnamed", "The answer does not name the response before.",
           both(RESPONSES, asking("previous_response_id")),
           _on_response(put("previous_response_id", None))),
    _fault("previous-refused", "previous_response_id is not supported.",
           both(RESPONSES, asking("previous_response_id")),
           refused(400, "This is not supported.", param="previous_response_id")),
    _fault("previous-wins-taken", "conversation is ignored beside previous_response_id.",
           both(RESPONSES, asking("previous_response_id"), asking("conversation")),
           request=without_param("conversation")),
    _fault("compact-model-default", "A compaction without model is made by some model.", _COMPACT,
           request=on_json(_modelled)),
    _fault("compact-total-off-by-one", "The usage of a compaction does not add up.", _COMPACT,
           on_body(alter("usage.total_tokens", lambda n: n + 1))),
    _fault("compact-details-missing", "The usage of a compaction has no details.", _COMPACT,
           on_body(drop("usage.input_tokens_details"))),
    _fault("compact-messages-cut", "A compaction cuts the messages that it keeps.", _COMPACT,
           on_body(alter("output[].content[].text", lambda text: text[:-1]))),
    _fault("compact-items-without-id", "The items of a compaction have no ids.", _COMPACT,
           on_body(drop("output[].id"))),
    _fault("background-time-changes", "A response in the background gets a new time when it is done.",
           _GET, on_body(alter("created_at", lambda at: at + 1))),
    _fault("compact-id-missing", "A compaction has no id.", _COMPACT, on_body(drop("id"))),
    _fault("compact-refused-vaguely", "Compaction is refused with 400.", _COMPACT,
           refused(400, "This is not supported.")),
    _fault("input-tokens-sound", "A wrong input is counted as if it were right.", _COUNT,
           request=on_json(_sound)),
    _fault("input-tokens-bare", "Instructions, tools and earlier turns are not counted.", _COUNT,
           request=on_json(_bare)),
    _fault("input-tokens-zero", "The count is 0.", _COUNT, on_body(put("input_tokens", 0))),
    _fault("input-tokens-crash", "Counting brings the server down.", _COUNT,
           refused(500, "Internal server error", type="server_error")),
)  # fmt: skip
