"""Faults of stream, tiers, effort, store and metadata: taken, and not done."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forgiveness import ignoring as _fault
from gateway.faults.machinery.request_edits import RequestChange, on_json, with_param, without_param
from gateway.faults.machinery.selection import (
    CHAT,
    CHAT_PLAIN,
    CHAT_STREAM,
    STREAM,
    When,
    asking,
    both,
)
from gateway.faults.machinery.stream_edits import drop_frames, with_usage
from gateway.faults.machinery.transform import drop, on_all, on_body, on_frames, put
from gateway.frames import GatewayReply
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

_DETAILS: Final = "usage.completion_tokens_details"


def _param(name: str, change: Callable[[Any], Any]) -> RequestChange:
    return on_json(lambda body: {**body, name: change(body[name])} if name in body else body)


def _turns() -> Callable[[Request], bool]:
    """Every second request."""
    counter = itertools.count()
    return lambda _: next(counter) % 2 == 1


def _stored(method: str, suffix: str = "") -> When:
    return lambda request: (
        endpoint_of(request.method, request.path) is Endpoint.STORED_CHAT
        and request.method == method
        and request.path.endswith("/messages") == bool(suffix)
    )


def _as_read(request: Request) -> Request:
    """DELETE does nothing but look."""
    return replace(request, method="GET")


def _deleted(request: Request, reply: GatewayReply) -> GatewayReply:
    gone = {
        "object": "chat.completion.deleted",
        "id": request.path.rpartition("/")[2],
        "deleted": True,
    }
    return replace(reply, body=gone) if reply.status == 200 else reply


def _echo_tier(request: Request, reply: GatewayReply) -> GatewayReply:
    return on_all(put("service_tier", request.params["service_tier"]))(request, reply)


def _not_html(_: Request, reply: GatewayReply) -> GatewayReply:
    page = "<html><body>Not found</body></html>"
    return replace(reply, status=404, body=page, headers=(("content-type", "text/html"),))


def _efforts(*asked: str, used: str) -> RequestChange:
    """Other efforts than those that are asked."""
    return _param("reasoning_effort", lambda value: used if value in asked else value)


LOWERED: Final = tuple(
    _fault(f"effort.{name}{suffix}", "reasoning-effort.honoured", f"{says}{often}.", when=when,
           request=_efforts(*asked, used=used))
    for name, says, asked, used in (
        ("high-is-low", "Effort high is used as low", ("high", "xhigh"), "low"),
        ("high-is-medium", "Effort high is used as medium", ("high", "xhigh"), "medium"),
        ("xhigh-is-high", "Effort xhigh is used as high", ("xhigh",), "high"),
    )
    for suffix, often, when in (("", "", CHAT), ("-streamed", ", in streams", CHAT_STREAM),
                                ("-plain", ", in plain answers", CHAT_PLAIN))
    if (name, suffix) not in (("xhigh-is-high", "-streamed"), ("xhigh-is-high", "-plain"))
)  # fmt: skip
FAULTS = (
    *LOWERED,
    _fault("store.plain-only", "store.streamed", "Streamed answers are not kept.", when=CHAT_STREAM,
           request=without_param("store")),
    _fault("tier.echoed-in-streams", "service-tier.reported",
           "Streams report the tier that was asked for.",
           when=both(CHAT_STREAM, asking("service_tier")), reply=_echo_tier),
    _fault("effort.dropped", "reasoning-effort.reaches-model", "reasoning_effort is ignored.",
           request=without_param("reasoning_effort")),
    _fault("effort.uncounted", "reasoning-effort.counted", "Reasoning tokens are not told.",
           family=Family.SHAPE, reply=on_all(drop(f"{_DETAILS}.reasoning_tokens"))),
    _fault("effort.always", "reasoning-effort.none", "The model reasons though it must not.",
           when=both(CHAT, asking("reasoning_effort", "none")),
           reply=on_all(put(f"{_DETAILS}.reasoning_tokens", 3))),
    _fault("tier.echoed", "service-tier.reported", "service_tier is what was asked for.",
           when=both(CHAT, asking("service_tier")), reply=_echo_tier),
    _fault("tier.silent", "service-tier.reported", "No tier is reported.",
           reply=on_all(drop("service_tier"))),
    _fault("tier.silent-in-streams", "service-tier.reported", "Streams report no tier.",
           when=STREAM, reply=on_frames(drop("service_tier"))),
    _fault("stream.null-streams", "stream.off", "A stream comes for null.",
           when=both(CHAT, lambda r: r.params.get("stream", 0) is None),
           request=with_param("stream", True)),
    _fault("stream.false-streams", "stream.off", "A stream comes for false.",
           when=both(CHAT, asking("stream", False)), request=with_param("stream", True)),
    _fault("stream.usage-missing", "stream-options.usage-on", "include_usage brings nothing.",
           when=CHAT_STREAM, reply=drop_frames(with_usage)),
    _fault("stream.usage-always", "stream-options.usage-off", "Usage comes though it is off.",
           when=CHAT_STREAM, request=on_json(lambda body: {**body, "stream_options": {
               **(body.get("stream_options") or {}), "include_usage": True}})),
    _fault("stream.obfuscation-always", "stream-options.obfuscation-off",
           "Obfuscation cannot be turned off.", when=CHAT_STREAM,
           request=_param("stream_options", lambda v: {**v, "include_obfuscation": True})),
    _fault("stream.obfuscation-never", "stream-options.obfuscation-on", "Nothing is obfuscated.",
           when=CHAT_STREAM, reply=on_frames(drop("obfuscation"))),
    _fault("stream.obfuscation-text-only", "stream-options.obfuscation-on",
           "Only chunks with text are obfuscated.", when=CHAT_STREAM, reply=on_frames(
               drop("obfuscation"), lambda f: not any((c.get("delta") or {}).get("content")
                                                      for c in f.payload.get("choices") or ()))),
    _fault("store.always", "store.off", "Every answer is kept.", family=Family.STATE,
           request=with_param("store", True)),
    _fault("store.page", "store.retrievable", "An answer that is not kept is an HTML page.",
           family=Family.SHAPE, when=_stored("GET"), reply=_not_html),
    _fault("store.other-answer", "store.retrievable", "Another answer than the one asked for is read.",
           family=Family.STATE, when=_stored("GET"), reply=on_body(put("id", "chatcmpl-0"))),
    _fault("store.no-messages", "store.messages", "The messages of a kept answer are gone.",
           family=Family.STATE, when=_stored("GET", "/messages"), reply=on_body(put("data", []))),
    _fault("store.update-ignored", "store.updated", "New metadata are not taken.",
           when=_stored("POST"), reply=on_body(put("metadata", {}))),
    _fault("store.delete-false", "store.deleted", "Deleting says that it did not.",
           when=_stored("DELETE"), reply=on_body(put("deleted", False))),
    _fault("store.delete-ignored", "store.gone", "What was deleted can still be read.",
           family=Family.STATE, when=_stored("DELETE"), request=_as_read, reply=_deleted),
    _fault("metadata.dropped", "metadata.kept", "metadata is ignored.",
           when=CHAT, request=without_param("metadata")),
    _fault("metadata.cut", "metadata.kept", "Values of metadata are cut at 256 characters.",
           when=CHAT, request=_param("metadata", lambda v: {k: w[:256] if isinstance(w, str) else w
               for k, w in v.items()} if isinstance(v, dict) and len(v) == 16 else v)),
    Fault("chat.param.unknown.sometimes", ("chat.param.unknown.consistent",),
          "An unknown parameter is ignored now and then.", Family.STATE,
          when=both(CHAT, asking("conformance_unknown"), _turns()),
          request=without_param("conformance_unknown")),
)  # fmt: skip
