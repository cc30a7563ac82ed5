"""Instances made from schemas are valid against them."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.instance import instance

NAMES = st.sampled_from(["a", "b", "c", "d e"])


def _integers() -> st.SearchStrategy[dict[str, Any]]:
    def build(low: int, size: int, multiple: int | None, exclusive: bool) -> dict[str, Any]:
        words = ("exclusiveMinimum", "exclusiveMaximum") if exclusive else ("minimum", "maximum")
        step = multiple or 1
        schema: dict[str, Any] = {"type": "integer", words[0]: low, words[1]: low + 2 * step + size}
        return {**schema, "multipleOf": multiple} if multiple else schema

    multiples = st.one_of(st.none(), st.integers(2, 9))
    return st.builds(build, st.integers(-50, 50), st.integers(0, 50), multiples, st.booleans())


def _strings() -> st.SearchStrategy[dict[str, Any]]:
    lengths = st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20), st.integers(0, 9),
    )  # fmt: skip
    patterns = st.sampled_from(
        [
            r"^[a-z]{3}$",
            r"^\d{4}-\d{2}$",
            r"^(red|green)+$",
            r"^[^a-f]x?.$",
            r"^#[0-9A-F]{6}$",
            r"\w+@\w+\.com",
        ]
    )
    formats = st.sampled_from(["date", "date-time", "email", "uuid", "ipv4", "time", "uri"])
    return st.one_of(
        lengths,
        patterns.map(lambda p: {"type": "string", "pattern": p}),
        formats.map(lambda f: {"type": "string", "format": f}),
    )


def _leaves() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.just({"type": "boolean"}),
        st.just({"type": "null"}),
        st.just({"type": "number"}),
        st.just({"type": ["string", "null"]}),
        st.just({}),
        st.sampled_from(
            [{"const": 5}, {"const": None}, {"enum": ["x", 1, None]}, {"enum": [False]}]
        ),
        _integers(),
        _strings(),
    )


def _objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def build(properties: dict[str, Any], closed: bool, all_required: bool) -> dict[str, Any]:
        required = list(properties) if all_required else list(properties)[:1]
        schema = {"type": "object", "properties": properties, "required": required}
        return {**schema, "additionalProperties": False} if closed else schema

    return st.builds(build, st.dictionaries(NAMES, inner, max_size=4), st.booleans(), st.booleans())


def _arrays(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
        inner, st.integers(0, 4), st.integers(0, 3),
    )  # fmt: skip


def _compounds(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _objects(inner),
        _arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
        inner.map(lambda schema: {"allOf": [schema]}),
    )


SCHEMAS = st.recursive(_leaves(), _compounds, max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(SCHEMAS)
def test_instances_validate(schema: dict[str, Any]):
    made = instance(schema)
    jsonschema.Draft202012Validator(schema).validate(made)
    assert instance(schema) == made


@settings(max_examples=100, deadline=None)
@given(SCHEMAS)
def test_instances_validate_behind_references(schema: dict[str, Any]):
    whole = {
        "type": "object",
        "properties": {"it": {"$ref": "#/$defs/it"}, "all": {"type": "array", "items": {"$ref": "#/$defs/it"}, "minItems": 2}},
        "required": ["it", "all"],
        "additionalProperties": False,
        "$defs": {"it": schema},
    }  # fmt: skip
    jsonschema.Draft202012Validator(whole).validate(instance(whole))


TREE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#"}},
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    },
    "required": ["value", "children", "next"],
    "additionalProperties": False,
}
OTHERS: list[dict[str, Any]] = [
    TREE,
    {"$ref": "#/$defs/node", "$defs": {"node": {"anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/node"}}, {"type": "string"}]}}},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 3}]},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.25},
    {"type": "number", "minimum": 0.1, "maximum": 0.2},
    {"type": "object", "required": ["x"]},
    {"anyOf": [{"properties": {"a": {"type": "string"}}}, {}], "type": "object", "required": ["a"]},
]  # fmt: skip


@pytest.mark.parametrize("schema", OTHERS, ids=range(len(OTHERS)))
def test_awkward_schemas(schema: dict[str, Any]):
    jsonschema.Draft202012Validator(schema).validate(instance(schema))


def test_recursive_instances_stay_small():
    assert len(repr(instance(TREE))) < 5_000
