"""Comparison of statistics on the same pictures at equal content distance."""
