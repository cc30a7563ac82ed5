"""GET /v1/credits: the balance of the calling key."""

from typing import Final

from gateway.call import Call, Route
from gateway.frames import GatewayReply


def balance(call: Call) -> GatewayReply:
    dollars = call.gateway.ledger.balance(call.key.name)
    return GatewayReply(body={"object": "credit_balance", "balance_usd": f"{dollars:.12f}"})


ROUTES: Final[tuple[Route, ...]] = (("GET", "/credits", balance),)
