"""One arrival on its way: what is sent, the time points of what happened, and how it ended."""

from typing import Final

import msgspec

from load.measure.outcome import Outcome
from load.transport.reader import DETAIL, Reader
from load.transport.usage_sums import believable
from wire.endpoint import Endpoint
from wire.usage import Usage

COMPLETIONS: Final = "/completions"
EMBEDDINGS: Final = "/embeddings"
KEPT_BYTES: Final = 256 * 1024  # of a reply that is kept for a transcript


# Structs, not dataclasses: one of each is made for every request, and these are filled in C.
class Request(msgspec.Struct, frozen=True):
    """A request that is ready to be sent. `expected` is the text that a faithful model answers."""

    scenario: str
    endpoint: Endpoint
    path: str
    body: bytes
    stream: bool = True
    usage: bool = True  # whether a usage is owed
    expected: str | None = None
    most_tokens: int | None = None  # the limit that the request itself sets
    # How long prompt and answer are meant to be, as the server counts.
    input_tokens: int | None = None
    output_tokens: int | None = None
    usage_owed: bool = True  # whether the request asks its stream for one
    session: str = ""  # the conversation that it is a turn of
    turn: int = 0  # from 1 on


class Arrival(msgspec.Struct, eq=False):
    """Times are nanoseconds of the monotonic clock of this process; 0 means never."""

    request: Request
    reader: Reader
    number: int = 0
    intended_ns: int = 0
    started_ns: int = 0  # taken up by the client
    sent_ns: int = 0  # just before the bytes of the request were written
    headers_ns: int = 0
    first_event_ns: int = 0
    last_ns: int = 0  # of the last bytes
    end_ns: int = 0
    connect_ns: int = 0  # how long a new connection took; 0 on a reused one
    lag_ns: int = -1  # kernel to application at the first content; -1: not known
    status: int = 0
    media_type: str = ""
    retry_after: str = ""
    received_bytes: int = 0
    usage: Usage | None = None  # what the server said it used, once it is over
    outcome: Outcome | None = None
    detail: str = ""
    retried: bool = False
    reserved_usd: float = 0.0
    kept: list[tuple[int, bytes]] | None = None  # raw pieces of the body, where they are kept
    headers: list[tuple[str, str]] = []
    violations: dict[str, str] = {}
    counted: int | None = None  # tokens by a tokenizer, where the server says no usage
    encoding: str = ""  # of the content, where it is another than the one asked for
    location: str = ""  # where a redirection points
    framed: bool = False  # whether the message itself says where it ends

    def end(self, outcome: Outcome, detail: str, at_ns: int) -> None:
        self.outcome, self.detail, self.end_ns = outcome, detail, at_ns
        self.usage = believable(self.reader.usage)

    @property
    def output_tokens(self) -> int | None:
        """Of the answer: by usage, else by a tokenizer, else not known."""
        usage = self.usage.completion_tokens if self.usage else None
        return self.counted if usage is None else usage

    def fail_here(self, error: BaseException, at_ns: int) -> None:
        """An error of this client while it handled the arrival: nothing of the answer is trusted."""
        self.outcome, self.end_ns = Outcome.CLIENT_ERROR, at_ns
        self.detail = f"{type(error).__name__}: {error}"[:DETAIL]
        self.usage = None
