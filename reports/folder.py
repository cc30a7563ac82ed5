"""The report folder: all files of a run, each written whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from reports.document import parse
from reports.html import html
from reports.junit import junit
from reports.markdown import markdown

DEFAULT: Final = Path("reports", "out")  # of the folder where the command was started
SITE: Final = Path(__file__).parent.parent / "site" / "catalogue"
PROOF: Final = Path(__file__).parent.parent / "docs" / "traceability.md"


def write_all(document: dict[str, Any], folder: Path = DEFAULT) -> list[Path]:
    """Write report.json, junit.xml, summary.md and report.html, and say where they are.

    The evidence comes first: should a page fail to render, report.json is there to render it from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [write(folder / "report.json", dumped(document))]
    read = parse(document)
    pages = (("junit.xml", junit), ("summary.md", markdown))
    paths += [write(folder / name, render(read)) for name, render in pages]
    return [*paths, write(folder / "report.html", html(read, proof(folder), catalogue(folder)))]


def proof(folder: Path) -> str:
    """The page that names source, rule and fault of each requirement, as a link from a folder."""
    return os.path.relpath(PROOF, folder).replace(os.sep, "/") if PROOF.exists() else ""


def catalogue(folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Address of a requirement's page in the site of the docs, with `{}` for its id.

    `CONFORMANCE_DOCS` says where the site is published; else the one that `tox -e docs` has built in
    this checkout is linked; else nothing.
    """
    published = environment.get("CONFORMANCE_DOCS", "").rstrip("/")
    if published.startswith(("http://", "https://")):
        return f"{published}/catalogue/{{}}/"
    if not (SITE / "index.html").exists():
        return ""
    return os.path.relpath(SITE, folder).replace(os.sep, "/") + "/{}/index.html"


def dumped(document: dict[str, Any]) -> str:
    """JSON that a person can read and `diff` can compare."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def write(path: Path, text: str) -> Path:
    """Put the whole text in place at once; a reader sees the old file or the new one."""
    # A lone surrogate, which a server can send as \ud800, is an escape in JSON and has no UTF-8.
    data = text.encode("utf-8", "backslashreplace")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    temporary.chmod(0o644)
    temporary.replace(path)
    return path
