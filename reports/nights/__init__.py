"""Many run documents: night after night of one target, or targets side by side."""
