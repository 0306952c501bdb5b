"""live=true: a page on this machine's own address that shows a run while it works, and can stop it.

The run's thread writes into a `view`, a listener like any other; a `server` in a thread of its own, whose `app` has the
page and what it asks for, reads it. Nothing of it reaches the run but the wish to stop.
"""
