"""Child processes run what is installed, whatever stands in the folder where the command is given."""

import subprocess
from pathlib import Path

import pytest

from harness.child import module_command

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(path for package in ("harness", "baselines", "reports") for path in (ROOT / package).rglob("*.py"))


def test_file_in_the_working_folder_does_not_shadow_the_module(tmp_path):
    (tmp_path / "platform.py").write_text("print('not the library')\n")
    said = subprocess.run(module_command("platform"), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said and "not the library" not in said


def test_arguments_follow_the_module(tmp_path):
    (tmp_path / "say.py").write_text("import sys\nprint(sys.argv[1:])\n")
    command = module_command("say", "a b", "--c")
    said = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(["a b", "--c"])


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_of_the_product_spells_the_command_of_a_child(path):
    if path != ROOT / "harness" / "child.py":
        assert "sys.executable" not in path.read_text(encoding="utf-8")
