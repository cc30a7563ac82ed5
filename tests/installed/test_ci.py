"""The action and the GitLab template: their shell parts run as a CI would run them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.installed.conftest import ROOT

ACTION = ROOT / ".github" / "actions" / "conformance"
GITLAB = yaml.safe_load((ROOT / "docs" / "gitlab-ci.yml").read_text())[".conformance"]


@pytest.fixture
def job(unpacked, tmp_path):
    """Runs a script in a fresh folder whose PATH has the command of the wheel."""
    tools, work = tmp_path / "bin", tmp_path / "work"
    tools.mkdir()
    work.mkdir()
    command = tools / "oaiconf"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={unpacked} exec {sys.executable} -m oaiconf "$@"\n')
    command.chmod(0o755)

    def run(*words, **variables):
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("CONFORMANCE_", "OPENAI_", "PYTEST_", "GITHUB_"))
        }
        kept |= {
            "PATH": f"{tools}:{kept['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "GITHUB_STEP_SUMMARY": str(work / "step.md"), "GITHUB_OUTPUT": str(work / "output"),
        }  # fmt: skip
        return subprocess.run(words, cwd=work, env={**kept, **variables}, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip

    run.work = work
    return run


def outputs(job):
    lines = (job.work / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def fault_of_models():
    from gateway.faults.machinery.fault import all_faults

    return next(f for f in all_faults().values() if f.name.startswith("models.") and f.breaks)


def test_a_run_then_a_worse_run(job):
    first = job(str(ACTION / "judge.sh"), OPTIONS="-k=models.list\n\n--fail-on=should")
    assert first.returncode == 0, first.stdout + first.stderr
    assert outputs(job)["exit-code"] == "0"
    assert "::error" not in first.stdout
    assert (job.work / ".conformance-baseline/report.json").is_file()

    fault = fault_of_models()
    second = job(str(ACTION / "judge.sh"), OPTIONS=f"-k=models\n--gateway-fault={fault.name}")
    assert second.returncode == 0, "the verdict is an output: the page is uploaded first"
    assert outputs(job)["exit-code"] == "1"
    marks = [line for line in second.stdout.splitlines() if line.startswith("::error")]
    named = json.loads((job.work / "conformance-report/report.json").read_text())["results"]
    broken = {row["requirement"] for row in named if row["outcome"] == "fail"}
    assert 1 <= len(marks) <= len(broken)
    assert all(any(name in line for line in marks) for name in list(broken)[:1])
    assert "# " in (job.work / "step.md").read_text()
    document = json.loads((job.work / "conformance-report/report.json").read_text())
    assert document["baseline"], "the run before was not the baseline"


def test_a_dead_server_is_an_annotation_and_no_baseline(job):
    done = job(str(ACTION / "judge.sh"), BASE_URL="http://127.0.0.1:9/v1", MODEL="m", INPUT_API_KEY="sk-secret-0123456789")  # fmt: skip
    assert outputs(job)["exit-code"] == "2"
    assert "127.0.0.1:9" in next(li for li in done.stdout.splitlines() if li.startswith("::error"))
    assert not (job.work / ".conformance-baseline").exists()
    files = [path for path in job.work.rglob("*") if path.is_file()]
    assert not [path for path in files if b"sk-secret-0123456789" in path.read_bytes()]
    assert "sk-secret-0123456789" not in done.stdout + done.stderr


def test_every_input_of_the_action_is_used():
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    text = (ACTION / "action.yml").read_text()
    for name in action["inputs"]:
        assert f"inputs.{name} " in text or f"inputs.{name}}}" in text, name
    scripts = "".join(path.read_text() for path in ACTION.glob("*.sh"))
    for step in action["runs"]["steps"]:
        for variable in step.get("env", {}):
            assert variable in scripts + step["run"], variable


def test_the_gitlab_script(job):
    (script,) = GITLAB["script"]
    variables = {**GITLAB["variables"], "OPTIONS": "-k models"}
    fault = fault_of_models()
    done = job("sh", "-ec", script, **{**variables, "OPTIONS": f"-k models --gateway-fault {fault.name}"})  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    rows = json.loads((job.work / "conformance-report/causes.json").read_text())
    assert rows
    assert {"description", "fingerprint", "severity", "location"} <= set(rows[0])
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    kept = [*GITLAB["artifacts"]["reports"].values()]
    assert all((job.work / path).is_file() for path in kept)
    again = job("sh", "-ec", script, **variables)
    assert again.returncode == 0, again.stdout + again.stderr


def test_the_image_has_the_wheel_and_not_the_checkout():
    text = (ROOT / "Dockerfile").read_text()
    build, image = text.split("FROM ")[1:]
    assert "pip wheel" in build
    assert "COPY --from=build /dist/" in image
    assert not [
        line for line in image.splitlines() if line.startswith("COPY") and "--from=" not in line
    ]
    assert "USER 1000" in image
    assert 'ENTRYPOINT ["oaiconf"]' in image


def test_the_dockerfile_under_a_linter():
    """hadolint, of the group lint; .ci/run has it always."""
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if linter is None:
        pytest.skip("no hadolint: pip install --group lint")
    done = subprocess.run([linter, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
