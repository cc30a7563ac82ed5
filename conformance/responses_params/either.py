"""What a server may support or not: it says so clearly, and never fails over it."""

from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.refusal import names, unjudged
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import probe
from conformance.responses.selectors import dicts
from conformance.responses_params.request import HELLO, PATH
from conformance.responses_params.selectors import response_of
from conformance.running.probe import Probe, sends
from wire.exchange import Exchange

_EITHER: Final = "responses_params.either."
_NOTE: Final = {"type": "function", "name": "note", "description": "Writes.", "parameters": None,
                "strict": None}  # fmt: skip
_PING: Final = {**_NOTE, "name": "ping"}
HOSTED: Final[list[dict[str, Any]]] = [
    {"type": "web_search"},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "image_generation"},
    {"type": "file_search", "vector_store_ids": ["vs_none"]},
    {"type": "mcp", "server_label": "pages", "server_url": "https://mcp.example/", "require_approval":
     "never"},
    {"type": "computer"},
    {"type": "shell", "environment": {"type": "local"}},
    {"type": "apply_patch"},
    {"type": "local_shell"},
    {"type": "namespace", "name": "pens", "description": "Pens.", "tools": [_NOTE]},
    {"type": "tool_search"},
]  # fmt: skip
_BODIES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "hosted-tools": (
        {"input": "Call the tool ping.", "tools": [*HOSTED, _PING], "tool_choice": "none"},
        "tools|vs_none|pages|mcp",
    ),
    "ultrafast": ({"service_tier": "ultrafast"}, "service_tier"),
    "management": ({
        "context_management": [{"type": "compaction", "compact_threshold": 200_000}],
        "reasoning": {"effort": "none", "context": "current_turn", "mode": "standard"},
    }, "context_management|reasoning"),
    "include-usage": ({"stream": True, "stream_options": {"include_usage": True}}, "stream_options"),
}  # fmt: skip
_FEATURES: Final = {"hosted-tools": "responses.hosted", "include-usage": "responses.stream"}


def _plan(slug: str, body: dict[str, Any]) -> Probe:
    said = {"input": HELLO, **body}
    return Probe(_EITHER + slug, sends(PATH, said), feature=_FEATURES.get(slug, "responses"),
                 per_model=False, output_tokens=20)  # fmt: skip


# Tools that nothing else is right beside: the refusal is certain, and must not be a failure.
_CRASH: Final = tuple(
    Probe(
        f"{_EITHER}hosted-{tool['type'].replace('_', '-')}",
        sends(PATH, {"input": HELLO, "tools": [tool, {"type": "function"}]}),
        feature="responses.hosted",
        per_model=False,
        output_tokens=0,
    )
    for tool in HOSTED
)
PROBES: Final = (*(_plan(slug, body) for slug, (body, _) in _BODIES.items()), *_CRASH)
UNKNOWN: Final = Probe(
    f"{_EITHER}unknown",
    sends(PATH, {"input": HELLO, "conformance_unknown": 1}),
    feature="responses",
    per_model=False,
    output_tokens=0,
    count=3,
)


def _clear(requirement: str, slug: str) -> Rule:
    names_of = _BODIES[slug][1]

    def check(x: Exchange) -> Findings:
        if x.ok or unjudged(x):
            return
        if x.reply.status not in (400, 404):
            yield Finding("status", f"200, or 400 because of {names_of}", status_line(x))
        elif not names(x, names_of):
            found = show(error_of(x).get("param", ABSENT))
            yield Finding("error.param", f"{names_of}, or its name in the message", found)

    return Rule((requirement,), probe(_EITHER + slug), check)


RULES: Final = (
    _clear("responses.param.tools.hosted", "hosted-tools"),
    _clear("responses.param.service-tier.ultrafast", "ultrafast"),
    _clear("responses.param.newer", "management"),
    _clear("responses.param.stream-options.include-usage", "include-usage"),
)


@rule("responses.param.tools.hosted", on=probe(f"{_EITHER}hosted-*"))
def hosted(x: Exchange) -> Findings:
    """Tools that were taken are shown, each of them; a refusal is no failure."""
    if x.reply.status >= 500:
        yield Finding("status", "200, or 400", status_line(x))
    elif x.ok and x.probe == f"{_EITHER}hosted-tools":
        wanted = [tool["type"] for tool in HOSTED]
        shown = [str(tool.get("type")) for tool in dicts(response_of(x).get("tools"))]
        missing = [kind for kind in wanted if not any(kind in other for other in shown)]
        if missing:
            yield Finding("tools", "every tool that was given", f"without {show(missing)}")


@rule("responses.param.stream-options.include-usage", on=probe(f"{_EITHER}include-usage"))
def usage_comes_anyway(x: Exchange) -> Findings:
    response = response_of(x)
    if x.ok and response.get("status") == "completed" and not response.get("usage"):
        yield Finding("response.usage", "an object", show(response.get("usage", ABSENT)))


@rule("responses.param.unknown", on=probe(UNKNOWN.name))
def unknown(x: Exchange) -> Findings:
    """Ignoring it is allowed as well, as Codex grows new ones."""
    if x.ok or unjudged(x):
        return
    if x.reply.status != 400 or not names(x, "conformance_unknown"):
        yield Finding("error", "200, or 400 that names conformance_unknown", status_line(x))
