"""The models area: its rows, probes and rules."""
