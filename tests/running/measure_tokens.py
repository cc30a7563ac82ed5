"""`python -m tests.running.measure_tokens`: writes what each probe uses on the reference gateway.

The table makes the announced cost of a run against the reference gateway exact; other targets are
announced by the limits that are sent. A probe that is not in it counts by its limit, too.
"""

from conformance.judging.area import catalogue
from conformance.running.announced import USED
from conformance.running.budget import Budget, usage_of
from conformance.running.output_limit import generates
from conformance.running.planned import probes, properties
from conformance.running.profiles import load_profile
from tests.direct import traffic

HEAD = (
    "# Prompt and output tokens of each probe on the reference gateway, all its requests together;\n"
    "# made by `python -m tests.running.measure_tokens`.\n[tokens]\n"
)


def measured() -> dict[str, tuple[int, int]]:
    """Prompt and output tokens by probe, for one model."""
    sent, profile = traffic(seed=0)
    known = catalogue()
    sending = {**probes(known), **{p.name: p.probe for p in properties(known).values()}}
    trials = {prop.name: prop for prop in properties(known).values()}
    budget = Budget(profile)
    table = {}
    for (name, _), exchanges in sorted(sent.exchanges.items()):
        probe = sending[name]
        if not probe.billable:
            continue
        prompt = output = 0
        for x in exchanges:
            if x.ok and generates(x.request):
                scripted = probe.feature == "scripted"
                usage = (None if scripted else usage_of(x)) or budget.guess(x, probe)
                most = budget.limits.share(x.request, probe) if scripted else 10**6
                prompt += usage.prompt_tokens or 0
                output += min(usage.completion_tokens or 0, most)
        times = trials[name].examples if name in trials else 1
        table[name] = (prompt * times, output * times)
    return table


def main() -> None:
    assert load_profile("reference").scripted
    lines = [f'"{name}" = [{one}, {two}]\n' for name, (one, two) in measured().items()]
    USED.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
