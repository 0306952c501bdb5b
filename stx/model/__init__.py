"""From pictures to losses: the terms of a loss, the network that they look at, and the memory that this takes."""
