"""Faults of headers and bodies that a gateway's fronts and routers bring."""

from dataclasses import replace

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.selection import When
from gateway.faults.machinery.transform import with_header
from gateway.frames import GatewayReply
from wire.exchange import Request


def _over(limit_bytes: int) -> When:
    return lambda request: len(request.body) > limit_bytes


def _doubled(_: Request, reply: GatewayReply) -> GatewayReply:
    given = tuple(h for h in reply.headers if h[0].startswith("access-control-allow-origin"))
    return replace(reply, headers=reply.headers + given)


def _joined(_: Request, reply: GatewayReply) -> GatewayReply:
    headers = tuple(
        (name, f"{value}, {value}") if name == "access-control-allow-origin" else (name, value)
        for name, value in reply.headers
    )
    return replace(reply, headers=headers)


def _leak(name: str, header: str, value: str, says: str) -> Fault:
    return Fault(f"http.{name}", (), says, Family.LEAK, reply=with_header(header, value))


FAULTS = (
    _leak(
        "upstream-header",
        "x-gateway-upstream",
        "http://10.1.2.3:8000/v1",
        "Every answer names the upstream's address in a header.",
    ),
    _leak(
        "upstream-host-header",
        "x-served-by",
        "pool-7.workers.svc.cluster.local",
        "Every answer names an inner host in a header.",
    ),
    *(
        Fault(f"http.body-{name}", (), f"Bodies over {name} are refused with 413.", Family.STATUS, _over(limit),
            reply=refused(413, "The request body is too large.", "request_too_large"))
        for name, limit in (("1mib", 2**20), ("2mib", 2 * 2**20), ("100kb", 100_000))
    ),
    Fault("http.cors-doubled", (), "The origin is granted twice.", Family.HEADER, reply=_doubled),
    Fault("http.cors-joined", (), "The origin is granted twice in one header.", Family.HEADER, reply=_joined),
)  # fmt: skip
