"""What many runs show."""
