"""The wire layer on recorded answers of the real API."""

from collections.abc import Iterator

import pytest

from tests.recorded import RECORDINGS
from wire import jsonl
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.redaction import Redactor
from wire.responses import fold_responses

pytestmark = pytest.mark.skipif(not RECORDINGS.is_file(), reason=f"no recordings at {RECORDINGS}")


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    return list(jsonl.iter_file(RECORDINGS))


def streams(exchanges: list[Exchange], endpoint: Endpoint) -> Iterator[Exchange]:
    found = [x for x in exchanges if x.endpoint is endpoint and x.ok and x.reply.is_stream]
    assert len(found) > 200
    return iter(found)


def test_chat_streams_fold(exchanges: list[Exchange]) -> None:
    for exchange in streams(exchanges, Endpoint.CHAT):
        fold = fold_chat(exchange.reply)
        assert not exchange.reply.facts, exchange.id
        assert not fold.problems, exchange.id
        assert fold.whole, exchange.id


def test_responses_streams_fold_and_all_copies_agree(exchanges: list[Exchange]) -> None:
    for exchange in streams(exchanges, Endpoint.RESPONSES):
        fold = fold_responses(exchange.reply)
        assert not exchange.reply.facts, exchange.id
        assert not fold.problems, exchange.id
        assert fold.whole, exchange.id
        for item, text in fold.texts():
            assert len(set(item.copies(text)) - {None}) == 1, (exchange.id, text)


def test_lines_survive_a_round_trip(exchanges: list[Exchange]) -> None:
    for exchange in exchanges[::10]:
        assert jsonl.read(jsonl.dump(exchange)) == exchange


def test_every_exchange_has_a_time(exchanges: list[Exchange]) -> None:
    assert not [x.id for x in exchanges if x.started_at is None and x.ok and x.endpoint is Endpoint.RESPONSES]  # fmt: skip


def test_redaction_finds_nothing_in_scrubbed_traffic(exchanges: list[Exchange]) -> None:
    redactor = Redactor({"main": "sk-cs4-a1B2c3D4a1B2c3D4"})
    for exchange in exchanges[::10]:
        assert redactor.exchange(exchange) == exchange
