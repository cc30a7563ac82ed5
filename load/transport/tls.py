"""TLS over bytes: what came in goes in, what must go out comes out. No sockets, no waiting.

The memory form is used because Locust replaces the sockets of the `ssl` module by gevent's own.
"""

import ssl
from typing import Final

PIECE: Final = 65536


class TlsSession:
    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self.ready = False

    def handshake(self) -> bytes:
        """Go on with it; gives what must be sent. Raises SSLError."""
        try:
            self._object.do_handshake()
            self.ready = True
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def write(self, data: bytes) -> bytes:
        self._object.write(data)
        return self._outgoing.read()

    def take(self, data: bytes) -> None:
        self._incoming.write(data)

    def read(self) -> bytes:
        """Everything that can be read of what came in. Raises SSLError."""
        plain = []
        try:
            while self._incoming.pending or self._object.pending():
                piece = self._object.read(PIECE)
                if not piece:
                    break
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass
        return b"".join(plain)
