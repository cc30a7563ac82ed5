"""The manifests of docs/kubernetes.md: by schema, and their arguments by Locust's parser and ours."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
MANIFESTS = [one for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) for one in yaml.safe_load_all(text)]  # fmt: skip
SCHEMA = json.loads((Path(__file__).parent / "locusttest.schema.json").read_text(encoding="utf-8"))
PARSE = """
import json, sys
from locust.argument_parser import get_parser
from load.options import add_options

for words in json.load(sys.stdin):
    parser = get_parser()
    add_options(parser)
    options = parser.parse_args(words)
    assert options.locustfile == "load/locustfile.py", words
    print(options.report_dir.startswith("/reports"), options.worker)
"""
POD = {"requests", "limits"}


def of_kind(kind):
    return [one for one in MANIFESTS if one["kind"] == kind]


def errors(manifest):
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(manifest)]


def test_the_operators_manifest_is_one():
    (manifest,) = of_kind("LocustTest")
    assert errors(manifest) == []


@pytest.mark.parametrize("changed", [
    {"replicas": 4}, {"workers": "4"}, {"args": ["-f"]}, {"env": [{"name": "K", "valueFrom": {}}]}, {"worker": {"cpu": 1}},
], ids=str)  # fmt: skip
def test_the_schema_can_refuse(changed):
    (manifest,) = of_kind("LocustTest")
    assert errors(manifest | {"spec": manifest["spec"] | changed})


def containers():
    return [pod for job in of_kind("Job") for pod in job["spec"]["template"]["spec"]["containers"]]


def test_every_argument_is_known_to_locust_and_to_us():
    lines = [shlex.split(of_kind("LocustTest")[0]["spec"]["args"]), *(one["args"] for one in containers())]  # fmt: skip
    assert all(isinstance(word, str) for words in lines for word in words)
    done = subprocess.run([sys.executable, "-c", PARSE], cwd=ROOT, input=json.dumps(lines), capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "False", "True", "False", "False", "True"]


def test_the_jobs_fit_together():
    """What a cluster would only say once it runs: names, ports, the number of workers, secrets, volumes."""
    master, worker = of_kind("Job")
    (service,) = of_kind("Service")
    for job in (master, worker):
        assert job["apiVersion"] == "batch/v1"
        assert job["spec"]["template"]["spec"]["restartPolicy"] in {"Never", "OnFailure"}
    assert service["spec"]["selector"] == master["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["ports"][0]["port"] == 5557  # where Locust's master listens
    sent, heard = (one["args"] for one in containers())
    assert heard[heard.index("--master-host") + 1] == service["metadata"]["name"]
    assert int(sent[sent.index("--expect-workers") + 1]) == worker["spec"]["parallelism"] == worker["spec"]["completions"]  # fmt: skip
    for pod in containers():
        assert pod["env"][0]["name"] == "CONFORMANCE_API_KEY"
        assert "value" not in pod["env"][0]
        assert pod["image"] == containers()[0]["image"]
        assert set(pod["resources"]) <= POD
    volumes = {one["name"] for one in master["spec"]["template"]["spec"]["volumes"]}
    assert {one["name"] for one in containers()[0]["volumeMounts"]} == volumes
