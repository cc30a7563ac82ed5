"""The responses area: its rows, probes and rules."""
