"""Pytest starts here: the suite is a plugin, and the tests of the suite use it, too."""

pytest_plugins = ["conformance.plugin"]
