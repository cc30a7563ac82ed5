"""Requests that nobody thought of: valid by construction, or broken in exactly one place."""
