"""Keys that recorded requests present, taken out of everything that is shown or written."""

import re
from collections import OrderedDict
from typing import Final

from wire.exchange import Exchange, Request
from wire.redaction import COOKIE_HEADERS, KEY_HEADERS, SCHEMED_HEADERS, SHORT, Redactor

REMEMBERED: Final = 32  # keys; a recording of more users forgets the oldest
# What recorders and tests write where a key would stand; some of it servers echo unmasked. A real
# key is longer, or has a digit.
_PLACEHOLDER: Final = re.compile(r"(?i).*(redacted|\*\*\*|<|\[|\{).*|[a-z_-]{,15}", re.DOTALL)
_QUERY_KEY: Final = re.compile(r"[?&](?:api[-_]?key|access_token|subscription-key|key)=([^&#\s]+)")
# Ids are no secrets and stand in bodies, too; there they are left as they are.
_CREDENTIALS: Final = SCHEMED_HEADERS | KEY_HEADERS | COOKIE_HEADERS
_IDS: Final = frozenset({"openai-organization", "openai-project"})


class RequestKeys:
    """Remembers the keys of requests, so that they are found wherever they are echoed."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._redactor = Redactor({})

    def redacted(self, exchange: Exchange) -> Exchange:
        """The exchange without its keys and those seen before it."""
        self.remember(exchange.request)
        return self._redactor.exchange(exchange) if self._suspect(exchange) else exchange

    def _suspect(self, exchange: Exchange) -> bool:
        """Whether anything is to be taken out. Most recordings are clean, and one search is fast."""
        request, reply = exchange.request, exchange.reply
        headers = (*request.headers, *reply.headers)
        if any(name in _CREDENTIALS for name, _ in headers):
            return True
        texts = (request.path, exchange.connection.error, *(value for _, value in headers))
        head = "\n".join(texts).encode("utf-8", "surrogatepass")
        whole = b"\n".join((head, request.body, reply.body))
        return self._redactor.bytes(whole) != whole

    def text(self, text: str) -> str:
        return self._redactor.text(text)

    def remember(self, request: Request) -> None:
        """Learn the keys that a request presents."""
        found = {key for key in keys_of(request) if key not in self._keys}
        if not found:
            return
        for key in found:
            self._keys[key] = f"presented-{len(self._keys)}" if self._keys else "main"
        while len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)
        self._redactor = Redactor({label: key for key, label in self._keys.items()})


def keys_of(request: Request) -> set[str]:
    """Credentials in the headers and the query; placeholders of recorders are none."""
    found = set()
    for name, value in request.headers:
        if name in SCHEMED_HEADERS | KEY_HEADERS and name not in _IDS:
            found.add(value.split(" ")[-1].strip())
    found.update(match[1] for match in _QUERY_KEY.finditer(request.path))
    return {key for key in found if len(key) >= SHORT and not is_placeholder(key)}


def is_placeholder(value: str) -> bool:
    """Whether a recorder or a test put this where a key would stand."""
    return bool(_PLACEHOLDER.fullmatch(value))
