"""API keys: their kinds, what each kind may do, and how a key is read from a request."""

import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from gateway.errors import ApiError
from wire.exchange import Request

PREFIX: Final = "sk-cs4-"
TIER: Final = "codex"
PUBLIC: Final = ("codex", "other_tier", "no_credit", "revoked", "low_limit", "small_credit")


@dataclass(frozen=True)
class Kind:
    """What a key of this name is allowed. `per_minute` None means the gateway's default."""

    tier: str = TIER
    credit: Decimal = Decimal(100_000)
    revoked: bool = False
    per_minute: int | None = None


KINDS: Final[Mapping[str, Kind]] = MappingProxyType({
    "codex": Kind(),
    "other_tier": Kind(tier="claude"),
    "no_credit": Kind(credit=Decimal(0)),
    "revoked": Kind(revoked=True),
    "low_limit": Kind(per_minute=3),
    "small_credit": Kind(credit=Decimal("0.01")),
})  # fmt: skip


@dataclass(frozen=True)
class Key:
    name: str
    secret: str
    kind: Kind


class Keyring:
    """The keys of one gateway, random for each start unless a seed is given."""

    def __init__(self, seed: int | None = None) -> None:
        source = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311
        self._by_secret = {
            key.secret: key
            for name, kind in KINDS.items()
            for key in [Key(name, f"{PREFIX}{source.getrandbits(128):032x}", kind)]
        }
        self.secrets = {key.name: key.secret for key in self._by_secret.values()}

    def key(self, secret: str) -> Key | None:
        """The key with exactly this secret, compared in constant time."""
        key = self._by_secret.get(secret)
        matches = key is not None and hmac.compare_digest(key.secret.encode(), secret.encode())
        return key if matches else None

    def authenticate(self, request: Request, *, x_api_key: bool = False) -> Key:
        """The caller's key, or the 401 that says why there is none."""
        secret = _presented(request, x_api_key=x_api_key)
        key = self.key(secret)
        if key is None or key.kind.revoked:
            raise refused(
                f"Incorrect API key provided: {masked(secret)}. "
                "You can find your API key in the dashboard."
            )
        return key


def refused(message: str) -> ApiError:
    return ApiError(401, message, code="invalid_api_key", headers=(("www-authenticate", "Bearer"),))


def masked(secret: str) -> str:
    """Enough of a key to recognise it, never enough to use it."""
    if len(secret) < 20:
        return "*" * len(secret)
    return f"{secret[:7]}{'*' * (len(secret) - 11)}{secret[-4:]}"


def _presented(request: Request, *, x_api_key: bool) -> str:
    values = {value for name, value in request.headers if name == "authorization"}
    if not values and x_api_key and (value := request.header("x-api-key")):
        return value.strip()
    if not values:
        raise refused(
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
    if len(values) > 1:
        raise refused("The request has several different Authorization headers.")
    scheme, _, secret = values.pop().strip().partition(" ")
    if scheme.lower() != "bearer":
        raise refused("The Authorization header must use the Bearer scheme.")
    if not secret.strip():
        raise refused("The Authorization header has no key after the Bearer scheme.")
    return secret.strip()
