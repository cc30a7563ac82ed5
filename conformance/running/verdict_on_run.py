"""Whether a run says anything: why it is no verdict on the target, in one sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.running.evidence import curl
from conformance.running.pulse import LOST
from conformance.running.session import Session

LEAST_SHARE: Final = 0.5
"""A run in which less of the selected MUST requirements was judged is no pass."""
MOST_CURL: Final = 1500
JUDGED: Final = frozenset({"pass", "fail", "inconclusive"})
NOT_ASKED: Final = frozenset({"not-claimed", "not-offered"})


def why_no_verdict(session: Session, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """That the target was lost, that the suite broke, or that too little was judged; else None."""
    if session.traffic.lost:
        last = next((x for x in session.exchanges() if x.probe == LOST), None)
        repeat = f" ({curl(last, session.base_url)[:MOST_CURL]})" if last is not None else ""
        return session.traffic.lost + repeat
    if session.broken:
        return f"the suite broke while sending: {session.broken}"
    must = [row for row in rows if row["level"] == "MUST" and row["outcome"] not in NOT_ASKED]
    judged = [row for row in must if row["outcome"] in JUDGED]
    # What failed is a verdict, however little else was judged.
    failed = any(row["outcome"] == "fail" for row in rows)
    if failed or not must or len(judged) >= LEAST_SHARE * len(must):
        return None
    reasons = Counter(row["reason"] for row in must if row["outcome"] == "blocked")
    ((reason, number),) = reasons.most_common(1) or (("", 0),)
    why = f"; {number} times: {reason}" if number else ""
    return f"only {len(judged)} of {len(must)} MUST requirements could be judged{why}"
