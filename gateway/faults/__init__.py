"""One folder an area, with its faults (`FAULTS` of each module) and what they break (`breaks.toml`); found by looking."""
