"""The loop: its steps and levels, and what is recorded and saved meanwhile."""
