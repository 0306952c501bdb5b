"""Which steps a store is told of: no chart needs all of thousands, and storing them may take longer than the run."""

from collections.abc import Set

from stx.loop.listener import Row


class Points:
    """Picks rows: the first, those at regular intervals, and those in which something happened.

    With the intervals, a metric of `steps` steps has `most` points or one more. `most` 0 picks all rows.
    """

    def __init__(self, most: int, steps: int):
        self.every = max(1, -(-steps // most)) if most else 1
        self.names: Set[str] = frozenset()
        """The names of the metrics of the step before: gradient norms come seldom, and are told each time."""
        self.events = 0.0
        self.left: Row | None = None
        """The newest row, as long as it has not been picked: the last one of a run is told when it ends."""

    def pick(self, rows: list[Row]) -> list[Row]:
        picked = []
        for row in rows:
            events = row.values.get("nan/events", 0.0)
            happened = events != self.events or not row.values.keys() <= self.names
            due = happened or row.step % self.every == 0
            picked += [row] if due else []
            self.left, self.names, self.events = None if due else row, row.values.keys(), events
        return picked
