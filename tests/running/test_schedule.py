"""The schedule: order, once a model, budget, keys, retries; over a sender without a wire."""

import asyncio
from decimal import Decimal

from conformance.judging.profile import Profile
from conformance.running.budget import Budget
from conformance.running.circuit_breaker import UNANSWERED
from conformance.running.planned import Step, plan
from conformance.running.probe import Impossible, Probe, get, post
from conformance.running.schedule import Schedule
from conformance.running.sender import Sender
from conformance.running.target import Target
from wire.exchange import Chunk, Connection, Ended, Reply

USAGE = b'{"usage":{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000}}'


GONE = -1


class Wire(Sender):
    """Answers from a list of statuses by path, and remembers what was asked."""

    def __init__(self, answers=None, keys=None):
        self.waits = []

        async def sleep(seconds):
            self.waits.append(seconds)

        super().__init__(Target("http://t/v1", keys or {"main": "k" * 20}), sleep=sleep)
        self.answers = answers or {}
        self.asked = []

    async def _exchange(self, request, handling, start):
        self.asked.append(request.path)
        queue = self.answers.get(request.path, [])
        status = queue.pop(0) if len(queue) > 1 else (queue[0] if queue else 200)
        if status == 0:
            return Reply(0), Connection(Ended.FAILED, error="refused")
        if status == GONE:
            return Reply(0), Connection(Ended.CUT, error="disconnected")
        headers = (("retry-after", "2"),) if status == 429 else ()
        return Reply(status, headers, (Chunk(1.0, USAGE),), 1.0), Connection(Ended.COMPLETE)


def run(probes, wire=None, models=("m",), limit=None, profile=None):
    wire = wire or Wire()
    profile = profile or Profile("p")
    budget = Budget(profile, limit)
    steps = plan({p.name: p for p in probes}, [p.name for p in probes], profile, models)
    traffic = asyncio.run(Schedule(wire, profile, budget).run(steps))
    return traffic, wire, budget


def simple(name, **options):
    return Probe(name, lambda ask: post(f"/{name}/{ask.model}", {"n": ask.index}), **options)


def test_each_probe_goes_out_once_a_model_and_others_once():
    traffic, wire, _ = run([simple("a"), simple("b", per_model=False)], models=("m", "n"))
    assert sorted(wire.asked) == ["/a/m", "/a/n", "/b/m"]
    assert traffic.exchanges["b", "m"][0].model is None


def test_dependencies_come_first_and_give_their_answers():
    def build(ask):
        assert ask.earlier["a"][0].ok
        return get("/b")

    _, wire, _ = run([Probe("b", build, after=("a",)), simple("a")])
    assert wire.asked == ["/a/m", "/b"]


def test_what_cannot_be_built_is_unsent_with_its_reason_and_blocks_what_follows():
    def build(ask):
        raise Impossible("no id")

    traffic, wire, _ = run([Probe("a", build), simple("b", after=("a",))])
    assert wire.asked == []
    assert traffic.unsent == {("a", "m"): "no id", ("b", "m"): "builds on a: no id"}


def test_repeats_are_sent_as_often_as_asked():
    traffic, _, _ = run([simple("a", count=5)])
    assert len(traffic.exchanges["a", "m"]) == 5


def test_the_budget_holds_before_the_request_that_could_pass_it():
    probes = [simple(name, alone=True, output_tokens=1000) for name in "abc"]
    traffic, wire, budget = run(probes, limit=Decimal("0.07"))
    assert len(wire.asked) == 2  # 0.035 each by usage
    assert budget.spent_usd <= Decimal("0.07")
    assert "--max-cost" in traffic.unsent["c", "m"]


def test_free_probes_go_out_with_an_empty_budget():
    _, wire, _ = run([simple("a", output_tokens=0)], limit=Decimal(0))
    assert wire.asked == ["/a/m"]


def test_a_missing_key_names_its_variable():
    traffic, _, _ = run([simple("a", key="revoked")])
    assert "CONFORMANCE_REVOKED_KEY" in traffic.unsent["a", "m"]


def test_a_429_is_retried_as_retry_after_says_and_remembered():
    traffic, wire, _ = run([simple("a")], Wire({"/a/m": [429, 503, 200]}))
    (exchange,) = traffic.exchanges["a", "m"]
    assert exchange.ok
    assert [a.status for a in exchange.attempts] == [429, 503]
    assert wire.waits[0] == 2.0


def test_a_request_that_must_be_refused_is_asked_again_after_a_server_error():
    traffic, wire, _ = run([simple("a", output_tokens=0)], Wire({"/a/m": [500, 400]}))
    assert len(wire.asked) == 2
    assert traffic.exchanges["a", "m"][0].reply.status == 400


def test_what_a_probe_asks_for_is_its_answer():
    asking = simple("a", output_tokens=0, asks_for=frozenset({503}))
    traffic, wire, _ = run([asking], Wire({"/a/m": [500, 503]}))
    assert len(wire.asked) == 2
    assert traffic.exchanges["a", "m"][0].reply.status == 503


def test_retries_end():
    traffic, wire, _ = run([simple("a")], Wire({"/a/m": [429]}))
    assert len(wire.asked) == 4
    assert traffic.exchanges["a", "m"][0].reply.status == 429


def test_a_feature_that_is_not_claimed_is_not_sent():
    _, wire, _ = run([simple("a", feature="x")], profile=Profile("p", claims=("y",)))
    assert wire.asked == []


def test_no_connection_is_unsent_not_an_exchange():
    traffic, _, _ = run([simple("a")], Wire({"/a/m": [0]}))
    assert traffic.exchanges == {}
    assert "no connection" in traffic.unsent["a", "m"]


def test_alone_means_alone():
    inside, most = 0, 0

    class Counting(Wire):
        async def _exchange(self, request, handling, start):
            nonlocal inside, most
            inside += 1
            await asyncio.sleep(0)
            if "alone" in request.path:
                most = max(most, inside)
            answer = await super()._exchange(request, handling, start)
            inside -= 1
            return answer

    run(
        [simple("alone1", alone=True), simple("b"), simple("c"), simple("alone2", alone=True)],
        Counting(),
    )
    assert most == 1


def test_steps_of_a_plan_are_in_order():
    probes = {
        p.name: p for p in (simple("c", after=("b",)), simple("b", after=("a",)), simple("a"))
    }
    assert [s.probe.name for s in plan(probes, ["c"], Profile("p"), ["m"])] == ["a", "b", "c"]
    assert Step(probes["a"], "m").key == ("a", "m")


def test_a_path_that_has_fallen_silent_is_not_asked_for_ever():
    silent = [Probe(f"s{n}", lambda _: post("/silent", {}), per_model=False) for n in range(60)]
    traffic, wire, _ = run([simple("a"), *silent], Wire({"/silent": [0]}))
    assert wire.asked.count("/silent") == UNANSWERED
    reason = f"/silent no longer answers: {UNANSWERED} requests in a row got no whole answer"
    assert list(traffic.unsent.values()).count(reason) == 60 - UNANSWERED
    assert ("a", "m") in traffic.exchanges


def test_a_probe_waits_until_its_answer_passes():
    wire = Wire({"/job": [200]})
    seen = []

    def done(reply):
        seen.append(reply.status)
        return len(seen) == 3

    probe = Probe("job", lambda _: get("/job"), until=done, per_model=False, output_tokens=0)
    traffic, wire, _ = run([probe], wire)
    assert (wire.asked, wire.waits) == (["/job"] * 3, [0.5, 0.5])
    assert len(traffic.exchanges["job", "m"]) == 1


def test_a_refusal_is_not_waited_for():
    probe = Probe("job", lambda _: get("/job"), until=lambda _: False, per_model=False,
                  output_tokens=0)  # fmt: skip
    _, wire, _ = run([probe], Wire({"/job": [404]}))
    assert wire.asked == ["/job"]


def test_a_connection_that_met_its_end_is_replaced_once():
    traffic, wire, _ = run([simple("a")], Wire({"/a/m": [GONE, 200]}))
    assert traffic.exchanges["a", "m"][0].reply.status == 200
    traffic, wire, _ = run([simple("a")], Wire({"/a/m": [GONE]}))
    # The third is a look whether the server is still there.
    assert wire.asked == ["/a/m", "/a/m", "/models"]
    assert traffic.exchanges["a", "m"][0].connection.ended is Ended.CUT


def test_a_connection_that_was_closed_after_a_failure_is_replaced_too():
    """uvicorn closes after an answer that failed; the next try may meet that."""
    traffic, wire, _ = run([simple("a")], Wire({"/a/m": [500, GONE, 200]}))
    assert traffic.exchanges["a", "m"][0].reply.status == 200
    assert wire.asked == ["/a/m"] * 3


def test_a_framed_probe_runs_alone_between_its_readings_and_what_builds_on_it_after():
    before, after = (
        simple("before", alone=True),
        simple("after-x", alone=True, after=("before", "x"), frames=("before", "x")),
    )
    _, wire, _ = run([simple("x"), simple("y", after=("x",)), before, after, simple("z")])
    order = [path.split("/")[1] for path in wire.asked]
    assert order.index("before") + 1 == order.index("x")
    assert order[0] == "z"
    assert order.index("x") < order.index("after-x")
    assert order.index("x") < order.index("y")


def test_what_may_be_worked_on_without_end_goes_out_last():
    wild = [simple("wild", last=True), simple("on-wild", after=("wild",), alone=True)]
    _, wire, _ = run([*wild, simple("a"), simple("b", alone=True), simple("c", after=("b",))])
    assert wire.asked == ["/a/m", "/b/m", "/c/m", "/wild/m", "/on-wild/m"]
