"""A server that echoes the key, in whatever form: it stands in no file, and in nothing that is printed."""

import base64
import gzip
import html
import itertools
import json
from urllib.parse import quote

from conformance.judging.profile import KEY_VARIABLES
from load.transport.target import SECRET_NAMES, Target
from tests.load.streams import CHAT, HEAD, chunk, chunked, finish, serving, sse, start

KEY = "sk-Planted/Secret+0123456789&x"
FORMS = {
    "plain": KEY,
    "JSON": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "unicode": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "percent": quote(KEY, safe=""),
    "base64": base64.b64encode(b"Bearer " + KEY.encode()).decode(),
    "hex": KEY.encode().hex(),
    "HTML": html.escape(KEY),
    "split": KEY,
}


def refusal(said):
    body = b'{"error": {"message": "Incorrect API key provided: %b", "code": null}}' % said.encode()
    return b"HTTP/1.1 400 X\r\nX-Echo: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        said.encode(),
        len(body),
        body,
    )


def answers(said):
    """It stands in an error, in an error inside of a stream, in the text, and in an id that changes."""
    escaped = json.loads(f'"{said}"') if "u00" in said else said
    halves = [chunk({"content": escaped[:9]}), chunk({"content": escaped[9:]})]
    yield refusal(said)
    yield HEAD + chunked(sse((CHAT[0], '{"error": {"message": "no %s"}}' % said)))  # noqa: UP031
    yield HEAD + chunked(sse((CHAT[0], chunk({"content": "x"}, id=escaped), *CHAT[1:])))
    yield HEAD + chunked(sse((CHAT[0], *halves, *CHAT[3:])))
    yield f"HTTP/1.1 302 X\r\nLocation: /?api_key={said}\r\nContent-Length: 0\r\n\r\n".encode()
    yield b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 2\r\n\r\n{}" % said.encode()


def text_of(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def test_no_form_of_the_key_is_written_or_printed(tmp_path):
    said = itertools.cycle([one for form in FORMS.values() for one in answers(form)])

    def answer(connection, _request):
        connection.sendall(next(said))

    with serving(answer) as base_url:
        host = base_url.replace("http://", "http://user:Passw0rdOfTheUrl@")
        process = start(
            tmp_path, "--host", host, "--rate", 48, "--duration", 2, "--drain", 3, "--records", "--header", "X-Tenant: Passw0rdOfAHeader",
            "--scrape", "http://user:Passw0rdOfTheUrl@127.0.0.1:1/metrics?key=Passw0rd",
            environ={"CONFORMANCE_API_KEY": KEY},
        )  # fmt: skip
        document, _, printed = finish(process, tmp_path)
    assert sum(document["outcomes"].values()) == 96, printed
    files = {path.name: text_of(path) for path in tmp_path.iterdir()}
    written = {
        "load.json",
        "load.html",
        "load.md",
        "load-sample.jsonl",
        "load-metrics.txt",
        "load-requests.jsonl.gz",
    }
    assert written <= set(files)
    assert "[redacted:" in files["load.json"]
    for name, text in {**files, "the terminal": printed}.items():
        for form, secret in FORMS.items():
            core = (
                secret
                if form != "base64"
                else base64.b64encode(b"\0" + KEY.encode())[4:-4].decode()
            )
            assert core not in text, f"{form} in {name}"
            assert core.lower() not in text.lower(), f"{form} in {name}"
        assert KEY[:9] + "Sec" not in text
        assert "Passw0rd" not in text, name
        # In two deltas, each half stands alone.
        assert not ("sk-Plante" in text and KEY[9:] in text), name


def test_every_key_of_the_environment_is_a_secret():
    assert {name for names in KEY_VARIABLES.values() for name in names} <= set(SECRET_NAMES)


def test_a_target_does_not_print_its_key():
    target = Target("https://user:pass@example.com/v1?key=abc", KEY)
    assert KEY not in repr(target)
    assert target.shown == "https://example.com/v1"
