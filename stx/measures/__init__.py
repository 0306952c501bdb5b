"""Held out: what no loss has seen."""
