"""What the status of a response implies, and what its id and times mean."""

import re
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeGuard

from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.model_name import is_alias, is_deployment, same_model
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from conformance.judging.substance import succeeded
from conformance.responses.selectors import (
    CREATED,
    OBJECT,
    PLAIN,
    Json,
    final,
    has_object,
    is_create,
    place,
    responses,
)
from schemas.loader import load
from wire.exchange import Exchange
from wire.responses import output_text

REASONS: Final = ("max_output_tokens", "max_messages", "content_filter", "steered")
FAILURES: Final = frozenset(load("responses/error")["properties"]["code"]["x-known"])
NEAR_S: Final = 300
DAY_S: Final = 86_400
_FAR: Final = 10**15
SECONDS: Final = range(10**9, 10**10)


def _in_state(status: str, *probes: str) -> Selector:
    def matches(x: Exchange) -> bool:
        shown = responses(x) if has_object(x) else ()
        return any(isinstance(r, dict) and r.get("status") == status for _, _, r in shown)

    return Selector(f"a {status} response", matches, probes)


COMPLETED = _in_state("completed", "responses.echo", "responses.stream.echo")
FAILED = _in_state("failed", "responses.stream.failed", "responses.failed")
INCOMPLETE = _in_state("incomplete", "responses.cut", "responses.stream.cut")


def in_state(x: Exchange, status: str) -> list[tuple[int | None, str, Json]]:
    return [
        (event, path, response)
        for event, path, response in responses(x)
        if isinstance(response, dict) and response.get("status") == status
    ]


@rule("responses.state.completed", on=COMPLETED)
def completed(x: Exchange) -> Findings:
    for event, path, response in in_state(x, "completed"):
        for name in ("error", "incomplete_details"):
            if response.get(name) is not None:
                yield Finding(place(event, path + name), "null", show(response[name]), event)


@rule("responses.state.failed", "responses.state.failed-code", on=FAILED)
def failed(x: Exchange) -> Findings:
    for event, path, response in in_state(x, "failed"):
        error = response.get("error")
        where = place(event, path + "error")
        told = error if isinstance(error, dict) else {}
        if not all(isinstance(told.get(name), str) and told[name] for name in ("code", "message")):
            yield Finding(where, "an object with code and message", show(error), event)
        elif told["code"] not in FAILURES:
            known = "a documented code"
            yield Finding(where, known, show(told["code"]), event, "responses.state.failed-code")


@rule("responses.state.incomplete", on=INCOMPLETE)
def incomplete(x: Exchange) -> Findings:
    for event, path, response in in_state(x, "incomplete"):
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if reason not in REASONS:
            where = place(event, path + "incomplete_details.reason")
            yield Finding(where, " or ".join(REASONS), show(reason), event)


def _limited(x: Exchange) -> bool:
    return is_create(x) and type(x.request.params.get("max_output_tokens")) is int


@rule(
    "responses.state.whole",
    on=CREATED.only("with a limit", _limited, "responses.cut", "responses.stream.cut"),
)
def cut_is_incomplete(x: Exchange) -> Findings:
    found = final(x)
    if found is None:
        return
    event, path, response = found
    usage = response.get("usage")
    used = usage.get("output_tokens") if isinstance(usage, dict) else None
    limit = x.request.params["max_output_tokens"]
    # One token less: servers differ in whether they count the last one.
    if response.get("status") == "completed" and type(used) is int and used > limit:
        what = f"{limit} tokens at most, or status incomplete"
        yield Finding(place(event, path + "usage.output_tokens"), what, str(used), event)
    if _counts_on(x) and response.get("status") == "completed":
        where = place(event, path + "status")
        yield Finding(where, "incomplete: the answer is cut", '"completed"', event)


@run_rule("responses.state.whole", probes=("responses.cut", "responses.stream.cut"), sees=succeeded)
def always_at_the_limit(run: Run) -> Findings:
    """One answer may end by itself with the last token that is allowed; each does so nowhere."""
    at_limit = []
    for x in (*run.all("responses.cut"), *run.all("responses.stream.cut")):
        found = final(x)
        usage = found[2].get("usage") if found else None
        used = usage.get("output_tokens") if isinstance(usage, dict) else None
        if not found or not _limited(x) or found[2].get("status") != "completed":
            return
        if used != x.request.params["max_output_tokens"]:
            return
        at_limit.append((x, found))
    for x, (event, path, _) in at_limit[:1] if len(at_limit) > 1 else ():
        limit = x.request.params["max_output_tokens"]
        told = f'"completed" in each of {len(at_limit)} answers of exactly {limit} tokens'
        where = place(event, path + "status")
        yield Finding(where, "incomplete: the limit cut the answer", told, event, exchange=x.id)


def _counts_on(x: Exchange) -> bool:
    """Whether the answer is a count that was asked to go on."""
    asked = re.search(r"Count from 1 to (\d+)", str(x.request.params.get("input")))
    found = final(x)
    text = output_text(found[2]) if found else ""
    numbers = re.findall(r"\d+", text)
    return bool(asked and len(numbers) > 1 and numbers[0] == "1" and asked[1] not in numbers)


@rule("responses.state.finished", on=PLAIN)
def finished(x: Exchange) -> Findings:
    body = x.reply.json
    status = body.get("status") if isinstance(body, dict) else None
    ends = {"completed", "incomplete", "failed", "cancelled"}
    if x.request.params.get("background") is not True and str(status) not in ends:
        yield Finding("status", "completed, incomplete or failed", show(status))


@rule("responses.state.completed-at", on=OBJECT)
def completed_at(x: Exchange) -> Findings:
    for event, path, response in responses(x):
        stamp = response.get("completed_at") if isinstance(response, dict) else None
        if stamp is None:
            continue
        where = place(event, path + "completed_at")
        status, created = response.get("status"), response.get("created_at")
        if status != "completed":
            yield Finding(where, f"null while {show(status)}", show(stamp), event)
        elif _number(stamp) and _number(created) and stamp < created:
            yield Finding(where, f"not before created_at {created}", show(stamp), event)


@rule("responses.state.created-at-unit", on=OBJECT)
def created_at_unit(x: Exchange) -> Findings:
    for event, path, response in responses(x):
        stamp = response.get("created_at") if isinstance(response, dict) else None
        if _number(stamp) and int(stamp) not in SECONDS:
            yield Finding(
                place(event, path + "created_at"), "seconds since 1970", show(stamp), event
            )


@rule("responses.state.created-at-now", on=CREATED)
def created_at_now(x: Exchange) -> Findings:
    now = _clock(x)
    for event, path, response in responses(x):
        stamp = response.get("created_at") if isinstance(response, dict) else None
        if now and _number(stamp) and int(stamp) in SECONDS and abs(stamp - now) > NEAR_S:
            expected = f"within {NEAR_S} s of {now:.0f}"
            yield Finding(place(event, path + "created_at"), expected, show(stamp), event)


def is_fresh(x: Exchange) -> bool:
    """Whether the answer was made for this request, and not served from an older one."""
    if x.probe is not None:
        return True
    now = _clock(x)
    stamps = [r.get("created_at") for _, _, r in responses(x) if isinstance(r, dict)]
    return not now or all(not _number(s) or abs(s - now) <= NEAR_S for s in stamps)


def is_current(x: Exchange) -> bool:
    """Whether no answer in it was made on an earlier day, when other fields were in use."""
    if x.probe is not None:
        return True
    now = _clock(x)
    stamps = [r.get("created_at") for _, _, r in responses(x) if isinstance(r, dict)]
    old = [s for s in stamps if _number(s) and int(s) in SECONDS and now and s < now - DAY_S]
    return not old


def _clock(x: Exchange) -> float | None:
    try:
        return parsedate_to_datetime(x.reply.header("date") or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return x.started_at


def _number(value: Any) -> TypeGuard[float]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -_FAR < value < _FAR  # what is beyond is no time, and may be no float


@rule("responses.state.id-prefix", on=OBJECT)
def id_prefix(x: Exchange) -> Findings:
    for event, path, response in responses(x):
        name = response.get("id") if isinstance(response, dict) else None
        if isinstance(name, str) and not re.match(r"resp_\w", name):
            yield Finding(place(event, path + "id"), "resp_…", show(name), event)


@run_rule(
    "responses.state.id-unique", probes=("responses.echo", "responses.stream.echo"), sees=succeeded
)
def id_unique(run: Run) -> Findings:
    seen: dict[str, str] = {}
    for x in run.where(CREATED):
        for name in sorted(
            {str(r["id"]) for _, _, r in responses(x) if isinstance(r, dict) and "id" in r}
        ):
            if seen.setdefault(name, x.id) != x.id:
                yield Finding(
                    "id", f"an id other than that of {seen[name]}", show(name), exchange=x.id
                )


@rule("responses.state.output-text", on=OBJECT)
def own_output_text(x: Exchange) -> Findings:
    for event, path, response in responses(x):
        given = response.get("output_text") if isinstance(response, dict) else None
        if isinstance(given, str) and given != output_text(response):
            where = place(event, path + "output_text")
            yield Finding(where, show(output_text(response)), show(given), event)


def _names_model(x: Exchange) -> bool:
    params = x.request.params
    asked = isinstance(params.get("model"), str) and params.get("prompt") is None
    return is_create(x) and asked and is_fresh(x) and not is_deployment(x)


@rule(
    "responses.state.model-asked",
    on=CREATED.only("to a named model", _names_model, "responses.echo", "responses.stream.echo"),
)
def model_asked(x: Exchange) -> Findings:
    asked = x.request.params["model"]
    for event, path, response in responses(x):
        got = response.get("model") if isinstance(response, dict) else None
        if not isinstance(got, str) or is_alias(asked):
            continue
        same = same_model(asked, got)
        if same is None:
            yield Unsure(f"whether {got} is {asked} only the provider can say")
        elif not same:
            yield Finding(
                place(event, path + "model"), f"{show(asked)} or its snapshot", show(got), event
            )
