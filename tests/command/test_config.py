"""The config file: every value becomes the words that a user would type, and what is typed wins."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oaiconf import targets
from oaiconf.commands import COMMANDS
from oaiconf.config import Config, ConfigError, read, taken, words
from oaiconf.run import pytest_words
from tests.canned import canned, http

ROOT = Path(__file__).parents[2]
SEVERAL = """
max-cost = "0.50"
k = "models.list"
[targets.staging]
base-url = "https://staging.example.com/v1"
model = ["a", "b"]
keys = { CONFORMANCE_API_KEY = "STAGING_KEY" }
[targets.vendor]
base-url = "https://vendor.example.com/v1"
max-cost = "0.10"
[load]
ttft-slo = 400
calibrate = true
"""


def config(folder, text, name="conformance.toml"):
    (folder / name).write_text(text, encoding="utf-8")
    return read(None, folder, tuple(COMMANDS))


@pytest.mark.parametrize(("options", "typed", "said"), [
    ({"max-cost": "0.5", "max_time": 60}, [], ["--max-cost=0.5", "--max-time=60"]),
    ({"strict-known": True, "insecure": False}, [], ["--strict-known"]),
    ({"model": ["a", "b"]}, [], ["--model=a", "--model=b"]),
    ({"model": ["a", "b"]}, ["--model", "c"], []),
    ({"max-cost": "1"}, ["--max-cost=2"], []),
    ({"k": "chat", "n": 2, "x": True}, ["-k", "models"], ["-n", "2", "-x"]),
    ({"n": 2}, ["-n4"], []),
])  # fmt: skip
def test_words(options, typed, said):
    assert words(options, typed) == said


@pytest.mark.parametrize(("typed", "value", "rest"), [
    (["a", "--config", "x.toml", "-k", "b"], "x.toml", ["a", "-k", "b"]),
    (["--config=x=y", "a"], "x=y", ["a"]),
    (["--configs=x", "a"], None, ["--configs=x", "a"]),
    (["a", "--config"], "", ["a"]),
])  # fmt: skip
def test_an_option_is_taken_out_with_its_value(typed, value, rest):
    assert taken("--config", typed) == (value, rest)


def test_several_targets_each_with_its_own(tmp_path):
    found = config(tmp_path, SEVERAL)
    assert list(found.targets) == ["staging", "vendor"]
    assert dict(found.targets["vendor"].options) == {
        "max-cost": "0.10", "k": "models.list", "base-url": "https://vendor.example.com/v1",
    }  # fmt: skip
    assert found.commands["load"] == {"ttft-slo": 400, "calibrate": True}


def test_pyproject_has_it_in_a_table(tmp_path):
    found = config(tmp_path, '[tool.conformance]\nmax-cost = "0.5"\n', "pyproject.toml")
    assert dict(found.run) == {"max-cost": "0.5"}
    assert config(tmp_path, "[tool.other]\n", "pyproject.toml") == Config()
    assert config(tmp_path, "broken [", "pyproject.toml") == Config(), "it is not ours to mend"


@pytest.mark.parametrize(("text", "says"), [
    ("a = ", "conformance.toml"), ("[targts.a]\nbase-url = 'http://a'", "did you mean [targets]?"),
    ("[targets.a]\nmodel = 'm'", "[targets.a] names no base-url"),
    ("base-url = 'http://a'\n[targets.a]\nbase-url = 'http://b'", "base-url stands above the targets"),
    ("keys = { CONFORMANCE_API_KEY = 'sk-live-0123456789' }", "keys stand in the environment"),
    ("model = [['a']]", "model is no value of an option"),
])  # fmt: skip
def test_what_cannot_be_used_is_one_line(tmp_path, text, says):
    with pytest.raises(ConfigError) as error:
        config(tmp_path, text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert "sk-live-0123456789" not in str(error.value)


@pytest.mark.parametrize(("typed", "names", "rest"), [
    ([], ["staging", "vendor"], []), (["vendor", "-k", "chat"], ["vendor"], ["-k", "chat"]),
    (["http://other"], [""], ["http://other"]), (["-x"], ["staging", "vendor"], ["-x"]),
    (["staging", "conformance/chat/test_chat.py"], ["staging"], ["conformance/chat/test_chat.py"]),
])  # fmt: skip
def test_which_targets_are_judged(tmp_path, typed, names, rest):
    found, left = targets.chosen(config(tmp_path, SEVERAL), typed)
    assert ([t.name for t in found], left) == (names, rest)


def test_an_unknown_target_suggests_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="no target vendro; did you mean vendor"):
        targets.chosen(config(tmp_path, SEVERAL), ["vendro"])


def test_a_key_is_sent_to_its_target_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("CONFORMANCE_API_KEY", "key-of-somebody")
    monkeypatch.setenv("STAGING_KEY", "key-of-staging")
    seen = []

    def judge(words):
        seen.append((words[-1], os.environ.get("CONFORMANCE_API_KEY")))
        return 0

    found = config(tmp_path, SEVERAL)
    targets.run(found, ["staging"], judge)
    targets.run(found, ["vendor"], judge)
    assert [key for _, key in seen] == ["key-of-staging", None]


def test_a_server_that_was_typed_has_the_key_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CONFORMANCE_API_KEY", "key-of-mine")
    seen = []

    def judge(words):
        seen.append((list(words), os.environ.get("CONFORMANCE_API_KEY")))
        return 0

    targets.run(config(tmp_path, SEVERAL), ["https://other.example/v1"], judge)
    words, key = seen[0]
    assert key == "key-of-mine"
    assert words == ["--max-cost=0.50", "-k", "models.list", "https://other.example/v1"]


def test_the_words_for_pytest():
    said = pytest_words(["https://a.example/v1", "-k", "chat", "--report-dir", "https://x"])
    assert "--base-url=https://a.example/v1" in said
    assert said[said.index("--report-dir") + 1] == "https://x", "a value is no target"
    assert said[-1] == str(ROOT / "conformance")


def test_two_dead_targets_in_their_own_folders(tmp_path):
    (tmp_path / "conformance.toml").write_text(
        '[targets.one]\nbase-url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
        '[targets.two]\nbase-url = "http://127.0.0.1:9/v2"\nmodel = "m"\n'
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "oaiconf", "run"], cwd=tmp_path, env=environ,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "one: exit 2, two: exit 2" in done.stdout
    for name in ("one", "two"):
        report = json.loads((tmp_path / "reports/out" / name / "report.json").read_text())
        assert report["could_not_run"]


def test_ctrl_c_ends_the_run_in_progress_and_starts_no_other(tmp_path):
    models = http("200 OK", b'{"object":"list","data":[{"id":"m","object":"model"}]}')
    with canned(models, hang=True) as url:  # lists its models, and answers nothing else
        (tmp_path / "conformance.toml").write_text(
            f'[targets.one]\nbase-url = "{url}"\nmodel = "m"\n'
            f'[targets.two]\nbase-url = "{url}"\nmodel = "m"\n'
        )
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "oaiconf", "run"], cwd=tmp_path, env=environ,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        said = ""
        while "session starts" not in said and "conformance.toml: " not in said:
            said += process.stdout.readline()
        time.sleep(3)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said += process.communicate(timeout=60)[0]
    assert process.returncode == 2, said
    assert "== two" not in said
    assert "two: exit 2" in said
