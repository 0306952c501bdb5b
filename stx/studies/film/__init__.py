"""stx film: the frames of a film, each starting from the previous result."""
