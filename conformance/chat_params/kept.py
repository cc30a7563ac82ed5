"""store and metadata: what is kept of an answer, and what must not be."""

from typing import Any, Final

from conformance.chat_params.accepted import LOW
from conformance.chat_params.request import VALID
from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.running.probe import Impossible, Probe, ProbeContext, get, in_path, post
from wire.chat import fold_chat
from wire.exchange import Exchange, Request


def _id(context: ProbeContext, name: str) -> str:
    x = context.earlier[name][0]
    body = x.reply.json
    found: Any = body.get("id") if isinstance(body, dict) else None
    if x.reply.is_stream:
        found = fold_chat(x.reply).id
    if not x.ok or not isinstance(found, str) or not found:
        raise Impossible(f"{name} brought no id")
    return found


def _get(name: str, suffix: str = "") -> Probe:
    def build(context: ProbeContext) -> Request:
        return get(f"/chat/completions/{in_path(_id(context, name))}{suffix}")

    slug = suffix.replace("/", "-")
    return Probe(
        f"chat_params.kept.{name.removeprefix(VALID)}{slug}",
        build,
        after=(name,),
        feature="chat.store",
        output_tokens=0,
    )


def _delete(context: ProbeContext) -> Request:
    return get(f"/chat/completions/{in_path(_id(context, f'{VALID}low'))}", method="DELETE")


STORED: Final = _get(f"{VALID}low")
STORED_MESSAGES: Final = _get(f"{VALID}low", "/messages")
UNSTORED: Final = _get(f"{VALID}high")
STORED_STREAM: Final = _get(f"{VALID}effort-high")
UNSTORED_PLAIN: Final = _get(f"{VALID}effort-low")
UPDATED: Final = Probe(
    "chat_params.kept.update",
    lambda context: post(
        f"/chat/completions/{in_path(_id(context, f'{VALID}low'))}", {"metadata": {"now": "é"}}
    ),
    after=(f"{VALID}low", STORED.name),
    feature="chat.store",
    output_tokens=0,
)
DELETED: Final = Probe(
    "chat_params.kept.delete",
    _delete,
    after=(f"{VALID}low", STORED.name, STORED_MESSAGES.name, UPDATED.name),
    feature="chat.store",
    output_tokens=0,
)
AFTER_DELETE: Final = Probe(
    "chat_params.kept.deleted",
    lambda context: get(f"/chat/completions/{in_path(_id(context, f'{VALID}low'))}"),
    after=(f"{VALID}low", DELETED.name),
    feature="chat.store",
    output_tokens=0,
)


def _has_no_store(x: Exchange) -> bool:
    return x.reply.status in (404, 405, 501)


@rule("chat.param.store.retrievable", on=probe(STORED.name, STORED_STREAM.name))
def retrievable(x: Exchange) -> Findings:
    """A server without a store may say so, in the form of an error."""
    body = x.reply.json
    if x.ok:
        wanted = x.request.path.rpartition("/")[2]
        if not isinstance(body, dict) or body.get("id") != wanted:
            found = body.get("id") if isinstance(body, dict) else body
            yield Finding("id", show(wanted), show(found, 60))
        elif body.get("object") != "chat.completion":
            yield Finding("object", '"chat.completion"', show(body.get("object", ABSENT)))
    elif not _has_no_store(x) or not error_of(x):
        yield Finding("status", "200, or 404 or 501 with an error object",
                      status_line(x))  # fmt: skip


@run_rule("chat.param.store.streamed", probes=(STORED.name, STORED_STREAM.name))
def streamed_kept(run: Run) -> Findings:
    """Only where plain answers are kept."""
    plain, streamed = run.one(STORED.name), run.one(STORED_STREAM.name)
    if plain.ok and not streamed.ok:
        found = str(streamed.reply.status)
        yield Finding("status", "200, as for a plain answer", found, exchange=streamed.id)
    elif not plain.ok:
        yield Unsure("plain answers are not kept either", lacking=True)


@rule("chat.param.metadata.kept", on=ok_probe(STORED.name))
def metadata_kept(x: Exchange) -> Findings:
    body = x.reply.json
    found = body.get("metadata") if isinstance(body, dict) else None
    if found != LOW["metadata"]:
        yield Finding("metadata", "the 16 pairs that were sent", show(found, 60))


@rule("chat.param.store.messages", on=ok_probe(STORED_MESSAGES.name))
def messages(x: Exchange) -> Findings:
    body = x.reply.json
    rows = body.get("data") if isinstance(body, dict) else None
    said = [m.get("content") for m in rows if isinstance(m, dict)] if isinstance(rows, list) else []
    if not any(isinstance(text, str) and text.startswith("Count from 1 to 200") for text in said):
        yield Finding("data[].content", "the messages that were sent", show(said, 60))


@rule("chat.param.store.updated", on=ok_probe(UPDATED.name))
def updated(x: Exchange) -> Findings:
    body = x.reply.json
    found = body.get("metadata") if isinstance(body, dict) else None
    if found != {"now": "é"}:
        yield Finding("metadata", '{"now": "é"}', show(found, 60))


@rule("chat.param.store.deleted", on=ok_probe(DELETED.name))
def deleted(x: Exchange) -> Findings:
    body = x.reply.json
    if not isinstance(body, dict) or body.get("deleted") is not True:
        yield Finding("deleted", "true", show(body, 60))


@rule("chat.param.store.gone", on=probe(AFTER_DELETE.name))
def gone(x: Exchange) -> Findings:
    if x.ok:
        yield Finding("status", "404 after deletion", str(x.reply.status))
    elif x.reply.status != 404:
        yield Unsure(f"answered {x.reply.status}")


@run_rule("chat.param.store.off", probes=("chat_params.kept.*",))
def not_kept(run: Run) -> Findings:
    """Where nothing can be read again, nothing shows that this was not kept."""
    others = [*run.all(STORED.name), *run.all(STORED_STREAM.name)]
    for x in [*run.all(UNSTORED.name), *run.all(UNSTORED_PLAIN.name)]:
        if x.ok:
            kept = f"{x.reply.status}, the answer was kept"
            yield Finding("status", "404: store was false", kept, exchange=x.id)
        elif others and not any(y.ok for y in others):
            yield Unsure("no answer can be read again, stored or not", lacking=True)
