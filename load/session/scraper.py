"""Reads the metrics of the server beside a run, once a second, on the run's own time axis."""

import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Sequence
from http.client import HTTPException
from time import time
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import gevent

from load.measure.server_metrics import FAMILIES, read_metrics

EVERY_S: Final = 1.0
TIMEOUT_S: Final = 2.0
MOST_BYTES: Final = 8 * 2**20
MOST_POINTS: Final = 20_000  # five hours of seconds

Fetch = Callable[[str], str]


class _Stays(urllib.request.HTTPRedirectHandler):
    """A redirection is no metrics."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetcher(*, insecure: bool = False, cacert: str = "") -> Fetch:
    """Gives the text of a URL; proxies of the environment are not used, as for the requests themselves."""
    context = ssl.create_default_context(cafile=cacert or None)
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), _Stays(), urllib.request.HTTPSHandler(context=context)
    )

    def fetch(url: str) -> str:
        parts = urlsplit(url)
        user, found, place = parts.netloc.rpartition("@")
        request = urllib.request.Request(urlunsplit(parts._replace(netloc=place)))  # noqa: S310 - checked before
        if found:
            request.add_header(
                "Authorization", f"Basic {b64encode(unquote(user).encode()).decode()}"
            )
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return str(answer.read(MOST_BYTES).decode("utf-8", "replace"))

    return fetch


def shown(url: str) -> str:
    """Without a user, a password or a query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class Scraper:
    """`begin` at the start of a run, `end` gives its series: for each URL figures at seconds of the run."""

    def __init__(self, urls: Sequence[str], fetch: Fetch) -> None:
        self._urls = urls
        self._fetch = fetch
        self._greenlet: gevent.Greenlet | None = None
        self._series: list[dict[str, Any]] = []

    def begin(self, started_at: float) -> None:
        self.end()
        self._series = [{"url": shown(url), "at_s": [], "problem": ""} for url in self._urls]
        if self._urls:
            self._greenlet = gevent.spawn(self._run, started_at)

    def end(self) -> list[dict[str, Any]]:
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        return self._series

    def _run(self, started_at: float) -> None:
        gevent.sleep(max(0.0, started_at - time()))
        while True:
            for url, series in zip(self._urls, self._series, strict=True):
                if len(series["at_s"]) < MOST_POINTS:
                    self._look(url, series, started_at)
            gevent.sleep(EVERY_S - (time() - started_at) % EVERY_S)

    def _look(self, url: str, series: dict[str, Any], started_at: float) -> None:
        try:
            text = self._fetch(url)
        except (OSError, ValueError, HTTPException) as error:
            series["problem"] = series["problem"] or f"could not be read: {error}"
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            return
        found = read_metrics(text)
        if not found:
            names = ", ".join(sorted(FAMILIES))
            series["problem"] = series["problem"] or f"none of the known figures is there: {names}"
            return
        at = series["at_s"]
        for name in {*found, *series} - {"url", "at_s", "problem"}:
            line = series.setdefault(name, [None] * len(at))
            line.append(found.get(name))
        at.append(round(time() - started_at, 2))
