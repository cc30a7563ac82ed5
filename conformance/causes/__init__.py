"""Causes: groups of deviations that one mend would remove, found in the evidence of a run."""
