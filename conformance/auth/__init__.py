"""The auth area: its rows, probes and rules."""
