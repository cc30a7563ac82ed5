"""One self-contained HTML file from a template: styles and script inside, nothing fetched.

Whatever a server sent is escaped by the template engine. Should an escape ever be missing, the
page's own policy lets no script run but ours, which it names by its hash, and no request leave.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.difference import difference
from reports.text import listed, number_of, one_line, visible

FOLDER: Final = Path(__file__).parent / "page"


def render(name: str, **values: Any) -> str:
    """The page `name`: its template, base.css with its own styles, and its script, in one text."""
    style = _asset("base.css") + _asset(f"{name}.css")
    script = _asset(f"{name}.js")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    page = (
        _environment()
        .get_template(f"{name}.html.jinja")
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=policy,
            **values,
        )
    )
    # The templates clean what they show; this is for what an unclean attribute might still carry.
    return page.lstrip().encode("utf-8", "replace").decode("utf-8")


def moment(iso: str) -> str:
    """`22 November 2026, 14:03 UTC`; the text itself when it is no date."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return one_line(iso, 40)
    at = at.astimezone(UTC) if at.tzinfo else at
    return f"{at.day} {at:%B %Y, %H:%M}{' UTC' if at.tzinfo else ''}"


def date(iso: str) -> str:
    """`22 November 2026`; the text itself when it is no date."""
    return moment(iso).partition(",")[0]


def duration(seconds: float) -> str:
    """`0.8 s`, `14 s`, `3 min 20 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def milliseconds(ms: float | None) -> str:
    if ms is None:
        return ""
    return f"{ms:,.1f} ms" if ms < 10 else f"{ms:,.0f} ms"


def dollars(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def breakable(text: str) -> Markup:
    """An id or a name in code that may break after its dots and underscores, and nowhere in a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[._/])", one_line(text, 200)))


def whole_options(text: str) -> Markup:
    """A text whose options, like --model, never break at their hyphens."""
    return Markup(re.sub(r"(--[a-z][a-z-]*)", r'<span class="nb">\1</span>', str(escape(text))))  # noqa: S704 - escaped


@cache
def _asset(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: tuple[Callable[..., Any], ...] = (
        visible, one_line, listed, number_of, moment, date, duration, milliseconds, dollars, breakable, whole_options,
        difference,
    )  # fmt: skip
    environment.filters.update({function.__name__: function for function in shown})
    return environment
