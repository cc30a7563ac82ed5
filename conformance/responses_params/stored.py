"""What becomes of a response afterwards: read again, deleted, or never kept."""

from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import unjudged
from conformance.judging.route import Silence
from conformance.judging.rule import Rule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, probe
from conformance.responses.difference import told
from conformance.responses.selectors import Json, dicts
from conformance.responses_params.accepted import HIGH_PROBE, LOW_PROBE
from conformance.responses_params.clients import AGENTS, CODEX
from conformance.responses_params.conversation import INSTRUCTIONS, OUTPUT, id_of
from conformance.responses_params.request import PATH
from conformance.responses_params.selectors import response_of
from conformance.running.probe import Probe, ProbeContext, get, in_path
from wire.endpoint import Endpoint
from wire.exchange import Exchange, Request

_STORED: Final = "responses_params.stored."


def about(
    name: str,
    base: Probe,
    suffix: str = "",
    *,
    method: str = "GET",
    after: tuple[Probe, ...] = (),
    feature: str = "responses.store",
    count: int = 1,
) -> Probe:
    """A request about the response that an earlier probe brought."""

    def build(context: ProbeContext) -> Request:
        return get(f"{PATH}/{in_path(id_of(context, base.name))}{suffix}", method=method)

    earlier = (base.name, *(p.name for p in after))
    return Probe(f"{_STORED}{name}", build, after=earlier, feature=feature, per_model=False,
                 output_tokens=0, count=count)  # fmt: skip


def _nowhere(name: str, path: str, method: str = "GET", feature: str = "responses.store") -> Probe:
    return Probe(f"{_STORED}unknown-{name}", lambda _: get(path, method=method), feature=feature,
                 per_model=False, output_tokens=0)  # fmt: skip


READ: Final = about("read", LOW_PROBE)
# Twice in a row: of accounts that are asked in turn not both can be the one that keeps it.
READ_DEFAULT: Final = about("read-default", AGENTS, count=2)
READ_STREAMED: Final = about("read-streamed", OUTPUT)
UNSTORED: Final = (
    about("unstored-stream", HIGH_PROBE),
    about("unstored-codex", CODEX),
    about("unstored-input", HIGH_PROBE, "/input_items"),
)
DELETED: Final = about("deleted", LOW_PROBE, method="DELETE", after=(READ, INSTRUCTIONS))
GONE: Final = (
    about("gone", LOW_PROBE, after=(DELETED,)),
    about("gone-input", LOW_PROBE, "/input_items", after=(DELETED,)),
    about("gone-again", LOW_PROBE, method="DELETE", after=(DELETED,)),
)
_NONE: Final = f"{PATH}/resp_{'0' * 48}"
UNKNOWN: Final = (
    _nowhere("read", _NONE),
    _nowhere("read-strange", f"{PATH}/nothing-%F0%9F%9A%80"),
    _nowhere("read-stream", f"{_NONE}?stream=true"),
    _nowhere("read-input", f"{_NONE}/input_items"),
    _nowhere("delete", _NONE, "DELETE"),
    _nowhere("cancel", f"{_NONE}/cancel", "POST", "responses.background"),
)


def has_no_store(x: Exchange) -> bool:
    """A server without a store says so, in the form of an error."""
    return x.reply.status in (404, 405, 501) and bool(error_of(x))


# What is said anew whenever a response is shown.
_PASSING: Final = {"billing", "output"}


def _lasting(response: Json, *, logprobs: bool) -> Json:
    """A response as far as it never changes; log probabilities are shown only on request."""
    kept: Json = {name: value for name, value in response.items() if name not in _PASSING}
    output = dicts(response.get("output"))
    return {**kept, "output": output if logprobs else [_bare(item) for item in output]}


def _bare(item: Json) -> Json:
    parts = [{n: v for n, v in p.items() if n != "logprobs"} for p in dicts(item.get("content"))]
    return {**item, "content": parts} if isinstance(item.get("content"), list) else item


def _has_logprobs(response: Json) -> bool:
    parts = [p for item in dicts(response.get("output")) for p in dicts(item.get("content"))]
    return any(part.get("logprobs") for part in parts)


@run_rule("responses.stored.same", probes=(READ.name, LOW_PROBE.name))
def same(run: Run) -> Findings:
    yield from _compare(run, READ.name, LOW_PROBE.name)


@run_rule("responses.stored.by-default", probes=(READ_DEFAULT.name, AGENTS.name))
def by_default(run: Run) -> Findings:
    yield from _compare(run, READ_DEFAULT.name, AGENTS.name)


@run_rule("responses.stored.streamed", probes=(READ_STREAMED.name, OUTPUT.name))
def streamed(run: Run) -> Findings:
    yield from _compare(run, READ_STREAMED.name, OUTPUT.name)


def _compare(run: Run, read: str, made: str) -> Findings:
    x = run.one(read)
    if not x.ok:
        if has_no_store(x) or unjudged(x):
            yield Unsure(
                f"the server keeps no responses: {status_line(x)}", lacking=has_no_store(x)
            )
        else:
            yield Finding("status", "200", status_line(x), exchange=x.id)
        return
    wanted = x.request.path.rpartition("/")[2]
    originals = [response_of(y) for y in run.all(made) if response_of(y).get("id") == wanted]
    found = response_of(x)
    if not originals:
        yield Unsure("the response that it was made with is not here")
        return
    both = _has_logprobs(originals[0]) and _has_logprobs(found)
    before, now = _lasting(originals[0], logprobs=both), _lasting(found, logprobs=both)
    for name in before:
        if before[name] != now.get(name):
            yield Finding(name, *told(before[name], now.get(name)), exchange=x.id)


@rule(
    "responses.stored.readable",
    on=probe(READ.name, READ_DEFAULT.name, READ_STREAMED.name),
    silence=[Silence.ABSENT],
)
def readable(x: Exchange) -> Findings:
    """That nobody serves the path is told here, and of no other row about stored responses."""
    if not x.ok and not unjudged(x):
        yield Finding("status", "200: the response was to be stored", status_line(x))


@run_rule("responses.stored.off", probes=(f"{_STORED}unstored-*",))
def not_kept(run: Run) -> Findings:
    """Where nothing can be read again, nothing shows that this was not kept."""
    others = [x for p in (READ, READ_DEFAULT, READ_STREAMED) for x in run.all(p.name)]
    for x in run.named(f"{_STORED}unstored-*"):
        if x.ok:
            kept = f"{x.reply.status}, the response was kept"
            yield Finding("status", "404: store was false", kept, exchange=x.id)
        elif x.reply.status != 404 and not unjudged(x):
            yield Finding("status", "404", status_line(x), exchange=x.id)
        elif others and not any(y.ok for y in others):
            yield Unsure("no response can be read again, stored or not", lacking=True)


DELETIONS: Final = Selector(
    "a deletion of a response",
    lambda x: x.ok and x.endpoint is Endpoint.RESPONSE and x.request.method == "DELETE",
    (DELETED.name,),
)


@rule("responses.stored.deleted", on=probe(DELETED.name))
def deleted(x: Exchange) -> Findings:
    body = x.reply.json
    if not x.ok and (unjudged(x) or has_no_store(x)):
        yield Unsure(f"the server deletes no responses: {status_line(x)}")
    elif not x.ok or not isinstance(body, dict) or body.get("deleted") is not True:
        yield Finding("deleted", "true", show(body, 60))


@rule("responses.stored.deleted", on=DELETIONS)
def deleted_id(x: Exchange) -> Findings:
    body = x.reply.json
    shown = body.get("id") if isinstance(body, dict) else None
    if shown != (wanted := x.request.path.rpartition("/")[2]):
        yield Finding("id", show(wanted), show(shown))


@rule("responses.stored.gone", on=probe(*(p.name for p in GONE)))
def gone(x: Exchange) -> Findings:
    if x.reply.status != 404 and not unjudged(x):
        yield Finding("status", "404 after the deletion", status_line(x))


def _unknown(requirement: str, *probes: Probe) -> Rule:
    def check(x: Exchange) -> Findings:
        # An id that cannot be one may be called malformed.
        allowed = {400, 404} if "strange" in (x.probe or "") else {404}
        if x.reply.status not in allowed and not unjudged(x):
            yield Finding("status", "404: there is no such response", status_line(x))

    return Rule((requirement,), probe(*(p.name for p in probes)), check)


UNKNOWN_RULES: Final[tuple[Rule, ...]] = (
    _unknown("responses.stored.unknown", *UNKNOWN[:4]),
    _unknown("responses.stored.delete-unknown", UNKNOWN[4]),
    _unknown("responses.background.cancel-unknown", UNKNOWN[5]),
)


@rule("responses.stored.deleted-object", on=DELETIONS)
def deleted_object(x: Exchange) -> Findings:
    body: Any = x.reply.json
    found = body.get("object") if isinstance(body, dict) else body
    if found not in ("response", "response.deleted"):
        yield Finding("object", '"response" or "response.deleted"', show(found))
