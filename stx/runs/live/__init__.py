"""live=true: a page on this machine's own address that shows a run while it works, and can stop it.

The run's thread writes into a `view`, a listener like any other. A thread of its own (`serving`) reads it, for the page
and what the page asks for (`app`). Nothing passes back to the run except a request to stop.
"""
