"""Tracking of runs: the only package that imports MLflow, whose client is set up here unless the user says otherwise.

The variables are set before MLflow is imported, as it reads some of them only then.
"""

import os

ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a repeated request may make a second run; the courier checks first
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # otherwise a server that hangs takes two minutes
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout is for the picture's path
    "MLFLOW_DISABLE_TELEMETRY": "true",  # stx uses the network only for what it is told to do
}
for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
