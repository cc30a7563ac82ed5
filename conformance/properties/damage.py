"""One place of a valid body made wrong, in ways that every server of the API has to refuse."""

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from conformance.properties import bodies
from conformance.running.probe import post
from wire.exchange import Request


class Damage(NamedTuple):
    """A top-level parameter and values of it that are never valid."""

    name: str
    values: st.SearchStrategy[Any]


NOT_A_LIST = st.sampled_from([7, True, {"a": 1}])
NOT_A_NUMBER = st.sampled_from(["0.5", [], {}, True])
NOT_A_STRING = st.sampled_from([7, 0.5, [], {}, True])
NOT_A_BOOLEAN = st.sampled_from(["true", 1, [], {}])
NOT_A_COUNT = st.sampled_from(["16", 1.5, [], {}, -1])
OUTSIDE = st.one_of(st.floats(2.001, 1e6), st.floats(-1e6, -0.001))
OUTSIDE_PENALTY = st.one_of(st.floats(2.001, 1e6), st.floats(-1e6, -2.001))

SHARED = (
    Damage("model", NOT_A_STRING),
    Damage("temperature", st.one_of(NOT_A_NUMBER, OUTSIDE)),
    Damage("top_p", st.one_of(NOT_A_NUMBER, OUTSIDE)),
    Damage(
        "tools",
        st.one_of(NOT_A_LIST, st.just([7]), st.just([{}]), st.just([{"type": "no-such-tool"}])),
    ),
    Damage("tool_choice", st.sampled_from([7, [], "no-such-choice", {"type": "no-such-type"}])),
    Damage("stream", NOT_A_BOOLEAN),
    Damage("metadata", st.sampled_from([7, [], "a", {"k": "v" * 513}, {"k" * 65: "v"}])),
)
CHAT = (
    *SHARED,
    Damage("messages", st.one_of(NOT_A_LIST, st.just("hi"), st.just([]), st.just([{"content": "x"}]),
           st.just([{"role": "robot", "content": "x"}]), st.just([{"role": "user", "content": 7}]), st.just([7]))),
    Damage("max_completion_tokens", NOT_A_COUNT),
    Damage("n", st.one_of(NOT_A_COUNT, st.sampled_from([0, 129]))),
    Damage("stop", st.sampled_from([7, {}, ["a", "b", "c", "d", "e"], [7]])),
    Damage("presence_penalty", st.one_of(NOT_A_NUMBER, OUTSIDE_PENALTY)),
    Damage("frequency_penalty", st.one_of(NOT_A_NUMBER, OUTSIDE_PENALTY)),
    Damage("response_format", st.sampled_from([7, "json", {}, {"type": "yaml"}, {"type": "json_schema"}])),
    Damage("top_logprobs", st.sampled_from([21, -1, "2"])),
)  # fmt: skip
RESPONSES = (
    *SHARED,
    Damage("input", st.sampled_from([7, True, {"a": 1}, [], [7], [{"type": "no-such-item"}],
           [{"role": "robot", "content": "x"}], [{"role": "user", "content": 7}]])),
    Damage("max_output_tokens", st.one_of(NOT_A_COUNT, st.sampled_from([0, 15]))),
    Damage("instructions", NOT_A_STRING),
    Damage("text", st.sampled_from([7, "text", {"format": {"type": "yaml"}}, {"format": {"type": "json_schema"}}])),
    Damage("top_logprobs", st.sampled_from([21, -1, "2"])),
)  # fmt: skip


@st.composite
def _broken(
    draw: st.DrawFn,
    valid: st.SearchStrategy[dict[str, Any]],
    damages: tuple[Damage, ...],
    path: str,
) -> Request:
    body = dict(draw(valid))
    damage = draw(st.sampled_from(damages))
    body[damage.name] = draw(damage.values)
    return post(path, body)


def broken_chat(model: str) -> st.SearchStrategy[Request]:
    return _broken(bodies.chat(model), CHAT, "/chat/completions")


def broken_responses(model: str) -> st.SearchStrategy[Request]:
    return _broken(bodies.responses(model), RESPONSES, "/responses")


TEARS = (
    b"",
    b"{",
    b'{"model":',
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"{'model': 1}",
    b"NaN",
)
DEPTH = 20_000


@st.composite
def _torn(draw: st.DrawFn, valid: st.SearchStrategy[dict[str, Any]], path: str) -> Request:
    """A body that is not a JSON object: cut, spliced, or wrong from the start."""
    kind = draw(st.sampled_from(["start", "cut", "splice", "deep", "number"]))
    if kind == "start":
        return post(path, draw(st.sampled_from(TEARS)))
    data = json.dumps(draw(valid)).encode()
    if kind == "cut":
        return post(path, data[: draw(st.integers(1, len(data) - 1))])
    if kind == "splice":
        place = draw(st.integers(1, len(data) - 1))
        return post(path, data[:place] + b"\x00\x80" + data[place:])
    if kind == "deep":
        return post(path, b'{"model":' + b"[" * DEPTH + b"]" * DEPTH + b"}")
    return post(path, data[:-1] + b', "temperature": NaN}')


def torn(model: str) -> st.SearchStrategy[Request]:
    """Not JSON, on either endpoint."""
    return st.one_of(
        _torn(bodies.chat(model), "/chat/completions"), _torn(bodies.responses(model), "/responses")
    )
