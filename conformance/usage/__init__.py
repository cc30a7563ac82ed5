"""The usage area: its rows, probes and rules."""
