"""The errors area: its rows, probes and rules."""
