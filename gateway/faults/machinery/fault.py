"""Faults: named ways of being wrong, as transforms around a gateway that is right."""

import importlib
import pkgutil
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

import gateway.faults
from gateway.accounts.charge import Charge
from gateway.frames import GatewayReply, Piece, encode
from wire.exchange import Request


class Family(StrEnum):
    SHAPE = "shape"
    VALUE = "value"
    FRAMING = "framing"
    ORDER = "order"
    CONTENT = "content"
    HEADER = "header"
    STATUS = "status"
    PARAMETER = "parameter"
    AUTH = "auth"
    TIMING = "timing"
    TRUNCATION = "truncation"
    STATE = "state"
    LEAK = "leak"
    BILLING = "billing"


def always(_: Request) -> bool:
    return True


def rows(names: str) -> tuple[str, ...]:
    """Ids of requirements that stand in one text, apart by spaces."""
    return tuple(names.split())


@dataclass(frozen=True)
class Fault:
    """One way of being wrong.

    `breaks` where a fault is written names the requirements it was made for, or none; in
    `all_faults()` it is every requirement that fails with it, from the measured tables.
    """

    name: str
    breaks: tuple[str, ...]
    says: str
    family: Family
    when: Callable[[Request], bool] = always
    request: Callable[[Request], Request] | None = None
    reply: Callable[[Request, GatewayReply], GatewayReply] | None = None
    wire: Callable[[Request, tuple[Piece, ...]], tuple[Piece, ...]] | None = None
    settle: Callable[[Charge], Charge] | None = None
    late_s: float = 0
    """Charges are booked so many seconds after their answers."""


class Handler(Protocol):
    """What a gateway is to the outside, right or wrong."""

    def handle(self, request: Request) -> GatewayReply: ...

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None: ...


class Faulty:
    """A gateway seen through faults, the first of them nearest to the gateway."""

    def __init__(self, inner: Handler, faults: tuple[Fault, ...]) -> None:
        self.inner = inner
        self.faults = faults
        self._late_s = max((fault.late_s for fault in faults), default=0)
        self._clock: Callable[[], float] = getattr(inner, "clock", time.time)
        self._due: list[tuple[float, GatewayReply, int | None]] = []

    def _book(self) -> None:
        """What was to be booked by now."""
        now = self._clock()
        for _, reply, sent in [row for row in self._due if row[0] <= now]:
            self.inner.settle(reply, sent)
        self._due = [row for row in self._due if row[0] > now]

    def handle(self, request: Request) -> GatewayReply:
        self._book()
        active = [fault for fault in self.faults if fault.when(request)]
        seen = request
        for fault in active:
            if fault.request:
                seen = fault.request(seen)
        reply = self.inner.handle(seen)
        for fault in active:
            if fault.settle and reply.charge:
                reply = replace(reply, charge=fault.settle(reply.charge))
            if fault.reply:
                reply = fault.reply(request, reply)
            if fault.wire:
                reply = replace(reply, pieces=fault.wire(request, encode(reply)))
        return reply

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        if self._late_s:
            self._due.append((self._clock() + self._late_s, reply, sent))
        else:
            self.inner.settle(reply, sent)


def fault_modules() -> Iterator[ModuleType]:
    """Every module of every area's folder in `gateway.faults`, found by looking."""
    for area in pkgutil.iter_modules(gateway.faults.__path__, "gateway.faults."):
        for found in pkgutil.iter_modules(
            importlib.import_module(area.name).__path__, f"{area.name}."
        ):
            module = importlib.import_module(found.name)
            if hasattr(module, "FAULTS"):
                yield module


@cache
def all_faults() -> dict[str, Fault]:
    """Every fault of every module in `gateway.faults`, by name."""
    found: dict[str, Fault] = {}
    for module in fault_modules():
        for fault in module.FAULTS:
            if fault.name in found:
                raise ValueError(f"two faults are called {fault.name}")
            found[fault.name] = fault
    for name, breaks in declared().items():
        if name not in found:
            raise ValueError(f"no fault is called {name}, which is said to break {breaks}")
        found[name] = replace(found[name], breaks=breaks)
    return found


def declared() -> dict[str, tuple[str, ...]]:
    """What each fault breaks, as measured: `gateway/faults/<area>/breaks.toml`, one line a fault."""
    rows: dict[str, tuple[str, ...]] = {}
    for folder in gateway.faults.__path__:
        for path in sorted(Path(folder).glob("*/breaks.toml")):
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            rows |= {name: tuple(breaks) for name, breaks in table.items()}
    return rows
