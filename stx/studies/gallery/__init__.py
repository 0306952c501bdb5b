"""A gallery of runs: one page, whole in one file."""
