"""What a whole run shows of a server: which operations it knows, what it calls them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from wire.endpoint import Endpoint
from wire.exchange import Exchange

ABSENT = frozenset({404, 405, 501})
SILENT = frozenset({0, 401, 403, 408, 429, 503})
"""Statuses that say nothing about whether a path is served."""

Operation = tuple[str, Endpoint]


def operation(x: Exchange) -> Operation:
    return x.request.method, x.endpoint


@dataclass
class Survey:
    """Statuses and paths by operation (method and endpoint), and the models that were judged."""

    statuses: dict[Operation, Counter[int]] = field(default_factory=dict)
    paths: dict[Operation, list[str]] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    keys: Counter[str] = field(default_factory=Counter)
    few: bool = False
    """Whether so little fails that one name in two findings is no accident."""

    @classmethod
    def of(cls, exchanges: Iterable[Exchange]) -> "Survey":
        survey = cls()
        for x in exchanges:
            key = operation(x)
            survey.statuses.setdefault(key, Counter())[x.reply.status] += 1
            survey.keys[x.request.header("authorization") or ""] += 1
            if x.model:
                survey.models.add(x.model)
            bare = x.request.path.partition("?")[0]
            survey.paths.setdefault(key, []).append(bare)
        return survey

    @property
    def key(self) -> str:
        """The Authorization header of most requests; empty where they carry none."""
        return self.keys.most_common(1)[0][0] if self.keys else ""

    def absent(self, x: Exchange) -> bool:
        """Whether the operation of this exchange is answered as unknown, whatever is asked."""
        statuses = self.statuses.get(operation(x), Counter())
        telling = {status for status in statuses if status not in SILENT}
        return (
            x.endpoint is not Endpoint.OTHER
            and x.reply.status in ABSENT
            and telling <= ABSENT
            and statuses[x.reply.status] > 1
        )

    def name(self, x: Exchange) -> str:
        """`POST /chat/completions`, `GET /models/…`: what varies between requests is left out."""
        paths = [path.strip("/").split("/") for path in self.paths.get(operation(x), [])]
        own = x.request.path.partition("?")[0].strip("/").split("/")
        alike = [path for path in paths if len(path) == len(own)] or [own]
        parts = [
            word if all(path[n] == word for path in alike) else "…" for n, word in enumerate(own)
        ]
        return f"{x.request.method} /{'/'.join(parts)}"
