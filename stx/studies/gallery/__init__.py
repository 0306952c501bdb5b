"""A gallery of runs: one page in a single file."""
