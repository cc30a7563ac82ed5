"""Rules about the model list and single models."""

from collections import Counter
from pathlib import Path

from conformance.fields import FieldSource, field_rules, whole_body
from conformance.models.kinds import MODEL_LIST
from conformance.requirement import read_requirements
from conformance.rule import Finding, Findings, probe, rule, run_rule, show
from conformance.run import Run
from wire.exchange import Exchange

ROWS = read_requirements(Path(__file__).parent / "requirements.toml")

FIELDS = field_rules(
    ROWS,
    [FieldSource("models/list", MODEL_LIST, whole_body, "models.list.shape", "models.list.values")],
)


@rule("models.list.status", on=probe("models.list"))
def list_status(x: Exchange) -> Findings:
    if x.reply.status != 200:
        yield Finding("status", "200", str(x.reply.status))
    elif x.reply.media_type != "application/json":
        yield Finding("header content-type", "application/json", x.reply.media_type or "none")


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


def listed(x: Exchange) -> list[str]:
    """The ids of a model list, tolerant of anything."""
    body = x.reply.json
    rows = body.get("data") if isinstance(body, dict) else None
    names = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [name for name in names if isinstance(name, str)]
