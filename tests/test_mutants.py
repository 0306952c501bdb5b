"""What the mutation run changes, and that it tells a change that tests notice from one that they do not."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "mutants.py"
SOURCE = '''
def part(values: "list[int] | None", *, least=2):
    """A docstring stays."""
    if not values or len(values) < least:
        raise ValueError
    total = min(values) + abs(values[0])
    total *= 3
    return pow(total, least)
'''


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_mutant_is_one_change_of_the_source_and_says_which(script: ModuleType) -> None:
    mutants = script.mutants(SOURCE)
    changes = {(mutant.before, mutant.after) for mutant in mutants}
    assert {
        ("not values", "values"),
        ("not values or len(values) < least", "not values and len(values) < least"),
        ("len(values) < least", "len(values) <= least"),
        ("len(values) < least", "len(values) >= least"),
        ("raise ValueError", "pass"),
        ("min(values)", "max(values)"),
        ("abs(values[0])", "values[0]"),
        ("min(values) + abs(values[0])", "min(values) - abs(values[0])"),
        ("total *= 3", "total /= 3"),
        ("total *= 3", "pass"),
        ("pow(total, least)", "pow(least, total)"),
        ("2", "3"),
    } <= changes
    assert not any("docstring" in before or "list[int]" in before for before, _ in changes)
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in mutants:
        lines = mutant.source.splitlines()
        assert sum(one != other for one, other in zip(lines, whole, strict=True)) == 1
        ast.parse(mutant.source)


@pytest.mark.slow
def test_a_change_that_the_tests_notice_is_told_from_one_that_they_do_not(script: ModuleType, tmp_path: Path) -> None:
    for folder in ("stx", "conf", "tests", "docs"):
        (tmp_path / folder).mkdir()
    for file in ("pyproject.toml", "stx/__init__.py"):
        (tmp_path / file).touch()
    (tmp_path / "stx" / "half.py").write_text("def half(n):\n    return n / 2 if n > 0 else 0\n", encoding="utf-8")
    (tmp_path / "tests" / "test_half.py").write_text(
        "from stx.half import half\n\ndef test_half():\n    assert half(8) == 4\n", encoding="utf-8"
    )
    script.TOP = tmp_path
    module = Path("stx", "half.py")
    every = script.mutants((tmp_path / module).read_text(encoding="utf-8"))
    chosen = [mutant for mutant in every if mutant.after in ("n >= 0", "n * 2")]
    alive = script.survivors(module, script.tests_of(module), chosen)
    assert [(mutant.before, mutant.after) for mutant in alive] == [("n > 0", "n >= 0")]
