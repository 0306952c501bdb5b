"""MLflow's client for callers that wait for its answers: a store that is away for a moment ends no batch."""

import time
from typing import Any

from stx.runs.tracking.verdict import Verdict, verdict

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts."""
AT_ONCE = ("create_run", "download_artifacts", "list_artifacts")
"""Methods that are tried once. The first may have worked though its answer was lost; what the others ask for is often
not there, or elsewhere."""


class Patient:
    """Has the methods of a client. A call that fails because the store is away is tried again before it raises."""

    def __init__(self, client: Any):
        self.client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name in AT_ONCE or not callable(method):
            return method

        def asked(*arguments: Any, **keywords: Any) -> Any:
            for wait in WAITS:
                try:
                    return method(*arguments, **keywords)
                except Exception as error:
                    if verdict(error) is not Verdict.AWAY:
                        raise
                time.sleep(wait)
            return method(*arguments, **keywords)

        return asked
