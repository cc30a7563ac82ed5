"""`python -m tests.clients.page`: writes docs/clients.md, what was measured and how well it is foretold."""

from collections.abc import Iterator

from conformance.clients.programs.program import CHECKOUT as ROOT
from gateway.faults.machinery.fault import all_faults
from tests.clients import held_out
from tests.clients.agreement import Agreement, agreements, explained

PATH = ROOT / "docs" / "clients.md"
HEAD = """\
# Clients

Made by `python -m tests.clients.page`; a test holds it.

A report says of each client whether it is ready to be used with the server. That follows from the
requirements it cannot do without (`conformance/clients/clients.toml`). Most of it is how the client reads
an answer: `conformance/clients/readers` does with the suite's own answers what the client's code does. The
rest is what it sends and has to be taken. All of it is held against trials: the client itself, headless,
does a task against the reference gateway with one fault at a time. `pytest --clients` lets it do one
against your server.
Faults that change no byte of what the client receives were left out; a fault that seemed to break it
was tried twice. A client *breaks* when its task is not done: an error, a wrong or missing text on the
screen, a tool that did not run as asked. Retries are off where the client has a setting for them.

"""
ROO = """
Roo Code comes as an extension only, from no package registry. Its row was measured with the OpenAI SDK
that it carries, sending what it sends and reading of each chunk what it reads.
"""
DRAWN = """
## Faults that were drawn

What a table was written after cannot show how well it foretells. `python -m tests.clients.held_out SEED COUNT`
draws faults by seed (`tests/clients/drawn.py`: a member of an answer, the events or bytes of a stream, a text,
a header, a member of a request), foretells and tries them.
A set named *before* was tried before the readers were mended after it, one named *after* when they stood as
they are. *Not judged* is said where a rate limit or an outage stood in the way of what was asked about.
"""


def page() -> str:
    rows = list(agreements())
    return HEAD + "\n".join([*_table(rows), ROO, *_held_out(rows), *_left(rows)]) + "\n"


def _table(rows: list[Agreement]) -> Iterator[str]:
    yield "| client | version | task | faults tried | works | breaks | foretold | ready, but breaks | not ready, but works |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        m = row.measured
        yield (
            f"| {m.client} | {m.version} | {m.task} | {len(m.faults)} | {len(m.works)} | {len(m.breaks)} "
            f"| {row.share:.1%} | {len(row.missed)} | {len(row.alarms)} |"
        )


def _held_out(rows: list[Agreement]) -> Iterator[str]:
    """The sets of drawn faults: what no table was written after."""
    trials = held_out.read()
    sets = list(dict.fromkeys(trial.set for trial in trials))
    yield DRAWN
    yield f"| client | {' | '.join(sets)} |"
    yield "|---|" + "---|" * len(sets)
    for client in (row.measured.client for row in rows):
        cells = []
        for name in sets:
            mine = [t for t in trials if (t.client, t.set) == (client, name)]
            known = [t for t in mine if t.is_judged]
            worse = sum(t.said == "ready" and not t.agrees for t in known)
            share = f"{sum(t.agrees for t in known)} of {len(known)}, {worse} ready, but breaks"
            cells.append(
                share + f"; {len(mine) - len(known)} not judged" * (len(known) < len(mine))
            )
        yield f"| {client} | {' | '.join(cells)} |"
    yield ""
    yield "| set | drawn fault | client | said | measured |"
    yield "|---|---|---|---|---|"
    for t in trials:
        if t.is_judged and not t.agrees:
            saw = (t.saw or "works").replace("|", "\\|")
            yield f"| {t.set} | {t.seed}: {t.says} | {t.client} | {t.said} | {saw} |"
    yield ""


def _left(rows: list[Agreement]) -> Iterator[str]:
    yield "## Where the foretelling is wrong, and left so"
    yield ""
    yield "| client | fault | what is wrong | said | measured | why it is left |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        reasons = explained(row.measured.client)
        for fault in sorted(row.missed | row.alarms):
            saw = row.measured.breaks.get(fault, "works").replace("|", "\\|")
            said = "ready" if fault in row.missed else "not ready"
            says = all_faults()[fault].says
            yield f"| {row.measured.client} | `{fault}` | {says} | {said} | {saw} | {reasons.get(fault, '')} |"


def main() -> None:
    PATH.write_text(page(), encoding="utf-8")
    print(f"{PATH.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
