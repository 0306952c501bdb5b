"""Held-out measures of pictures: what no loss has seen."""
