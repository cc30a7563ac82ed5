"""Requests about models. All of them are free."""

from conformance.probe import Probe, get

LIST = Probe("models.list", lambda _: get("/models"), per_model=False, output_tokens=0)
