"""Pytest starts here in an installed copy, as it does from the conftest of a checkout."""

pytest_plugins = ["conformance.plugin"]
