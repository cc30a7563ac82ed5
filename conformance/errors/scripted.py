"""Causes that only the scripted model can bring: each asked for plainly and streamed."""

from typing import NamedTuple

from conformance.errors.probes import CHAT, RESPONSES
from conformance.running.probe import Probe, sends


class Cause(NamedTuple):
    """How the refusal for a cause must look. Empty codes: any code that says more than nothing."""

    statuses: tuple[int, ...]
    codes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


CAUSES = {
    "upstream_500": Cause((500, 502, 503)),
    "upstream_timeout": Cause((500, 504)),
    "upstream_401": Cause((500, 502, 503)),
    "overload": Cause((503,), ("server_is_overloaded",), ("service_unavailable_error",)),
    "slow_down": Cause((429,), ("slow_down",), ("rate_limit_error",)),
    "spend_limit": Cause(
        (429,),
        (
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
        ),
    ),
    "content_policy": Cause((400,)),
    "rate_limit": Cause(
        (429,), ("rate_limit_exceeded",), ("requests", "tokens", "rate_limit_error")
    ),
    "context": Cause((400,), ("context_length_exceeded",)),
}


def _says(cause: str) -> str:
    # A scripted usage makes a short prompt count as one that no model can take.
    return "[[usage prompt=90000001]] hi" if cause == "context" else f"[[script {cause}]] hi"


def _probe(cause: str, where: str) -> Probe:
    text = _says(cause)
    body = {"messages": [{"role": "user", "content": text}]} if "chat" in where else {"input": text}
    streamed = {"stream": True} if "streamed" in where else {}
    return Probe(
        f"errors.scripted-{cause.replace('_', '-')}-{where}",
        sends(CHAT if "chat" in where else RESPONSES, {**body, **streamed}),
        feature="scripted",
        per_model=False,
        output_tokens=0,
        asks_for=frozenset(CAUSES[cause].statuses),
    )


PROBES = tuple(
    _probe(cause, where)
    for cause in CAUSES
    for where in ("chat", "chat-streamed", "responses", "responses-streamed")
)
