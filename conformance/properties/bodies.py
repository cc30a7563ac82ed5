"""Strategies for request bodies: valid by construction, small, and cheap to answer."""

from typing import Any

from hypothesis import strategies as st

# What must survive: any text but lone surrogates, which are not text, and NUL, which many
# databases behind gateways refuse for reasons of their own.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
AWKWARD = (
    "é",
    "世界",
    "👩‍👩‍👧 family",
    "مرحبا",
    "\u2028 line",
    '"quoted" \\ back',
    "tab\tnew\nline",
    "</script>",
    "%s {0}",
)
TEXT = st.one_of(st.sampled_from(AWKWARD), st.text(CHARACTERS, min_size=1, max_size=40)).map(
    lambda text: f"Say OK. {text}"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(CHARACTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(CHARACTERS, max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
METADATA = st.dictionaries(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=64),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=64),
    max_size=4,
)
NAME = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
PARAMETERS = st.fixed_dictionaries({
    "type": st.just("object"),
    "properties": st.dictionaries(
        NAME, st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]), max_size=3
    ),
})  # fmt: skip
OUTPUT_TOKENS = 16

CHAT_MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "developer"]), "content": TEXT}),
    st.fixed_dictionaries({"role": st.just("assistant"), "content": TEXT}),
    st.fixed_dictionaries({
        "role": st.just("user"),
        "content": st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), min_size=1, max_size=2),
    }),
)  # fmt: skip
CHAT_TOOL = st.fixed_dictionaries({
    "type": st.just("function"),
    "function": st.fixed_dictionaries(
        {"name": NAME}, optional={"description": TEXT, "parameters": PARAMETERS}
    ),
})  # fmt: skip
RESPONSES_MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "developer"]), "content": TEXT}),
    st.fixed_dictionaries({
        "type": st.just("message"),
        "role": st.just("user"),
        "content": st.lists(
            st.fixed_dictionaries({"type": st.just("input_text"), "text": TEXT}), min_size=1, max_size=2
        ),
    }),
)  # fmt: skip
RESPONSES_TOOL = st.fixed_dictionaries(
    {"type": st.just("function"), "name": NAME, "parameters": PARAMETERS},
    optional={"description": TEXT, "strict": st.just(False)},
)


def _unique(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tools by name: two of one name are not valid."""
    names: dict[str, dict[str, Any]] = {}
    for tool in tools:
        names.setdefault(tool.get("name") or tool["function"]["name"], tool)
    return list(names.values())


def chat(model: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies for chat completions that a server of the API accepts."""
    user = st.fixed_dictionaries({"role": st.just("user"), "content": TEXT})
    return st.fixed_dictionaries(
        {
            "model": st.just(model),
            "messages": st.tuples(st.lists(CHAT_MESSAGE, max_size=3), user).map(
                lambda m: [*m[0], m[1]]
            ),
            "max_completion_tokens": st.just(OUTPUT_TOKENS),
        },
        optional={
            "temperature": st.floats(0, 2, width=16),
            "top_p": st.floats(0.125, 1, width=16),
            "user": st.text(CHARACTERS, min_size=1, max_size=20),
            "tools": st.lists(CHAT_TOOL, min_size=1, max_size=2).map(_unique),
            "stream": st.just(False),
        },
    )


def responses(model: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies for Responses that a server of the API accepts."""
    user = st.fixed_dictionaries({"role": st.just("user"), "content": TEXT})
    items = st.tuples(st.lists(RESPONSES_MESSAGE, max_size=2), user).map(lambda m: [*m[0], m[1]])
    return st.fixed_dictionaries(
        {
            "model": st.just(model),
            "input": st.one_of(TEXT, items),
            "max_output_tokens": st.just(OUTPUT_TOKENS),
            "store": st.just(False),
        },
        optional={
            "temperature": st.floats(0, 2, width=16),
            "top_p": st.floats(0.125, 1, width=16),
            "instructions": TEXT,
            "tools": st.lists(RESPONSES_TOOL, min_size=1, max_size=2).map(_unique),
            "stream": st.just(False),
        },
    )
