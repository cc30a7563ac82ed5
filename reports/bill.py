"""The bill of a run as people read it: tokens and dollars claimed, counted, and taken from the balance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.document import Document
from reports.fields import number_in, text_in


@dataclass(frozen=True)
class BillRow:
    """One model, endpoint and way. Dollars are None where no price is known, or no balance was read."""

    model: str
    way: str
    answers: int
    claimed: int
    counted: int
    percent: float
    claimed_usd: float | None
    counted_usd: float | None
    debit_usd: float | None
    debit_claimed_usd: float | None
    debit_answers: int

    @property
    def difference_usd(self) -> float | None:
        if self.claimed_usd is None or self.counted_usd is None:
            return None
        return self.claimed_usd - self.counted_usd


@dataclass(frozen=True)
class Bill:
    sentence: str
    percent: float
    claimed: int
    counted: int
    rows: tuple[BillRow, ...]

    @property
    def debited(self) -> bool:
        """Whether the balance was read around any answer."""
        return any(row.debit_usd is not None for row in self.rows)


def bill_of(document: Document) -> Bill | None:
    """The bill of a document; None where nothing was counted."""
    cost = _object(document.raw.get("cost"))
    told = _object(cost.get("bill"))
    sentence, percent = text_in(told, "sentence"), number_in(told, "percent")
    claimed, counted = (_tokens(_object(cost.get(side))) for side in ("claimed", "counted"))
    if not sentence or percent is None or claimed is None or counted is None:
        return None
    given = told.get("rows")
    rows = [_row(row) for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    return Bill(sentence, percent, claimed, counted, tuple(rows))


def _row(row: Mapping[str, Any]) -> BillRow:
    claimed, counted, debit = (_object(row.get(name)) for name in ("claimed", "counted", "debit"))
    way = "streamed" if row.get("streamed") is True else "plain"
    return BillRow(
        text_in(row, "model"),
        f"{text_in(row, 'endpoint')}, {way}",
        int(number_in(row, "answers") or 0),
        _tokens(claimed) or 0,
        _tokens(counted) or 0,
        number_in(row, "percent") or 0.0,
        number_in(claimed, "usd"),
        number_in(counted, "usd"),
        number_in(debit, "usd"),
        number_in(debit, "claimed_usd"),
        int(number_in(debit, "answers") or 0),
    )


def _tokens(side: Mapping[str, Any]) -> int | None:
    numbers = [number_in(side, name) for name in ("prompt_tokens", "completion_tokens")]
    return None if None in numbers else int(sum(n for n in numbers if n is not None))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
