"""Where MLflow shows a run."""

import shlex

from stx.config.secrets import without_login


def of_run(uri: str, experiment_id: str, run_id: str) -> str:
    """The address of a run's page, for people; for a store that is a file, with the command that serves it."""
    page = f"#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"
    if uri.startswith("http"):
        return f"{without_login(uri)}/{page}"  # a browser asks for the login itself
    serve = shlex.join(["mlflow", "ui", "--backend-store-uri", uri])
    return f"http://127.0.0.1:5000/{page}\nit opens while this command runs: {serve}"
