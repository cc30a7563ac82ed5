"""A socket that nobody waits for: it connects, and writes now what goes and the rest later."""

import errno
import os
from typing import TYPE_CHECKING, Any, Final

from gevent import get_hub
from gevent.monkey import get_original

if TYPE_CHECKING:
    from load.transport.target import Address

_socket: Final = get_original("socket", "socket")
READ, WRITE = 1, 2
_STREAM, _TCP, _NODELAY = 1, 6, 1
_SOL_SOCKET, _SO_ERROR, _SO_TIMESTAMPNS = 1, 4, 35


class NonblockingSocket:
    """What follows from a connection, or from the loss of it, is a subclass's."""

    __slots__ = ("_loop", "_pending", "_sock", "_watcher", "_writer", "address", "closed", "kernel")

    def __init__(self, address: "Address", *, kernel: bool) -> None:
        self.address = address
        self.closed = False
        self.kernel = kernel
        self._pending = b""  # for the socket, once it takes more
        self._loop = get_hub().loop
        self._watcher: Any = None
        self._writer: Any = None
        self._sock: Any = None

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        for watcher in (self._watcher, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._watcher = self._writer = None
        if self._sock is not None:
            self._sock.close()

    def _open(self) -> None:
        """The socket is connected."""
        raise NotImplementedError

    def _refused(self, why: str) -> None:
        raise NotImplementedError

    def _lost(self, error: OSError) -> None:
        raise NotImplementedError

    def _connect(self) -> None:
        self._sock = _socket(self.address.family, _STREAM, _TCP)
        self._sock.setblocking(False)
        self._sock.setsockopt(_TCP, _NODELAY, 1)
        if self.kernel:
            try:
                self._sock.setsockopt(_SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            except OSError:
                self.kernel = False
        code = self._sock.connect_ex(self.address.place)
        if code not in {0, errno.EINPROGRESS}:
            raise OSError(code, os.strerror(code))
        self._writer = self._loop.io(self._sock.fileno(), WRITE)
        self._writer.start(self._connectable)

    def _connectable(self) -> None:
        self._writer.stop()
        code = self._sock.getsockopt(_SOL_SOCKET, _SO_ERROR)
        if code:
            self._refused(os.strerror(code))
            return
        self._watcher = self._loop.io(self._sock.fileno(), READ)
        self._open()

    def _flush(self, data: bytes) -> None:
        """Write now what the socket takes, the rest when it takes more."""
        data = self._pending + data
        if not data:
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(error)
            return
        self._pending = data[sent:]
        if self._pending:
            self._writer.start(self._writable)

    def _writable(self) -> None:
        self._writer.stop()
        self._flush(b"")
