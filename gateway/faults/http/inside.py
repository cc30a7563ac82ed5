"""Faults of headers that tell what lies behind the gateway."""

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.transform import with_header

FAULTS = (
    Fault(
        "http.upstream-header",
        ("http.no-inner-address",),
        "Every answer names the upstream's address in a header.",
        Family.LEAK,
        reply=with_header("x-gateway-upstream", "http://10.1.2.3:8000/v1"),
    ),
)
