"""Reads task.yaml as YAML 1.2 and remembers on which line everything stands.

`2e-4` is a number, `no` and `2026-01-31` are text, and a repeated key is a fault: the three traps of
older YAML. Values come out as plain Python (dict, list, str, int, float, bool, None).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.task.faults import Faults

Place = tuple[str | int, ...]  # keys and list positions from the top, e.g. ('arms', 2, 'options')

_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "timestamp"}  # YAML 1.2 knows no dates
_UNREADABLE: Any = object()  # stands for a value whose fault is noted; its key is left out
_PLAIN = {_TAG + name for name in ("int", "float", "bool", "null")}


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML mapping and the line of each of its keys and list items."""

    name: str  # file name
    values: dict[str, Any]
    lines: Mapping[Place, int]  # counted from 1

    def line(self, place: Place) -> int:
        """Return the line of `place`, or of the nearest thing around it that is written down."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read_source(path: Path, faults: Faults) -> Source:
    """Read one YAML file.

    Raises:
        TaskFileError: At once, when the file is absent or no YAML mapping can be made out. Repeated keys
            are noted in `faults` and reading goes on.
    """
    text = _text(path, faults)
    root = _compose(path, text, faults)
    reader = _Reader(path.name, faults)
    values = reader.value(root, ())
    return Source(path.name, values, reader.lines)


def _text(path: Path, faults: Faults) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        faults.add(path.name, "there is no such file; check the path")
    except IsADirectoryError:
        faults.add(path.name, f"is a folder; give the file in it, such as {path / 'task.yaml'}")
    except OSError as fault:
        faults.add(path.name, f"cannot be read: {fault.strerror}; check its permissions")
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        bad = fault.object[fault.start]
        faults.add(path.name, f"byte 0x{bad:02x} is not UTF-8; save the file as UTF-8", line)
    faults.raise_any(path)
    raise AssertionError("unreachable")


def _compose(path: Path, text: str, faults: Faults) -> MappingNode:
    root: Node | None = None
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else None
        begun = f" {fault.context} begun on line {fault.context_mark.line + 1}" if fault.context_mark else ""
        faults.add(path.name, f"not valid YAML: {fault.problem}{begun}; mend the syntax there", line)
    except YAMLError as fault:
        faults.add(path.name, f"not valid YAML: {' '.join(str(fault).split())}; mend the syntax")
    if not faults.count and not isinstance(root, MappingNode):
        found = "empty" if root is None else "not a mapping"
        faults.add(path.name, f"is {found}; it should hold keys such as 'version: 1' and 'name: my-task'")
    faults.raise_any(path)
    assert isinstance(root, MappingNode)
    return root


class _Reader:
    """Turns YAML nodes into plain values; one walk finds lines, repeated keys and odd nodes."""

    def __init__(self, file: str, faults: Faults) -> None:
        self.lines: dict[Place, int] = {(): 1}
        self._file = file
        self._faults = faults
        self._scalars = YAML(typ="safe", pure=True)
        self._open: list[Node] = []  # an alias may point back to what encloses it

    def value(self, node: Node, place: Place) -> Any:
        if any(node is outer for outer in self._open):
            self._fault(node, "refers to itself; write the value out")
            return _UNREADABLE
        self._open.append(node)
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, place)
            if isinstance(node, SequenceNode):
                return [self._item(child, (*place, index)) for index, child in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._open.pop()

    def _item(self, node: Node, place: Place) -> Any:
        self.lines[place] = _line(node)
        value = self.value(node, place)
        return None if value is _UNREADABLE else value

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                self._fault(key, "a value that begins with '{' or '[' is read as YAML; put it in quotes")
                return _UNREADABLE if place else {}
            inner = (*place, key.value)
            if key.value in values:
                first = self.lines[inner]
                self._fault(key, f"key '{key.value}' was given on line {first} already; remove one")
                continue
            self.lines[inner] = _line(key)
            value = self.value(child, inner)
            if value is not _UNREADABLE:
                values[key.value] = value
        return values

    def _scalar(self, node: Node) -> Any:
        tag = str(node.tag)
        if tag in _TEXT:
            return node.value
        if tag in _PLAIN:
            return self._scalars.constructor.construct_object(node)
        self._fault(node, f"tag '{tag}' is not supported; remove it")
        return _UNREADABLE

    def _fault(self, node: Node, text: str) -> None:
        self._faults.add(self._file, text, _line(node))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
