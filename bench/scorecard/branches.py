"""Row 25: which branches of harness/store and harness/evidence the fault suite and their own tests take.

Every module is rewritten with a probe in both arms of each `if`, conditional expression and loop (its body, and its
end without `break`) and in each `except`, and every process of the suite imports the copy in its place. A probe writes
at once, so branches that a killed process took count too; coverage.py writes when a process ends, and every worker of a
run ends by SIGKILL (docs/measurements.md). Not counted: `if TYPE_CHECKING`, `if __name__`, the end of `while True`.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.scorecard.figures import Figure
from bench.scorecard.lab import ROOT, STUB, Lab
from bench.scorecard.parallel import say

MEASURED = ("harness/store", "harness/evidence")
TESTS = ("tests/store", "tests/evidence", "tests/cli")
BAR = 0.90
SHOWN = 40  # branches not taken that are listed


def branch_coverage(lab: Lab, faults: Callable[[Lab], object]) -> Figure:
    """Run the fault suite over the rewritten modules and count the branches that it takes.

    The suite is `faults`, the scorecard's own in the lab it is given, and the tests of these parts.
    """
    modules, branches = rewrite(lab.root / "probed")
    hits = lab.root / "branches"
    hits.touch()
    probes = {"SCORECARD_REPLACE": json.dumps(modules), "SCORECARD_BRANCHES": str(hits)}
    say("  branches: the faults once more, over rewritten modules")
    faults(replace(lab, more=probes))
    by_faults = len(_taken(hits, branches))
    say("  branches: the tests of store, evidence and command line")
    tests = [test for test in TESTS if (ROOT / test).is_dir()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(STUB)} | probes,
        capture_output=True,
        text=True,
    )
    taken = _taken(hits, branches)
    missed = sorted(branches - taken)
    (lab.root / "branches-missed").write_text("\n".join(missed), encoding="utf-8")
    notes = [f"own probes instead of coverage.py; not taken: {', '.join(missed[:SHOWN])}"]
    if done.returncode:
        notes.append(f"the tests failed: {done.stdout.strip().splitlines()[-1]}")
    share = len(taken) / len(branches)
    what = f"branches of {' and '.join(MEASURED)} that the fault suite and the tests of these parts take"
    alone = f"the scorecard's faults alone {by_faults / len(branches):.1%}"
    figure = f"{share:.1%} ({len(taken)} of {len(branches)}; {alone})"
    return Figure("25", what, figure, f"at least {BAR:.0%}", share >= BAR, tuple(notes))


def _taken(hits: Path, branches: set[str]) -> set[str]:
    return set(hits.read_text(encoding="utf-8").splitlines()) & branches


def rewrite(folder: Path) -> tuple[Mapping[str, str], set[str]]:
    """Write a copy with probes of every measured module; return the copies by module name, and all branches."""
    folder.mkdir()
    modules: dict[str, str] = {}
    branches: set[str] = set()
    for place in MEASURED:
        for path in sorted((ROOT / place).rglob("*.py")):
            if path.name == "__init__.py":
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            text, found = with_probes(path.read_text(encoding="utf-8"), name.removeprefix("harness."))
            copy = folder / f"{name}.py"
            copy.write_text(text, encoding="utf-8")
            modules[name] = str(copy)
            branches |= found
    return modules, branches


def with_probes(source: str, name: str) -> tuple[str, set[str]]:
    """Return a module's source with probes, and the names of all its branches."""
    probing = _Probing(name)
    tree = probing.visit(ast.parse(source))
    first = 1 if ast.get_docstring(tree) is not None else 0
    tree.body.insert(first, ast.parse("from stub_probe import reached as __reached__").body[0])
    return ast.unparse(ast.fix_missing_locations(tree)), probing.found


class _Probing(ast.NodeTransformer):
    """Puts a probe at the start of every branch."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: set[str] = set()

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if not ast.unparse(node.test).startswith(("TYPE_CHECKING", "__name__")):
            node.body.insert(0, self._statement(node, "true"))
            node.orelse.insert(0, self._statement(node, "false"))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, self._statement(node, "except"))
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        node.body = self._before(node, "true", node.body)
        node.orelse = self._before(node, "false", node.orelse)
        return node

    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, self._statement(node, "loop"))
        if not (isinstance(node, ast.While) and ast.unparse(node.test) == "True"):
            node.orelse.insert(0, self._statement(node, "loop's end"))
        return node

    def _call(self, node: ast.stmt | ast.expr | ast.ExceptHandler, arm: str) -> ast.Call:
        branch = f"{self.name}:{node.lineno} {arm}"
        if isinstance(node, ast.IfExp):
            branch += f" (column {node.col_offset})"
        self.found.add(branch)
        return ast.Call(ast.Name("__reached__", ast.Load()), [ast.Constant(branch)], [])

    def _statement(self, node: ast.stmt | ast.ExceptHandler, arm: str) -> ast.Expr:
        return ast.Expr(self._call(node, arm))

    def _before(self, node: ast.IfExp, arm: str, value: ast.expr) -> ast.expr:
        both = ast.Tuple([self._call(node, arm), value], ast.Load())
        return ast.Subscript(both, ast.Constant(1), ast.Load())
