"""Sweeps and searches, from their jobs to a page."""
