"""A badge of the verdict: the endpoint JSON of shields.io, and a small SVG of its own."""

import json
from typing import Final

from markupsafe import Markup

from reports.document import Document
from reports.text import one_line
from reports.verdict import verdict

LABEL: Final = "OpenAI API"
COLOURS: Final = {
    "conforms": ("brightgreen", "#2e7550"),
    "partly": ("yellow", "#8f6000"),
    "fails": ("red", "#b3261e"),
    "unknown": ("lightgrey", "#666a70"),
}
NARROW: Final = frozenset("fijlrt1I.,:;'|!()[] ")
SVG: Final = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {message}">'
    "<title>{label}: {message}</title>"
    '<clipPath id="c"><rect width="{width}" height="20" rx="3"/></clipPath>'
    '<g clip-path="url(#c)"><rect width="{left}" height="20" fill="#444a50"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{left_middle}" y="14" textLength="{left_text}">{label}</text>'
    '<text x="{right_middle}" y="14" textLength="{right_text}">{message}</text></g></svg>\n'
)


def endpoint(document: Document) -> str:
    """JSON for https://shields.io/badges/endpoint-badge."""
    found = verdict(document)
    colour = COLOURS[found.word][0]
    shown = {"schemaVersion": 1, "label": LABEL, "message": found.short, "color": colour}
    return json.dumps(shown, ensure_ascii=False, indent=1) + "\n"


def svg(document: Document) -> str:
    found = verdict(document)
    message = one_line(found.short, 60)
    left_text, right_text = _width(LABEL), _width(message)
    left, right = left_text + 12, right_text + 12
    return str(
        SVG.format(
            label=LABEL,
            message=message,
            colour=COLOURS[found.word][1],
            width=left + right,
            left=left,
            right=right,
            left_text=left_text,
            right_text=right_text,
            left_middle=left / 2,
            right_middle=left + right / 2,
        )
    )


def _width(text: str) -> int:
    """About the width of the text in 11 px Verdana; `textLength` then makes it exact."""
    return round(sum(4.4 if letter in NARROW else 7.2 for letter in text))
