"""Runs against real servers that nobody here wrote. Slow, outside CI: `tox -e peers`."""
