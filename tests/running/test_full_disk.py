"""A disk that is full, a folder that cannot be written: what can be written is there, one line, exit 2."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def judged(folder, *more, most_bytes=None, environment=None):
    def limit():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    words = [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short", f"--report-dir={folder}",
        "conformance/models", *more,
    ]  # fmt: skip
    return subprocess.run(
        words, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=200, check=False, preexec_fn=limit if most_bytes else None,
    )  # fmt: skip


def one_line(done):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr


@pytest.mark.parametrize("most_bytes", [40_000])
def test_a_full_disk_is_one_line_and_exit_2(tmp_path, most_bytes):
    done = judged(tmp_path / "report", most_bytes=most_bytes)
    one_line(done)
    lines = [line for line in done.stdout.splitlines() if "could not run" in line]
    assert len(lines) == 1, done.stdout
    assert "File too large" in lines[0] or "No space" in lines[0]


def test_a_record_that_cannot_be_written_is_told_once_and_the_rest_is_there(tmp_path):
    done = judged(tmp_path / "report", "--record=/dev/full")
    one_line(done)
    assert (tmp_path / "report" / "report.json").is_file()
    assert "No space left" in done.stdout
    full = judged(tmp_path / "notified", "--notify-file=/dev/full/x")
    assert "Traceback" not in full.stdout + full.stderr
    assert (tmp_path / "notified" / "report.json").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_is_one_line(tmp_path):
    (tmp_path / "report").mkdir(mode=0o500)
    one_line(judged(tmp_path / "report"))


def test_a_report_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "report").write_text("here")
    done = judged(tmp_path / "report")
    assert done.returncode in {2, 4}
    assert "Traceback" not in done.stdout + done.stderr
