"""One refused chat request in many outer forms: each must be understood as the plain form is."""

import gzip
import json
from collections.abc import Callable
from typing import NamedTuple

from conformance.errors.probes import CHAT, HELLO, UNKNOWN
from conformance.errors.selectors import text
from conformance.http.probes import CLIENT_HEADERS
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from conformance.running.probe import Handling, Probe
from wire.exchange import Exchange, Headers, Request

BODY = json.dumps({"model": UNKNOWN, **HELLO}).encode()
JSON = ("content-type", "application/json")
PLAIN = "errors.model-unknown-chat"


class Variation(NamedTuple):
    """`also`: statuses that are as good as the plain form's answer."""

    requirement: str
    headers: Headers
    also: frozenset[int] = frozenset()
    body: Callable[[bytes], bytes] = bytes
    handling: Handling = Handling()


def _indented(body: bytes) -> bytes:
    return json.dumps(json.loads(body), indent=2).encode().replace(b"\n", b"\r\n\t")


def _doubled(body: bytes) -> bytes:
    # Which of two equal keys counts is open; the last does in almost every parser.
    return body.replace(b"{", b'{"temperature": 1, "temperature": 1, ', 1)


NOT_JSON = frozenset({400, 415})
VARIATIONS = {
    "charset": Variation("http.charset", (("content-type", "application/json; charset=utf-8"),)),
    "charset-upper": Variation(
        "http.charset", (("content-type", "Application/JSON;charset=UTF-8"),)
    ),
    "no-content-type": Variation("http.content-type.missing", (), NOT_JSON),
    "text-plain": Variation("http.content-type.wrong", (("content-type", "text/plain"),), NOT_JSON),
    "form": Variation(
        "http.content-type.wrong",
        (("content-type", "application/x-www-form-urlencoded"),),
        NOT_JSON,
    ),
    "multipart": Variation(
        "http.content-type.wrong", (("content-type", "multipart/form-data; boundary=x"),), NOT_JSON
    ),
    "chunked": Variation(
        "http.chunked-body", (JSON,), frozenset({411}), handling=Handling(chunked=True)
    ),
    "gzipped": Variation(
        "http.gzip-body", (JSON, ("content-encoding", "gzip")), NOT_JSON, gzip.compress
    ),
    "expect": Variation(
        "http.expect",
        (JSON, ("expect", "100-continue")),
        frozenset({417}),
        handling=Handling(lane="expect", timeout_s=10),
    ),
    "client-headers": Variation("http.client-headers", (JSON, *CLIENT_HEADERS)),
    "spaced": Variation("http.body-spaces", (JSON,), body=_indented),
    "doubled-key": Variation("http.doubled-key", (JSON,), frozenset({400}), _doubled),
    "accept-stream": Variation("http.accept", (JSON, ("accept", "text/event-stream"))),
}


def _probe(name: str, variation: Variation) -> Probe:
    request = Request("POST", CHAT, variation.headers, variation.body(BODY))
    return Probe(
        f"http.body-{name}",
        lambda _: request,
        feature="chat",
        per_model=False,
        output_tokens=0,
        handling=variation.handling,
    )


def _rule(name: str, variation: Variation) -> RunRule:
    @run_rule(variation.requirement, probes=(PLAIN, f"http.body-{name}"))
    def check(run: Run) -> Findings:
        plain, varied = run.one(PLAIN), run.one(f"http.body-{name}")
        if _essence(varied) != _essence(plain) and varied.reply.status not in variation.also:
            wanted = f"{status_line(plain)}, as to the plain form"
            yield Finding("answer", wanted, status_line(varied), exchange=varied.id)

    return check


def _essence(x: Exchange) -> tuple[object, ...]:
    return x.reply.status, text(x, "code"), text(x, "param")


PROBES = tuple(_probe(name, variation) for name, variation in VARIATIONS.items())
RULES = tuple(_rule(name, variation) for name, variation in VARIATIONS.items())
