"""Faults of what a Responses server keeps: stored answers, conversations, background work."""

from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import without_param, without_query
from gateway.faults.machinery.response_edits import about, echoing, refused
from gateway.faults.machinery.selection import RESPONSES, When, asking, both
from gateway.faults.machinery.stream_edits import edit, renumbered
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    chain,
    drop,
    in_turn,
    on_body,
    on_refusal,
    on_success,
    put,
    with_body,
    with_status,
)
from gateway.frames import GatewayReply
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

_STATE: Final = Family.STATE
_GET: Final = about("", method="GET")
_DELETE: Final = about("", method="DELETE")
_CANCEL: Final = about("cancel", method="POST")
_LIST: Final = about("input_items", method="GET")
_COMPACT: Final = about("compact")
_COUNT: Final = about("input_tokens")
_HTML: Final = "<!doctype html><title>404</title><h1>Not Found</h1>"


def _fault(
    name: str,
    says: str,
    when: When,
    reply: ReplyChange | None = None,
    *,
    request: Any = None,
    family: Family = _STATE,
) -> Fault:
    return Fault(
        f"responses_params.{name}", (), says, family, when=when, request=request, reply=reply
    )


def _unstored(request: Request) -> bool:
    return RESPONSES(request) and request.params.get("store") is False


def _with_strange_previous(request: Request) -> bool:
    """Requests with a previous_response_id that was not made here: ours are longer."""
    name = request.params.get("previous_response_id")
    return RESPONSES(request) and isinstance(name, str) and len(name) < 40


def _not_found(request: Request, reply: GatewayReply) -> GatewayReply:
    return refused(404, "Not found.")(request, reply)


def _as_get(request: Request) -> Request:
    """A deletion that only looks."""
    return replace(request, method="GET")


def _deleted(request: Request, reply: GatewayReply) -> GatewayReply:
    name = request.path.partition("?")[0].rpartition("/")[2]
    body = {"id": name, "object": "response", "deleted": True}
    return replace(reply, status=200, body=body, frames=None)


def _cancelled(request: Request, reply: GatewayReply) -> GatewayReply:
    """A cancellation that is always fine."""
    name = request.path.partition("?")[0].split("/")[-2]
    body = {"id": name, "object": "response", "status": "cancelled"}
    return replace(reply, status=200, body=body)


def _as_retrieval(request: Request) -> Request:
    """A cancellation that only looks."""
    return replace(request, method="GET", path=request.path.replace("/cancel", ""))


def _as_page_of_output(_: Request, reply: GatewayReply) -> GatewayReply:
    message = {
        "id": "msg_output", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}],
    }  # fmt: skip
    change = chain(put("data", [message]), put("first_id", "msg_output"),
                   put("last_id", "msg_output"))  # fmt: skip
    return on_body(change)(_, reply)


def _reversed_page(body: Any) -> Any:
    return {**body, "data": body["data"][::-1], "first_id": body["last_id"],
            "last_id": body["first_id"]}  # fmt: skip


def _socket(request: Request) -> bool:
    upgrade = (request.header("upgrade") or "").lower()
    here = endpoint_of(request.method, request.path) is Endpoint.RESPONSES
    return here and upgrade == "websocket"


def _page(name: str, says: str, change: Change) -> Fault:
    return _fault(name, says, _LIST, on_body(change), family=Family.SHAPE)


FAULTS: Final = (
    _fault("stored-anyway", "store false is echoed and ignored: the response is kept.", _unstored,
           echoing("store"), request=without_param("store"), family=Family.LEAK),
    _fault("never-stored", "Nothing is kept, though store is true.", about("", "input_items"),
           _not_found),
    _fault("retrieved-status", "A stored response comes back in progress.", _GET,
           on_body(put("status", "in_progress"))),
    _fault("retrieved-ids-new", "A stored response comes back with other item ids.", _GET,
           on_body(alter("output[].id", lambda text: text + "0"))),
    _fault("retrieved-without-output", "A stored response comes back without output.", _GET,
           on_body(put("output", []))),
    _fault("retrieved-unknown", "An unknown id gives an empty response.", _GET,
           on_refusal(in_turn(with_status(200), with_body({"object": "response", "output": []})))),
    _fault("retrieved-unknown-500", "An unknown id brings the server down.", _GET,
           on_refusal(with_status(500))),
    _fault("deleted-not", "A deleted response is still there.", _DELETE, on_success(_deleted),
           request=_as_get),
    _fault("deleted-unknown", "The deletion of an unknown response is confirmed.", _DELETE,
           on_refusal(_deleted)),
    _fault("deleted-flag-false", "A deletion is answered with deleted false.", _DELETE,
           on_body(put("deleted", False)), family=Family.VALUE),
    _fault("previous-unknown-taken", "An unknown previous_response_id is ignored.",
           _with_strange_previous,
           echoing("previous_response_id"), request=without_param("previous_response_id")),
    _fault("previous-unknown-500", "An unknown previous_response_id brings the server down.",
           both(RESPONSES, asking("previous_response_id")), on_refusal(with_status(500)),
           family=Family.STATUS),
    _fault("conversation-not-named", "response.conversation is not set.",
           both(RESPONSES, asking("conversation")), on_body(drop("conversation"))),
    _fault("conversation-forgotten", "conversation is echoed and remembers nothing.",
           both(RESPONSES, asking("conversation")),
           on_body(put("conversation", {"id": "conv_echo"})), request=without_param("conversation")),
    _page("input-items-object-missing", "The list of input items has no object.", drop("object")),
    _page("input-items-data-missing", "The list of input items has no data.", drop("data")),
    _page("input-items-first-id-missing", "The list has no first_id.", drop("first_id")),
    _page("input-items-last-id-missing", "The list has no last_id.", drop("last_id")),
    _page("input-items-has-more-missing", "The list has no has_more.", drop("has_more")),
    _page("input-items-has-more-wrong", "has_more is always true.", put("has_more", True)),
    _page("input-items-ids-swapped", "first_id and last_id are exchanged.",
          lambda b: {**b, "first_id": b["last_id"], "last_id": b["first_id"]}),
    _page("input-items-bare", "The list of input items is a bare array.", lambda b: b["data"]),
    _fault("input-items-output", "The output is listed instead of the input.", _LIST,
           _as_page_of_output),
    _fault("input-items-empty", "The list of input items is empty.", _LIST,
           on_body(put("data", []))),
    _fault("input-items-reversed", "Input items come in the wrong order.", _LIST,
           on_body(_reversed_page)),
    *(
        _fault(f"input-items-{name}-ignored", f"{name} of input_items is ignored.", _LIST,
               request=without_query(name), family=Family.PARAMETER)
        for name in ("limit", "order", "after", "include")
    ),
    _fault("background-blocks", "background is echoed and the answer comes when it is done.",
           both(RESPONSES, asking("background", True)), echoing("background"),
           request=without_param("background")),
    _fault("background-forever", "A background response never completes.", _GET,
           on_body(chain(put("status", "in_progress"), put("output", []), put("usage", None)))),
    _fault("background-as-completed", "A background response says completed at once, empty.",
           both(RESPONSES, asking("background", True)), on_body(put("status", "completed"))),
    _fault("cancel-without-effect", "A cancelled response goes on.", _CANCEL,
           request=_as_retrieval),
    _fault("cancel-of-any", "Any response can be cancelled.", _CANCEL, on_refusal(_cancelled)),
    _fault("cancel-status-kept", "A cancelled response still says queued.", _CANCEL,
           on_body(put("status", "queued"))),
    _fault("resumed-from-zero", "starting_after is ignored.", _GET,
           request=without_query("starting_after"), family=Family.PARAMETER),
    _fault("resumed-renumbered", "A resumed stream counts from 0 again.", _GET, edit(renumbered)),
    _fault("resumed-overlapping", "A resumed stream repeats its last event.", _GET,
           edit(lambda frames: (*frames[:1], *frames))),
    _fault("retrieval-stream-ignored", "stream=true of a retrieval is ignored.", _GET,
           request=without_query("stream", "starting_after"), family=Family.PARAMETER),
    _fault("compact-missing", "Compaction is answered by an HTML page.", _COMPACT,
           in_turn(with_status(404), with_body(_HTML, "text/html")), family=Family.SHAPE),
    _fault("compact-object-wrong", "A compaction says that it is a response.", _COMPACT,
           on_body(put("object", "response")), family=Family.VALUE),
    _fault("compact-without-usage", "A compaction has no usage.", _COMPACT,
           on_body(drop("usage")), family=Family.SHAPE),
    _fault("compact-without-item", "A compaction has no compaction item.", _COMPACT,
           on_body(alter("output", lambda o: [i for i in o if i["type"] != "compaction"])),
           family=Family.CONTENT),
    _fault("compact-empty", "A compaction keeps nothing.", _COMPACT,
           on_body(alter("output[].encrypted_content", lambda _: "gAAAAAB")),
           family=Family.CONTENT),
    _fault("input-tokens-differ", "input_tokens counts otherwise than usage.", _COUNT,
           on_body(alter("input_tokens", lambda n: n + 3)), family=Family.VALUE),
    _fault("input-tokens-object-wrong", "The count's object is wrong.", _COUNT,
           on_body(put("object", "input_tokens")), family=Family.VALUE),
    _fault("input-tokens-string", "The count is a string.", _COUNT,
           on_body(alter("input_tokens", str)), family=Family.SHAPE),
    _fault("input-tokens-missing", "The count is answered by an HTML page.", _COUNT,
           in_turn(with_status(404), with_body(_HTML, "text/html")), family=Family.SHAPE),
    _fault("encrypted-content-empty", "encrypted_content is an empty string.", RESPONSES,
           on_body(alter("output[].encrypted_content", lambda _: "")), family=Family.VALUE),
    _fault("websocket-404", "A WebSocket request is answered by 404.", _socket, with_status(404),
           family=Family.STATUS),
    _fault("websocket-200", "A WebSocket request is answered by 200.", _socket,
           in_turn(with_status(200), with_body({"object": "list", "data": []})),
           family=Family.STATUS),
    _fault("websocket-500", "A WebSocket request brings the server down.", _socket,
           in_turn(with_status(500), with_body("Internal Server Error", "text/plain")),
           family=Family.STATUS),
)  # fmt: skip
