"""Every experiment of the thesis, and a verdict on each claim."""
