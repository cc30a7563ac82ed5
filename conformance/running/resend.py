"""A request once more without what its refusal blames, so that one parameter hides no other.

A compound request asks many things at once. Only where it is refused it is taken apart: sent again
without each of its parameters, so that the one that makes it pass is seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from conformance.judging.refusal import blames, refuses
from conformance.running.output_limit import LEAST
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request

# What means nothing without another.
_LEANS_ON: Final[Mapping[str, str]] = {
    "top_logprobs": "logprobs",
    "stream_options": "stream",
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
}
_NEEDED: Final = frozenset({"model", "messages", "input"})


def refused_parameters(x: Exchange) -> list[str]:
    """The parameters of the request that its refusal names."""
    return [name for name in x.request.params if name not in _NEEDED and blames(x, name)]


def without_refused_parameters(probe: Probe) -> Probe:
    """Sent only when `probe` was refused for parameters that the refusal names."""

    def build(context: ProbeContext) -> Request:
        first = context.earlier[probe.name][0]
        guilty = refused_parameters(first)
        if first.ok or not guilty:
            raise Impossible(f"{probe.name} was answered {first.reply.status}")
        kept = {
            name: value
            for name, value in first.request.params.items()
            if name not in guilty and _LEANS_ON.get(name) not in guilty
        }
        return post(first.request.path, kept)

    return Probe(
        f"{probe.name}-again",
        build,
        after=(probe.name,),
        per_model=probe.per_model,
        feature=probe.feature,
        output_tokens=probe.output_tokens,
    )


def without_each(probe: Probe, names: Iterable[str]) -> tuple[Probe, ...]:
    """A probe for each of these parameters of a compound request, sent only when that was refused."""
    return tuple(_without(probe, name) for name in names)


def _without(probe: Probe, name: str) -> Probe:
    def build(context: ProbeContext) -> Request:
        first = context.earlier[probe.name][0]
        if not refuses(first):
            raise Impossible(f"{probe.name} was not refused: there is nothing to take apart")
        gone = {name, *(leaning for leaning, on in _LEANS_ON.items() if on == name)}
        kept = {n: value for n, value in first.request.params.items() if n not in gone}
        return post(first.request.path, kept)

    return replace(
        probe,
        name=f"{probe.name}-without-{name.replace('_', '-')}",
        build=build,
        after=(probe.name,),
        output_tokens=LEAST,  # whether it is taken is all that is asked
    )
