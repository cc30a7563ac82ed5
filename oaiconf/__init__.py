"""The command of an installed copy. This package is all that the wheel adds to an environment."""
