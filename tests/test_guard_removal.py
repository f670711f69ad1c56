"""The list of guards that `bench/guard_removal.py` takes out: each stands in the code, and its test is there."""

import re
from pathlib import Path

import pytest

from bench.guard_removal import removals

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("removal", removals(), ids=lambda removal: removal.guard)
def test_guard_is_in_the_code_and_its_test_is_there(removal):
    assert removal.old != removal.new
    assert removal.old in (ROOT / removal.file).read_text(encoding="utf-8")
    path, _, chosen = removal.test.partition(" -k ")
    files = [ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("test_*.py"))
    tests = "".join(file.read_text(encoding="utf-8") for file in files)  # `-k` takes names, and ids of parameters
    words = set(re.findall(r"\w+", chosen)) - {"and", "or"}
    assert [word for word in words if word not in tests] == []
