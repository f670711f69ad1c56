"""YAML files that other tools' YAML 1.1 readers take as they are meant."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any


def write_yaml(path: Path, comment: str, values: Mapping[str, Any]) -> None:
    """Write settings in their order under a comment.

    YAML 1.1 takes `1e-05` for text and `no` for false, so the first gets a point and the second quotes.
    """
    from ruamel.yaml import YAML

    yaml = YAML(pure=True)
    yaml.version = (1, 1)
    yaml.width = 120
    text = StringIO()
    yaml.dump(dict(values), text)
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    body = text.getvalue().partition("---\n")[2]  # what comes before names the version
    path.write_text(head + body, encoding="utf-8")


def whole(number: float) -> float | int:
    """Return a whole number as one: some tools take alpha only so."""
    return int(number) if number == int(number) else number
