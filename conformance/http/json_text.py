"""Rules about JSON bodies as text: what a parser forgives and another does not."""

import json
from typing import Any

from conformance.errors.selectors import is_api
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from wire.exchange import Exchange

JSON_BODY = Selector(
    "a JSON body",
    lambda x: x.reply.media_type == "application/json" and bool(x.reply.body) and is_api(x),
    ("models.list", "errors.bad-json", "auth.marker-*"),
)


@rule("http.json.utf8", on=JSON_BODY)
def utf8(x: Exchange) -> Findings:
    if x.reply.body.startswith(b"\xef\xbb\xbf"):
        yield Finding("body", "JSON from the first byte", "a byte order mark")
    try:
        x.reply.body.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Finding("body", "UTF-8", f"{error.reason} at byte {error.start}")
    else:
        if b"\0" in x.reply.body:
            yield Finding("body", "UTF-8", "zero bytes, as in UTF-16")


@rule("http.json.members-once", on=JSON_BODY)
def members_once(x: Exchange) -> Findings:
    twice: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(name for name in set(names) if names.count(name) > 1)
        return dict(pairs)

    try:
        json.loads(x.reply.body, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return
    if twice:
        yield Finding("body", "each member once", f"{show(min(twice))} twice")
