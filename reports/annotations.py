"""What a CI shows beside a job: each cause once, as GitHub's workflow commands or GitLab's code quality.

The run document's `causes` are taken as they are. A document without them (an earlier suite) has its
failures grouped by what was found.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from reports.document import Document
from reports.fields import objects_in, text_in, texts_in
from reports.outcome import DEVIATES

SHOWN: Final = 10  # GitHub shows ten errors of a step, and drops the others without a word
NAMED: Final = 6


@dataclass(frozen=True)
class Note:
    """One cause: what is wrong, how grave, which requirements it breaks."""

    title: str
    level: str
    requirements: tuple[str, ...]
    clients: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        more = len(self.requirements) - NAMED
        named = ", ".join(self.requirements[:NAMED]) + (f" and {more} more" if more > 0 else "")
        hurts = f". Breaks {', '.join(self.clients)}" if self.clients else ""
        return f"{self.title} ({named}){hurts}"


def notes(document: Document) -> list[Note]:
    """The causes of a run that count or are advised, the gravest first."""
    found = [
        Note(
            text_in(row, "sentence"),
            text_in(row, "level"),
            texts_in(row, "requirements"),
            texts_in(row, "clients"),
        )
        for row in objects_in(document.raw, "causes")
    ] or list(_grouped(document))
    if document.could_not_run:
        found.insert(0, Note(document.could_not_run, "MUST", ()))
    return sorted(found, key=lambda note: note.level != "MUST")


def _grouped(document: Document) -> Iterator[Note]:
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for row in document.results:
        if row.outcome in DEVIATES | {"error"}:
            said = row.findings[0].message if row.findings else row.reason or row.text
            level = "MUST" if row.outcome != "advisory" else row.level
            groups.setdefault((said, level), {})[row.requirement] = None
    for (said, level), names in groups.items():
        yield Note(said, level, tuple(names))


def github(document: Document) -> str:
    """Workflow commands, one a cause; what GitHub would drop is counted in the last."""
    lines = []
    all_notes = notes(document)
    for note in all_notes[: SHOWN - 1]:
        kind = "error" if note.level == "MUST" else "warning"
        said = f"{note.text}" if note.requirements else note.title
        lines.append(f"::{kind} title={_property(_title(note))}::{_data(said)}")
    if rest := len(all_notes) - len(lines):
        lines.append(f"::warning title=Conformance::{rest} more in the report")
    return "".join(f"{line}\n" for line in lines)


def _title(note: Note) -> str:
    return f"Conformance: {note.requirements[0]}" if note.requirements else "Conformance"


def _data(text: str) -> str:
    """A command ends with its line, so what a server said must not bring a line of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(document: Document, path: str = "conformance.toml") -> str:
    """GitLab's code quality report: one entry a cause, at the file that names the target."""
    rows: list[dict[str, Any]] = [
        {
            "description": note.text if note.requirements else note.title,
            "check_name": note.requirements[0] if note.requirements else "conformance",
            "fingerprint": _fingerprint(note, document),
            "severity": "critical" if note.level == "MUST" else "minor",
            "location": {"path": path, "lines": {"begin": 1}},
        }
        for note in notes(document)
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _fingerprint(note: Note, document: Document) -> str:
    """The same cause on the same target is the same entry on the next night."""
    words = "\0".join((document.base_url, *(note.requirements or (note.title,))))
    return hashlib.sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:40]
