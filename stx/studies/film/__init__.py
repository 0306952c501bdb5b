"""stx film: the frames of a film, each from the last one's result."""
