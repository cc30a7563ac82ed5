"""Ids, names and numbers that no server should give: nothing that is made of them may break.

`check` lets a gateway lie in some members of all its answers, and drives everything that uses them: the
probes that build on earlier answers, the rules, the curl lines, the reports, the record, and the readers of
the load part. CI tries a few, `python -m tests.hostile.values --examples 300` many.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.running import planned
from conformance.running.budget import Budget
from conformance.running.document import cost_row, result_row, run_document
from conformance.running.evidence import curl
from gateway.frames import GatewayReply
from reports.folder import write_all
from tests.direct import traffic
from tests.hostile.fuzz import load as load_reads
from wire import jsonl
from wire.exchange import Request

MEMBERS: Final = (
    "id", "model", "call_id", "item_id", "name", "previous_response_id", "first_id", "last_id", "created",
    "created_at", "owned_by", "object", "index", "output_index", "sequence_number", "status", "finish_reason",
    "total_tokens", "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "arguments",
)  # fmt: skip
VALUES: Final = (
    "", " ", "\ud800", "a\udfffb", "\0", "a\0b", "a\r\nx-injected: 1", "9" * 4000, "'", '"', "'\"`$(id)\\",
    "../../etc/passwd", "/", "?x=1#y", "%", "%00%2e%2e%zz", "{}", "{", "<script>alert(1)</script>", "]]>", "|\n|",
    "\u202e", "\U0001f600" * 50, "y" * 100_000, "Bearer x", "=cmd()", 10**3999, -(10**3999), 1e308, -1, 0,
    2**63, None, True, [], {}, [[]], {"id": "x"}, ["x", 1],
)  # fmt: skip
LIES: Final = st.dictionaries(
    st.sampled_from(MEMBERS), st.sampled_from(VALUES) | st.text(max_size=40), min_size=1, max_size=5
)
OTHERS: Final = ("billing.", "errors.", "http.", "auth.", "chat.combined", "authenticity.")
"""Probes that build on earlier answers as others do, left out so that an example takes no minute."""
AS_WELL: Final = (
    "models.list", "chat.echo", "chat.echo-stream", "chat.tool-stream", "responses.echo", "responses.tools",
    "responses.stream.echo", "responses.stream.tools",
)  # fmt: skip


FEW: Final = (
    "models.list", "chat.tool-result", "chat.tool-stream", "chat_params.kept.low", "responses.stream.tools",
    "responses_params.stored.list-after", "usage.long-again",
)  # fmt: skip
_NOTHING_SEEN: Final = frozenset({Outcome.BLOCKED, Outcome.NOT_CLAIMED, Outcome.NOT_OFFERED})


class Lying:
    """A gateway whose answers have these values in these members, wherever they stand."""

    def __init__(self, inner: Any, lies: Mapping[str, Any]) -> None:
        self._inner = inner
        self._lies = lies
        self.sent: list[bytes] = []

    def handle(self, request: Request) -> GatewayReply:
        reply: GatewayReply = self._inner.handle(request)
        if reply.frames is not None:
            frames = tuple(f._replace(payload=self._told(f.payload)) for f in reply.frames)
            reply = replace(reply, frames=frames)
        elif reply.pieces is None:
            reply = replace(reply, body=self._told(reply.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
        head = f"HTTP/1.1 {reply.status} X\r\n{head}content-length: {len(reply.data)}\r\n\r\n"
        self.sent.append(head.encode("utf-8", "replace") + reply.data)
        return reply

    def settle(self, *given: Any) -> None:
        self._inner.settle(*given)

    def _told(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self._lies[name] if name in self._lies else self._told(inner)
                for name, inner in value.items()
            }
        return [self._told(inner) for inner in value] if isinstance(value, list) else value


@cache
def probes() -> tuple[str, ...]:
    every = planned.probes(catalogue())
    building = (n for n, probe in every.items() if probe.after and not n.startswith(OTHERS))
    return (*building, *(name for name in AS_WELL if name in every))


def check(lies: Mapping[str, Any], names: Sequence[str] = ()) -> None:
    """Raises where anything breaks; `names`: the probes that are sent, by default all that build on answers."""
    gateways: list[Lying] = []

    def around(inner: Any) -> Any:
        gateways.append(Lying(inner, lies))
        return gateways[-1]

    sent, profile = traffic(probes=names or probes(), around=around)
    assert not sent.broken, sent.broken
    exchanges = sent.all()
    assert len(exchanges) > 5
    known = catalogue()
    judge = Judge(known, profile, tuple(exchanges), sent.unsent, sent.absent)
    results = [
        judge.result(row, "gpt-5.5" if row.per_model else "")
        for row in known.requirements.values()
        if not row.excluded
    ]
    wrong = [(r.requirement.id, r.reason) for r in results if r.outcome is Outcome.ERROR]
    assert not wrong, wrong[:3]
    for x in exchanges:
        line = curl(x, "http://127.0.0.1:1/v1")
        assert "\0" not in line
        line.encode("utf-8")
        again = json.loads(jsonl.dump(x))
        assert again["request"]["path"] == x.request.path
    document = run_document(
        target={"base_url": "http://127.0.0.1:1/v1", "profile": profile.name, "models": ["gpt-5.5"], "keys": {}},
        started_at="2026-01-01T00:00:00+00:00", duration_s=1.0, cost=cost_row(Budget(profile), 0.0),
        rows=[result_row(r) for r in results if r.outcome not in _NOTHING_SEEN], exchanges=exchanges,
        base_url="http://127.0.0.1:1/v1", profile=profile,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        written = write_all(document, Path(folder))
        assert all(path.stat().st_size for path in written)
    for data in gateways[0].sent[:40]:
        load_reads(data)


def tried(examples: int, *, derandomize: bool, names: Sequence[str] = ()) -> Callable[[], None]:
    """A test of so many examples."""

    @settings(
        max_examples=examples, deadline=None, derandomize=derandomize, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(LIES)
    def run(lies: dict[str, Any]) -> None:
        check(lies, names)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300)
    arguments = parser.parse_args()
    for name in MEMBERS:  # each member with each value, alone
        for value in VALUES[: max(1, arguments.examples // len(MEMBERS))]:
            check({name: value})
    tried(arguments.examples, derandomize=False)()
    print(f"{arguments.examples} examples, nothing broke")


if __name__ == "__main__":
    main()
