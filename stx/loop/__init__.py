"""Steps, levels, and what is kept along the way."""
