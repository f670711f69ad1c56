"""`import harness` is light, and shows the same names to people, editors and type checkers."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_architecture import HEAVY, INSIDE

import harness
from harness import api

MOST_SECONDS = 0.2


def loaded(code: str) -> set[str]:
    """The modules that a new process holds after `code`."""
    whole = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    return set(json.loads(subprocess.run([sys.executable, "-c", whole], capture_output=True, check=True).stdout))


def test_import_loads_the_standard_library_at_most():
    own = {name for name in loaded("import harness") - loaded("") if name.split(".")[0] not in sys.stdlib_module_names}
    assert own == {"harness"}


def test_names_of_the_front_door_load_nothing_heavy():
    found = {name.split(".")[0] for name in loaded("import harness; harness.compare, harness.make_task")}
    assert "pydantic" in found  # so the door was used
    assert found & HEAVY == set()


def test_import_takes_a_fraction_of_a_second():
    command = [sys.executable, "-X", "importtime", "-c", "import harness"]

    def seconds() -> float:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        return int(re.search(r"\| +(\d+) \| harness$", said, flags=re.MULTILINE)[1]) / 1e6

    assert min(seconds() for _ in range(3)) < MOST_SECONDS  # the best of three: the machine may be busy


def test_checkers_and_people_see_the_same_names():
    tree = ast.parse(Path(harness.__file__).read_text(encoding="utf-8"))
    seen = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    for_checkers = sorted(set(seen) - {"TYPE_CHECKING", "api"})
    assert for_checkers == sorted(harness.__all__) == sorted(api.__all__)
    assert set(harness.__all__) <= set(dir(harness))
    assert all(getattr(harness, name) is getattr(api, name) for name in harness.__all__)


def test_no_name_is_that_of_a_room_whose_import_would_replace_it():
    assert set(harness.__all__) & INSIDE.keys() == set()


def test_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'compair'"):
        harness.compair  # noqa: B018
