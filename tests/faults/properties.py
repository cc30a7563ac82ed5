"""What the property-based probes say of the gateway with faults, for one seed."""

from conformance.judging.area import Catalogue, catalogue
from conformance.judging.judge import Judge
from tests.direct import traffic


def judged(seed, *faults):
    """Outcomes of the properties' requirements, and the kept exchanges by probe."""
    area = next(area for area in catalogue().areas if area.name == "properties")
    known = Catalogue((area,))
    sent, profile = traffic(faults, probes=(), known=known, seed=seed)
    judge = Judge(known, profile, tuple(sent.all()), sent.unsent)
    outcomes = {
        row.id: judge.result(row, "gpt-5.5" if row.per_model else "").outcome.value
        for row in area.requirements
    }
    return outcomes, {x.probe: x for x in sent.all()}


def broken(*faults):
    """The properties' requirements that deviate with these faults."""
    outcomes, _ = judged(0, *faults)
    return {row for row, outcome in outcomes.items() if outcome in {"fail", "advisory"}}
