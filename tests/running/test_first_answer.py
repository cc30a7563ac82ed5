"""What first answers tell, also where a server sends anything but what it should."""

import json

import pytest

from conformance.running.first_answer import Looked, models_of, owner_of
from conformance.running.probe import get, post
from wire.endpoint import Endpoint
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply


def exchange(request, body):
    data = (Chunk(1.0, json.dumps(body).encode()),)
    return Exchange("1", request, Reply(200, (), data, 1.0), Connection(Ended.COMPLETE))


@pytest.mark.parametrize(
    ("owners", "owner"),
    [(["us", "us"], "us"), (["us", "them"], ""), ([{}], ""), ([["us"], "us"], ""), ([None], "")],
)
def test_models_belong_to_one_owner_or_to_nobody(owners, owner):
    rows = [{"id": f"m{n}", "owned_by": name} for n, name in enumerate(owners)]
    listing = exchange(
        get("/models"), {"object": "list", "data": [*rows, 5, {"id": 7, "owned_by": owners[0]}]}
    )
    assert owner_of(listing) == owner
    assert models_of(listing) == tuple(f"m{n}" for n in range(len(owners)))


@pytest.mark.parametrize("count", [-(10**6), 0, "9", None, 10**9])
def test_counts_that_make_no_sense_move_no_limit(count):
    usage = {"prompt_tokens": count, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": count}}  # fmt: skip
    looked = Looked(Endpoint.CHAT, "max_tokens", exchange(post("/chat/completions", {"model": "m"}), {"usage": usage}))  # fmt: skip
    assert 0 <= looked.reasoning_tokens <= 4_000
    assert 1 <= looked.prompt_ratio <= 10
