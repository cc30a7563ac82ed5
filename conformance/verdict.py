"""A verdict as a test sees it: settle it, and pytest knows how the requirement fares."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from conformance.judging.finding import alike
from conformance.judging.judge import Outcome, Result
from conformance.nightly import regressed
from conformance.running.evidence import curl, transcript
from conformance.running.session import Session

SHOWN = 5
UNJUDGED = frozenset(
    {Outcome.NOT_CLAIMED, Outcome.NOT_OFFERED, Outcome.INCONCLUSIVE, Outcome.BLOCKED}
)


@dataclass(frozen=True)
class Verdict:
    result: Result
    session: Session
    fail_on_should: bool = False
    before: Mapping[tuple[str, str], str] | None = None
    """Outcomes of the baseline, when only what regressed is to fail."""

    def settle(self) -> None:
        """Pass, fail or skip as the outcome says. Skips name the outcome and the reason."""
        allure_attach(self.result, self.session)
        outcome = self.result.outcome
        known = self._known()
        if outcome is Outcome.ERROR:
            pytest.fail(f"error of the suite: {self.result.reason}", pytrace=False)
        if outcome is Outcome.FAIL or (outcome is Outcome.ADVISORY and self.fail_on_should):
            if known:
                pytest.skip(f"known deviation: {known}")
            if self.before is not None and not regressed(self.result, self.before):
                was = self.before.get((self.result.requirement.id, self.result.model), "absent")
                pytest.skip(f"no regression: {was} in the baseline, {outcome.value} now")
            pytest.fail(self.explanation(), pytrace=False)
        if outcome not in {Outcome.PASS, Outcome.ADVISORY}:
            pytest.skip(f"{outcome.value}: {self.result.reason}")

    def _known(self) -> str:
        for entry in self.session.settings.profile.known:
            mine = entry.requirement == self.result.requirement.id
            if mine and entry.model in {"", self.result.model}:
                return entry.reason
        return ""

    def explanation(self) -> str:
        """The failure in full: requirement, source, where, expected, found, how to repeat it."""
        requirement = self.result.requirement
        lines = [
            f"{requirement.level} {requirement.id}"
            + (f" on {self.result.model}" * bool(self.result.model)),
            f"  {requirement.text}",
            f"  source: {requirement.source}",
        ]
        kinds = alike(self.result.findings)
        for finding, number in kinds[:SHOWN]:
            lines += [
                f"  where:    {finding.where}" + (f" and {number - 1} more" if number > 1 else ""),
                f"  expected: {finding.expected}",
                f"  found:    {finding.found}",
            ]
        if (more := len(kinds) - SHOWN) > 0:
            lines.append(f"  … and {more} more")
        exchange = next(
            (x for x in self.session.exchanges() if x.id in self.result.exchanges[:1]), None
        )
        if exchange is not None:
            lines.append(f"  repeat:   {curl(exchange, self.session.base_url)[:1500]}")
        return "\n".join(lines)


def allure_attach(result: Result, session: Session) -> None:
    """Labels and the transcript for Allure, when results are collected for it."""
    try:
        import allure
        from allure_commons._core import plugin_manager
    except ImportError:
        return
    if not plugin_manager.get_plugins():
        return
    import json

    requirement = result.requirement
    allure.dynamic.title(requirement.text)
    allure.dynamic.id(requirement.id)
    allure.dynamic.label("level", requirement.level.value)
    allure.dynamic.label("area", requirement.area)
    severity = {"MUST": "critical", "SHOULD": "minor"}.get(requirement.level.value, "trivial")
    allure.dynamic.severity(severity)
    allure.dynamic.description(requirement.source)
    allure.dynamic.tag(requirement.level.value, requirement.area, *requirement.tags)
    for exchange in session.exchanges():
        if exchange.id in result.exchanges[:2]:
            request = exchange.request
            status = exchange.reply.status or "no reply"
            with allure.step(f"{request.method} {request.path} → {status}"):
                shown = transcript(exchange, session.base_url)
                allure.attach(shown.pop("curl"), "curl", allure.attachment_type.TEXT)
                text = json.dumps(shown, indent=1, ensure_ascii=False)
                allure.attach(text, exchange.id, allure.attachment_type.JSON)
    for finding, number in alike(result.findings)[:SHOWN]:
        more = f" and {number - 1} more" if number > 1 else ""
        with allure.step(f"{finding.where}{more}: {finding.message}"):
            pass
