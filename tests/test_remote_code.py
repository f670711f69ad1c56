"""No library is ever left to ask, or to decide, whether code that came with files may run."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(path for package in ("harness", "baselines", "reports") for path in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted((ROOT / "harness" / "exporting" / "templates").glob("*.py.jinja"))
# What loads by `trust_remote_code`, however it is reached; what is named here has no such parameter.
LOADERS = re.compile(
    r"\b(?:[\w.]+\.)?(?:(?<!PeftModel\.)(?<!PeftConfig\.)(?<!GenerationConfig\.)from_pretrained"
    r"|SentenceTransformer|pipeline)\("
)


def loads(path):
    """Return the calls of a file that load a stranger's files."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [call for call in calls if LOADERS.fullmatch(f"{ast.unparse(call.func)}(")]


def test_every_call_that_loads_refuses_code():
    found = [(path, call) for path in PRODUCT for call in loads(path)]
    assert len(found) >= 6  # model, tokenizer, configuration, conversion, training, embedder
    for path, call in found:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given.get("trust_remote_code") == "False", f"{path}:{call.lineno}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_script_of_an_export_refuses_code(path):
    text = path.read_text(encoding="utf-8")
    for call in LOADERS.finditer(text):
        depth, end = 1, call.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        assert "trust_remote_code=False" in text[call.start() : end], text[call.start() : end]


def test_nothing_trusts_code_anywhere():
    for path in [*PRODUCT, *TEMPLATES]:
        assert "trust_remote_code=True" not in path.read_text(encoding="utf-8"), path
