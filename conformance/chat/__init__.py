"""The chat area: its rows, probes and rules."""
