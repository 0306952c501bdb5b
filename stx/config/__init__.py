"""Options as they are typed, and the config that they stand for. Nothing here imports torch."""
