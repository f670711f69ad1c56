"""Templates of users and models are rendered in the process with limits, and in exports in a sandbox: nowhere else."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(path for package in ("harness", "baselines", "reports") for path in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted((ROOT / "harness" / "exporting" / "templates").glob("*.py.jinja"))
# These render templates of ours, or lm-eval's in a sandbox; `harness.confined` renders all others.
OURS = {
    "harness/exporting/script.py",
    "harness/viewing/pages.py",
    "reports/html_format.py",
    "reports/difference/html.py",
    "reports/regression/html.py",
}
SANDBOXED = {"harness/general/benchmark_tasks.py": {"ImmutableSandboxedEnvironment"}}
HARMLESS = {"TemplateError", "StrictUndefined", "BaseLoader", "PackageLoader"}


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_of_others_are_rendered_in_one_room(path):
    name = path.relative_to(ROOT).as_posix()
    if name in OURS or name.startswith("harness/confined/"):
        return
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    froms = [node for node in tree if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jinja2")]
    imported = {alias.name for node in froms for alias in node.names}
    assert imported <= HARMLESS | SANDBOXED.get(name, set())
    assert ".apply_chat_template(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_script_of_an_export_renders_in_a_sandbox_alone(path):
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"from (jinja2\S*) import (.+)", text)) <= {
        ("jinja2.sandbox", "ImmutableSandboxedEnvironment")
    }
    assert "import jinja2" not in text
    made = re.findall(r"(\w+)\([^()]*\)\.from_string\(", text)
    assert set(made) <= {"ImmutableSandboxedEnvironment"}
    assert len(made) == text.count(".from_string(")


def test_script_that_answers_does_render():
    text = (ROOT / "harness" / "exporting" / "templates" / "answer.py.jinja").read_text(encoding="utf-8")
    assert text.count(".from_string(") == 2  # the question, and the solved examples that a search finds
