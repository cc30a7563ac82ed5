"""Runs as OpenMetrics text, for a textfile collector or a push gateway.

https://prometheus.io/docs/specs/om/open_metrics_spec/: one family at a time, a unit in its name,
escaped label values, `# EOF` at the end. Values of several runs are told apart by `target` and
`profile`; of several runs of one target the latest counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from reports.compare import names_of
from reports.document import Document
from reports.fields import number_in
from reports.outcome import LEVELS, OUTCOMES
from reports.tally import requirements
from reports.text import visible
from reports.verdict import verdict

Sample = tuple[Mapping[str, str], float]

FAMILIES: Final = {
    "conformance_conforms": "1 when no MUST is violated and enough was judged, else 0",
    "conformance_requirements": "requirements by level and outcome",
    "conformance_causes": "causes of deviations by level",
    "conformance_client_ready": "1 ready, 0 not ready; absent when not known",
    "conformance_regressed": "requirements that regressed since the baseline",
    "conformance_cost_dollars": "what the run cost, by our count",
    "conformance_requests": "requests sent",
    "conformance_ttft_seconds": "median time to the first token over the run's own streams",
    "conformance_tokens_per_second": "median rate of the run's own streams",
    "conformance_streams": "streams that were timed",
    "conformance_duration_seconds": "how long the run took",
    "conformance_run_timestamp_seconds": "when the run started",
}
UNITS: Final = ("seconds", "dollars")


def open_metrics(documents: Iterable[Document]) -> str:
    """The whole text, with the latest of the documents of each target."""
    latest: dict[tuple[str, str], Document] = {}
    for document in sorted(documents, key=lambda one: one.started_at):
        latest[document.base_url, document.profile] = document
    samples: dict[str, list[Sample]] = {name: [] for name in FAMILIES}
    for document in latest.values():
        for name, labels, value in _samples(document):
            samples[name].append((labels, value))
    lines = []
    for name, described in FAMILIES.items():
        if samples[name]:
            lines.append(f"# TYPE {name} gauge")
            lines += [f"# UNIT {name} {unit}" for unit in UNITS if name.endswith(f"_{unit}")]
            lines.append(f"# HELP {name} {described}")
            lines += [f"{name}{{{_labels(labels)}}} {value:g}" if abs(value) < 1e6 else f"{name}{{{_labels(labels)}}} {value:.3f}" for labels, value in samples[name]]  # fmt: skip
    return "\n".join([*lines, "# EOF\n"])


def _samples(document: Document) -> Iterator[tuple[str, Mapping[str, str], float]]:
    own = {"target": document.base_url, "profile": document.profile}
    yield "conformance_conforms", own, float(verdict(document).word == "conforms")
    rows = requirements(document)
    for level in LEVELS:
        for outcome in OUTCOMES:
            number = sum(r.first.level == level and r.outcome == outcome.word for r in rows)
            yield "conformance_requirements", {**own, "level": level, "outcome": outcome.word}, number  # fmt: skip
        yield "conformance_causes", {**own, "level": level}, sum(c.level == level for c in document.causes)  # fmt: skip
    for client in document.clients:
        if client.ready is not None:
            yield "conformance_client_ready", {**own, "client": client.name}, float(client.ready)
    if document.baseline:
        yield "conformance_regressed", own, len(names_of(document.baseline, "regressed"))
    for name, key in (("conformance_cost_dollars", "usd"), ("conformance_requests", "requests")):
        if key in document.cost:
            yield name, own, document.cost[key]
    for name, key, factor in (
        ("conformance_ttft_seconds", "ttft_ms", 0.001),
        ("conformance_tokens_per_second", "tokens_per_s", 1.0),
        ("conformance_streams", "streams", 1.0),
    ):
        value = number_in(document.speed, key)
        if value is not None:
            yield name, own, value * factor
    yield "conformance_duration_seconds", own, document.duration_s
    try:
        yield "conformance_run_timestamp_seconds", own, datetime.fromisoformat(document.started_at).timestamp()  # fmt: skip
    except ValueError:
        return


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return visible(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
