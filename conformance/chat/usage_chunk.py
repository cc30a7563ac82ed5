"""Rules about usage in a chat stream: none unasked, else null until the last chunk."""

from conformance.chat.choice import choices, place
from conformance.chat.selectors import STREAM_WITH_USAGE, STREAM_WITHOUT_USAGE, speaks_audio
from conformance.chat.stream import ends_by_itself, order_of, readable
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule
from wire.chat import fold_chat
from wire.exchange import Exchange


@rule("chat.stream.usage-last", on=STREAM_WITH_USAGE)
def usage_last(x: Exchange) -> Findings:
    yield from order_of(x, usage_last.requirements)
    audio = speaks_audio(x)
    counts = [(n, p) for n, p in enumerate(x.reply.payloads) if _has_usage(p)]
    if not counts and ends_by_itself(x) and readable(x) and fold_chat(x.reply).error is None:
        yield Finding("the stream", "one chunk with usage", "none", len(x.reply.payloads) - 1)
    for number, (index, payload) in enumerate(counts):
        if payload.get("choices") and not audio:
            where = f"event {index}, choices"
            yield Finding(where, "[] in the chunk with usage", show(payload["choices"]), index)
        elif number:
            yield Finding(f"event {index}, usage", "one usage for all", "another one", index)


@rule("chat.stream.usage-null", on=STREAM_WITH_USAGE)
def usage_null(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        usage = payload.get("usage", ABSENT) if isinstance(payload, dict) else None
        # A second object is judged by usage-last.
        if choices(payload) and usage is not None and not isinstance(usage, dict):
            found = repr(usage) if usage is ABSENT else show(usage)
            yield Finding(place(index, "usage"), "null", found, index)
            return


@rule("chat.stream.no-usage-unasked", on=STREAM_WITHOUT_USAGE)
def no_usage_unasked(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if _has_usage(payload):
            yield Finding(place(index, "usage"), "no usage object", show(payload["usage"]), index)
            return


def _has_usage(payload: object) -> bool:
    return isinstance(payload, dict) and isinstance(payload.get("usage"), dict)
