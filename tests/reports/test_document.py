import json
from pathlib import Path

import jsonschema
import pytest

from reports.document import parse, read
from reports.fields import UnreadableError
from tests.reports.sample import document, exchange, finding, full, result


def test_reads_a_full_run():
    run = parse(json.loads(json.dumps(full())))
    assert len(run.results) > 1200
    assert run.models == ("gpt-5.5", "gpt-5.4")
    assert run.keys["CONFORMANCE_REVOKED_KEY"] is False
    assert run.exchanges["u0"].frames[0][0] == 132.4
    assert run.exchanges["u0"].headers[1] == ("x-request-id", "req_71c0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ('{"schema_version": 1, "results": [', "torn or not JSON"),
        ("[" * 100_000, "torn or not JSON"),
        ("[]", "an array instead of an object"),
        ('{"log": {"entries": []}}', "no schema_version"),
        ('{"schema_version": 2, "results": []}', "schema_version is 2, this reader knows 1"),
        ('{"schema_version": 1, "results": {}}', "results is an object, expected an array"),
        ('{"schema_version": 1, "results": [7]}', "results[0] is a number, expected an object"),
        ('{"schema_version": 1, "results": [{"requirement": "a", "level": "MUST"}]}', "results[0].outcome is missing"),
        ('{"schema_version": 1, "results": [{"requirement": "a", "level": "MUST", "outcome": "passed"}]}', "results[0].outcome is 'passed', expected one of fail"),
        ('{"schema_version": 1, "results": [], "exchanges": []}', "exchanges is an array, expected an object"),
    ],
)  # fmt: skip
def test_a_foreign_or_torn_file_is_refused_in_one_line(tmp_path, text, reason):
    file = tmp_path / "report.json"
    file.write_text(text)
    with pytest.raises(UnreadableError) as caught:
        read(file)
    assert reason in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_refused_in_one_line(tmp_path):
    with pytest.raises(UnreadableError, match="No such file"):
        read(tmp_path / "none.json")
    (tmp_path / "gz").write_bytes(b"\x1f\x8b\xff\x00")
    with pytest.raises(UnreadableError, match="not UTF-8"):
        read(tmp_path / "gz")


def test_what_decorates_may_be_missing_null_or_of_another_form():
    odd = finding("body", {"a": 1}, None)
    run = parse(
        document(
            result("chat.a", "fail", findings=[odd]) | {"model": None, "clients": None},
            exchanges={"x": {"request": None, "frames": [["late"], [1, "data: 1\n\n"]], "response": {"headers": {"a": "b"}}}, "y": None},
            future={"field": 1},
        )
    )  # fmt: skip
    assert run.results[0].model == ""
    assert run.results[0].findings[0].expected == '{"a": 1}'
    assert run.exchanges["x"].frames == ((1.0, "data: 1\n\n"),)
    assert run.exchanges["x"].headers == (("a", "b"),)
    assert run.exchanges["y"].status == 0


def test_an_exchange_keeps_how_its_connection_ended():
    cut = exchange("m", connection={"ended": "cut", "error": "peer closed", "total_ms": 3})
    assert parse(document(exchanges={"x": cut})).exchanges["x"].ended == "cut"


def test_the_sample_is_a_run_document_by_schema():
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "report.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(full())))
