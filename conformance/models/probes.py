"""Requests about models. All of them are free."""

from urllib.parse import quote

from conformance.models.selectors import listed
from conformance.running.probe import Impossible, Probe, ProbeContext, get
from wire.exchange import Request

UNKNOWN = "conformance-no-such-model"


def _free(name: str, path: str, after: tuple[str, ...] = (), count: int = 1) -> Probe:
    return Probe(
        f"models.{name}",
        lambda _: get(path),
        after=after,
        count=count,
        per_model=False,
        output_tokens=0,
    )


LIST = _free("list", "/models")
AGAIN = _free("list-again", "/models", after=("models.list",))
CODEX = _free("list-codex", "/models?client_version=0.169.0")
QUERY = _free("list-query", "/models?conformance=1&limit=2")
UNKNOWN_ONE = _free("retrieve-unknown", f"/models/{UNKNOWN}")


def _retrieve(context: ProbeContext) -> Request:
    return get(f"/models/{quote(context.model, safe='')}")


def _retrieve_encoded(context: ProbeContext) -> Request:
    # Every mark as an escape, which RFC 3986 says is the same path.
    escaped = "".join(c if c.isalnum() else f"%{b:02X}" for c in context.model for b in c.encode())
    return get(f"/models/{escaped}")


def _retrieve_last(context: ProbeContext) -> Request:
    names = listed(context.earlier["models.list"][0])
    if not names:
        raise Impossible("models.list lists no model")
    return get(f"/models/{quote(names[-1], safe='')}")


OFFERED = Probe("models.offered", lambda _: get("/models"), per_model=False, output_tokens=0)
RETRIEVE = Probe("models.retrieve", _retrieve, after=("models.list",), output_tokens=0)
ENCODED = Probe("models.retrieve-encoded", _retrieve_encoded, output_tokens=0)
LAST = Probe(
    "models.retrieve-last", _retrieve_last, after=("models.list",), per_model=False, output_tokens=0
)
