"""Rules about the model list and single models."""

from collections import Counter
from pathlib import Path
from urllib.parse import unquote

from conformance.errors.selectors import code_is, status_is, status_rule, within
from conformance.judging.answer import status_line
from conformance.judging.fields import FieldSource, field_rules, whole_body
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.offered import offered
from conformance.judging.requirement import read_requirements
from conformance.judging.route import Silence
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, probe
from conformance.models.selectors import MODEL_LIST, ONE_MODEL, cards, listed
from wire.exchange import Exchange

ROWS = read_requirements(Path(__file__).parent / "requirements.toml")
EARLIEST = 1_000_000_000  # seconds: 2001
LATEST = 4_000_000_000  # seconds: 2096; milliseconds of any year lie above

FIELDS = field_rules(
    ROWS,
    [
        FieldSource(
            "models/list", MODEL_LIST, whole_body, "models.list.shape", "models.entry.shutdown-date"
        ),
        FieldSource(
            "models/model", ONE_MODEL, whole_body, "models.retrieve.shape", "models.retrieve.values"
        ),
    ],
)

OFFERED = offered("models.offered", "where clients look up which models there are")

CARDS = Selector(
    "a model", lambda x: MODEL_LIST.matches(x) or ONE_MODEL.matches(x), ("models.list",)
)


@rule("models.list.status", on=probe("models.list"))
def list_status(x: Exchange) -> Findings:
    yield from status_is(x, 200)
    if x.ok and x.reply.media_type != "application/json":
        yield Finding("header content-type", "application/json", x.reply.media_type or "none")


@rule("models.entry.created-seconds", on=CARDS)
def created_seconds(x: Exchange) -> Findings:
    for card in cards(x):
        created = card.get("created")
        if type(created) is int and not EARLIEST < created < LATEST:
            where = f"created of {show(card.get('id', ABSENT))}"
            yield Finding(where, "Unix seconds of our time", show(created))


@rule("models.entry.owned-by", on=CARDS)
def owned_by(x: Exchange) -> Findings:
    for card in cards(x):
        if card.get("owned_by") == "":
            yield Finding(
                f"owned_by of {show(card.get('id', ABSENT))}", "a name", "an empty string"
            )


@rule("models.list.unique", on=MODEL_LIST)
def list_unique(x: Exchange) -> Findings:
    for name, number in Counter(listed(x)).items():
        if number > 1:
            yield Finding("data[].id", "each id once", f"{name!r} {number} times")


@run_rule("models.list.serves-claimed", probes=("models.list",))
def serves_claimed(run: Run) -> Findings:
    x = run.one("models.list")
    for name in run.profile.models:
        if name not in listed(x):
            yield Finding("data[].id", f"{name!r} to be listed", show(listed(x)), exchange=x.id)


@run_rule("models.list.usable", probes=("models.list", "auth.marker-*"))
def usable(run: Run) -> Findings:
    for x in run.where(probe("auth.marker-*")):
        if x.reply.status in (400, 404) and x.model in listed(run.one("models.list")):
            yield Finding(
                "status", f"{x.model}, which is listed, to answer", status_line(x), exchange=x.id
            )


@run_rule("models.list.stable", probes=("models.list", "models.list-again"))
def stable(run: Run) -> Findings:
    first, again = run.one("models.list"), run.one("models.list-again")
    yield from _same_list(first, again)


@run_rule("models.list.query-ignored", probes=("models.list", "models.list-query"))
def query_ignored(run: Run) -> Findings:
    plain, asked = run.one("models.list"), run.one("models.list-query")
    if plain.ok and not asked.ok:
        yield Finding(
            "status",
            "unknown query parameters to be ignored",
            status_line(asked),
            exchange=asked.id,
        )
    elif sorted(listed(plain)) != sorted(listed(asked)):
        yield Finding("data[].id", show(listed(plain)), show(listed(asked)), exchange=asked.id)


@run_rule("models.list.codex-query", probes=("models.list", "models.list-codex"))
def codex_query(run: Run) -> Findings:
    """The same models. What else a list says may be made for each request: times, random ids."""
    plain, x = run.one("models.list"), run.one("models.list-codex")
    if plain.ok and not x.ok:
        yield Finding("status", "the same list", status_line(x), exchange=x.id)
    elif sorted(listed(plain)) != sorted(listed(x)):
        yield Finding("data[].id", show(listed(plain)), show(listed(x)), exchange=x.id)


@rule("models.list.codex-catalogue", on=probe("models.list-codex"))
def codex_catalogue(x: Exchange) -> Findings:
    body = x.reply.json
    models = body.get("models") if isinstance(body, dict) else None
    if x.ok and not isinstance(models, list):
        yield Finding("models", "an array beside data", show(models))


@run_rule(
    "models.retrieve.equal",
    probes=("models.list", "models.retrieve*"),
    silence=[Silence.ABSENT],
)
def retrieve_equal(run: Run) -> Findings:
    """What the API says of a model. Where a list is made anew for each request, times tell nothing."""
    first = run.one("models.list")
    entries = {name: card for card in cards(first) if (name := _name(card))}
    made_anew = any(_times(first) != _times(x) for x in run.all("models.list-again"))
    for x in run.where(probe("models.retrieve", "models.retrieve-last")):
        yield from within(x, status_is(x, 200))
        for card in cards(x) if x.ok else ():
            entry = entries.get(unquote(x.request.path.rpartition("/")[2]), {})
            for key in ("id", "object", "created", "owned_by") if entry else ():
                if entry.get(key) != card.get(key) and not (key == "created" and made_anew):
                    yield Finding(key, show(entry.get(key)), show(card.get(key)), exchange=x.id)


@rule("models.retrieve.id", on=probe("models.retrieve"))
def retrieve_id(x: Exchange) -> Findings:
    for card in cards(x) if x.ok else ():
        if card.get("id") != x.model:
            yield Finding("id", show(x.model), show(card.get("id", ABSENT)))


@rule("models.retrieve.encoded", on=probe("models.retrieve-encoded"))
def retrieve_encoded(x: Exchange) -> Findings:
    yield from status_is(x, 200)
    if x.ok and [card.get("id") for card in cards(x)] != [x.model]:
        yield Finding("id", show(x.model), show(cards(x)))


RETRIEVE_UNKNOWN = status_rule("models.retrieve.unknown", (404,), "models.retrieve-unknown")


@run_rule(
    "models.retrieve.unknown-code", probes=("models.retrieve-last", "models.retrieve-unknown")
)
def retrieve_unknown_code(run: Run) -> Findings:
    x, known = run.one("models.retrieve-unknown"), run.one("models.retrieve-last")
    if known.reply.status == x.reply.status:
        yield Unsure("a listed model cannot be retrieved, either")
    else:
        yield from within(x, code_is(x, "model_not_found"))


@rule("models.unlisted.chat", on=probe("errors.model-unknown-chat*"))
def unlisted_chat(x: Exchange) -> Findings:
    yield from _not_found(x, 404)


@rule("models.unlisted.responses", on=probe("errors.model-unknown-responses*"))
def unlisted_responses(x: Exchange) -> Findings:
    yield from _not_found(x, 400, 404)


def _not_found(x: Exchange, *allowed: int) -> Findings:
    yield from status_is(x, *allowed)
    if x.reply.status in allowed:
        yield from code_is(x, "model_not_found")


def _same_list(first: Exchange, second: Exchange) -> Findings:
    if first.ok and not second.ok:
        yield Finding("status", "the same list", status_line(second), exchange=second.id)
        return
    before, after = _times(first), _times(second)
    if before != after:
        yield Finding("data[]", f"ids and created {show(before)}", show(after), exchange=second.id)


def _times(x: Exchange) -> dict[str, object]:
    return {_name(card): card.get("created") for card in cards(x)}


def _name(card: dict[str, object]) -> str:
    name = card.get("id")
    return name if isinstance(name, str) else ""
