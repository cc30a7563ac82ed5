"""Requests that must be accepted carry only what the profile claims."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.judging.profile import Profile


def claimed_members(
    body: Mapping[str, Any], profile: Profile, feature_of: Callable[[str], str]
) -> dict[str, Any]:
    """The members of a body that the profile claims to support; of stream_options, the options."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        if name == "stream_options" and isinstance(value, dict):
            options = {n: v for n, v in value.items() if profile.claims_feature(feature_of(n))}
            if options:
                kept[name] = options
        elif profile.claims_feature(feature_of(name)):
            kept[name] = value
    return kept
