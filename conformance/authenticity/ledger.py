"""The ledger: of each answer what it claims to have used, beside what its texts cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from conformance.authenticity.alterations import explanations
from conformance.judging.profile import Profile
from conformance.judging.run import Run
from conformance.running.budget import MOST_TOKENS
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.tokens.asked import Unknown
from wire.tokens.claim import Claim, claim, limit_of
from wire.tokens.family import Family, family_of
from wire.tokens.prompt import Bounds, text_tokens
from wire.tokens.vocabulary import CARRIED, NAMES, vocabulary

FAR: Final = 2_000
"""Tokens that no change of signs explains."""
LONGEST: Final = 20_000
"""Characters beyond which nobody tries what may have happened to them."""
# Probes that order a usage from the scripted model measure nothing.
_ORDERED: Final = b"[[usage "


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer. `prompt` and `output` are None where nobody knows what they must be."""

    id: str
    probe: str
    model: str
    """The name by which it is counted."""
    endpoint: Endpoint
    streamed: bool
    kind: str
    """What the prompt holds beside text: `text`, `tools` or `schema`."""
    at: float
    tokenizer: str
    prompt: Bounds | None
    prompt_claimed: int
    texts: tuple[tuple[str, int], ...]
    """Tokens of the messages by OpenAI's vocabularies and the one that is sold, for prompts of text alone."""
    output: Bounds | None
    output_claimed: int
    reasoning: int
    effort: bool
    """Reasoning was asked for."""
    limit: int | None
    cut: bool
    altered: tuple[tuple[str, str], ...] = ()
    """What may have happened to a prompt of text that is counted otherwise than it was sent, and where."""

    def counted_by(self, name: str) -> int:
        return dict(self.texts)[name]


def sold_family(profile: Profile, model: str) -> Family | None:
    """Who counts how, as far as the profile says what is sold under a name; None: not said."""
    sold = profile.sells(model)
    if sold is None or sold.tokenizer not in CARRIED:
        return None
    known = family_of(model)
    if known is not None and known.vocabulary_name == sold.tokenizer:
        return known
    return Family(f"models that count by {sold.tokenizer}", (model,), (), sold.tokenizer, {})


def entry(x: Exchange, profile: Profile) -> Entry | None:
    """The entry of an exchange; None where nothing can be held against its texts."""
    kept: dict[str, Any] = vars(x)
    key = f"_entry_{profile.name}"
    if key not in kept:
        kept[key] = _entry(x, profile)
    found: Entry | None = kept[key]
    return found


def entries(run: Run) -> list[Entry]:
    """The ledger of a run, for its model alone."""
    return noted(run.exchanges, run.profile, run.model)


def noted(exchanges: Iterable[Exchange], profile: Profile, model: str = "") -> list[Entry]:
    found = (entry(x, profile) for x in exchanges if not model or x.model == model)
    return [each for each in found if each is not None]


def _entry(x: Exchange, profile: Profile) -> Entry | None:
    if (
        x.endpoint not in (Endpoint.CHAT, Endpoint.RESPONSES)
        or x.request.method != "POST"
        or _ORDERED in x.request.body
    ):
        return None
    found = claim(x, lambda name: sold_family(profile, name))
    if isinstance(found, Unknown):
        return None
    usage = found.answered.usage
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    if (
        max(abs(usage.prompt_tokens), abs(usage.completion_tokens)) > MOST_TOKENS
    ):  # usage's own rules say so
        return None
    params = x.request.params
    plain = not found.asked.functions and found.asked.schema is None and not found.asked.answers
    names = dict.fromkeys((*NAMES, found.family.vocabulary_name))
    counts = ((name, text_tokens(found.asked, vocabulary(name))) for name in names)
    return Entry(
        id=x.id,
        probe=x.probe or "",
        model=found.model,
        endpoint=found.endpoint,
        streamed=found.streamed,
        kind="tools" if found.asked.functions else "schema" if found.asked.schema else "text",
        at=x.started_at or 0.0,
        tokenizer=found.family.vocabulary_name,
        prompt=_known(found.prompt),
        prompt_claimed=usage.prompt_tokens,
        texts=tuple(counts) if plain else (),
        output=_known(found.output),
        output_claimed=usage.completion_tokens,
        reasoning=usage.reasoning_tokens or 0,
        effort=_effort(params),
        limit=limit_of(params),
        cut=found.answered.cut,
        altered=_altered(found, usage.prompt_tokens),
    )


def _altered(found: Claim, claimed: int) -> tuple[tuple[str, str], ...]:
    prompt = found.prompt
    if isinstance(prompt, Unknown) or not prompt.exact or not (off := prompt.off(claimed)):
        return ()
    if found.asked.functions or found.asked.schema or abs(off) > FAR:
        return ()
    if sum(len(message.text) for message in found.asked.messages) > LONGEST:
        return ()
    constants = found.family.endpoints[found.endpoint]
    return explanations(found.asked, found.family.vocabulary, off, constants.history)


def _known(bounds: Bounds | Unknown) -> Bounds | None:
    return bounds if isinstance(bounds, Bounds) else None


def _effort(params: dict[str, Any]) -> bool:
    reasoning = params.get("reasoning")
    asked = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return (asked or params.get("reasoning_effort")) not in (None, "none")
