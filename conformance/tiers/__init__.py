"""The tiers area: its rows, probes and rules."""
