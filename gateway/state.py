"""What the gateway remembers: keys, limits, the ledger, the prompt cache, and the endpoints' own stores."""

import random
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from gateway.accounts.charge import Charge
from gateway.accounts.keys import KINDS, Keyring
from gateway.accounts.ledger import Ledger
from gateway.accounts.limits import Limits
from gateway.model.cache import PromptCache

T = TypeVar("T")
PER_MINUTE: Final = 5_000


class State:
    """All state is here and in memory; `clock` and `seed` make it repeatable."""

    def __init__(
        self,
        *,
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
        ttft_ms: float = 0,
        itl_ms: float = 0,
        per_minute: int = PER_MINUTE,
        ledger: str = ":memory:",
    ) -> None:
        self.clock = clock
        self.ttft_ms = ttft_ms
        self.itl_ms = itl_ms
        self.keys = Keyring(seed)
        self.limits = Limits(per_minute)
        self.ledger = Ledger({name: kind.credit for name, kind in KINDS.items()}, ledger)
        self.pending: dict[str, Charge] = {}
        """Charges of work in the background that goes on, by the request that began it."""
        self.called_off: dict[str, float] = {}
        """How much was done of work that was called off before its charge came, which books may keep late."""
        self.cache = PromptCache()
        self.seed = seed
        self.handled = 0
        self.ids = random.Random(seed)  # noqa: S311 - ids need not be secret
        self._stores: dict[type, Any] = {}

    def hex(self, digits: int) -> str:
        return f"{self.ids.getrandbits(digits * 4):0{digits}x}"

    def store(self, kind: type[T]) -> T:
        """The state that an endpoint module keeps here, made when first asked for."""
        if kind not in self._stores:
            self._stores[kind] = kind()
        store: T = self._stores[kind]
        return store
