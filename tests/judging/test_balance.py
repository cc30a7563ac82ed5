"""Where a balance stands in the answers of common gateways."""

from decimal import Decimal

import pytest

from conformance.judging.profile import Profile
from conformance.running.balance import balance_of


@pytest.mark.parametrize(
    ("field", "scale", "body", "dollars"),
    [
        ("balance_usd", "1", {"balance_usd": "99.5"}, "99.5"),
        ("total_usage", "-0.01", {"object": "list", "total_usage": 250.5}, "-2.505"),
        ("info.spend", "-1", {"key": "k", "info": {"spend": 0.25}}, "-0.25"),
        ("data.usage", "-1", {"data": {"usage": 3, "limit": None}}, "-3"),
    ],
)
def test_forms(field, scale, body, dollars):
    profile = Profile("p", balance_field=field, balance_scale=Decimal(scale))
    assert balance_of(profile, body) == Decimal(dollars)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"info": 3}, {"info": {"spend": "much"}}, {"info": {"spend": True}}]
)
def test_what_tells_no_balance(body):
    assert balance_of(Profile("p", balance_field="info.spend"), body) is None
