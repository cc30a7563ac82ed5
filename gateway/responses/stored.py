"""Responses and conversations that are kept, in memory, for the key that made them."""

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from gateway.responses.items import Item, trimmed
from gateway.responses.stream import StreamOptions

LIMIT: Final = 10_000
QUEUED_S: Final = 0.15
WORKED_S: Final = 0.35


@dataclass
class Stored:
    """A response with what it was made from. A background one shows its outcome only in time."""

    owner: str
    started: Item
    full: Item  # as it ended, with every detail that `include` may ask for
    include: frozenset[str]
    input_items: tuple[Item, ...]
    history: tuple[Item, ...]  # everything that the model was given or said, instructions apart
    options: StreamOptions
    queued_until: float = 0.0
    done_at: float = 0.0
    cancelled: bool = False
    made_by: str = ""
    """The request that began it, under which its charge waits."""

    def share(self, now: float) -> float:
        """How much of the work is done, from 0 to 1."""
        whole = self.done_at - self.queued_until
        return 1.0 if whole <= 0 else max(0.0, min(1.0, (now - self.queued_until) / whole))

    @property
    def response(self) -> Item:
        """The response as it ended, for the one who made it."""
        return self.shown(frozenset())

    def shown(self, include: AbstractSet[str]) -> Item:
        """The response as it ended, with the details that were asked for, now or at first."""
        wanted = self.include | include
        return {**self.full, "output": [trimmed(item, wanted) for item in self.full["output"]]}

    def seen(self, now: float, include: AbstractSet[str] = frozenset()) -> Item:
        """The response as it stands at a moment."""
        if self.cancelled:
            return {**self.started, "status": "cancelled"}
        if now < self.queued_until:
            return {**self.started, "status": "queued"}
        if now < self.done_at:
            return {**self.started, "status": "in_progress"}
        return self.shown(include)


@dataclass
class StoredResponses:
    """The newest responses of all keys; the oldest go first. Nobody sees another key's."""

    _kept: OrderedDict[str, Stored] = field(default_factory=OrderedDict)
    _conversations: OrderedDict[tuple[str, str], tuple[Item, ...]] = field(
        default_factory=OrderedDict
    )
    _items: dict[str, str] = field(default_factory=dict)  # item id -> response id

    def put(self, stored: Stored) -> None:
        name = stored.full["id"]
        self._kept[name] = stored
        for item in (*stored.input_items, *stored.full["output"]):
            self._items[item["id"]] = name
        while len(self._kept) > LIMIT:
            self._drop(next(iter(self._kept)))

    def get(self, owner: str, name: str) -> Stored | None:
        stored = self._kept.get(name)
        return stored if stored is not None and stored.owner == owner else None

    def delete(self, owner: str, name: str) -> bool:
        if self.get(owner, name) is None:
            return False
        self._drop(name)
        return True

    def item(self, owner: str, name: str) -> Item | None:
        """A stored input or output item by its id."""
        stored = self.get(owner, self._items.get(name, ""))
        if stored is None:
            return None
        kept = (*stored.input_items, *stored.full["output"])
        return next((item for item in kept if item["id"] == name), None)

    def conversation(self, owner: str, name: str) -> tuple[Item, ...]:
        return self._conversations.get((owner, name), ())

    def extend(self, owner: str, name: str, items: tuple[Item, ...]) -> None:
        self._conversations[owner, name] = self.conversation(owner, name) + items
        while len(self._conversations) > LIMIT:
            self._conversations.popitem(last=False)

    def _drop(self, name: str) -> None:
        stored = self._kept.pop(name)
        for item in (*stored.input_items, *stored.full["output"]):
            if self._items.get(item["id"]) == name:
                del self._items[item["id"]]
