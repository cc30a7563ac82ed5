"""The site tells the truth: its commands are understood, its files are valid, each requirement has its page."""

import contextlib
import importlib.util
import io
import json
import re
import shlex
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from conformance.judging.area import catalogue
from gateway.faults.machinery.fault import all_faults
from oaiconf.commands import COMMANDS
from oaiconf.config import read

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HAND_WRITTEN = (
    "index",
    "start",
    "profiles",
    "report",
    "config",
    "nightly",
    "buying",
    "engines",
    "load",
)


def blocks(kind):
    for name in HAND_WRITTEN:
        for text in re.findall(
            rf"```{kind}\n(.*?)```", (DOCS / f"{name}.md").read_text(), re.DOTALL
        ):
            yield name, text


def commands():
    for name, text in blocks("sh"):
        for line in text.splitlines():
            if line.strip() and not line.startswith("export "):
                yield pytest.param(line, id=f"{name}: {line}")


def options_of_run():
    from conformance.options import add_options

    class Names:
        def __init__(self):
            self.found = set()

        def getgroup(self, *_):
            return self

        def addoption(self, *names, **_):
            self.found.update(names)

    names = Names()
    add_options(names)
    return names.found


OF_PYTEST = {"-k", "-m", "-n", "-x", "--lf"}


@pytest.mark.parametrize("line", list(commands()))
def test_a_command_is_understood(line, monkeypatch):
    """Commands and options exist; nothing is sent. (`oaiconf run` itself is run by tests/installed.)"""
    program, name, *words = shlex.split(line)
    assert program == "oaiconf"
    assert name in COMMANDS
    if name == "run":
        given = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert given <= options_of_run() | OF_PYTEST, given
        faults = [after for word, after in pairwise(words) if word == "--gateway-fault"]
        assert set(faults) <= set(all_faults())
    elif name == "load":
        import configargparse

        from load.options import add_options

        parser = configargparse.ArgumentParser()
        add_options(parser)
        for option in ("--headless", "--host"):
            parser.add_argument(option, nargs="?")
        parser.parse_args(words)
    elif name == "gateway":
        from gateway.__main__ import _parser

        _parser().parse_args(words)
    else:
        module = importlib.import_module(COMMANDS[name].module)
        module.parser().parse_args([name, *words])


def test_every_command_line_in_running_text_names_a_command():
    for name in HAND_WRITTEN:
        for word in re.findall(r"`oaiconf ([a-z]+)", (DOCS / f"{name}.md").read_text()):
            assert word in COMMANDS, f"{name}.md: oaiconf {word}"


def test_the_config_file_of_the_page_is_one(tmp_path):
    (text,) = [text for name, text in blocks("toml") if name == "config"]
    (tmp_path / "conformance.toml").write_text(text)
    found = read(None, tmp_path, tuple(COMMANDS))
    assert set(found.targets) == {"staging", "vendor"}
    for target in found.targets.values():
        assert {f"--{name}" for name in target.options if len(name) > 1} <= options_of_run()


def test_the_profile_of_the_page_is_one(tmp_path):
    from conformance.running.profiles import load_profile, refuse_unknown

    (text,) = [text for name, text in blocks("toml") if name == "profiles"]
    (tmp_path / "mine.toml").write_text(text)
    profile = load_profile(str(tmp_path / "mine.toml"))
    refuse_unknown(profile, catalogue())
    assert profile.models == tuple(tomllib.loads(text)["models"])


def test_the_words_of_verdicts_are_all_explained():
    from conformance.judging.judge import Outcome
    from reports.outcome import OUTCOME

    words = {*(word.value for word in Outcome), *OUTCOME}  # `known` is a word of the reports alone
    for page in (DOCS / "report.md", ROOT / "README.md"):
        text = page.read_text()
        assert [word for word in words if f"| {word} |" not in text] == [], page


def test_inputs_of_the_action_in_the_page_exist():
    action = yaml.safe_load((ROOT / ".github/actions/conformance/action.yml").read_text())
    for _, text in blocks("yaml"):
        (job,) = yaml.safe_load(text)["jobs"].values()
        for step in job["steps"]:
            assert set(step["with"]) <= set(action["inputs"])


def pages(monkeypatch):
    """The generated pages; the class of mkdocs that carries them is not needed for their text."""
    for name in ("mkdocs", "mkdocs.structure", "mkdocs.structure.files"):
        if name not in sys.modules:
            monkeypatch.setitem(
                sys.modules,
                name,
                importlib.util.module_from_spec(importlib.machinery.ModuleSpec(name, None)),
            )
    files = sys.modules["mkdocs.structure.files"]
    for name in ("File", "Files"):
        monkeypatch.setattr(files, name, object, raising=False)
    spec = importlib.util.spec_from_file_location("docs_catalogue", DOCS / "catalogue.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with contextlib.redirect_stdout(io.StringIO()):
        spec.loader.exec_module(module)
    return dict(module.pages())


def test_every_requirement_has_a_page_with_sentence_source_example_and_faults(monkeypatch):
    made = pages(monkeypatch)
    for row in catalogue().requirements.values():
        text = made[f"catalogue/{row.id}.md"]
        assert row.text in text
        assert "| source | " in text
        if not row.excluded:
            assert "## Faults that it notices (" in text
            assert f"[{row.id}]({row.id}.md)" in made["catalogue/index.md"]


def test_examples_are_of_faults_that_break_their_requirement():
    """`python -m tests.faults.declare` writes them beside the tables; the pages show what it wrote."""
    rows, faults = catalogue().requirements, all_faults()
    examples = json.loads((DOCS / "examples.json").read_text(encoding="ascii"))
    assert examples
    assert [name for name in examples if name not in rows] == []
    stale = {
        name: example["fault"]
        for name, example in examples.items()
        if example["fault"] not in faults or name not in faults[example["fault"]].breaks
    }
    assert stale == {}, "python -m tests.faults.declare AREA measures them anew"
    for name, example in examples.items():
        assert set(example) == {"fault", "breaks", "where", "expected", "found"}, name
