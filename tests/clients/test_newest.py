"""What `newest` says of versions, and what it would install, without a registry."""

import pytest

from conformance.clients.programs import cline, sdk_python
from tests.clients import newest


@pytest.fixture
def registries(monkeypatch):
    asked = []

    def said(words):
        asked.append(words)
        if words[0] == "npm":
            return f"9.9.{len(asked)}\n"
        return f"openai ({sdk_python.VERSION})\nAvailable versions: {sdk_python.VERSION}, 1.0.0\n"

    monkeypatch.setattr(newest, "said", said)
    return asked


def test_a_newer_client_is_told_apart_from_the_measured_one(registries):
    assert newest.line(cline.PROGRAM, newest.newest(cline.PROGRAM)).split() == [
        "Cline", cline.VERSION, "9.9.1", "newer", "than", "measured",
    ]  # fmt: skip
    found = newest.line(sdk_python.PROGRAM, newest.newest(sdk_python.PROGRAM))
    assert found.endswith("as measured")
    assert registries[0] == ["npm", "view", "cline", "version"]


def test_the_newest_are_installed_beside_what_roo_carries(registries, monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(newest.subprocess, "run", lambda words, **_: ran.append(words))
    newest.install({p.slug: "9.9.9" for p in newest.LOOKED_UP}, tmp_path)
    by_npm, by_pip = ran
    assert by_npm[:5] == ["npm", "install", "--prefix", str(tmp_path), "--legacy-peer-deps"]
    assert {"cline@9.9.9", "@openai/codex@9.9.9", "roo-openai@npm:openai@5.12.2"} <= set(by_npm)
    assert by_pip[-1] == "openai==9.9.9"


def test_a_pip_that_says_something_else_is_one_line(monkeypatch):
    monkeypatch.setattr(newest, "said", lambda _: "no such thing")
    with pytest.raises(SystemExit, match="pip index versions openai: no such thing"):
        newest.newest(sdk_python.PROGRAM)


def test_a_registry_that_does_not_answer_is_one_line():
    with pytest.raises(SystemExit, match="no-such-registry-client"):
        newest.said(["no-such-registry-client", "view"])
