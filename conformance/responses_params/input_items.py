"""The list of a stored response's input items: a page with its marks, in the order asked for."""

from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.refusal import unjudged
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, ok_probe, probe
from conformance.responses.selectors import Json, dicts
from conformance.responses_params.accepted import NULL_PROBE
from conformance.responses_params.conversation import id_of
from conformance.responses_params.input import IMAGES, PARTS
from conformance.responses_params.request import PATH
from conformance.responses_params.stored import about, has_no_store
from conformance.running.probe import Impossible, Probe, ProbeContext, get, in_path
from wire.endpoint import Endpoint
from wire.exchange import Exchange, Request

_LISTS: Final = "responses_params.stored.list*"
# PARTS has three items: a message, a call and its output.
ASCENDING: Final = about("list", PARTS, "/input_items?order=asc")
DESCENDING: Final = about("list-desc", PARTS, "/input_items?order=desc")
PLAIN: Final = about("list-plain", PARTS, "/input_items")
LIMITED: Final = about("list-limit", PARTS, "/input_items?order=asc&limit=1")
OF_IMAGES: Final = about(
    "list-images", IMAGES, "/input_items?include[]=message.input_image.image_url"
)
OF_STRING: Final = about("list-string", NULL_PROBE, "/input_items?limit=100")
REFUSED: Final = (
    about("page-limit-0", PARTS, "/input_items?limit=0"),
    about("page-limit-101", PARTS, "/input_items?limit=101"),
    about("page-order", PARTS, "/input_items?order=sideways"),
)


def _following(context: ProbeContext) -> Request:
    """What comes after the first item of the list in ascending order."""
    rows = dicts(context.reply(ASCENDING.name).get("data"))
    if not rows or not isinstance(rows[0].get("id"), str):
        raise Impossible(f"{ASCENDING.name} brought no item with an id")
    query = f"order=asc&after={in_path(rows[0]['id'])}"
    return get(f"{PATH}/{in_path(id_of(context, PARTS.name))}/input_items?{query}")


AFTER: Final = Probe("responses_params.stored.list-after", _following,
                     after=(PARTS.name, ASCENDING.name), feature="responses.store",
                     per_model=False, output_tokens=0)  # fmt: skip
LIST: Final = Selector(
    "a list of input items",
    lambda x: x.ok and x.endpoint is Endpoint.INPUT_ITEMS and x.request.method == "GET",
    (_LISTS,),
)


def page(x: Exchange) -> Json:
    return x.reply.json if isinstance(x.reply.json, dict) else {}


def _row(item: Json) -> tuple[Any, ...]:
    """What an item is, as far as it was given and has to come back."""
    kind, role = item.get("type") or "message", item.get("role")
    own = "output_text" if role == "assistant" else "input_text"
    parts = (*_parts(item.get("content"), own), *_parts(item.get("output"), ""))
    return (kind, role, item.get("call_id"), item.get("name"), item.get("arguments"), parts)


def _parts(content: Any, kind: str) -> tuple[tuple[Any, Any], ...]:
    """Types and texts of parts; a text alone is a part of this kind."""
    if isinstance(content, str):
        return ((kind, content),)
    return tuple((part.get("type"), part.get("text")) for part in dicts(content))


def _given(x: Exchange) -> list[tuple[Any, ...]]:
    given = x.request.params.get("input")
    if isinstance(given, str):
        return [_row({"role": "user", "content": given})]
    return [_row(item) for item in dicts(given)]


@rule("responses.stored.list-shape", on=LIST)
def shape(x: Exchange) -> Findings:
    body = page(x)
    if body.get("object") != "list":
        yield Finding("object", '"list"', show(body.get("object", ABSENT)))
    if not isinstance(body.get("data"), list):
        yield Finding("data", "an array", show(body.get("data", ABSENT)))
    for name in ("first_id", "last_id"):
        if not isinstance(body.get(name), str) and (name not in body or body.get("data")):
            yield Finding(name, "an id", show(body.get(name)))
    if not isinstance(body.get("has_more"), bool):
        yield Finding("has_more", "a boolean", show(body.get("has_more", ABSENT)))
    for n, row in enumerate(body["data"] if isinstance(body.get("data"), list) else ()):
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row.get("type"):
            yield Finding(f"data[{n}]", "an item with type and id", show(row, 60))
        elif row["type"] == "message" and not isinstance(row.get("content"), list):
            yield Finding(
                f"data[{n}].content", "an array of parts", show(row.get("content", ABSENT), 60)
            )
        elif not isinstance(row.get("status", ""), str | None):
            yield Finding(f"data[{n}].status", "a text", show(row["status"]))


@rule("responses.stored.list-marks", on=LIST)
def marks(x: Exchange) -> Findings:
    """first_id and last_id are those of the page: the next page is asked for by the last one."""
    rows = dicts(page(x).get("data"))
    for name, place in (("first_id", 0), ("last_id", -1)):
        wanted = rows[place].get("id") if rows else None
        if rows and page(x).get(name) != wanted:
            yield Finding(name, show(wanted), show(page(x).get(name)))


def _lists(requirement: str, wanted: slice, asked: Probe) -> Any:
    """A run rule that a page holds this stretch of the input that PARTS sent."""

    def check(run: Run) -> Findings:
        x, whole = run.one(asked.name), _given(run.one(PARTS.name))
        if not x.ok:
            if not unjudged(x) and not has_no_store(x):
                yield Finding("status", "200", status_line(x), exchange=x.id)
            else:
                yield Unsure(f"no input is listed: {status_line(x)}", lacking=has_no_store(x))
            return
        expected = whole[wanted]
        found = [_row(row) for row in dicts(page(x).get("data"))]
        if found != expected:
            kinds = show([row[0] for row in expected], 80)
            yield Finding("data", f"{kinds} as sent", show(found, 80), exchange=x.id)

    return run_rule(requirement, probes=(asked.name, PARTS.name))(check)


PAGES: Final = (
    _lists("responses.stored.list-input", slice(None), ASCENDING),
    _lists("responses.stored.list-order", slice(None, None, -1), DESCENDING),
    _lists("responses.stored.list-default-order", slice(None, None, -1), PLAIN),
    _lists("responses.stored.list-limit", slice(0, 1), LIMITED),
    _lists("responses.stored.list-after", slice(1, None), AFTER),
)


@run_rule("responses.stored.list-input", probes=(OF_STRING.name, NULL_PROBE.name))
def list_of_string(run: Run) -> Findings:
    x = run.one(OF_STRING.name)
    expected = _given(run.one(NULL_PROBE.name))
    found = [_row(row) for row in dicts(page(x).get("data"))]
    if x.ok and found != expected:
        yield Finding("data", show(expected, 80), show(found, 80), exchange=x.id)
    elif not x.ok:
        yield Unsure(f"no input is listed: {status_line(x)}", lacking=has_no_store(x))


@rule("responses.stored.list-has-more", on=ok_probe(_LISTS))
def has_more(x: Exchange) -> Findings:
    """Only the page of one item has more behind it."""
    wanted = x.probe == LIMITED.name
    if page(x).get("has_more") is not wanted:
        yield Finding("has_more", show(wanted), show(page(x).get("has_more")))


@rule("responses.stored.list-bounds", on=probe(*(p.name for p in REFUSED)))
def bounds(x: Exchange) -> Findings:
    if x.ok or not 400 <= x.reply.status < 500:
        yield Finding("status", "400", status_line(x))


@rule("responses.stored.list-include", on=ok_probe(OF_IMAGES.name))
def list_include(x: Exchange) -> Findings:
    parts = [part for row in dicts(page(x).get("data")) for part in dicts(row.get("content"))]
    images = [part for part in parts if part.get("type") == "input_image"]
    if not images or not all(isinstance(part.get("image_url"), str) for part in images):
        yield Finding("data[].content[].image_url", "the images that were sent", show(parts, 80))
