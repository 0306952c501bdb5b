"""How a run is told of: the only room that imports MLflow, whose client behaves as follows unless the user says else.

Set before it is imported: it reads some of this once, then.
"""

import os

ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a repeated request may make a second run; the courier asks before it does
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # else a server that hangs takes two minutes
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # which is for the picture's path
    "MLFLOW_DISABLE_TELEMETRY": "true",  # stx asks the network for nothing but what it is told to
}
for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
