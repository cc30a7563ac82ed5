"""What a refusal says, and how the rules about refusals are made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.chat_params.request import broken, feature_of
from conformance.probe import Probe
from conformance.rule import Finding, Findings, Rule, probe, show
from wire.exchange import Exchange

PREFIX = "chat_params.refuse."


@dataclass(frozen=True)
class Refusal:
    """A request that is broken in one place. `names` is what the refusal has to name, or `a|b`."""

    requirement: str
    slug: str
    body: Mapping[str, Any]
    names: str
    feature: str = ""

    @property
    def probe(self) -> str:
        return PREFIX + self.slug

    def plan(self) -> Probe:
        feature = self.feature or feature_of(self.names.partition("|")[0])
        build = broken(self.body)
        return Probe(self.probe, build, feature=feature, per_model=False, output_tokens=0)


def error_of(x: Exchange) -> dict[str, Any]:
    body = x.reply.json
    inner = body.get("error") if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}


def names(x: Exchange, parameter: str) -> bool:
    """Whether an error speaks of a parameter (or one of `a|b`), in `param` or in its message."""
    return any(_names(error_of(x), name) for name in parameter.split("|"))


def _names(error: dict[str, Any], parameter: str) -> bool:
    param, message = error.get("param"), error.get("message")
    if isinstance(param, str) and re.match(rf"{re.escape(parameter)}($|[.\[])", param):
        return True
    word = rf"(?<![A-Za-z0-9_]){re.escape(parameter)}(?![A-Za-z0-9_])"
    return isinstance(message, str) and re.search(word, message) is not None


def refused(x: Exchange, why: str) -> Findings:
    """The request was refused, and by the server itself: neither accepted nor passed on."""
    if x.ok:
        yield Finding("status", f"400, because {why}", f"{x.reply.status} {show(x.reply.text, 60)}")
    elif not 400 <= x.reply.status < 500:
        what = str(x.reply.status) if x.reply.status else x.connection.error or "no answer"
        yield Finding("status", f"400, because {why}", f"{what} {show(x.reply.text, 60)}")


def unjudged(x: Exchange) -> bool:
    """Refused for who asks or how often, which says nothing about the parameters."""
    return x.reply.status in {401, 403, 408, 429, 503}


def refusal_rules(refusals: tuple[Refusal, ...]) -> tuple[Rule, ...]:
    """One rule a requirement: its requests are refused with a status of the 4xx class."""
    bodies = {refusal.probe: refusal for refusal in refusals}

    def check(x: Exchange) -> Findings:
        refusal = bodies.get(x.probe or "")
        if refusal and not unjudged(x):
            yield from refused(x, f"of {refusal.slug}")

    requirements = dict.fromkeys(refusal.requirement for refusal in refusals)
    return tuple(
        Rule((name,), probe(*(r.probe for r in refusals if r.requirement == name)), check)
        for name in requirements
    )
