"""docs/python.md tells the truth: its examples run in order, and its tables name what is there."""

import inspect
import re
from pathlib import Path

import harness

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
ERRORS = {name for name in harness.__all__ if name.endswith("Error")}


def named(head: str) -> set[str]:
    """What the first column names, of the table whose first head is this."""
    below = PAGE.split(f"\n| {head} |")[1].split("\n\n")[0]
    return set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| ([^|]+) \|", below, flags=re.MULTILINE))))


def test_examples_run_in_order_and_leave_what_they_say(here, capsys):
    after = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), after)
    result = after["result"]
    assert dict(zip(result.arms["arm"], result.arms["status"], strict=True)) == {
        "zero_shot": "ok",
        "few_shot": "ok",
        "rag_two": "unfinished",
    }
    assert set(after["wrong"].columns) == {"question", "target", "answer"}
    assert "2 problems" in capsys.readouterr().out  # the example of faults has two
    assert after["folder"] == Path("faq-export") and (here / "faq-export" / "answer.py").is_file()
    documented = named("column") - {"also_NAME"}
    assert set(result.arms.columns) - {f"also_{name}" for name in result.run.task["metric"]["also"]} == documented


def test_every_public_name_is_on_the_page():
    assert len(BLOCKS) > 5
    assert [name for name in harness.__all__ if not re.search(rf"\b{name}\b", PAGE)] == []
    assert named("error") == ERRORS


def test_every_argument_and_attribute_is_on_the_page():
    arguments = inspect.signature(harness.make_task).parameters.keys() - {"name", "more"}
    assert arguments == named("argument")
    options = inspect.signature(harness.compare).parameters.keys() - {"task"}
    assert [name for name in options if f"`{name}`" not in PAGE] == []
    shown = {name for name in {*harness.Result.__dataclass_fields__, *vars(harness.Result)} if not name.startswith("_")}
    assert named("attribute") == shown
