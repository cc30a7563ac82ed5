"""include: details that come when they are asked for, and only then."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.likelihood import impossible, is_number, summed_up
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector
from conformance.responses.selectors import Json, dicts, final_items
from conformance.responses_params.request import PATH
from conformance.responses_params.selectors import SUCCESS
from conformance.running.probe import Probe, sends
from wire.exchange import Exchange

# Four calls are scripted; the limit lets three of them happen.
_SCRIPTS: Final = ("web_search", "file_search", "code_interpreter", "file_search")
INCLUDED: Final = Probe(
    "responses_params.scripted.included",
    sends(PATH, {
        "input": " ".join(f"[[script {name}]]" for name in _SCRIPTS) + " Count from 1 to 3",
        "max_tool_calls": 3,
        "include": ["web_search_call.action.sources", "file_search_call.results",
                    "code_interpreter_call.outputs"],
    }),
    feature="scripted",
    per_model=False,
    output_tokens=20,
)  # fmt: skip


def asked(x: Exchange, word: str) -> bool:
    include = x.request.params.get("include")
    return isinstance(include, list) and word in include


def _of(kind: str, x: Exchange) -> Iterator[tuple[str, Json]]:
    for n, item in enumerate(final_items(x)):
        if item.get("type") == kind:
            yield f"output[{n}]", item


def _detail(item: Json, path: str) -> Any:
    value: Any = item
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


# `include` value -> item type, place of the detail, slug, probes that ask, probes that do not.
_DETAILS: Final[tuple[tuple[str, str, str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("reasoning.encrypted_content", "reasoning", "encrypted_content", "encrypted-content",
     ("responses.reasoning", "responses.stream.reasoning"), ("responses.stream.reasoning-text",)),
    ("web_search_call.action.sources", "web_search_call", "action.sources", "web-sources",
     (INCLUDED.name,), ("responses.stream.hosted",)),
    ("file_search_call.results", "file_search_call", "results", "file-results",
     (INCLUDED.name,), ("responses.stream.hosted",)),
    ("code_interpreter_call.outputs", "code_interpreter_call", "outputs", "code-outputs",
     (INCLUDED.name,), ("responses.stream.hosted",)),
)  # fmt: skip


def _with(word: str, kind: str, wanted: bool, *probes: str) -> Selector:
    def matches(x: Exchange) -> bool:
        return asked(x, word) is wanted and any(True for _ in _of(kind, x))

    return SUCCESS.only(
        f"with {kind}, {word} {'' if wanted else 'not '}asked for", matches, *probes
    )


def _shown(word: str, kind: str, path: str, slug: str, probes: tuple[str, ...]) -> Rule:
    def check(x: Exchange) -> Findings:
        for where, item in _of(kind, x):
            action = item.get("action")
            search = action.get("type") if isinstance(action, dict) else "search"
            if not _detail(item, path) and search == "search":
                found = show(_detail(item, path))
                yield Finding(f"{where}.{path}", f"something, because {word} was asked for", found)

    return Rule((f"responses.include.{slug}",), _with(word, kind, True, *probes), check)


def _hidden(word: str, kind: str, path: str, slug: str, probes: tuple[str, ...]) -> Rule:
    def check(x: Exchange) -> Findings:
        for where, item in _of(kind, x):
            if _detail(item, path):
                found = show(_detail(item, path), 60)
                yield Finding(f"{where}.{path}", f"nothing: {word} was not asked for", found)

    return Rule((f"responses.include.{slug}-off",), _with(word, kind, False, *probes), check)


SHOWN: Final = tuple(_shown(w, k, p, s, asking) for w, k, p, s, asking, _ in _DETAILS)
HIDDEN: Final = tuple(_hidden(w, k, p, s, silent) for w, k, p, s, _, silent in _DETAILS)
_LOGPROBS: Final = "message.output_text.logprobs"


def _parts(x: Exchange) -> Iterator[tuple[str, Json]]:
    for where, item in _of("message", x):
        for m, part in enumerate(dicts(item.get("content"))):
            if part.get("type") == "output_text" and part.get("text"):
                yield f"{where}.content[{m}].logprobs", part


@rule(
    "responses.include.logprobs",
    "responses.param.top-logprobs.honoured",
    on=_with(
        _LOGPROBS, "message", True, "responses_params.accept.low", "responses.stream.logprobs"
    ),
)
def logprobs(x: Exchange) -> Findings:
    """The tokens, one after the other, are the text."""
    for where, part in _parts(x):
        listed = dicts(part.get("logprobs"))
        joined = "".join(t for e in listed if isinstance(t := e.get("token"), str))
        if joined != part["text"] and not _split(listed, part["text"]):
            yield Finding(where, f"one entry a token of {show(part['text'], 40)}", show(joined, 40))
        wanted = x.request.params.get("top_logprobs") or 0
        for n, entry in enumerate(listed):
            number = len(dicts(entry.get("top_logprobs")))
            if number != wanted:
                yield Finding(f"{where}[{n}].top_logprobs", f"{wanted} entries", str(number), None,
                              "responses.param.top-logprobs.honoured")  # fmt: skip
                break
    if not any(True for _ in _parts(x)):
        yield Unsure("the answer has no text")


def _split(listed: list[Json], text: Any) -> bool:
    """Tokens may cut a character in two; then only their bytes can be put together."""
    flat = [n for e in listed if isinstance(e.get("bytes"), list) for n in e["bytes"]]
    if not isinstance(text, str) or not all(type(n) is int and 0 <= n < 256 for n in flat):
        return False
    return bytes(flat) == text.encode("utf-8", "surrogatepass")


@rule(
    "responses.include.logprobs-possible",
    on=_with(
        _LOGPROBS, "message", True, "responses_params.accept.low", "responses.stream.logprobs"
    ),
)
def logprobs_possible(x: Exchange) -> Findings:
    for where, part in _parts(x):
        rows = dicts(part.get("logprobs"))
        for n, row in enumerate(rows):
            yield from impossible(row, f"{where}[{n}]")
        yield from summed_up(where, [r["logprob"] for r in rows if is_number(r.get("logprob"))])


@rule("responses.include.logprobs-off", on=_with(_LOGPROBS, "message", False, "responses.echo"))
def no_logprobs(x: Exchange) -> Findings:
    for where, part in _parts(x):
        if part.get("logprobs"):
            yield Finding(where, "nothing: not asked for", show(part["logprobs"], 60))


@rule(
    "responses.param.max-tool-calls.honoured",
    on=SUCCESS.only(
        "with max_tool_calls",
        lambda x: type(x.request.params.get("max_tool_calls")) is int,
        INCLUDED.name,
    ),
)
def tool_calls_limited(x: Exchange) -> Findings:
    """The limit is about tools that the server runs."""
    own = {"function_call", "custom_tool_call"}
    kinds = [str(item.get("type")) for item in final_items(x)]
    made = [kind for kind in kinds if kind.endswith("_call") and kind not in own]
    limit = x.request.params["max_tool_calls"]
    if len(made) > limit:
        yield Finding("output", f"at most {limit} calls of hosted tools", show(made))
