"""A request once more without what its refusal blames, so that one parameter hides no other."""

from collections.abc import Mapping
from typing import Final

from conformance.judging.refusal import blames
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
