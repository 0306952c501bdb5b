"""How a picture is changed: one optimiser a file."""
