"""A replay finds what a run in full finds: faults of each kind, both ways."""

import pytest

from gateway.faults.machinery.fault import all_faults
from tests.direct import traffic
from tests.faults.matrix import matrix

# One of answers, of requests, of charges, one after which a probe builds another request, and one
# with which an abort never comes.
FAULTS = (
    "chat.created-retyped", "chat.param.messages.history-dropped", "billing.aborts-in-full",
    "responses.id-chat", "chat.stream.one-line-end",
)  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_replay_agrees_with_a_run_in_full(name):
    bench = matrix()
    replayed = bench.log.replayed(all_faults()[name])
    sent, _ = traffic((name,), known=bench.known, at=bench.at)
    full = bench._said(tuple(sent.all()))
    if replayed is not None:
        assert bench.broken_with(replayed) == full
    assert full == (set(all_faults()[name].breaks), set())
