"""Row 25: small faults put into the ledger, the cache and the decision; the tests must notice.

A mutant is a copy of a module with one change, imported in the module's place; the working tree is not touched. It is
killed when a test fails or the tests do not end. Some change nothing that can be seen; they count as survivors.
"""

import ast
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.scorecard.figures import Figure
from bench.scorecard.lab import ROOT, STUB, Lab
from bench.scorecard.parallel import each

SEED = 20260103
BAR = 0.80
LEAST_LIMIT_SECONDS = 30
LIMIT_TIMES = 6  # as long as without a mutant: what takes longer hangs
FAST = "not model and not slow and not gpu"
DECISION = ("tests/decision/test_ladder.py", "tests/decision/test_gate.py", "tests/decision/test_[!cgl]*.py")
# The module, and the fast tests that are about it.
SUBJECTS = {
    "harness.store.ledger": ("tests/store",),
    "harness.store.cache": ("tests/store", "tests/engine/test_cached*.py"),
    "harness.engine.cached": ("tests/store", "tests/engine/test_cached*.py"),
    "harness.decision.ladder": DECISION,
    "harness.decision.gate": DECISION,
}
_OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed module."""

    module: str
    line: int
    change: str
    source: str


def mutants_killed(lab: Lab, count: int) -> Figure:
    """Try `count` mutants, drawn by a seed from all that can be made, evenly over the modules."""
    draw = random.Random(SEED)
    (lab.root / "mutants").mkdir()
    chosen: list[Mutant] = []
    limits: dict[str, float] = {}
    for number, name in enumerate(SUBJECTS):
        source = _path(name).read_text(encoding="utf-8")
        found = list(mutants(name, source))
        wanted = count // len(SUBJECTS) + (number < count % len(SUBJECTS))
        chosen += draw.sample(found, min(wanted, len(found)))
        began = time.monotonic()
        if _fails(lab, 0, Mutant(name, 0, "none", source), None):
            return Figure("25", "mutants killed", f"the tests of {name} fail without any", f"at least {BAR:.0%}", False)
        limits[name] = max(LIMIT_TIMES * (time.monotonic() - began), LEAST_LIMIT_SECONDS)
    named = list(enumerate(chosen, start=1))
    killed = list(each("mutants", lambda one: _fails(lab, *one, limits[one[1].module]), named))
    survivors = [f"{m.module}:{m.line} {m.change}" for m, is_dead in zip(chosen, killed, strict=True) if not is_dead]
    part = sum(killed) / len(killed)
    what = f"mutants killed ({', '.join(name.removeprefix('harness.') for name in SUBJECTS)})"
    figure = f"{part:.1%} ({sum(killed)} of {len(killed)})"
    return Figure("25", what, figure, f"at least {BAR:.0%}", part >= BAR, (f"survivors: {'; '.join(survivors)}",))


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, one change each."""
    tree = ast.parse(source)
    skipped = {id(part) for node in ast.walk(tree) for quiet in _quiet(node) for part in ast.walk(quiet)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for change, new in _changes(node):
            copy = deepcopy(tree)
            twin = next(islice(ast.walk(copy), number, None))
            _put(copy, twin, new)
            yield Mutant(module, getattr(node, "lineno", 0), change, ast.unparse(ast.fix_missing_locations(copy)))


def _quiet(node: ast.AST) -> Iterator[ast.AST]:
    """What no test is about: docstrings, annotations, decorators."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from node.decorator_list
    for name in ("annotation", "returns"):
        if getattr(node, name, None) is not None:
            yield getattr(node, name)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may be done to a node, and what comes in its place."""
    text = ast.unparse(node).splitlines()[0] if isinstance(node, ast.stmt | ast.expr) else ""
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in _OPPOSITE:
            yield _changed(text, node, ops=[_OPPOSITE[type(operator)](), *node.ops[1:]])
        case ast.BoolOp() | ast.BinOp() if type(node.op) in _OPPOSITE:
            yield _changed(text, node, op=_OPPOSITE[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield f"{text} without not", node.operand
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield f"{text} -> {number + 1}", ast.Constant(number + 1)
            yield f"{text} -> {number - 1}", ast.Constant(number - 1)
        case ast.If() | ast.IfExp():
            test = ast.UnaryOp(ast.Not(), node.test)
            yield f"if not ({ast.unparse(node.test)})", _changed(text, node, test=test)[1]
        case ast.Return(value=ast.expr()) if text != "return None":
            yield f"{text} -> return None", ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Raise() | ast.AugAssign():
            yield f"without {text}", ast.Pass()


def _changed(text: str, node: ast.AST, **fields: object) -> tuple[str, ast.AST]:
    """Return a copy of a node with other fields, and how it reads now."""
    new = deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return f"{text} -> {ast.unparse(new)}", new


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
            elif isinstance(value, list):
                value[:] = [new if part is old else part for part in value]


def _fails(lab: Lab, number: int, mutant: Mutant, limit_seconds: float | None) -> bool:
    """Run the module's tests with the mutant in its place; whether one fails, or they take too long."""
    path = lab.root / "mutants" / f"{mutant.module}-{number}.py"
    path.write_text(mutant.source, encoding="utf-8")
    chosen = [str(path) for test in SUBJECTS[mutant.module] for path in sorted(ROOT.glob(test))]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-m", FAST, *chosen],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(STUB), "SCORECARD_REPLACE": json.dumps({mutant.module: str(path)})},
            capture_output=True,
            timeout=limit_seconds,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def _path(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"
