"""The figures of a run at an address of its own, while it goes on: for a Prometheus that looks every few seconds."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from gevent import socket
from gevent.pywsgi import WSGIServer

TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class AddressError(ValueError):
    """The address cannot be listened at; the message is one line."""


def serve(address: str, text: Callable[[], str]) -> WSGIServer:
    """A server at `[HOST:]PORT`, on this machine alone unless a host is named; port 0 takes any."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise AddressError(f"--metrics-port {address}: expected [HOST:]PORT")

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in {"/metrics", "/"}:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics\n"]
        start("200 OK", [("Content-Type", TYPE)])
        return [text().encode("utf-8", "replace")]

    name = host.strip("[]") or "127.0.0.1"
    listener = socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((name, int(port)))
        listener.listen(16)
    except OSError as error:
        listener.close()
        raise AddressError(f"--metrics-port {address}: {error.strerror or error}") from None
    server = WSGIServer(listener, application, log=None, error_log=None)
    server.start()
    return server
