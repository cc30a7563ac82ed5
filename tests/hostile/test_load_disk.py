"""Load on a full disk: one line, an exit code that says so, no traceback."""

import os
import resource
import signal
import subprocess
import sys

from tests.hostile.bounded import ROOT


def _limit():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))


def test_a_report_that_cannot_be_written_is_one_line(tmp_path):
    words = [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--scenario", "chat-stream",
        "--rate", "10", "--duration", "1", "--report-dir", str(tmp_path / "report"),
    ]  # fmt: skip
    done = subprocess.run(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=_limit, env=dict(os.environ),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "File too large" in said
    assert done.returncode == 2, said


def test_a_run_whose_output_nobody_reads_ends_with_its_report(tmp_path):
    words = [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--scenario", "chat-stream",
        "--rate", "10", "--duration", "1", "--report-dir", str(tmp_path / "report"),
    ]  # fmt: skip
    read, write = os.pipe()
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=write, stderr=write
    ) as process:
        os.close(write)
        os.read(read, 1)
        os.close(read)
        try:
            assert process.wait(90) in {0, 1, 4, 120}
        finally:
            process.kill()
    assert (tmp_path / "report" / "load.json").is_file()
