"""`python -m conformance scrub`: recordings without keys, cookies and organisation ids."""

import argparse
import gzip
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from conformance.offline.files import STDIN, NoSuchFileError, files
from conformance.offline.recordings import Reader, Trouble
from conformance.offline.scrubber import Scrubber, scrubbed_har, scrubbed_line

CLEAN, COULD_NOT = 0, 2

ABOUT = """\
Take keys, cookies and organisation ids out of recordings, so that they can be sent to someone.

FILE is anything that `judge` reads. JSON Lines and HAR files keep their form, cassettes become
JSON Lines; FILE itself is not touched. Every credential of a request is looked for in all of the
recording: in headers, paths, bodies, error texts, in JSON escapes, in base64, over the border of
two chunks. What looks like a key is taken even where no header presents it.

What a prompt or an answer says in words stays: read it before you send it."""

EPILOG = """\
exit code: 0 written; 2 a part could not be read and is not in the output

examples:
  python -m conformance scrub support-case.har            # writes support-case.scrubbed.har
  python -m conformance scrub tests/cassettes -o cassettes.jsonl.gz
  python -m conformance scrub day.jsonl -o - | python -m conformance judge -"""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "scrub",
        help="take keys, cookies and organisation ids out of recordings",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "file",
        nargs="+",
        metavar="FILE",
        help="recording, folder, pattern, or - for standard input",
    )
    add("-o", "--output", metavar="OUT", help="where to write, - for standard output; several files become one of JSON Lines (default: beside each FILE, as NAME.scrubbed.…)")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Scrub and say what was taken, on standard error."""
    troubles: list[Trouble] = []

    def complain(trouble: Trouble) -> None:
        if trouble.foreign and trouble.file not in arguments.file:
            return  # something else that lies in the folder
        troubles.append(trouble)
        print(f"{trouble}: not in the output", file=sys.stderr)

    try:
        with _seekable(files(arguments.file)) as names:
            if not names:
                print(f"scrub: no recordings in {', '.join(arguments.file)}", file=sys.stderr)
                return COULD_NOT
            if arguments.output and (len(names) > 1 or not _is_har(names[0])):
                _together(names, arguments.output, complain)
            else:
                for name in names:
                    _alone(name, arguments.output or _beside(name), complain)
    except NoSuchFileError as error:
        print(f"scrub: {error}", file=sys.stderr)
        return COULD_NOT
    except OSError as error:
        print(f"scrub: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        return COULD_NOT
    return COULD_NOT if troubles else CLEAN


@contextmanager
def _seekable(names: list[str]) -> Iterator[list[str]]:
    """The names, with standard input in a file: it is read twice."""
    if STDIN not in names:
        yield names
        return
    with tempfile.TemporaryDirectory(prefix="scrub-") as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [str(path) if name == STDIN else name for name in names]


def _is_har(name: str) -> bool:
    with _unzipped(name) as file:
        return b'"log"' in file.read(400)


def _beside(name: str) -> str:
    """`day.jsonl.gz` becomes `day.scrubbed.jsonl.gz`; a cassette's copy is JSON Lines."""
    path = Path(name)
    zipped = ".gz" if path.suffix == ".gz" else ""
    stem = path.with_suffix("") if zipped else path
    return f"{stem.with_suffix('')}.scrubbed{'.har' if _is_har(name) else '.jsonl'}{zipped}"


def _alone(name: str, output: str, complain: Callable[[Trouble], None]) -> None:
    if not _is_har(name):
        _together([name], output, complain)
        return
    scrubber = _learned([name], lambda _: None)
    with _unzipped(name) as file:
        text = scrubbed_har(file.read(), scrubber)
    if text is None:
        complain(Trouble(name, "not a whole JSON document"))
        return
    with _written(output) as out:
        out.write(text)
    _say([name], output, scrubber)


def _together(names: list[str], output: str, complain: Callable[[Trouble], None]) -> None:
    scrubber = _learned(names, lambda _: None)
    with _written(output) as out:
        for name in names:
            for entry in Reader(name, complain).entries():
                out.write(scrubbed_line(entry.exchange, scrubber))
    _say(names, output, scrubber)


def _learned(names: list[str], complain: Callable[[Trouble], None]) -> Scrubber:
    """A first reading: an echo may stand before the request that presents the key."""
    scrubber = Scrubber()
    for name in names:
        for entry in Reader(name, complain).entries():
            scrubber.learn(entry.exchange)
    return scrubber


def _say(names: list[str], output: str, scrubber: Scrubber) -> None:
    taken = ", ".join(scrubber.account()) or "nothing to take"
    where = "standard output" if output == STDIN else output
    print(f"{', '.join(names)} -> {where}: {taken}", file=sys.stderr)


def _unzipped(name: str) -> IO[bytes]:
    with Path(name).open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(name) if zipped else Path(name).open("rb")  # type: ignore[return-value]


@contextmanager
def _written(output: str) -> Iterator[IO[bytes]]:
    """The output, in its place only when it is whole: a half scrubbed file is easily mistaken."""
    if output == STDIN:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with gzip.open(part, "wb") if path.suffix == ".gz" else part.open("wb") as file:
            yield file  # type: ignore[misc]
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
