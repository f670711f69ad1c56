"""The list of guards that `bench/guard_removal.py` takes out: each stands in the code, and its test is there."""

import ast
import re
from pathlib import Path

import pytest

from bench.guard_removal import removals

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("removal", removals(), ids=lambda removal: removal.guard)
def test_guard_is_in_the_code_and_its_test_is_there(removal):
    assert removal.old != removal.new
    code = (ROOT / removal.file).read_text(encoding="utf-8")
    assert removal.old in code
    if removal.file.endswith(".py"):
        ast.parse(code.replace(removal.old, removal.new))  # else no test could run, and none would see the removal
    path, _, chosen = removal.test.partition(" -k ")
    files = [ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("test_*.py"))
    known = [name for file in files for name in names_of(file)]
    assert [word for word in re.findall(r"\w+", chosen) if word not in ("and", "or") and not found(word, known)] == []


def names_of(file):
    """Yield what `-k` looks at: names of tests, and what is written in their parameters and ids."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
            for decorator in node.decorator_list:
                yield from (one.value for one in ast.walk(decorator) if isinstance(one, ast.Constant))


def found(word, known):
    return any(isinstance(name, str) and word in name for name in known)
