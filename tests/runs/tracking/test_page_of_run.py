"""Where MLflow shows a run."""

from stx.runs.tracking.page import of_run


def test_a_server_s_page_has_no_password_and_a_file_s_says_how_it_is_shown() -> None:
    assert of_run("https://me:pw@host:5000", "7", "abc") == (
        "https://host:5000/#/experiments/7/runs/abc?workflowType=machine_learning"
    )
    page, after = of_run("sqlite:///mlflow.db", "7", "abc").splitlines()
    assert page == "http://127.0.0.1:5000/#/experiments/7/runs/abc?workflowType=machine_learning"
    assert after == "it opens while this command runs: mlflow ui --backend-store-uri sqlite:///mlflow.db"
