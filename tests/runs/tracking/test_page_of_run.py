"""Where MLflow shows a run."""

import shlex

from stx.runs.tracking.page import of_run


def test_a_server_s_page_has_no_password_and_a_file_s_says_how_it_is_shown() -> None:
    assert of_run("https://me:pw@host:5000", "7", "abc") == (
        "https://host:5000/#/experiments/7/runs/abc?workflowType=machine_learning"
    )
    page, after = of_run("sqlite:///mlflow.db", "7", "abc").splitlines()
    assert page == "http://127.0.0.1:5000/#/experiments/7/runs/abc?workflowType=machine_learning"
    assert after == "it opens while this command runs: mlflow ui --backend-store-uri sqlite:///mlflow.db"


def test_the_command_can_be_pasted_whatever_the_folder_is_called() -> None:
    uri = "sqlite:////home/me/my runs/mlflow.db"
    _, said = of_run(uri, "1", "abc").splitlines()
    assert shlex.split(said.partition(": ")[2]) == ["mlflow", "ui", "--backend-store-uri", uri]
