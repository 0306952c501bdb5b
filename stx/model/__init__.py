"""From pictures to losses."""
