"""Where a server is and how it is reached: certificates, names, addresses, the wrong scheme.

The server itself is good. What is broken lies before the first byte of HTTP.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Place:
    """How the address that is given to a run differs from a good one."""

    scheme: str = "http"
    host: str = "127.0.0.1"
    """In the address."""
    bind: str = "127.0.0.1"
    certificate: str = ""
    """Its name in `CERTIFICATES`; the server speaks TLS where there is one."""
    trusted: bool = False
    """The client is told to trust the certificate."""
    cuts: bool = False
    """The server closes in the middle of the handshake."""
    listens: bool = True


PLACES: Final[dict[str, Place]] = {
    "tls-good": Place("https", certificate="good", trusted=True),
    "tls-self-signed": Place("https", certificate="good"),
    "tls-expired": Place("https", certificate="expired", trusted=True),
    "tls-wrong-host": Place("https", certificate="other-host", trusted=True),
    "tls-cut-handshake": Place("https", cuts=True),
    "tls-asked-of-plain": Place("https"),
    "plain-asked-of-tls": Place("http", certificate="good"),
    "name-unknown": Place(host="no-such-host.invalid"),
    "nobody-listens": Place(listens=False),
    "ipv6-loopback": Place(host="[::1]", bind="::1"),
}
CERTIFICATES: Final = {
    "good": ("IP:127.0.0.1", 2),
    "expired": ("IP:127.0.0.1", -1),
    "other-host": ("DNS:other-host.test", 2),
}
"""The name that a certificate is for, and for how many days from now."""
HALF_A_HELLO: Final = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"


def made(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key; made by openssl."""
    subject, days = CERTIFICATES[name]
    (folder / "names").write_text(f"subjectAltName={subject}\n", encoding="utf-8")
    for words in (
        "openssl req -newkey rsa:2048 -nodes -subj /CN=hostile -keyout key.pem -out asked.pem",
        f"openssl x509 -req -in asked.pem -signkey key.pem -days {days} -extfile names -out cert.pem",
    ):
        subprocess.run(words.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"
