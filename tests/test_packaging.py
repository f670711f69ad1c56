"""What is declared of the package is true of its files."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from test_architecture import imported

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PRODUCT = ("harness", "baselines", "reports", "tasks")
WORKBENCH = ("bench", "tests", "tools")
# `answer` is the module that an export holds.
OURS = {*PRODUCT, *WORKBENCH, "answer"} | {path.stem for name in WORKBENCH for path in (ROOT / name).rglob("*.py")}


def called(requirement: str) -> str:
    """The distribution that a requirement names, in the index's own spelling."""
    name = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def declared(*extras: str) -> set[str]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {called(requirement) for requirements in lists for requirement in requirements}


def undeclared(paths: Iterable[Path], known: set[str]) -> set[str]:
    """Third-party modules that files import and whose distributions are not in `known`."""
    modules = {name.split(".")[0] for path in paths for name in imported(path)}
    brings = packages_distributions()
    return {
        module
        for module in modules - sys.stdlib_module_names - OURS
        if not {called(name) for name in brings.get(module, [module])} & known
    }


@pytest.mark.parametrize("package", PRODUCT)
def test_every_package_that_the_product_imports_is_a_dependency(package):
    assert not undeclared((ROOT / package).rglob("*.py"), declared())


@pytest.mark.parametrize("folder", WORKBENCH)
def test_every_package_that_tests_and_measurements_import_is_declared(folder):
    assert not undeclared((ROOT / folder).rglob("*.py"), declared("dev"))


def test_import_that_is_not_declared_is_found(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("import json\nimport click\ndef f():\n    from ruamel.yaml import YAML\n")
    assert undeclared([planted], {"click"}) == {"ruamel"}
    assert undeclared([planted], {"click", "ruamel-yaml"}) == set()


LOCKS = sorted(ROOT.glob("requirements*.lock"))


def locked(path: Path) -> dict[str, tuple[str, bool]]:
    """Version of every requirement of a lock, and whether it carries a hash."""
    blocks = re.findall(r"^([\w.-]+)==([^ \n]+)((?:.*\\\n)*.*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {called(name): (version, "--hash=sha256:" in rest) for name, version, rest in blocks}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_requirement_of_a_lock_is_pinned_and_has_a_hash(path):
    requirements = [line for line in path.read_text(encoding="utf-8").splitlines() if re.match(r"[\w-]", line)]
    found = locked(path)
    assert len(found) == len(requirements) > 0
    assert [name for name, (_, is_hashed) in found.items() if not is_hashed] == []


def test_locks_hold_every_declared_package():
    assert declared("dev") - {name for path in LOCKS for name in locked(path)} == set()


def test_both_builds_of_torch_are_locked_at_one_version():
    public, cpu = (locked(ROOT / f"requirements-{name}.lock")["torch"][0] for name in ("torch", "torch-cpu"))
    assert cpu == f"{public}+cpu"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel of this source tree, as pip lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    return site


def test_wheel_says_that_its_packages_are_typed_and_holds_the_licence(installed):
    for package in ("harness", "baselines", "reports"):
        assert (installed / package / "py.typed").is_file()
    (licence,) = installed.glob("*.dist-info/licenses/LICENSE")
    assert licence.read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_wheel_takes_no_name_that_is_not_ours(installed):
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} - {"bin"} == {
        "harness", "baselines", "reports"
    }  # fmt: skip


def test_wheel_carries_every_task_and_every_data_file_of_the_packages(installed):
    def data(folder: Path) -> dict[str, bytes]:
        paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    assert data(installed / "harness" / "_tasks") == data(ROOT / "tasks")
    for package in ("baselines", "reports"):
        assert data(installed / package) == data(ROOT / package)


def said(site: Path, folder: Path, code: str) -> str:
    """What Python prints in `folder` when `site` comes first on its path."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("place", ["source tree", "wheel"])
def test_list_finds_the_tasks_of_the_package_from_an_empty_folder(installed, tmp_path, place):
    site, tasks = (installed, installed / "harness" / "_tasks") if place == "wheel" else (ROOT, ROOT / "tasks")
    listed = json.loads(said(site, tmp_path, "from harness.cli import main; main(['list', 'tasks', '--json'])"))
    assert {entry["file"] for entry in listed["tasks"]} == {str(path) for path in tasks.glob("*/task.yaml")} != set()


def test_task_of_the_wheel_can_be_read_where_it_lies(installed, tmp_path):
    path = installed / "harness" / "_tasks" / "support_routing" / "task.yaml"
    code = f"from harness.task import load_task; print(len(load_task({str(path)!r}).test))"
    assert int(said(installed, tmp_path, code)) == len(path.with_name("test.jsonl").read_text().splitlines())
