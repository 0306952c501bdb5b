"""What was typed, and what it means; no torch here."""
