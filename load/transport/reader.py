"""What every reader of a reply says of it, once the events, or the body, went through it."""

from array import array
from collections.abc import Sequence
from typing import Any, Final

from wire.usage import Usage

DETAIL: Final = 300  # characters
# Said at the end of an answer that is none: by the API, by vLLM, SGLang and their fronts.
ERROR_FINISHES: Final = frozenset({
    "error", "abort", "aborted", "cancelled", "canceled", "failed", "timeout", "internal_error", "server_error",
})  # fmt: skip
BAD_FINISHES: Final = ERROR_FINISHES | {"content_filter"}


class Reader:
    """Takes the decoded events of one reply (or its body) and says what it was."""

    __slots__ = (
        "_keep", "error", "events", "finish", "limited", "problem", "seen", "stamps", "texts", "visible_ns",
    )  # fmt: skip

    def __init__(self) -> None:
        # Arrival of each content-bearing event, nanoseconds. A stream without an end has 400,000 of them
        # before it is given up, and many such are in flight at once: 8 bytes each, not 36.
        self.stamps: array[int] = array("q")
        self._keep = False  # whether texts are kept
        self.visible_ns = 0  # of the first that is no reasoning; 0 when none
        self.events = 0
        self.problem = ""  # why it could not be read; empty when it could
        self.error: Any = None  # an error that came inside of a success
        self.limited = False  # whether the answer was cut for its length
        self.finish = ""  # the finish_reason, where it is one that a good answer has not
        self.texts: list[str] = []  # of the contents that are plain text, where they are kept
        self.seen: dict[str, str] = {}  # violations by requirement

    def take(self, data: str, name: str, at_ns: int) -> None:
        raise NotImplementedError

    def take_batch(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> bool:  # noqa: ARG002
        """Events of the usual form, each a piece, see `load.transport.batched_events`; False: nothing was taken."""
        return False

    @property
    def whole(self) -> bool:
        raise NotImplementedError

    @property
    def finished(self) -> bool:
        """Whether everything was said, though the mark that ends a stream may be missing."""
        return self.whole

    @property
    def usage(self) -> Usage | None:
        raise NotImplementedError

    def forget_texts(self) -> None:
        """Keep no text of an answer that has too many pieces: its tokens are not counted then."""
        self.texts.clear()
        self._keep = False

    def text(self) -> str:
        return "".join(self.texts)

    def violations(self) -> dict[str, str]:
        """Of the whole reply, once it is over."""
        raise NotImplementedError

    def _violate(self, requirement: str, what: str) -> None:
        self.seen.setdefault(requirement, f"event {self.events}: {what}"[:DETAIL])
