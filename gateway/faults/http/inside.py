"""Faults of headers and bodies that a gateway's fronts and routers bring."""

from dataclasses import replace

from gateway.faults.machinery.fault import Family, Fault, always
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.selection import CHAT, RESPONSES, When, both
from gateway.faults.machinery.transform import on_refusal, with_header
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
    *(
        _leak(f"router-header-{name}", header, value, f"Every answer tells its {name} in a header.")
        for name, header, value in (
            ("channel", "x-oneapi-channel-id", "17"), ("upstream", "x-upstream-name", "azure-eu-2"),
            ("account", "x-account-id", "acct_7f31"), ("deployment", "x-litellm-model-id", "8a7b2c"),
            ("api-base", "x-litellm-model-api-base", "https://resource.openai.azure.com"),
            ("provider", "x-provider-key-id", "k-3"),
        )
    ),
    *(
        Fault(f"http.leak-header-{name}", (), f"Refusals tell {says} in a header.", Family.LEAK,
            reply=on_refusal(with_header("x-error-detail", value)))
        for name, says, value in (
            ("nested", "another's error", 'upstream said {"error":{"message":"quota","type":"x"}}'),
            ("group", "the router's group", "No available channel for model gpt-5.5 under group default (distributor)"),
            ("account", "an account", "account someone@example.com is over its limit"),
        )
    ),
    *(
        Fault(f"http.body-1mib-{name}", (), f"Bodies over a mebibyte are refused {says}.", Family.STATUS,
            both(_over(2**20), when), reply=change)
        for name, says, when, change in (
            ("responses", "by Responses alone", RESPONSES, refused(413, "The request body is too large.", "request_too_large")),
            ("chat", "by chat alone", CHAT, refused(413, "The request body is too large.", "request_too_large")),
            ("as-400", "with 400", always, refused(400, "Request body too large.")),
            ("as-500", "with 500", always, refused(500, "The server had an error.", kind="server_error")),
        )
    ),
    Fault("http.cors-doubled", (), "The origin is granted twice.", Family.HEADER, reply=_doubled),
    Fault("http.cors-joined", (), "The origin is granted twice in one header.", Family.HEADER, reply=_joined),
)  # fmt: skip
