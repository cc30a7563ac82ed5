"""A server on loopback that answers every request with the same bytes, however wrong they are."""

import contextlib
import socket
import threading
from itertools import count

LOOKS = 6  # requests other than GET that a first look sends at most


@contextlib.contextmanager
def listening(serve):
    """Yield an origin. `serve(connection, stop)` runs in a thread of its own for each connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.settimeout(0.05)
    stop = threading.Event()

    def accept():
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection, stop), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        thread.join(2)
        listener.close()


@contextlib.contextmanager
def canned(
    answer: bytes, *, tail: bytes = b"", repeat: int = 0, reset: bool = False, hang: bool = False
):
    """Yield a base URL. `tail` is sent `repeat` times after the answer; `reset` sends an RST.

    `hang`: only GET is answered, anything else waits until the end, but for the first look.
    """
    looks = count()

    def serve(connection, stop):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if not connection.recv(65536).startswith(b"GET") and hang and next(looks) >= LOOKS:
                stop.wait(60)
                return
            connection.sendall(answer)
            for _ in range(repeat):
                if stop.is_set():
                    break
                connection.sendall(tail)
            if reset:
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with listening(serve) as origin:
        yield origin


def http(status: str, body: bytes, media_type: str = "application/json") -> bytes:
    """A whole HTTP/1.1 answer that closes the connection."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
