"""The rooms of stx, from the ground up: who may import whom, read from the sources.

Imports inside functions and under `if TYPE_CHECKING` count as much as those at a module's top.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]

ROOMS = ("config", "pictures", "stats", "model", "measures", "loop", "runs", "studies")
"""Packages, bottom to top. Below all of them are GROUND, above them the commands."""
GROUND = ("stx", "stx.errors", "stx.atomic", "stx.timeline")

DOOR = ("stx", "stx.runs.stylise")
"""`stx.stylise`, which the package itself offers."""

HYDRA = (
    "stx.config.compose",
    "stx.config.internals",
    "stx.config.loader",
    "stx.runs.preflight",
    "stx.runs.launcher",
    "stx.runs.composed",
    "stx.run",
)


@cache
def sources() -> dict[str, Path]:
    """The modules of stx by dotted name."""
    files = sorted((TOP / "stx").rglob("*.py"))
    return {".".join(file.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(file: Path) -> Iterator[str]:
    """Dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in sources() else str(node.module)


@cache
def graph() -> dict[str, set[str]]:
    return {module: set(imported(file)) - {DOOR[1] if module == DOOR[0] else ""} for module, file in sources().items()}


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def importers(package: str) -> set[str]:
    return {module for module, names in graph().items() if any(within(name, package) for name in names)}


def floor(module: str) -> int:
    room = module.split(".")[1] if "." in module else ""
    return 0 if module in GROUND else 1 + (ROOMS.index(room) if room in ROOMS else len(ROOMS))


def test_every_package_of_stx_is_a_room() -> None:
    assert {file.parent.name for file in (TOP / "stx").glob("*/__init__.py")} == set(ROOMS)


def test_no_room_imports_from_one_above_it() -> None:
    upwards = {
        (module, name)
        for module, names in graph().items()
        for name in names
        if within(name, "stx") and floor(name) > floor(module)
    }
    assert not upwards


def test_no_modules_import_each_other_in_a_circle() -> None:
    within_stx = {module: {name for name in names if name in sources()} for module, names in graph().items()}
    try:
        TopologicalSorter(within_stx).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_config_imports_no_torch() -> None:
    assert not [module for module in importers("torch") if within(module, "stx.config")]


def test_statistics_import_torch_and_errors_alone() -> None:
    allowed = ("torch", "stx.stats", "stx.errors", "annotated_types", *sys.stdlib_module_names)  # types: of arguments
    for module in (module for module in sources() if within(module, "stx.stats")):
        assert not {name for name in graph()[module] if not any(within(name, one) for one in allowed)}, module


def test_tracking_alone_imports_mlflow() -> None:
    assert all(within(module, "stx.runs.tracking") for module in importers("mlflow"))


def test_only_composing_preflight_sweeps_and_the_command_import_hydra() -> None:
    assert importers("hydra") <= set(HYDRA)
    assert importers("hydra._internal") == {"stx.config.internals"}


def test_a_search_alone_imports_optuna() -> None:
    assert importers("optuna") == {"stx.runs.study", "stx.studies.sweep.space", "stx.studies.sweep.findings"}


def test_a_survey_s_fit_alone_imports_choix() -> None:
    assert importers("choix") == {"stx.studies.survey.fit"}


def test_a_page_alone_imports_a_web_server_and_late() -> None:
    assert importers("starlette") == {"stx.runs.live.app", "stx.runs.live.server", "stx.studies.survey.app"}
    assert importers("uvicorn") == {"stx.runs.live.server"}
    command = "import sys, stx.runs.make; sys.exit(bool({'starlette', 'uvicorn'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", command], cwd=TOP).returncode == 0


def test_scripts_and_tests_compose_as_stx_does() -> None:
    asking = [
        file.name
        for folder in ("scripts", "tests")
        for file in (TOP / folder).rglob("*.py")
        if any(within(name, "hydra") for name in imported(file))
    ]
    assert sorted(asking) == ["quick_hydra.py", "test_compose.py", "test_loader.py"]


def test_no_file_is_longer_than_250_lines_but_the_schema_and_no_function_longer_than_50() -> None:
    for module, file in sources().items():
        text = file.read_text(encoding="utf-8")
        assert module == "stx.config.schema" or text.count("\n") <= 250, module
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{module}.{node.name}"
