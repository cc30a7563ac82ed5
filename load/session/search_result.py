"""The answer of a search in the document of its best trial."""

from dataclasses import replace

from load.report.document import Result
from load.session.search import CONFIDENCE, Search


def with_search(found: Result, search: Search, slo_share: float) -> Result:
    """The answer of a search, beside the report of its best trial."""
    document = found.document
    trials = sorted(search.trials, key=lambda one: (one.rate, one.doubt))
    document["search"] = {
        "slo_share": slo_share,
        "best_rate": search.best,
        "low_per_s": search.low,
        "high_per_s": search.high,
        "confidence": CONFIDENCE,
        "sentence": search.sentence,
        "trials": [one.as_json() for one in trials],
    }
    if search.best is not None or found.exit_code == 2:
        return found
    if search.high is not None and not any(one.met for one in search.trials):
        return replace(
            found, exit_code=3 if found.exit_code in {0, 1} else found.exit_code
        )  # the targets are the gate
    document["validity"]["stamp"] = "INVALID"
    document["validity"]["reasons"].append(f"search: {search.sentence}")
    return replace(found, exit_code=4)
