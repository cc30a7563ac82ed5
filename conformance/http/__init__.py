"""The http area: its rows, probes and rules."""
