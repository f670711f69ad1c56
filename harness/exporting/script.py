"""The scripts of an export, filled in from templates."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from harness.visible import markdown


def fill(template: str, **values: object) -> str:
    """Return a template of this package with its values."""
    return _environment().from_string(_text(template)).render(**values)


def write_chat(folder: Path) -> None:
    """Write chat.py, by which turns are written for the model; it is the run's own."""
    (folder / "chat.py").write_text((files("harness.chat") / "turns.py").read_text(encoding="utf-8"), encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    made.filters["markdown"] = lambda value: markdown(str(value))
    return made


@cache
def _text(template: str) -> str:
    return (files("harness.exporting") / "templates" / template).read_text(encoding="utf-8")
