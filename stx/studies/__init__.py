"""Studies: reports made from many runs."""
