"""Keys vanish from every place, in every form; nothing else changes."""

import base64
import json
import time
from dataclasses import replace
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.exchange import Chunk, Connection, Exchange, Reply, Request
from wire.last_pass import without_secrets
from wire.redaction import Redactor

KEY = "sk-cs4-" + "a1B2c3D4" * 4
ODD = 'odd/key+"with" é'
REDACTOR = Redactor({"main": KEY, "odd": ODD, "short": "k1"})


def exchange(**changes: object) -> Exchange:
    request = {"method": "POST", "path": "/v1/responses", "body": b"{}"}
    reply = {"status": 200, "chunks": ()}
    for name, value in changes.items():
        (request if name in {"path", "body", "asked"} else reply)[name] = value
    request["headers"] = request.pop("asked", ())
    return REDACTOR.exchange(Exchange("x", Request(**request), Reply(**reply)))


@pytest.mark.parametrize("secret", [KEY, ODD], ids=["plain", "odd"])
@pytest.mark.parametrize(
    "form",
    [
        str,
        json.dumps,
        lambda key: json.dumps(key, ensure_ascii=False),
        lambda key: json.dumps(key).replace("/", "\\/"),
        quote,
        lambda key: quote(key, safe=""),
        lambda key: base64.b64encode(key.encode()).decode(),
        lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
        lambda key: base64.b64encode(f"u:{key}".encode()).decode(),
        lambda key: base64.urlsafe_b64encode(f"us:{key}:more".encode()).decode(),
    ],
    ids=["plain", "json", "utf8-json", "slash-json", "percent", "percent-all", "b64", "basic-1", "basic-2", "b64-url"],
)  # fmt: skip
def test_every_form_in_every_place(secret: str, form) -> None:
    planted = form(secret)
    label = "main" if secret == KEY else "odd"
    body = f'{{"said": 1}} {planted} end'.encode()
    got = exchange(
        path=f"/v1/models/m?x={planted} &y=1",
        asked=(("x-trace", f"a {planted}"),),
        body=body,
        headers=(("x-echo", planted),),
        chunks=tuple(Chunk(float(at), body[at : at + 1]) for at in range(len(body))),
    )
    mark = f"[redacted:{label}]"
    for text in (
        got.request.path,
        got.request.headers[0][1],
        got.request.body.decode(),
        got.reply.headers[0][1],
        got.reply.text,
    ):
        assert mark in text
        assert planted.strip('"') not in text
    assert got.reply.text.startswith('{"said": 1} ')
    assert got.reply.text.endswith(" end")
    assert [chunk.at_ms for chunk in got.reply.chunks] == [float(at) for at in range(len(body))]
    assert REDACTOR.exchange(got) == got


@pytest.mark.parametrize(
    ("name", "value", "want"),
    [
        ("authorization", f"Bearer {KEY}", "Bearer [redacted:main]"),
        ("authorization", "Bearer k1", "Bearer [redacted:short]"),
        ("authorization", "bearer  who knows ", "bearer  [redacted] "),
        ("authorization", "Bearer", "Bearer"),
        ("authorization", "", ""),
        ("authorization", "raw-token", "[redacted]"),
        ("authorization", "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode(), "Basic [redacted:main]"),
        ("proxy-authorization", "Basic abc", "Basic [redacted]"),
        ("x-api-key", "k1", "[redacted:short]"),
        ("api-key", "unknown", "[redacted]"),
        ("openai-organization", "org-1", "[redacted]"),
        ("openai-organization", "<redacted>", "<redacted>"),
        ("cookie", "a=1; b=[redacted:main];c", "a=[redacted]; b=[redacted:main];[redacted]"),
        ("set-cookie", "sid=1; Path=/; HttpOnly", "sid=[redacted]; Path=/; HttpOnly"),
        ("x-request-id", "req_0123456789abcdef0123456789", "req_0123456789abcdef0123456789"),
        ("x-note", "k1 stays outside of credential headers", "k1 stays outside of credential headers"),
    ],
)  # fmt: skip
def test_headers(name: str, value: str, want: str) -> None:
    assert REDACTOR.headers(((name, value),)) == ((name, want),)
    assert REDACTOR.headers(((name, want),)) == ((name, want),)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("key sk-proj-abcdefgh12345678xyz.", "key [redacted]."),
        (r'"\nsk-proj-abcdefgh12345678xyz"', r'"\n[redacted]"'),
        ("%20sk-proj-abcdefgh12345678xyz", "%20[redacted]"),
        ("Authorization: Bearer abcdefgh12345678xyz==", "Authorization: Bearer [redacted]"),
        ("/v1/models?api-key=0123456789&x=1", "/v1/models?api-key=[redacted]&x=1"),
        ("sk-cs4-****a1b2", "sk-cs4-****a1b2"),
        ("Incorrect API key provided: sk-proj-********************abcd.",) * 2,
        ("task-abcdefgh12345678xyz", "task-abcdefgh12345678xyz"),
        ("risk-averse-people-in-2024-and-later", "risk-averse-people-in-2024-and-later"),
        ("sk-learn-is-a-library-for-python", "sk-learn-is-a-library-for-python"),
        ("Bearer authentication-required", "Bearer authentication-required"),
        ("k1 is too short to be searched", "k1 is too short to be searched"),
    ],
)
def test_unknown_keys_and_innocent_text(text: str, want: str) -> None:
    assert REDACTOR.text(text) == want
    assert REDACTOR.text(want) == want


def test_of_nested_secrets_the_longer_is_named() -> None:
    redactor = Redactor({"main": KEY, "presented": KEY + "x"})
    assert redactor.text(f"{KEY} {KEY}x") == "[redacted:main] [redacted:presented]"


def test_overlapping_secrets_leave_nothing() -> None:
    redactor = Redactor({"a": "left-middle", "b": "middle-right"})
    assert redactor.text("<left-middle-right>") == "<[redacted:a]>"


def test_a_secret_that_looks_like_the_mark() -> None:
    redactor = Redactor({"main": "redacted"})
    assert redactor.text("it is redacted") == "it is [redacted:main]"
    assert redactor.text("it is [redacted:main]") == "it is [redacted:main]"


def test_content_length_keeps_its_relation_to_the_body() -> None:
    body = f"echo {KEY}".encode()
    for wrong in (0, 3):
        got = exchange(
            headers=(("content-length", str(len(body) + wrong)),), chunks=(Chunk(1.0, body),)
        )
        assert int(got.reply.headers[0][1]) == len(got.reply.body) + wrong


def test_a_mark_stands_in_the_chunk_where_the_secret_began() -> None:
    chunks = (
        Chunk(1.0, b"data: a" + KEY[:4].encode()),
        Chunk(2.0, KEY[4:9].encode()),
        Chunk(3.0, KEY[9:].encode() + b"b\n\n"),
    )
    want = (Chunk(1.0, b"data: a[redacted:main]"), Chunk(2.0, b""), Chunk(3.0, b"b\n\n"))
    assert exchange(chunks=chunks).reply.chunks == want


def test_errors_of_the_connection() -> None:
    got = REDACTOR.exchange(
        Exchange("x", Request("GET", "/"), connection=Connection(error=f"bad {KEY}"))
    )
    assert got.connection.error == "bad [redacted:main]"


@given(st.binary(max_size=80))
def test_bytes_without_secrets_stay(data: bytes) -> None:
    assert REDACTOR.bytes(data) == data


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=20),
    st.binary(max_size=30),
    st.binary(max_size=30),
    st.lists(st.integers(0, 80), max_size=4),
)
def test_any_secret_anywhere(secret: str, before: bytes, after: bytes, cuts: list[int]) -> None:
    redactor = Redactor({"it": secret})
    body = before + secret.encode() + after
    marks = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = tuple(Chunk(1.0, body[a:b]) for a, b in pairwise(marks))
    given_ = Exchange("x", Request("GET", "/"), Reply(200, chunks=chunks))
    got = redactor.exchange(given_)
    assert b"[redacted:it]" in got.reply.body
    assert secret.encode() not in got.reply.body.replace(b"[redacted:it]", b"")
    assert got.reply.body == redactor.bytes(body)
    assert redactor.exchange(got) == got
    assert len(got.reply.chunks) == len(chunks)
    assert replace(got, reply=given_.reply) == given_


SPLIT = "sk-cs4-SPLIT0123456789abcdefgh"


def _escapes():
    yield "\\u per character", "".join(f"\\u{ord(c):04x}" for c in SPLIT)
    yield "\\u in capitals", "".join(f"\\u{ord(c):04X}" for c in SPLIT)
    yield "\\u twice escaped", "".join(f"\\\\u{ord(c):04x}" for c in SPLIT)
    yield "\\x", "".join(f"\\x{ord(c):02x}" for c in SPLIT)
    yield "percent per character", "".join(f"%{ord(c):02X}" for c in SPLIT)
    yield "percent twice", "".join(f"%25{ord(c):02X}" for c in SPLIT)
    yield "HTML decimal", "".join(f"&#{ord(c)};" for c in SPLIT)
    yield "HTML hexadecimal", "".join(f"&#x{ord(c):x};" for c in SPLIT)
    yield "some escaped", SPLIT.replace("S", "\\u0053").replace("-", "%2D")
    yield "hexadecimal", SPLIT.encode().hex()
    yield "hexadecimal in capitals", SPLIT.encode().hex().upper()


@pytest.mark.parametrize(("name", "text"), list(_escapes()), ids=[n for n, _ in _escapes()])
def test_a_secret_is_found_in_any_escape(name, text):
    assert Redactor({"main": SPLIT}).text(f"<{text}>") == "<[redacted:main]>"


ALPHABET = "abAB019-_.%&\\;é漢😀"


def _escaped(character: str, way: int) -> str:
    code = ord(character)
    ways = [character, f"&#0{code};", f"&#X00{code:x};"]
    if code < 0x10000:
        ways += [f"\\u{code:04x}", f"\\\\u{code:04X}"]
    if code < 0x100:
        ways += [f"\\x{code:02X}", f"%{code:02x}", f"%25{code:02X}"]
    return ways[way % len(ways)]


@given(
    st.text(ALPHABET, min_size=8, max_size=20),
    st.lists(st.integers(0, 7), min_size=20, max_size=20),
    st.text(ALPHABET + 'u%2d"', max_size=60),
    st.text(ALPHABET + 'u%2d"', max_size=60),
)
def test_a_secret_with_some_of_it_escaped_anywhere(secret, ways, before, after):
    form = "".join(_escaped(c, way) for c, way in zip(secret, ways, strict=False))
    text = f'{before}"{form}"{after}'
    assert form not in Redactor({"main": secret}).text(text)
    assert Redactor({"main": secret}, guesses=False).finds(["", text, ""])


def test_a_document_without_secrets_stays_and_one_with_a_secret_is_cleaned():
    redactor = Redactor({"main": KEY})
    clean = {"a": [1, None, {"b": ("text", 2.5)}]}
    assert without_secrets(clean, redactor) is clean
    dirty = {"a": [f"x{KEY}"], KEY: {"b": KEY.encode().hex()}}
    assert without_secrets(dirty, redactor) == {
        "a": ["x[redacted:main]"],
        "[redacted:main]": {"b": "[redacted:main]"},
    }


@pytest.mark.parametrize("member", ["content", "delta", "arguments", "text"])
@pytest.mark.parametrize("cuts", [(5,), (1, 2, 3), tuple(range(1, len(SPLIT)))])
def test_a_secret_in_the_deltas_of_a_stream_is_taken_out(member, cuts):
    bounds = (0, *cuts, len(SPLIT))
    parts = ["It is ", *(SPLIT[a:b] for a, b in pairwise(bounds)), " then."]
    body = "".join(f'data: {{"d":{{"{member}": "{part}"}}}}\n\n' for part in parts).encode()
    clean = Redactor({"main": SPLIT}).bytes(body)
    told = "".join(
        json.loads(line[6:])["d"][member] for line in clean.decode().split("\n\n") if line
    )
    assert told.replace("[redacted:main]", "") == "It is  then."
    assert Redactor({"main": SPLIT}).bytes(clean) == clean


def test_a_split_secret_keeps_the_chunks_with_their_stamps():
    parts = [f'data: {{"content":"{part}"}}\n\n'.encode() for part in (SPLIT[:9], SPLIT[9:])]
    chunks = tuple(Chunk(float(n), part) for n, part in enumerate(parts))
    x = Exchange(
        "1", Request("POST", "/x"), Reply(200, (("content-type", "text/event-stream"),), chunks)
    )
    clean = Redactor({"main": SPLIT}).exchange(x)
    assert [chunk.at_ms for chunk in clean.reply.chunks] == [0.0, 1.0]
    assert SPLIT[:9].encode() not in clean.reply.body
    assert SPLIT[9:].encode() not in clean.reply.body


def _repeated(size):
    """Texts of some megabyte in which a slow search looks at the same bytes again for each of many places."""
    event = b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n'
    yield "base64 of it again and again", base64.b64encode(KEY.encode() * 3) * (size // 160)
    yield "it beside marks", (KEY + " [redacted:main] ").encode() * (size // 60)
    yield "it in each delta", event % KEY.encode() * (size // 90)
    yield (
        "in pieces",
        b"".join(event % KEY[n % 39 : n % 39 + 1].encode() for n in range(size // 50)),
    )
    yield "what stands before a key", b"Bearer+" * (size // 7)
    yield "marks without an end", b"[redacted:" * (size // 10) + KEY.encode()


@pytest.mark.parametrize("name", [name for name, _ in _repeated(0)])
def test_a_long_answer_takes_no_minutes(name):
    body = dict(_repeated(500_000))[name]
    pieces = (body[at : at + 100] for at in range(0, len(body), 100))
    chunks = tuple(Chunk(float(n), piece) for n, piece in enumerate(pieces))
    started = time.process_time()
    clean = REDACTOR.exchange(Exchange("1", Request("POST", "/x"), Reply(200, (), chunks)))
    assert time.process_time() - started < 5
    assert KEY.encode() not in clean.reply.body
    assert base64.b64encode(KEY.encode() * 3) not in clean.reply.body


def test_a_length_of_five_thousand_digits_stays_as_it_came():
    clean = exchange(headers=(("content-length", "9" * 5000),), chunks=(Chunk(0.0, KEY.encode()),))
    assert clean.reply.headers == (("content-length", "9" * 5000),)
