"""Night after night: the baseline first, only what regressed fails, stale deviations are failures."""

import json

import pytest

from tests.running.test_commands import document, output, run

QUICK = ("-k", "models.list", "-p", "no:cacheprovider", "--model", "gpt-5.5")
BROKEN = ("--gateway-fault", "models.list.data-object")


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """A good night and a bad one."""
    folder = tmp_path_factory.mktemp("nights")
    assert run(*QUICK, folder=folder / "good").returncode == 0
    assert run(*QUICK, *BROKEN, folder=folder / "bad").returncode == 1
    return folder


def test_a_regression_leads_and_is_named_once(nights, tmp_path):
    files = ("--notify-file", str(tmp_path / "note.txt"), "--metrics-file", str(tmp_path / "m.prom"))  # fmt: skip
    done = run(*QUICK, *BROKEN, "--fail-on", "regression", "--baseline", str(nights / "good" / "report.json"), *files, folder=tmp_path)  # fmt: skip
    assert done.returncode == 1, output(done)
    shown = done.stdout[done.stdout.index("= conformance =") :]
    first = shown.splitlines()[1]
    assert " regressed since " in first
    assert first.endswith("same target and model")
    baseline = document(tmp_path)["baseline"]
    names = {entry["requirement"] for entry in baseline["regressed"]}
    assert names
    assert all(shown.splitlines()[2].count(name) == 1 for name in names if len(names) <= 6)
    assert (tmp_path / "summary.md").read_text().index("regressed since") < (tmp_path / "summary.md").read_text().index("## Causes")  # fmt: skip
    note = (tmp_path / "note.txt").read_text()
    assert note.count("\n") == 5
    assert note.startswith("Does not conform")
    metrics = (tmp_path / "m.prom").read_text()
    assert metrics.endswith("# EOF\n")
    assert f"conformance_regressed{{" in metrics  # noqa: F541


def test_what_failed_last_night_is_no_regression(nights, tmp_path):
    done = run(*QUICK, *BROKEN, "--fail-on", "regression", "--baseline", str(nights / "bad" / "report.json"), folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, output(done)
    assert "nothing regressed since" in done.stdout
    assert any(row["outcome"] == "fail" for row in document(tmp_path)["results"])


def test_another_run_is_warned_of(nights, tmp_path):
    other = document(nights / "good")
    other["target"]["models"] = ["gpt-4"]
    other["suite"]["version"] = "0.0.1"
    (tmp_path / "other.json").write_text(json.dumps(other))
    done = run(*QUICK, "--baseline", str(tmp_path / "other.json"), folder=tmp_path)
    assert done.returncode == 0
    assert "not quite the same run: the models were gpt-4, now they are gpt-5.5" in done.stdout
    assert "the suite was version 0.0.1" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fail-on", "regression"], "--fail-on regression needs --baseline FILE"),
        (["--fail-on", "regression", "--baseline", "README.md"], "README.md: torn or not JSON"),
    ],
)
def test_a_baseline_that_cannot_serve_is_said_before_anything_is_sent(tmp_path, words, said):
    done = run(*QUICK, *words, folder=tmp_path)
    assert done.returncode == 4
    assert said in output(done)
    assert "Traceback" not in output(done)


def test_a_stale_deviation_fails_where_that_is_strict(tmp_path):
    profile = tmp_path / "mine.toml"
    base = (__import__("pathlib").Path("conformance/profiles/reference.toml")).read_text()
    known = '\n[[known]]\nrequirement = "models.list.shape"\nreason = "agreed"\n'
    profile.write_text(base + known)
    chosen = ("--profile", str(profile))
    done = run(*QUICK, *chosen, "--strict-known", folder=tmp_path / "a")
    assert done.returncode == 1, output(done)
    assert "stale" in done.stdout
    assert 'type="stale"' in (tmp_path / "a" / "junit.xml").read_text()
    assert run(*QUICK, *chosen, folder=tmp_path / "b", CI="").returncode == 0
    assert run(*QUICK, *chosen, folder=tmp_path / "c", CI="true").returncode == 1
    broken = run(*QUICK, *chosen, *BROKEN, "-k", "models.list.shape", folder=tmp_path / "d", CI="true")  # fmt: skip
    assert broken.returncode == 0, output(broken)
    assert "<failure" not in (tmp_path / "d" / "junit.xml").read_text()
