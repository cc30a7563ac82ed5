"""The billing area: its rows, probes and rules."""
