"""Requests with right, wrong, odd and no credentials. All of them are free."""

import base64
from collections.abc import Callable, Sequence

from conformance.errors.probes import CHAT, HELLO, HELLO_RESPONSES, RESPONSES, UNKNOWN
from conformance.running.balance import balance
from conformance.running.probe import Impossible, Probe, ProbeContext, get, in_path, post
from wire.exchange import Request
from wire.secret import revealed

WRONG = "sk-cs4-5d1c0a7be94f4c2e8b3a6f7d9e0c1b2a"
FOREIGN = "sk-proj-conformance0123456789abcdefghijklmnop"
Header = tuple[str, str]


def _main(context: ProbeContext) -> str:
    if not (key := context.keys.get("main", "")):
        raise Impossible("there is no key to vary")
    return revealed(key)


def _probe(
    name: str,
    build: Callable[[ProbeContext], Request],
    *,
    key: str = "",
    feature: str = "",
    count: int = 1,
) -> Probe:
    return Probe(
        f"auth.{name}",
        build,
        key=key,
        feature=feature,
        count=count,
        per_model=False,
        output_tokens=0,
    )


def _varied(name: str, values: Callable[[str], Sequence[str]], count: int = 1) -> Probe:
    """GET /models with Authorization headers made from the right key."""

    def build(context: ProbeContext) -> Request:
        headers = [("authorization", value) for value in values(_main(context))]
        return get("/models", *headers)

    return _probe(name, build, key="main", count=count)


def _misspelt(name: str, misspell: Callable[[str], str]) -> Probe:
    """The same with a key that is almost the right one; a short or odd key may leave none such."""

    def values(key: str) -> Sequence[str]:
        if misspell(key) in {key, ""}:
            raise Impossible("of this key there is no such variation")
        return [f"Bearer {misspell(key)}"]

    return _varied(f"key-{name}", values)


def _with(key: str) -> Header:
    return ("authorization", f"Bearer {key}")


NONE = (
    _probe("none-models", lambda _: get("/models")),
    _probe("none-model", lambda context: get(f"/models/{context.model}")),
    _probe("none-chat", lambda _: post(CHAT, {}), feature="chat"),
    _probe("none-chat-streamed", lambda _: post(CHAT, {"stream": True}), feature="chat.stream"),
    _probe("none-responses", lambda _: post(RESPONSES, {}), feature="responses"),
)


def _asking(method: str, path: str) -> Callable[[ProbeContext], Request]:
    return lambda _: get(path, method=method)


STORED = "/responses/resp_conformance0000000000000000000000000000000000000000"
NONE_STORED = tuple(
    _probe(
        f"stored-no-key-{name}",
        _asking(method, path),
        feature="responses.store",
    )
    for name, method, path in (
        ("get", "GET", STORED),
        ("items", "GET", f"{STORED}/input_items"),
        ("delete", "DELETE", STORED),
        ("cancel", "POST", f"{STORED}/cancel"),
    )
)


NONE_BALANCE = _probe("balance-no-key", balance, feature="billing")


def _of_another(context: ProbeContext) -> Request:
    name = context.reply("auth.marker-responses").get("id")
    return get(f"/responses/{in_path(name)}")


# What one key stored, asked for with another.
ANOTHER = Probe(
    "auth.response-of-another",
    _of_another,
    after=("auth.marker-responses",),
    key="low_limit",
    feature="responses.store",
    per_model=False,
    output_tokens=0,
)
WRONG_KEY = (
    _probe("wrong-models", lambda _: get("/models", _with(WRONG))),
    _probe("wrong-chat", lambda _: post(CHAT, {}, _with(WRONG)), feature="chat"),
    _probe("wrong-responses", lambda _: post(RESPONSES, {}, _with(WRONG)), feature="responses"),
    _probe(
        "wrong-responses-streamed",
        lambda _: post(RESPONSES, {"stream": True}, _with(WRONG)),
        feature="responses.stream",
    ),
)
ORDER = (
    _probe("bad-json-no-key", lambda _: post(CHAT, b"{"), feature="chat"),
    _probe(
        "bad-json-wrong-key", lambda _: post(RESPONSES, b"{", _with(WRONG)), feature="responses"
    ),
    _probe(
        "model-unknown-no-key",
        lambda _: post(CHAT, {"model": UNKNOWN, **HELLO}),
        feature="chat",
    ),
    _probe(
        "model-unknown-wrong-key",
        lambda _: post(RESPONSES, {"model": UNKNOWN, **HELLO_RESPONSES}, _with(WRONG)),
        feature="responses",
    ),
    _probe("retrieve-unknown-no-key", lambda _: get(f"/models/{UNKNOWN}")),
)
EXACT = (
    _misspelt("longer", lambda key: f"{key}x"),
    _misspelt("shorter", lambda key: key[:-1]),
    _misspelt("swapped-case", str.swapcase),
    _misspelt("other-end", lambda key: f"{key[:-1]}{'0' if key[-1] != '0' else '1'}"),
    _misspelt("prefix-only", lambda key: key[: min(7, len(key) // 2)]),
)
SCHEMES = (
    _varied("scheme-lower", lambda key: [f"bearer {key}"]),
    _varied("scheme-upper", lambda key: [f"BEARER {key}"]),
    _varied("scheme-token", lambda key: [f"Token {key}"]),
    _varied("scheme-none", lambda key: [key]),
    _varied(
        "scheme-basic", lambda key: [f"Basic {base64.b64encode(f'user:{key}'.encode()).decode()}"]
    ),
    _varied("empty-bearer", lambda _: ["Bearer"]),
    _varied("empty-bearer-spaces", lambda _: ["Bearer  ,"]),
    _varied("spaces", lambda key: [f"Bearer  {key}"]),
    _varied("two-headers", lambda key: [f"Bearer {key}", f"Bearer {WRONG}"], count=2),
    _varied("two-headers-wrong-first", lambda key: [f"Bearer {WRONG}", f"Bearer {key}"], count=2),
)


def _in_query(context: ProbeContext) -> Request:
    key = _main(context)
    return get(f"/models?api_key={key}&key={key}&access_token={key}", ("-authorization", ""))


QUERY = _probe("key-in-query", _in_query, key="main")
BODY = _probe(
    "key-in-body",
    lambda context: post(CHAT, {"api_key": _main(context)}, ("-authorization", "")),
    key="main",
    feature="chat",
)
REVOKED = (
    _probe("revoked-models", lambda _: get("/models"), key="revoked"),
    _probe("revoked-chat", lambda _: post(CHAT, {}), key="revoked", feature="chat"),
    _probe("revoked-responses", lambda _: post(RESPONSES, {}), key="revoked", feature="responses"),
)
ORGANIZATION = _probe(
    "organization",
    lambda _: get(
        "/models",
        ("openai-organization", "org-conformance"),
        ("openai-project", "proj_conformance"),
    ),
    key="main",
    feature="tiers",
)
