"""The team's server: a compose file that fits MLflow, the lock and the page. test_postgres.py starts its command."""

import re
from pathlib import Path

import yaml
from mlflow.cli import server

TOP = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((TOP / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
PAGE = (TOP / "docs" / "team.md").read_text(encoding="utf-8")


def test_every_option_is_one_of_mlflow_s_and_every_variable_one_that_it_reads() -> None:
    program, command, *options = COMPOSE["services"]["server"]["command"]
    assert (program, command) == ("mlflow", server.name)
    known = {name for option in server.params for name in option.opts}
    assert {option.partition("=")[0] for option in options} <= known
    assert "MLFLOW_BACKEND_STORE_URI" in {option.envvar for option in server.params}


def test_services_and_volumes_that_are_named_are_there() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert "healthcheck" in service
    assert "@database/" in services["server"]["environment"]["MLFLOW_BACKEND_STORE_URI"]


def test_the_image_has_the_locked_versions() -> None:
    installed = re.findall(r"\S+==\S+", (TOP / "deploy" / "Dockerfile").read_text(encoding="utf-8"))
    assert len(installed) == 2
    assert set(installed) <= set((TOP / "requirements.lock").read_text(encoding="utf-8").split())


def test_no_password_is_in_the_file_and_the_page_sets_what_it_asks_for_in_five_commands() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (TOP / "deploy" / "compose.yaml").read_text(encoding="utf-8")))
    assert asked == {"SERVER", "POSTGRES_PASSWORD"}
    commands = re.findall(r"^    (.+)$", PAGE.partition("**What is taken.**")[0], re.MULTILINE)
    assert len(commands) == 5
    assert all(f"{name}=" in commands[1] for name in asked)
