"""A sweep from its jobs to a page."""
