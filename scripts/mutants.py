"""python scripts/mutants.py FILE... [--count 30] [--seed 0]: small changes of meaning that the tests do not notice.

Each change is made in a copy of the package, where the tests of the file's room run that name what it defines, or
all of the room. A change lives if they all pass; docs/mutants.md keeps the rates.
"""

import argparse
import ast
import gc
import importlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[1]
FORK = multiprocessing.get_context("fork")
IMPORTED = ("torch", "scipy.stats", "hypothesis", "pytest", "pytest_timeout")
"""Imported once for all processes that run tests, as that takes longer than most of these tests."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_timeout")

OTHERS: dict[type, tuple[type, ...]] = {
    **{ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt)},
    **{ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,)},
    **{ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.And: (ast.Or,), ast.Or: (ast.And,)},
    **{ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.Pow: (ast.Mult,)},
    **{ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,)},
}
NAMES = {"min": "max", "max": "min", "all": "any", "any": "all"}
DROPPED = ("abs", "clone")


class Mutant(NamedTuple):
    line: int
    before: str
    after: str
    source: str
    """The source of the whole file, with the change."""


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What could stand in place of a node by mistake."""
    match node:
        case ast.Compare(left, [operator], [right]):
            yield from (ast.Compare(left, [other()], [right]) for other in OTHERS.get(type(operator), ()))
        case ast.BinOp(left, operator, right):
            yield from (ast.BinOp(left, other(), right) for other in OTHERS.get(type(operator), ()))
        case ast.AugAssign(target, operator, value):
            yield from (ast.AugAssign(target, other(), value) for other in OTHERS.get(type(operator), ()))
            yield ast.Pass()
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(OTHERS[type(operator)][0](), values)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield from (ast.Constant(other) for other in sorted({0, 1, value + 1} - {value}))
        case ast.Call(ast.Name(name), [value]) | ast.Call(ast.Attribute(value, name), []) if name in DROPPED:
            yield value
        case ast.Call(ast.Name(name), arguments, keywords) if name in NAMES:
            yield ast.Call(ast.Name(NAMES[name]), arguments, keywords)
        case ast.Call(function, [first, second], keywords) if not isinstance(first, ast.Starred):
            yield ast.Call(function, [second, first], keywords)
        case ast.Expr(ast.Constant(str())):
            return
        case ast.Expr() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def mutants(source: str) -> list[Mutant]:
    """All mutants of a file, in its order; annotations stay as they are."""
    tree = ast.parse(source)

    def visited(parent: ast.AST) -> Iterator[Mutant]:
        for field, value in ast.iter_fields(parent):
            if field in ("annotation", "returns"):
                continue
            nodes = value if isinstance(value, list) else [value]
            for place, node in enumerate(nodes):
                if not isinstance(node, ast.AST):
                    continue
                for change in changes(node):
                    put(parent, field, value, place, change)
                    yield Mutant(getattr(node, "lineno", 0), ast.unparse(node), ast.unparse(change), ast.unparse(tree))
                put(parent, field, value, place, node)
                yield from visited(node)

    return [mutant for mutant in visited(tree) if mutant.before != mutant.after]


def put(parent: ast.AST, field: str, value: object, place: int, node: ast.AST) -> None:
    if isinstance(value, list):
        value[place] = node
    else:
        setattr(parent, field, node)


def tests_of(module: Path) -> list[str]:
    """The test files that name what a module defines, by path in the checkout; if there are none, their folder."""
    room = TOP / "tests" / module.parent.relative_to("stx")
    tree = ast.parse((TOP / module).read_text(encoding="utf-8"))
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    word = re.compile(rf"\b({'|'.join([*public, '.'.join(module.with_suffix('').parts)])})\b")
    files = [file for file in sorted(room.glob("test_*.py")) if word.search(file.read_text(encoding="utf-8"))]
    return [str(file.relative_to(TOP)) for file in files or [room]]


def run_tests(folder: str, tests: list[str]) -> None:
    os.setpgrp()
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    os.environ |= {"PYTHONPATH": folder, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sys.path.insert(0, folder)
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(Path(folder, "bytecode"))
    for name in [name for name in sys.modules if name.split(".")[0] in ("stx", "conftest")]:
        del sys.modules[name]
    pytest = importlib.import_module("pytest")
    os._exit(int(pytest.main([*OPTIONS, *tests])))


def passed(folder: str, tests: list[str], seconds: float) -> bool:
    process = FORK.Process(target=run_tests, args=(folder, tests))
    process.start()
    process.join(seconds)
    if process.is_alive():
        os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def survivors(module: Path, tests: list[str], chosen: list[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants that the tests do not notice. Raises RuntimeError if the tests fail without any change."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("stx", "conf", "tests", "docs", "pyproject.toml"):
            copy = shutil.copytree if (TOP / part).is_dir() else shutil.copy
            copy(TOP / part, Path(folder, part))
        began = time.monotonic()
        if not passed(folder, tests, 600):
            raise RuntimeError(f"{' '.join(tests)}: these fail without any change")
        limit = 10 + 4 * (time.monotonic() - began)
        for second, mutant in enumerate(chosen):
            Path(folder, module).write_text(mutant.source, encoding="utf-8")
            os.utime(Path(folder, module), (second, second))  # two of equal size and second would share bytecode
            if passed(folder, tests, limit):
                yield mutant


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=30, help="changes of each file, drawn from all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    for module in (Path(os.path.relpath(path.absolute(), TOP)) for path in options.modules):
        every = mutants((TOP / module).read_text(encoding="utf-8"))
        if not every:
            continue
        places = sorted(random.Random(options.seed).sample(range(len(every)), min(options.count, len(every))))
        alive = 0
        for mutant in survivors(module, tests_of(module), [every[place] for place in places]):
            alive += 1
            sys.stdout.write(f"{module}:{mutant.line}: {mutant.before}  ->  {mutant.after}\n")
            sys.stdout.flush()
        noticed = f"{len(places) - alive} of {len(places)} noticed, {1 - alive / len(places):.0%}"
        sys.stdout.write(f"{module}: {noticed} (of {len(every)} in all)\n")


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
