"""Recordings of any form, read one exchange at a time, gzipped or not, from a file, a zip or a pipe."""

import gzip
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import BufferedReader, FileIO
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from conformance.offline import document
from conformance.offline.attached import beside, member
from conformance.offline.codings import CodingError
from conformance.offline.files import STDIN, named_as_recording
from conformance.offline.form import (
    Attached,
    Element,
    all_forms,
    byte_forms,
    list_paths,
    nothing_attached,
)
from conformance.offline.json_stream import JsonStream, TornError
from conformance.offline.record import LeftOutError, Record, asked_of, exchange_of
from conformance.offline.yaml_stream import YamlStream
from wire import jsonl
from wire.exchange import Exchange

LONGEST_LINE: Final = 256 * 2**20
_SHORT_LINE: Final = 200  # of a document in indented JSON, the first line is one


class Trouble(NamedTuple):
    """What could not be read, and where. A body left out is not bad; `foreign` is no recording."""

    place: str
    reason: str
    left_out: bool = False
    foreign: bool = False
    file: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Entry(NamedTuple):
    """An exchange and where it stands: `file, line 3`, `file, entry 7`."""

    exchange: Exchange
    place: str


OnTrouble = Callable[[Trouble], object]


class ForeignError(ValueError):
    """A value that is of no form."""


@dataclass
class Reader:
    """Reads one file. `endpoint` is the path of responses that were kept without their request."""

    path: str
    on_trouble: OnTrouble
    endpoint: str = ""
    short: str = ""
    """Of the file, for the ids of its exchanges: no other one of a run has it."""
    _where: str = field(default="", init=False)
    """The member of a zip that is read."""

    def entries(self) -> Iterator[Entry]:
        """The exchanges in file order. What cannot be read goes to `on_trouble`."""
        try:
            with ExitStack() as stack:
                raw = FileIO(0 if self.path == STDIN else self.path, closefd=self.path != STDIN)
                self._raw = stack.enter_context(raw)
                file: BufferedReader[Any] = stack.enter_context(BufferedReader(raw, 1 << 16))
                if file.peek(4)[:4] == b"PK\x03\x04":
                    yield from self._members(stack, file)
                else:
                    folder = Path(self.path).parent
                    attached = nothing_attached if self.path == STDIN else beside(folder)
                    yield from self._file(stack, file, attached)
        except TornError as error:
            self._torn(error)
        except (OSError, EOFError, zlib.error) as error:
            self._say("", f"cannot be read: {error}")

    @property
    def name(self) -> str:
        name = "standard input" if self.path == STDIN else self.path
        return f"{name}, {self._where}" if self._where else name

    @property
    def _short(self) -> str:
        own = "standard input" if self.path == STDIN else Path(self.path).name
        name = self.short or own
        return f"{name}, {self._where}" if self._where else name

    def consumed(self) -> int:
        """Bytes of the file as it lies there that have been read, for progress."""
        try:
            return self._raw.tell()
        except (AttributeError, OSError, ValueError):
            return 0

    def _members(self, stack: ExitStack, file: "BufferedReader[Any]") -> Iterator[Entry]:
        """The recordings in a zip: its HAR files where it has any (Playwright), else all of them."""
        whole: IO[bytes] = file
        if not file.seekable():
            whole = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            shutil.copyfileobj(file, whole)
        try:
            archive = stack.enter_context(zipfile.ZipFile(whole))
        except zipfile.BadZipFile as error:
            raise TornError(0, f"a torn zip: {error}") from error
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        mains = [n for n in names if n.endswith((".har", ".network"))]
        mains = mains or [n for n in names if named_as_recording(n) and not n.endswith(".zip")]
        if not mains:
            self._say("", document.NOT_READ, foreign=True)
        for name in mains:
            self._where = name
            try:
                with archive.open(name) as inner:
                    yield from self._file(stack, BufferedReader(inner), member(archive, name))
            except TornError as error:
                self._torn(error)
            except (RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
                self._say("", f"cannot be read: {error}")
            self._where = ""

    def _file(
        self, stack: ExitStack, file: "BufferedReader[Any]", attached: Attached
    ) -> Iterator[Entry]:
        if file.peek(2)[:2] == b"\x1f\x8b":
            plain = stack.enter_context(gzip.GzipFile(fileobj=file))
            file = stack.enter_context(BufferedReader(plain, 1 << 16))
        head = file.peek(4096)
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not text:
            raise TornError(0, "an empty file")
        for form in byte_forms():
            if form.begins.match(head):
                yield from self._records(form.records(file))
                return
        if text[:1] not in {b"{", b"["}:
            if b"\0" in text or text[:1] == b"\x1f":
                raise TornError(0, document.NOT_READ)
            found = document.elements(YamlStream(file), list_paths(), attached)
            yield from self._elements(found, "line")
        elif self._is_lines(text):
            yield from self._lines(file, attached)
        else:
            found = document.elements(JsonStream(file), list_paths(), attached)
            yield from self._elements(found, "byte")

    def _is_lines(self, head: bytes) -> bool:
        """Whether JSON values stand one a line: the name says so, or the first lines are so."""
        if (
            (self._where or self.path)
            .removesuffix(".gz")
            .endswith((".jsonl", ".ndjson", ".network"))
        ):
            return True
        first, _, more = head.partition(b"\n")
        if first.startswith(b"[") or b'"log"' in first[:20]:
            return False
        if not more:  # a long line: does it look like one of ours?
            before, known, _ = first[:600].partition(b'"request"')
            return bool(known) and b"[" not in before
        try:
            value = json.loads(first)
        except (ValueError, RecursionError):
            return len(first) > _SHORT_LINE and b'"request"' in first
        return isinstance(value, dict) and ("request" in value or more.lstrip()[:1] == b"{")

    def _lines(self, file: "BufferedReader[Any]", attached: Attached) -> Iterator[Entry]:
        number, offset = 0, 0
        while True:
            number += 1
            where = f"line {number}"
            try:
                line = file.readline(LONGEST_LINE)
            except (EOFError, OSError, zlib.error) as error:
                self._say(f"{where} (byte {offset})", f"the file is torn: {error}")
                return
            if not line:
                return
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                torn = "" if line.endswith(b"\n") else "the last line is torn: "
                place = f"{self.name}, {where}"
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError) as error:
                    self._say(f"{where} (byte {offset})", f"{torn}{error}")
                else:
                    element = Element(value, index=number - 1, attached=attached)
                    yield from self._made(element, place, place, f"{where} (byte {offset})")
            offset += len(line)

    def _elements(self, found: Iterator[tuple[int, Element]], unit: str) -> Iterator[Entry]:
        for number, (at, element) in enumerate(found, 1):
            place = f"{self.name}, entry {number}"
            name = f"{self._short}#{number}"
            yield from self._made(element, place, name, f"entry {number} ({unit} {at})")

    def _made(self, element: Element, place: str, name: str, where: str) -> Iterator[Entry]:
        """The exchanges of one element, or what keeps it from being some."""
        short = where.partition(" (")[0]
        try:
            if (own := _own(element.value, place)) is not None:
                yield Entry(own, place)
                return
            records = _records_of(element)
        except LeftOutError as reason:
            self._say(short, str(reason), left_out=True)
            return
        except ForeignError as error:
            self._say(where, str(error), foreign=True)
            return
        except _BAD as error:
            self._say(where, _one_line(error))
            return
        for number, record in enumerate(self._guarded(iter(records), short, where), 1):
            more = f".{number}" if number > 1 else ""
            try:
                yield Entry(exchange_of(record, name + more, place, self.endpoint), place)
            except LeftOutError as reason:
                self._say(short, str(reason), left_out=True)
            except _BAD as error:
                self._say(where, _one_line(error))

    def _guarded(self, records: Iterator[Record], short: str, where: str) -> Iterator[Record]:
        """The records as far as they can be made; a reader stops at the first that cannot."""
        while True:
            try:
                yield next(records)
            except StopIteration:
                return
            except LeftOutError as reason:
                self._say(short, str(reason), left_out=True)
                return
            except _BAD as error:
                self._say(where, _one_line(error))
                return

    def _records(self, found: Iterator[tuple[int, Record]]) -> Iterator[Entry]:
        """The exchanges of a form that is neither JSON nor YAML."""
        number, at = 0, 0
        while True:
            number += 1
            place = f"{self.name}, entry {number}"
            try:
                at, record = next(found)
                name = f"{self._short}#{number}"
                yield Entry(exchange_of(record, name, place, self.endpoint), place)
            except StopIteration:
                return
            except LeftOutError as reason:
                self._say(f"entry {number}", str(reason), left_out=True)
            except TornError:
                raise
            except _BAD as error:
                self._say(f"entry {number} (byte {at})", _one_line(error))

    def _torn(self, error: TornError) -> None:
        self._say(f"byte {error.offset}", str(error), foreign=str(error) == document.NOT_READ)

    def _say(
        self, where: str, reason: str, *, left_out: bool = False, foreign: bool = False
    ) -> None:
        place = f"{self.name}, {where}" if where else self.name
        self.on_trouble(Trouble(place, reason, left_out, foreign, self.path))


# What a value that is not as it should be can raise; nothing else is expected of a reader.
_BAD: Final = (
    CodingError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError,
)  # fmt: skip


def _one_line(error: Exception) -> str:
    if isinstance(error, ValueError) and str(error):
        return " ".join(str(error).split())[:300]
    return f"a value that makes no sense there ({type(error).__name__}: {str(error)[:100]})"


def _own(value: Any, place: str) -> Exchange | None:
    """An exchange as we write it ourselves, or nothing when the value is of another form."""
    if not isinstance(value, dict):
        return None
    request, response = value.get("request"), value.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return None
    if not isinstance(request.get("path"), str) or "url" in request or "uri" in request:
        return None
    if "body_text" not in response and "timed" not in response and response.keys() - _OWN_PARTS:
        return None
    exchange = jsonl.read(value)
    if exchange.source is not None:  # not of our own making, where an empty body is an empty body
        exchange = replace(exchange, request=asked_of(exchange.request, exchange.reply))
    host = value.get("host")
    if isinstance(host, str) and not exchange.connection.origin:
        connection = replace(exchange.connection, origin=f"https://{host}")
        exchange = replace(exchange, connection=connection)
    return exchange if exchange.id else replace(exchange, id=place)


_OWN_PARTS: Final = frozenset({"status", "headers", "headers_at_ms", "body_text", "timed"})


def _records_of(element: Element) -> Iterable[Record]:
    """What the first form that knows the element makes of it."""
    for form in all_forms():
        records = form.records(element)
        if records is not None:
            return records
    raise ForeignError(document.NOT_READ)
