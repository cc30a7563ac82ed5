"""Keys, tiers, limits and methods: who is let in, and what a refusal says."""

import json

import pytest

from gateway.accounts.limits import duration
from gateway.core import Gateway
from schemas.loader import check
from tests.gateway.chatting import say
from tests.gateway.in_process import Desk
from wire.exchange import Request


@pytest.fixture
def desk() -> Desk:
    return Desk()


def get(desk: Desk, *headers: tuple[str, str], path: str = "/v1/models", method: str = "GET"):
    return desk.gateway.handle(Request(method, path, headers))


def test_same_key_everywhere(desk: Desk):
    assert desk.ask("/models").status == 200
    assert say(desk, "hi").status == 200
    assert desk.respond("hi").status == 200


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Bearer nope", "Token {key}", "Basic {key}", "{key}", "Bearer {key}x",
     "Bearer x{key}", "Bearer {KEY}", "Bearer sk-test-0123456789abcdef0123456789abcdef"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/v1/responses", "/v1/foo"])
def test_wrong_keys_are_refused(desk: Desk, value: str, path: str):
    key = desk.gateway.keys.secrets["codex"]
    value = value.format(key=key, KEY=key.upper())
    method = "GET" if path.endswith("models") else "POST"
    reply = desk.gateway.handle(Request(method, path, (("authorization", value),), b"{"))
    assert reply.status == 401
    assert check("errors/error", reply.body) == []
    assert reply.body["error"]["code"] == "invalid_api_key"
    assert reply.body["error"]["param"] is None
    assert key not in json.dumps(reply.body)


@pytest.mark.parametrize("value", ["bearer {}", "BEARER {}", "Bearer  {}", " Bearer {} "])
def test_spellings_of_bearer(desk: Desk, value: str):
    key = desk.gateway.keys.secrets["codex"]
    assert get(desk, ("authorization", value.format(key))).status == 200


def test_key_only_from_its_header(desk: Desk):
    key = desk.gateway.keys.secrets["codex"]
    assert get(desk).status == 401
    assert get(desk, path=f"/v1/models?api_key={key}").status == 401
    assert get(desk, ("x-api-key", key)).status == 401
    two = (("authorization", f"Bearer {key}"), ("authorization", "Bearer other"))
    assert get(desk, *two).status == 401


def test_unknown_headers_are_ignored(desk: Desk):
    extra = (("openai-organization", "org-x"), ("openai-project", "p"), ("x-stainless-lang", "js"))
    assert desk.ask("/models", headers=extra).status == 200


def test_kinds_of_keys(desk: Desk):
    revoked = say(desk, "hi", key="revoked")
    assert (revoked.status, revoked.body["error"]["code"]) == (401, "invalid_api_key")
    other = say(desk, "hi", key="other_tier")
    assert (other.status, other.body["error"]["code"]) == (403, "tier_not_allowed")
    broke = say(desk, "hi", key="no_credit")
    assert (broke.status, broke.body["error"]["code"]) == (402, "insufficient_quota")
    assert desk.ask("/models", key="no_credit").status == 200


def test_limit_of_requests(desk: Desk):
    left = [
        int(say(desk, "hi", key="low_limit").header("x-ratelimit-remaining-requests"))
        for _ in range(3)
    ]
    assert left == [2, 1, 0]
    refused = say(desk, "hi", key="low_limit")
    assert (refused.status, refused.body["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 0 < int(refused.header("retry-after")) <= 60
    assert desk.ask("/models", key="low_limit").status == 200
    desk.clock.now += 61
    assert say(desk, "hi", key="low_limit").status == 200


def test_durations():
    assert [duration(s) for s in (0, 0.012, 1, 1.5, 60, 61.25)] == [
        "0ms", "12ms", "1s", "1.5s", "1m0s", "1m1.25s",
    ]  # fmt: skip


def test_every_reply_has_its_headers(desk: Desk):
    replies = [
        desk.ask("/models"),
        say(desk, "hi"),
        say(desk, "hi", stream=True),
        get(desk),
        desk.ask("/x"),
    ]
    ids = {reply.header("x-request-id") for reply in replies}
    assert len(ids) == len(replies)
    assert all(one.startswith("req_") and len(one) == 36 for one in ids)
    assert {reply.header("openai-version") for reply in replies} == {"2020-10-01"}
    assert all(int(reply.header("openai-processing-ms")) > 0 for reply in replies)
    assert replies[2].header("content-type") == "text/event-stream; charset=utf-8"
    assert replies[2].header("cache-control") == "no-cache"
    assert {r.header("content-type") for r in replies if r.frames is None} == {"application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/chat/completions", 405), ("PATCH", "/responses", 405), ("DELETE", "/responses", 405),
        ("POST", "/models", 405), ("GET", "/chat/completions", 200), ("GET", "/foo", 404),
        ("GET", "/models/", 404), ("GET", "/models/gpt-none", 404), ("GET", "/models/gpt%2D5.5", 200),
    ],
)  # fmt: skip
def test_methods_and_paths(desk: Desk, method: str, path: str, status: int):
    reply = desk.ask(path, method=method)
    assert reply.status == status
    if status >= 400:
        assert check("errors/error", reply.body) == []
    if status == 405:
        assert "OPTIONS" in reply.header("allow")


def test_paths_outside_the_prefix(desk: Desk):
    key = desk.gateway.keys.secrets["codex"]
    reply = get(desk, ("authorization", f"Bearer {key}"), path="/models")
    assert reply.status == 404
    assert check("errors/error", reply.body) == []


def test_head_is_get_without_body(desk: Desk):
    whole, head = desk.ask("/models"), desk.ask("/models", method="HEAD")
    assert (head.status, head.body) == (200, None)
    assert int(head.header("content-length")) == len(whole.data)


def test_preflight(desk: Desk):
    reply = get(
        desk, ("origin", "https://a.example"), path="/v1/chat/completions", method="OPTIONS"
    )
    assert reply.status == 204
    assert reply.header("access-control-allow-origin") == "*"
    shown = desk.ask("/models", headers=(("origin", "https://a.example"),))
    assert "X-Request-ID" in shown.header("access-control-expose-headers")


@pytest.mark.parametrize("path", ["/messages", "/messages/count_tokens", "/messages/batches"])
@pytest.mark.parametrize("scheme", ["authorization", "x-api-key"])
def test_messages_are_refused_with_a_hint(desk: Desk, path: str, scheme: str):
    key = desk.gateway.keys.secrets["codex"]
    header = (scheme, f"Bearer {key}" if scheme == "authorization" else key)
    body = json.dumps({"model": "claude", "max_tokens": 5, "stream": True, "messages": []}).encode()
    reply = desk.gateway.handle(Request("POST", f"/v1{path}", (header,), body))
    assert reply.status == 404
    assert "/v1/chat/completions" in reply.body["error"]["message"]
    assert "/v1/responses" in reply.body["error"]["message"]
    assert reply.charge is None
    assert desk.gateway.handle(Request("POST", f"/v1{path}", (), body)).status == 401


def test_models_are_listed_and_found(desk: Desk):
    body = desk.ask("/models").body
    assert check("models/list", body) == []
    assert {"gpt-5.5", "gpt-5.4"} <= {card["id"] for card in body["data"]}
    for card in body["data"]:
        assert desk.ask(f"/models/{card['id']}").body == card
        assert say(desk, "hi", model=card["id"]).status == 200
    assert desk.ask("/models/none").body["error"]["code"] == "model_not_found"
    assert desk.ask("/models?client_version=1").body["models"] == []
    assert say(desk, "hi", model="claude-x").body["error"]["code"] == "model_not_found"


def test_seed_repeats_keys_and_no_seed_does_not():
    assert Gateway(seed=3).keys.secrets == Gateway(seed=3).keys.secrets
    assert Gateway().keys.secrets["codex"] != Gateway().keys.secrets["codex"]
