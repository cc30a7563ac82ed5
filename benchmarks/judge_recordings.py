"""Time and memory of `judge`: over a file as it is, and over a long one made of it.

    python benchmarks/judge_recordings.py FILE.jsonl[.gz] [--megabytes 500] [--form jsonl|har]

The long file repeats the lines of FILE under new ids until it has the size. The judgement runs in
a process of its own; its peak of resident memory is what counts.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from conformance.offline.recordings import Reader
from wire import jsonl

PROGRAM = """
import resource, sys
from conformance.__main__ import main
code = main(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def values(source: Path) -> Iterator[dict[str, object]]:
    """The lines of the file as objects, again and again, under new ids."""
    number = count()
    while True:
        for entry in Reader(str(source), print).entries():
            line = json.loads(jsonl.dump(entry.exchange))
            yield {**line, "id": f"{line['id']}-{next(number)}"}


def har_entry(value: dict[str, object]) -> dict[str, object]:
    request, response = value["request"], value["response"]
    body = request.get("body")  # type: ignore[attr-defined]
    text = request.get("body_text") or (json.dumps(body) if body is not None else "")  # type: ignore[attr-defined]
    headers = request["headers"]  # type: ignore[index]
    reply = response["headers"]  # type: ignore[index]
    return {
        "startedDateTime": value["recorded_at"],
        "request": {
            "method": request["method"],  # type: ignore[index]
            "url": f"https://api.openai.com{request['path']}",  # type: ignore[index]
            "headers": [{"name": n, "value": v} for n, v in dict(headers).items()],
            "postData": {"mimeType": "application/json", "text": text},
        },
        "response": {
            "status": response["status"],  # type: ignore[index]
            "headers": [{"name": n, "value": v} for n, v in dict(reply).items()],
            "content": {
                "mimeType": dict(reply).get("content-type", ""),
                "text": response["body_text"],
            },  # type: ignore[index]
        },
    }


def generate(source: Path, target: Path, megabytes: int, form: str) -> int:
    """Write the long file; the number of exchanges in it."""
    size, number = 0, 0
    with target.open("wb") as file:
        if form == "har":
            file.write(b'{"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [\n')
        for value in values(source):
            if form == "har":
                text = (b",\n" if number else b"") + json.dumps(har_entry(value)).encode()
            else:
                text = json.dumps(value).encode() + b"\n"
            file.write(text)
            size += len(text)
            number += 1
            if size >= megabytes * 2**20:
                break
        if form == "har":
            file.write(b"\n]}}\n")
    return number


def judged(path: Path) -> tuple[int, float, float, float]:
    """Exit code, seconds, processor seconds, and the peak of memory in MB of a judgement."""
    words = [sys.executable, "-c", PROGRAM, "judge", str(path), "--quiet"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, peak = done.stderr.splitlines()[-1].split()
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return int(code), seconds, processor, int(peak) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--megabytes", type=int, default=0, help="also judge a file of this size made of FILE"
    )
    parser.add_argument("--form", choices=("jsonl", "har"), default="jsonl")
    options = parser.parse_args()
    code, seconds, processor, peak = judged(options.file)
    print(
        f"{options.file.name}: {seconds:.1f} s ({processor:.1f} s of one core), {peak:.0f} MB, exit {code}"
    )
    if not options.megabytes:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"long.{options.form}"
        number = generate(options.file, path, options.megabytes, options.form)
        code, seconds, processor, peak = judged(path)
        size = path.stat().st_size / 2**20
        print(
            f"{size:.0f} MB of {options.form}, {number} exchanges: {seconds:.0f} s "
            f"({processor:.0f} s of one core), {peak:.0f} MB, exit {code}"
        )


if __name__ == "__main__":
    main()
