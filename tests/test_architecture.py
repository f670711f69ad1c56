"""Who may import whom (docs: README, layout)."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"harness", "baselines", "reports", "tasks"}
LONGEST = 350  # lines of a file
MAY_IMPORT = {"harness": {"harness"}, "baselines": {"harness", "baselines"}, "reports": {"harness", "reports"}}

# Inside harness: each part may import itself and the parts named here.
BASE = {"answer_reading", "records", "errors"}
CONTRACT = BASE | {
    "chat",
    "constrained",
    "program",
    "contract",
    "plugins",
    "model_names",
    "benchmark_files",
    "columns",
    "confined",
    "benchmark_code",
    "visible",
    "atomic",
    "child",
    "paths",
    "environment",
    "regular_files",
    "json_files",
    "quiet",
    "hub_sets",
    "memory",
    "words",
    "answer_places",
    "closed_set",
    "tool_calls",
}
INSIDE = {
    "start": {"cli", "environment"},
    "answer_reading": set(),
    "records": {"answer_reading"},
    "errors": {"visible"},
    "plugins": {"errors"},
    "model_names": {"plugins"},
    "benchmark_files": {"regular_files"},
    "columns": set(),
    "confined": {"child", "columns"},
    "benchmark_code": {"confined", "regular_files"},
    "visible": set(),
    "atomic": set(),
    "child": {"environment"},
    "environment": set(),
    "paths": {"errors"},
    "regular_files": set(),
    "json_files": {"regular_files"},
    "constrained": set(),
    "quiet": set(),
    "memory": set(),
    "chat": BASE | {"confined", "regular_files"},
    "words": set(),
    "closed_set": set(),
    "tool_calls": {"answer_reading"},
    "hub_sets": set(),
    "answer_places": {"answer_reading", "chat", "records", "words"},
    "program": BASE | {"confined"},
    "contract": BASE | {"chat", "program"},
    "task": CONTRACT,
    "checking": CONTRACT | {"task"},
    "drafting": CONTRACT | {"task", "checking", "metrics"},
    "store": CONTRACT,
    "metrics": CONTRACT,
    "decision": {"records"},
    "assets": CONTRACT,
    "engine": CONTRACT | {"store", "assets"},
    "general": CONTRACT | {"store", "assets", "engine"},
    "evidence": CONTRACT | {"task", "store", "assets", "engine", "general", "metrics", "decision"},
    "planning": CONTRACT | {"task", "checking", "decision", "evidence"},
    "viewing": CONTRACT | {"store", "decision", "evidence"},
    "doctor": CONTRACT | {"store", "assets", "engine", "general"},
    "exporting": CONTRACT | {"task", "store", "assets", "engine", "decision", "evidence"},
    "api": CONTRACT | {"task", "decision", "evidence", "exporting"},
    "cli": CONTRACT
    | {
        "task",
        "checking",
        "drafting",
        "store",
        "assets",
        "engine",
        "general",
        "metrics",
        "decision",
        "evidence",
        "exporting",
        "planning",
        "viewing",
        "doctor",
        "api",
    },
}
HEAVY = {
    "torch", "transformers", "trl", "peft", "faiss", "sentence_transformers", "lm_eval", "datasets", "pandas",
    "scipy", "statsmodels",
}  # fmt: skip


def imported(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Every module that a file imports, function bodies included unless `top_level_only`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def wrong_packages(path: Path, package: str) -> set[str]:
    return {name.split(".")[0] for name in imported(path)} & OURS - MAY_IMPORT[package]


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")


def wrong_parts(path: Path, part: str) -> set[str]:
    named = {name.split(".")[1] for name in imported(path) if name.startswith("harness.")}
    return named & INSIDE.keys() - INSIDE.get(part, set()) - {part}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_only_the_layers_below_it(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not wrong_packages(path, package), path


@pytest.mark.parametrize("path", sorted((ROOT / "harness").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_part_of_the_harness_imports_only_the_parts_below_it(path):
    if path.name == "__init__.py" and path.parent.name == "harness":
        assert wrong_parts(path, "") == {"api"}  # when a name is used: see the next test
    else:
        assert not wrong_parts(path, part_of(path))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_two_files_of_the_harness_import_each_other_by_whatever_way_round():
    files = {module_of(path): path for path in (ROOT / "harness").rglob("*.py")}
    del files["harness"]  # the front door imports when a name is used
    below = {module: imported(path) & files.keys() - {module} for module, path in files.items()}
    TopologicalSorter(below).prepare()  # raises a CycleError that names them


def test_front_door_imports_nothing_before_a_name_is_used():
    assert imported(ROOT / "harness" / "__init__.py", top_level_only=True) == set()


@pytest.mark.parametrize("package", ["harness", "baselines", "reports"])
def test_package_front_doors_import_nothing_heavy(package):
    for path in (ROOT / package).rglob("__init__.py"):
        assert not {name.split(".")[0] for name in imported(path, top_level_only=True)} & HEAVY, path


def test_no_file_of_the_product_is_longer_than_one_reads_at_once():
    files = [path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)) for path in files if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert not long


def test_planted_wrong_import_is_found(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("def f():\n    from baselines.rag import rag\n    import harness.cli\n")
    assert wrong_packages(planted, "harness") == {"baselines"}
    assert wrong_parts(planted, "store") == {"cli"}


PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = {
    room: re.findall(r"`(\w+)`|(foundation|every other room)", below)
    for room, below in re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", PAGE, flags=re.MULTILINE)
}


def test_every_file_that_the_architecture_page_names_is_there():
    named = re.findall(r"`([\w/]+(?:\.\w+|/))`", PAGE)
    assert len(named) > 12
    assert [path for path in named if "/" in path and not (ROOT / path).exists()] == []


def test_architecture_page_names_every_room_and_what_it_may_import():
    there = {part_of(path) for path in (ROOT / "harness").rglob("*.py")} - {"__init__"}
    assert ROOMS.keys() == there == INSIDE.keys()
    groups = {"foundation": CONTRACT, "every other room": INSIDE.keys() - {"cli", "start"}}
    for room, below in ROOMS.items():
        assert set().union(*(groups.get(group, {name}) for name, group in below)) == INSIDE[room], room


def test_path_of_the_data_has_at_most_twelve_steps_in_order():
    steps = re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert steps == [str(number + 1) for number in range(len(steps))]
    assert 0 < len(steps) <= 12


def test_worker_starts_without_what_it_may_never_need():
    code = "import sys, harness.evidence.arm; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "harness.decision.forgetting" in loaded
    assert not (HEAVY - {"scipy"} | {"scipy.special", "scipy.stats"}) & set(loaded)


def test_columns_of_a_system_prompt_are_listed_in_one_file():
    holders = [path.name for path in (ROOT / "harness").rglob("*.py") if '"system_prompt"' in path.read_text("utf-8")]
    assert holders == ["shapes.py"]
