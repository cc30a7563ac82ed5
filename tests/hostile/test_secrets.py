"""n planted, none leaked: every file that a run writes and all that it prints, of both parts."""

import os
import pickle
import subprocess
import sys

import pytest

from tests.hostile.bounded import ROOT, hostile
from tests.hostile.cases import EVENT, forms
from tests.hostile.leaks import leaking, leaks
from wire.last_pass import RedactedStream, scan, without_secrets
from wire.redaction import Redactor
from wire.secret import SHOWN, Secret, revealed

KEY = "sk-cs4-0123456789abcdefQWERTY/+zu"


def test_the_search_finds_each_form():
    pieces = [EVENT.replace(b"x", KEY[at : at + 4].encode()) for at in range(0, len(KEY), 4)]
    planted = {**forms(KEY), "split": b"".join(pieces).decode()}
    for name, text in planted.items():
        assert name == "json" or name in set(leaks(text.encode(), KEY)), name
        assert list(leaks(text.encode(), KEY)), name
    assert not list(leaks(b"sk-cs4-another and %20 &#65; \\u0041", KEY))


def test_a_key_does_not_print():
    key = Secret(KEY)
    holder = {"main": key}
    for text in (repr(key), str(key), f"{key}", f"{key!r:>9}", "%s" % key, "{}".format(key), repr(holder), f"{[key]}"):  # noqa: UP031, UP032  # fmt: skip
        assert KEY not in text
        assert SHOWN in text
    assert key == KEY
    assert hash(key) == hash(KEY)
    assert revealed(key) == KEY
    assert type(revealed(key)) is str
    again = pickle.loads(pickle.dumps(key))
    assert isinstance(again, Secret)
    assert again == KEY


def test_the_last_pass_takes_every_form_out(tmp_path):
    redactor = Redactor({"main": Secret(KEY)}, guesses=False)
    planted = {name: f"before {text} after" for name, text in forms(KEY).items()}
    clean = without_secrets({"a": [planted, 5, None], KEY: True}, redactor)
    assert not list(leaks(repr(clean).encode(), KEY))
    assert clean["a"][1:] == [5, None]
    for name, text in planted.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "innocent").write_text("nothing here")
    held = scan(sorted(tmp_path.iterdir()), redactor)
    assert {path.name for path in held} == set(forms(KEY)) - {"split"}
    assert leaking(tmp_path, KEY) == []
    with (tmp_path / "out").open("w") as file:
        print(f"key={KEY}", file=RedactedStream(file, redactor))
    assert (tmp_path / "out").read_text() == "key=[redacted:main]\n"


CRASH = """
import pytest
from conformance.running.sender import Sender

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    key = item.config.stash[{stash}].settings.keys["main"]
    shown = "".join(key)
    headers = [("authorization", "Bearer " + shown)]
    raise RuntimeError("it broke with " + shown)
"""


def conformance_words(folder, base_url):
    return [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "models or chat", "-k", "models or stream",
        f"--base-url={base_url}", "--profile=codex", "--model=gpt-5.5", "--max-cost=1", f"--report-dir={folder}/report",
        f"--record={folder}/record.jsonl", f"--junitxml={folder}/own.xml", f"--notify-file={folder}/notify.txt",
        f"--metrics-file={folder}/metrics.txt", "--tb=long", "-l", "-rA", "--header=x-tenant: tenant-0123456789-secret",
    ]  # fmt: skip


def load_words(folder, base_url):
    return [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--host", base_url,
        "--scenario", "chat-stream", "--rate", "10", "--duration", "2", "--report-dir", f"{folder}/report",
        "--header", "x-tenant: tenant-0123456789-secret",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "files"), [(conformance_words, 8), (load_words, 3)])
def test_what_a_server_echoes_stands_nowhere(tmp_path, words, files):
    with hostile("echoes-the-key", "first") as server:
        done = subprocess.run(
            words(tmp_path, server["base_url"]),
            cwd=ROOT, env={**os.environ, "CONFORMANCE_API_KEY": server["key"]}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=240, check=False,
        )  # fmt: skip
    (tmp_path / "stdout").write_bytes(done.stdout)
    (tmp_path / "stderr").write_bytes(done.stderr)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= files + 2, done.stdout[-2000:]
    assert leaking(tmp_path, server["key"]) == []
    assert leaking(tmp_path, "tenant-0123456789-secret") == []


def test_a_crash_with_all_its_locals_prints_no_key(tmp_path):
    (tmp_path / "crashing.py").write_text(CRASH.format(stash="__import__('conformance.plugin').plugin.KEY"))  # fmt: skip
    words = [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "crashing", "--tb=long", "-l", "-rA",
        f"--junitxml={tmp_path}/own.xml", f"--report-dir={tmp_path}/report", "conformance/models", "-k", "list",
        "--base-url",
    ]  # fmt: skip
    with hostile("early-hints", "first") as server:
        environment = {
            **os.environ,
            "CONFORMANCE_API_KEY": server["key"],
            "PYTHONPATH": str(tmp_path),
        }
        done = subprocess.run(
            [*words, server["base_url"], "--model=gpt-5.5", "--max-cost=1"], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=240, check=False,
        )  # fmt: skip
    (tmp_path / "stdout").write_bytes(done.stdout + done.stderr)
    assert b"it broke with [redacted:main]" in done.stdout
    assert leaking(tmp_path, server["key"]) == []
