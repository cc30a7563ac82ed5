"""A sample of streams in the form that `python -m conformance judge` reads: all rules, not only ours.

On every stream the few rules of the readers run while it arrives. The kept ones are written as
exchanges and judged by the whole catalogue after the run, in a process of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from load.transport.request import KEPT_BYTES, Arrival
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request
from wire.jsonl import dump
from wire.redaction import Redactor

ROOT: Final = Path(__file__).parents[2]
MOST: Final = 60  # exchanges of a run
TIMEOUT_S: Final = 120


def clean(arrival: Arrival, redactor: Redactor) -> None:
    """Take secrets out of all that is kept of an arrival, also where the deltas of a stream bring one in pieces."""
    if arrival.detail:
        arrival.detail = redactor.text(arrival.detail)
        arrival.media_type = redactor.text(arrival.media_type)
        arrival.retry_after = redactor.text(arrival.retry_after)
    for name, what in arrival.violations.items():
        arrival.violations[name] = redactor.text(what)
    if arrival.kept is None:
        return
    found = redactor.exchange(exchange_of(arrival, 0.0)).reply
    stamps = [at_ns for at_ns, _ in arrival.kept]
    arrival.kept = list(zip(stamps, (chunk.data for chunk in found.chunks), strict=True))
    arrival.headers = list(found.headers)


def line_of(arrival: Arrival, started_at: float, redactor: Redactor) -> str | None:
    """A kept arrival as one line; None where it was not kept whole."""
    if arrival.kept is None or not arrival.headers_ns or arrival.received_bytes >= KEPT_BYTES:
        return None
    return dump(redactor.exchange(exchange_of(arrival, started_at)))


def exchange_of(arrival: Arrival, started_at: float) -> Exchange:
    """A kept arrival in the form that rules judge."""
    sent = arrival.sent_ns
    headers = (("content-type", "application/json"),) if arrival.request.body else ()
    return Exchange(
        id=f"load-{arrival.number}-{sent}",
        request=Request(
            "POST" if arrival.request.body else "GET",
            f"/v1{arrival.request.path}",
            headers,
            arrival.request.body,
        ),
        reply=Reply(
            arrival.status,
            tuple(arrival.headers),
            tuple(Chunk((at_ns - sent) / 1e6, data) for at_ns, data in arrival.kept or ()),
            headers_at_ms=(arrival.headers_ns - sent) / 1e6,
        ),
        connection=Connection(
            ENDINGS.get(str(arrival.outcome), Ended.COMPLETE),
            total_ms=(arrival.end_ns - sent) / 1e6,
        ),
        started_at=started_at,
        source="load",
    )


ENDINGS: Final = {
    "reset_mid_stream": Ended.RESET,
    "timeout_idle": Ended.TIMEOUT,
    "timeout_first_token": Ended.TIMEOUT,
    "timeout_total": Ended.TIMEOUT,
    "cut_by_end": Ended.ABORTED,
}


def judged(lines: list[str], folder: Path, profile: str) -> dict[str, Any] | None:
    """What the whole catalogue finds in the sample, by what the target claims: requirements that fail."""
    if not lines:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path, out = folder / "load-sample.jsonl", folder / "load-sample.json"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [
                sys.executable, "-m", "conformance", "judge", str(path), "--json", str(out),
                "--quiet", "--profile", profile,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )  # fmt: skip
        if done.returncode not in {0, 1}:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            return {"exchanges": len(lines), "problem": said[-1][:200]}
        document = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"exchanges": len(lines), "problem": str(error).splitlines()[0][:200]}
    results = document["results"]
    return {
        "exchanges": len(lines),
        "requirements": len({row["requirement"] for row in results if row["outcome"] in {"pass", "fail", "advisory"}}),
        "failed": sorted({row["requirement"] for row in results if row["outcome"] == "fail"}),
        "advisories": sorted({row["requirement"] for row in results if row["outcome"] == "advisory"}),
    }  # fmt: skip
