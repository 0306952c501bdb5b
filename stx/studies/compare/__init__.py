"""Statistics on the same pictures at equal content distance."""
