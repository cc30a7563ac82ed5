"""What tables of requests are made of: refusals, limits, claims, code words, JSON by a schema."""

import json
from dataclasses import replace

import pytest

from conformance.judging.code_word import knows, knows_not
from conformance.judging.finding import ABSENT, Finding, Unsure
from conformance.judging.limit import Limit
from conformance.judging.profile import Profile
from conformance.judging.refusal import Refusal, Refusals, names, refused
from conformance.judging.structured_output import SCHEMA, an_object, begins_json, by_schema
from conformance.running.claimed_members import claimed_members
from conformance.running.refused import refusal_probes
from wire.exchange import Attempt, Chunk, Exchange, Reply, Request

TABLE = Refusals(
    "area.refuse.",
    "/thing",
    {"input": "hi"},
    lambda name: f"thing.{name}",
    (
        Refusal("thing.bounds", "heat", {"heat": 3}, "heat"),
        Refusal("thing.known", "gone", {"input": ABSENT, "id": "x"}, "", "thing", (400, 404)),
        Refusal("thing.bounds", "deep", {"tools": []}, "tools[0].name|list"),
    ),
)


def answered(status, body, probe="area.refuse.heat"):
    chunks = (Chunk(1.0, json.dumps(body).encode()),)
    return Exchange("1", Request("POST", "/v1/thing"), Reply(status, (), chunks), probe=probe)


def error(param=None, message="No."):
    return {"error": {"message": message, "type": "x", "param": param, "code": None}}


@pytest.mark.parametrize(
    ("param", "message", "wanted", "found"),
    [
        ("heat", "", "heat", True),
        ("heat.low", "", "heat", True),
        ("heat[2]", "", "heat", True),
        ("heater", "", "heat", False),
        (None, "Bad 'heat'.", "heat", True),
        (None, "Bad heater.", "heat", False),
        ("tools[0].name", "", "tools[0].name|list", True),
        ("tools[1].name", "", "tools[0].name|list", False),
        (None, "list it", "tools[0].name|list", True),
        (5, None, "heat", False),
    ],
)
def test_a_refusal_names_a_parameter(param, message, wanted, found):
    assert names(answered(400, error(param, message)), wanted) is found


@pytest.mark.parametrize("body", [None, [], "x", {"error": "x"}, {"error": None}])
def test_odd_bodies_name_nothing(body):
    assert names(answered(400, body), "heat") is False


def test_plans_carry_the_claim_and_leave_out_what_is_absent():
    heat, gone, deep = refusal_probes(TABLE)
    assert (heat.name, heat.feature, heat.output_tokens) == ("area.refuse.heat", "thing.heat", 0)
    assert gone.feature == "thing"
    assert deep.feature == "thing.tools"

    class Generation:
        model = "m"

    assert gone.build(Generation).params == {"model": "m", "id": "x"}


def found_by(rules, exchange):
    return {
        (said.requirement, said.where)
        for rule in rules
        if rule.on.matches(exchange)
        for said in rule.judge(exchange)
        if isinstance(said, Finding)
    }


def test_one_rule_a_requirement():
    rules = TABLE.rules()
    assert [rule.requirements for rule in rules] == [("thing.bounds",), ("thing.known",)]
    assert found_by(rules, answered(200, {})) == {("thing.bounds", "status")}
    assert found_by(rules, answered(500, {})) == set()  # a server may have one bad moment
    again = replace(answered(500, {}), attempts=(Attempt(500, 0.5),))
    assert found_by(rules, again) == {("thing.bounds", "status")}
    assert found_by(rules, answered(400, {})) == set()
    assert found_by(rules, answered(429, {})) == set()


def test_manners():
    rules = TABLE.manners("status", "names", "param", "silent")
    good = error("heat")
    assert found_by(rules, answered(400, good)) == set()
    assert {r for r, _ in found_by(rules, answered(422, good))} == {"status"}
    assert {r for r, _ in found_by(rules, answered(400, error("cold")))} == {"names", "param"}
    assert {r for r, _ in found_by(rules, answered(400, {**good, "usage": {"a": 1}}))} == {"silent"}
    assert found_by(rules, answered(404, error(), "area.refuse.gone")) == set()
    assert found_by(rules, answered(200, {})) == set()


def test_refused_wants_the_class_of_4xx():
    assert [f.where for f in refused(answered(302, {}), "of it")] == ["status"]
    assert list(refused(answered(409, {}), "of it")) == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [(1, ""), (3.0, ""), (0, "bounds"), (9, "bounds"), (1.5, "type"), (True, "type"), ("1", "type"),
     (None, ""), ([], "type")],
)  # fmt: skip
def test_limits_of_numbers(value, fault):
    assert Limit("n", ("integer",), (), 1, 8).fault(value) == fault


def test_limits_of_members():
    words = Limit("include", ("array",), (), members=Limit("", ("string",), (), words=("a", "b")))
    assert [words.fault(v) for v in (["a"], [], ["a", "c"], [5], "a")] == [
        "", "", "bounds", "type", "type",
    ]  # fmt: skip


def test_only_claimed_parameters_are_sent():
    profile = Profile("p", claims=("thing.heat", "thing.usage"))
    body = {"heat": 1, "cold": 2, "stream_options": {"usage": True, "padding": True}}
    kept = claimed_members(body, profile, lambda name: f"thing.{name}")
    assert kept == {"heat": 1, "stream_options": {"usage": True}}
    assert claimed_members({"stream_options": {"padding": True}}, profile, str) == {}


def kinds(said):
    return [type(one) for one in said]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("TURBOT-26", []),
        ("unknown", [Finding]),
        ("I don't know.", [Finding]),
        ("The tool said: ", [Finding]),
        ("The code word is ", [Finding]),
        ("Blue whales sing.", [Unsure]),
        ("", [Unsure]),
    ],
)
def test_who_knows_the_code_word(text, wanted):
    assert kinds(knows("output", text, "TURBOT-26")) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"), [("unknown", []), ("TURBOT-26", [Finding]), ("Blue.", [Unsure])]
)
def test_who_must_not_know_it(text, wanted):
    assert kinds(knows_not("output", text, "TURBOT-26")) == wanted


RIGHT = {"unit": "kelvin", "values": [{"at": 300, "ok": True}] * 2, "note": None, "kind": "reading"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (json.dumps(RIGHT), []),
        ("```" + json.dumps(RIGHT) + "```", [Finding]),
        (json.dumps({**RIGHT, "more": 1}), [Finding]),
        (json.dumps({**RIGHT, "unit": "celsius"}), [Finding]),
        (None, [Finding]),
    ],
)
def test_json_by_the_schema(text, wanted):
    assert kinds(by_schema("output", text, SCHEMA)) == wanted


def test_a_schema_that_cannot_be_used_settles_nothing():
    assert kinds(by_schema("output", "{}", {"$ref": "http://example.com/none"})) == [Unsure]
    assert kinds(by_schema("output", "{}", None)) == []


def test_a_json_object():
    assert list(an_object("output", '{"a": 1}')) == []
    assert kinds(an_object("output", "[1]")) == [Finding]
    assert kinds(an_object("output", 'Sure: {"a": 1}')) == [Finding]


@pytest.mark.parametrize(
    "text",
    ["", "{", ' {"', '{"a', '{"a"', '{"a":', '{"a": 1', '{"a": 1,', '{"a": [1, {"b": "x\\', '{"a": tr', '{"a": n',
     '{"a": -', '{"a": 1.', '{"a": "\\u00', '{"a": "}"', '{"a": {}'],
)  # fmt: skip
def test_what_may_become_json(text):
    assert begins_json(text)


@pytest.mark.parametrize(
    "text", ["Hello", "[1", '{"a": x', "{a", '{"a" 1', '{"a": 1} and', '{"a": ]', "```json"]
)
def test_what_may_not(text):
    assert not begins_json(text)
