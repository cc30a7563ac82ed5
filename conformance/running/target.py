"""The target's address: as users write it, and what lies between."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

ROOT = "//root/"


class BadTarget(Exception):  # noqa: N818 - the fault is the user's or the target's, never ours
    """The target cannot be judged; the message is one line and says what to change."""


def normalised(base_url: str) -> str:
    """The URL with its version segment and without a trailing slash.

    `https://host`, `https://host/`, `https://host/v1` and `https://host/v1/` are the same target.
    """
    url = base_url.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadTarget(f"--base-url {base_url!r} is not an http:// or https:// URL")
    if "@" in parts.netloc:
        raise BadTarget(
            "--base-url has a user or a password in it, which every report would show: "
            "give them with --header 'Authorization: Basic …'"
        )
    try:
        _ = parts.port
    except ValueError as error:
        raise BadTarget(f"--base-url {base_url!r}: {error}") from error
    if parts.query or parts.fragment:
        raise BadTarget(f"--base-url {base_url!r} must not have a query or fragment")
    last = parts.path.rsplit("/", 1)[-1]
    versioned = last.startswith("v") and last[1:2].isdigit()
    return url if versioned else f"{url}/v1"


def likely(given: str) -> list[str]:
    """Addresses that somebody may have meant who typed this one."""
    url = given.strip().rstrip("/")
    bare = re.sub(
        r"/(chat/completions|chat|completions|responses|models|embeddings)$", "", url, count=1
    )
    stem = re.sub(r"/v\d+[a-z0-9]*$", "", bare)
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    found = [
        bare,
        f"{stem}/v1",
        f"{bare}/v1",
        f"{origin}/v1",
        f"{origin}/api/v1",
        f"{origin}/openai/v1",
    ]
    return list(dict.fromkeys(found))


def is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def proxy_for(base_url: str) -> str:
    """The proxy that the environment names for this address; never one for this machine itself."""
    parts = urlsplit(base_url)
    if is_loopback(base_url) or proxy_bypass(parts.hostname or ""):
        return ""
    proxies = getproxies()
    return proxies.get(parts.scheme, "") or proxies.get("all", "")


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass(frozen=True)
class Target:
    """Where requests go. `base_url` ends without a slash and includes the version segment."""

    base_url: str
    keys: Mapping[str, str] = field(repr=False)
    timeout_s: float = 60.0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Headers of the user, in every request; their values are secrets like the keys."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Members of the user, in every request that generates."""
    proxy: str = field(default="", repr=False)
    """Its URL, which may hold a password; `proxy_shown` does not."""
    by_chance: bool = False
    """The main key lies around for other programs; it was not given for this suite."""
    insecure: bool = False
    """Certificates are not checked."""
    cacert: str = ""
    """A file of authorities to trust."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return _origin(self.base_url)

    @property
    def proxy_shown(self) -> str:
        """The proxy as messages and reports name it; empty for none."""
        return _origin(self.proxy) if self.proxy else ""

    def url(self, path: str) -> str:
        """`path` counts from the base URL, or from the origin when it starts with //root/."""
        if path.startswith(ROOT):
            return self.origin + path.removeprefix(ROOT[:-1])
        return self.base_url + path

    @property
    def header_secrets(self) -> dict[str, str]:
        """The values of the user's headers by a label, for redaction."""
        return {f"header:{name}": value for name, value in self.headers}

    def context(self) -> ssl.SSLContext:
        """How certificates are checked: by the given authorities, else by those that httpx trusts.

        Raises `BadTarget` for a file of authorities that cannot be read.
        """
        import httpx

        if self.insecure:
            return httpx.create_ssl_context(verify=False, trust_env=False)
        given = self.cacert or os.environ.get("SSL_CERT_FILE", "")
        if given:
            context = ssl.create_default_context()
            try:
                context.load_verify_locations(cafile=given)
            except OSError as error:
                option = "--cacert" if self.cacert else "SSL_CERT_FILE"
                raise BadTarget(f"{option} {given}: {error.strerror or error}") from error
            return context
        return httpx.create_ssl_context(trust_env=True)
