"""Recordings of any form, read one exchange at a time: HAR, cassettes, JSON Lines, gzipped or not."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from glob import glob, has_magic
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from conformance.offline import cassette, har
from conformance.offline.codings import CodingError
from conformance.offline.json_stream import JsonStream, TornError
from conformance.offline.transcription import LeftOutError, asked_of
from conformance.offline.yaml_stream import INTERACTIONS, YamlStream
from wire import jsonl
from wire.exchange import Exchange

STDIN: Final = "-"
SUFFIXES: Final = (".jsonl", ".ndjson", ".har", ".json", ".yaml", ".yml")
FOREIGN: Final = "neither a HAR file, nor a cassette, nor JSON Lines"
_SHORT_LINE: Final = 200  # of a document in indented JSON, the first line is one


class Trouble(NamedTuple):
    """What could not be read, and where. `fatal` ends the file; a body left out is not even bad."""

    place: str
    reason: str
    left_out: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Entry(NamedTuple):
    """An exchange and where it stands: `file, line 3`, `file, entry 7`."""

    exchange: Exchange
    place: str


OnTrouble = Callable[[Trouble], object]


class NoSuchFileError(ValueError):
    """An argument that names no file."""


def files(arguments: Iterable[str]) -> list[str]:
    """The files that arguments name: files, folders (all recordings below), globs, `-`."""
    found: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument == STDIN or path.is_file():
            found.append(argument)
        elif path.is_dir():
            found += [str(p) for p in sorted(path.rglob("*")) if _is_recording(p, path)]
        elif has_magic(argument) and (matches := _matches(argument)):
            found += [m for m in matches if Path(m).is_file()]
        elif path.exists():  # a pipe
            found.append(argument)
        else:
            raise NoSuchFileError(f"{argument}: no such file")
    return list(dict.fromkeys(found))


def _matches(pattern: str) -> list[str]:
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207 - patterns may be absolute


def _is_recording(path: Path, below: Path) -> bool:
    inside = path.relative_to(below).parts
    hidden = any(part.startswith(".") or part == "node_modules" for part in inside)
    name = path.name.removesuffix(".gz")
    return not hidden and name.endswith(SUFFIXES) and path.is_file()


@dataclass
class Reader:
    """Reads one file."""

    path: str
    on_trouble: OnTrouble

    def entries(self) -> Iterator[Entry]:
        """The exchanges in file order. What cannot be read goes to `on_trouble`."""
        try:
            with ExitStack() as stack:
                raw = FileIO(0 if self.path == STDIN else self.path, closefd=self.path != STDIN)
                self._raw = stack.enter_context(raw)
                file: BufferedReader[Any] = stack.enter_context(BufferedReader(raw, 1 << 16))
                if file.peek(2)[:2] == b"\x1f\x8b":
                    plain = stack.enter_context(gzip.GzipFile(fileobj=file))
                    file = stack.enter_context(BufferedReader(plain, 1 << 16))
                yield from self._read(file)
        except TornError as error:
            self._say(f"byte {error.offset}", str(error))
        except (OSError, EOFError, zlib.error) as error:
            self._say("", f"cannot be read: {error}")

    @property
    def name(self) -> str:
        return "standard input" if self.path == STDIN else self.path

    def consumed(self) -> int:
        """Bytes of the file as it lies there that have been read, for progress."""
        try:
            return self._raw.tell()
        except (AttributeError, OSError, ValueError):
            return 0

    def _read(self, file: "BufferedReader[Any]") -> Iterator[Entry]:
        head = file.peek(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not head:
            raise TornError(0, "an empty file")
        if head[:1] not in {b"{", b"["}:
            if head[:1] in {b"\0", b"\x1f", b"P"} or b"\0" in head:
                raise TornError(0, FOREIGN)
            yield from self._interactions(YamlStream(file).interactions(), "line")
        elif self._is_lines(head):
            yield from self._lines(file)
        else:
            yield from self._interactions(_document(JsonStream(file)), "byte")

    def _is_lines(self, head: bytes) -> bool:
        """Whether JSON values stand one a line: the name says so, or the first line is one."""
        if self.path.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
            return True
        first, _, more = head.partition(b"\n")
        if first.startswith(b"[") or b'"log"' in first[:20]:
            return False
        if not more:  # a long line: does it look like one of ours?
            return b'"request"' in first[:600] and b'ractions"' not in first[:200]
        try:
            value = json.loads(first)
        except ValueError:
            return len(first) > _SHORT_LINE and b'"request"' in first
        return isinstance(value, dict) and "request" in value

    def _lines(self, file: "BufferedReader[Any]") -> Iterator[Entry]:
        number, offset = 0, 0
        while True:
            number += 1
            try:
                line = file.readline()
            except (EOFError, OSError, zlib.error) as error:
                self._say(f"line {number} (byte {offset})", f"the file is torn: {error}")
                return
            if not line:
                return
            where = f"line {number}"
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                try:
                    exchange = _of_line(line, f"{self.name}, {where}")
                except LeftOutError as reason:
                    self._say(where, str(reason), left_out=True)
                except (ValueError, TypeError, RecursionError, OverflowError) as error:
                    torn = "" if line.endswith(b"\n") else "the last line is torn: "
                    self._say(f"{where} (byte {offset})", f"{torn}{error}")
                else:
                    yield Entry(exchange, f"{self.name}, {where}")
            offset += len(line)

    def _interactions(self, found: Iterator[tuple[int, Any]], unit: str) -> Iterator[Entry]:
        for number, (at, value) in enumerate(found, 1):
            place = f"{self.name}, entry {number}"
            try:
                if not isinstance(value, dict):
                    raise ValueError(FOREIGN)  # noqa: TRY004, TRY301 - one error for one defect
                yield Entry(_of_value(value, place, f"{Path(self.name).name}#{number}"), place)
            except LeftOutError as reason:
                self._say(f"entry {number}", str(reason), left_out=True)
            except (CodingError, ValueError, TypeError, RecursionError, OverflowError) as error:
                self._say(f"entry {number} ({unit} {at})", str(error))

    def _say(self, where: str, reason: str, *, left_out: bool = False) -> None:
        place = f"{self.name}, {where}" if where else self.name
        self.on_trouble(Trouble(place, reason, left_out))


def _of_line(line: bytes, place: str) -> Exchange:
    value = json.loads(line)
    if isinstance(value, dict):
        request = value.get("request")
        if isinstance(request, dict) and "path" not in request:
            return _of_value(value, place, place)
    exchange = jsonl.read(value)
    if exchange.source is not None:  # not of our own making, where an empty body is an empty body
        exchange = replace(exchange, request=asked_of(exchange.request, exchange.reply))
    host = value.get("host")
    if isinstance(host, str) and not exchange.connection.origin:
        connection = replace(exchange.connection, origin=f"https://{host}")
        exchange = replace(exchange, connection=connection)
    return exchange if exchange.id else replace(exchange, id=place)


def _of_value(value: dict[str, Any], place: str, name: str) -> Exchange:
    """One element of a document: ours, a HAR entry, or an interaction."""
    request, response = value.get("request"), value.get("response")
    if isinstance(request, dict) and isinstance(response, dict):
        if isinstance(response.get("content"), dict) or "startedDateTime" in value:
            return har.exchange_of(value, name, place)
        if isinstance(request.get("path"), str) and "url" not in request and "uri" not in request:
            return jsonl.read(value)
    return cassette.exchange_of(value, name, place)


def _document(stream: JsonStream) -> Iterator[tuple[int, Any]]:
    """The interactions of a JSON document: HAR, a cassette, a list, or one interaction a file."""
    if stream.peek() == "[":
        yield from stream.elements()
        return
    while stream.peek() == "{":
        offset, rest, several = stream.offset, {}, False
        for key in stream.members():
            if key == "log" and stream.peek() == "{":
                for inner in stream.members():
                    if inner == "entries" and stream.peek() == "[":
                        several = True
                        yield from stream.elements()
                    else:
                        stream.value()
            elif key in INTERACTIONS and stream.peek() == "[":
                several = True
                yield from stream.elements()
            else:
                rest[key] = stream.value()
        if "request" in rest:
            yield offset, rest
        elif not several:
            raise TornError(offset, FOREIGN)
    if stream.peek():
        raise TornError(stream.offset, f"{stream.peek()!r} stands where the document should end")
