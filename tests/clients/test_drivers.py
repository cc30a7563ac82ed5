"""Real clients do their task with the clean gateway, the same through the tap, and nothing is found."""

import base64
import json
import re

import pytest

from conformance.clients.programs import PROGRAMS, codex
from conformance.clients.programs.program import Target
from tests.clients.bench import drive
from tests.clients.stand import stand
from tests.tap.serving import tap

pytestmark = pytest.mark.clients

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"],
          "additionalProperties": False}  # fmt: skip
# Ways to use Codex that change what it sends.
WAYS = {
    "another model": ("-m", "gpt-5.4"),
    "an answer in a form": ("--output-schema", "schema.json"),
    "an image": ("-i", "pixel.png", "--"),
    "web search": ("-c", 'web_search="live"'),
    "much thought": (
        "-c",
        'model_reasoning_effort="high"',
        "-c",
        'model_reasoning_summary="detailed"',
    ),
    "many words, soon": ("-c", 'model_verbosity="high"', "-c", 'service_tier="priority"'),
}


@pytest.fixture(scope="module")
def here():
    with stand() as running:
        yield running


@pytest.fixture(params=PROGRAMS, ids=[driver.name for driver in PROGRAMS])
def driver(request):
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param


@pytest.fixture
def codex_target(here, tmp_path):
    if codex.PROGRAM.missing:
        pytest.skip(codex.PROGRAM.missing)
    here.use()
    return Target(here.base_url, here.key, tmp_path)


def findings(output):
    """Lines of the tap's summary that tell of anything but passes and of what so little cannot settle."""
    told = [line for line in output.split("\n") if re.match(r"(MUST|SHOULD|MAY):", line)]
    assert len(told) == 3, output
    return [line for line in told if re.search(r"\d (?!pass|inconclusive|not in)", line)]


def test_it_works_with_the_clean_gateway(driver, here):
    outcome = drive(driver, here)
    assert outcome.works, outcome.saw
    refused = [status for status in here.statuses if status >= 400]
    # The SDKs' story ends with two requests that have to be refused.
    assert refused == ([401, 404] if "SDK" in driver.name else [])


def test_it_works_through_the_tap_which_finds_nothing(driver, here, tmp_path):
    direct = drive(driver, here)
    asked = [(request.method, request.path) for request in here.asked]
    here.use()
    with tap(here.base_url, "--profile", "reference") as running:
        outcome = driver.run(Target(running.base, here.key, tmp_path))
        code = running.stop()
    assert (outcome, code) == (direct, 0), running.output
    assert [(request.method, request.path) for request in here.asked] == asked
    assert findings(running.output) == []


def test_codex_tries_a_socket_and_goes_on_without(codex_target, here):
    assert codex.run_as_openai(codex_target).works
    assert [(r.method, s) for r, s in zip(here.asked, here.statuses, strict=True)] == [
        ("GET", 426), ("POST", 200), ("POST", 200),
    ]  # fmt: skip


def test_codex_tries_a_socket_through_the_tap(codex_target, here, tmp_path):
    with tap(here.base_url, "--profile", "reference") as running:
        outcome = codex.run_as_openai(Target(running.base, here.key, tmp_path))
        assert (outcome.works, running.stop()) == (True, 0)
    assert here.statuses == [426, 200, 200]
    assert findings(running.output) == []


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_what_codex_sends_is_taken_as_sent(codex_target, here, options):
    work = codex_target.folder / "work"
    work.mkdir()
    (work / "pixel.png").write_bytes(PIXEL)
    (work / "schema.json").write_text(json.dumps(SCHEMA))
    ended = codex.execute(codex_target, codex.configured(codex_target), *options)
    assert ended.code == 0, ended.out
    assert here.statuses == [200, 200]


def test_codex_goes_on_with_a_session(codex_target, here):
    env = codex.configured(codex_target)
    assert codex.execute(codex_target, env).code == 0
    assert codex.execute(codex_target, env, "resume", "--last").code == 0
    assert here.statuses == [200] * 4
    inputs = [json.loads(request.body)["input"] for request in here.asked]
    kinds = [item["type"] for item in inputs[-1]]
    assert {"reasoning", "custom_tool_call", "function_call", "custom_tool_call_output"} <= set(
        kinds
    )
