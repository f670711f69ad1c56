"""Reads task.yaml as YAML 1.2 and remembers where everything stands.

`2e-4` is a number, `017` is 17, `no`, `1:30` and `2026-01-31` are text, and a repeated key is a fault: the
traps of older YAML. Values come out as plain Python (dict, list, str, int, float, bool, None).
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from harness.task.faults import Faults
from harness.task.text import TextFault, decode, kind_of, read_bytes, spot
from harness.task.turns import shown

Place = tuple[str | int, ...]  # keys and list positions from the top, e.g. ('arms', 2, 'options')

LONGEST_FILE = 200_000  # characters: a task file has some thousand, and YAML is slow to read
MOST_VALUES = 20_000  # aliases of aliases can stand for billions
LARGEST_INTEGER = 2**63 - 1
MOST_LEVELS = 30

TASK_FILE = "task.yaml"  # what a task's folder is searched for
_ROWS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "timestamp"}  # YAML 1.2 knows no dates
_UNREADABLE: Any = object()  # stands for a value whose fault is noted; its key is left out
_PLAIN = {_TAG + name for name in ("int", "float", "bool", "null")}


_DIRECTIVE = re.compile(r"^%\w+", re.MULTILINE)
# YAML may write any character as an escape; these name no file, and some cannot be stored at all.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def can_hold(text: str) -> bool:
    """Whether a text may be written into a task file: it has no control characters, and leaves room for the rest."""
    return not _CONTROL.search(text) and len(text) <= LONGEST_FILE // 4


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML mapping and where each of its keys and list items stands."""

    name: str  # file name
    values: dict[str, Any]
    spots: Mapping[Place, tuple[int, int]]  # line and column, counted from 1

    def spot(self, place: Place) -> tuple[int, int]:
        """Return line and column of `place`, or of the nearest thing around it that is written down."""
        while place not in self.spots:
            place = place[:-1]
        return self.spots[place]

    def add_fault(self, faults: Faults, place: Place, text: str) -> None:
        """Note what is wrong at `place`, with its line and column."""
        line, column = self.spot(place)
        faults.add(self.name, text, line, column=column)


def read_source(path: Path, faults: Faults) -> Source:
    """Read one YAML file.

    Raises:
        TaskFileError: At once, when the file is absent or no YAML mapping can be made out. Repeated keys
            are noted in `faults` and reading continues.
    """
    text = _text(path, faults)
    reader = _Reader(path.name, faults)
    try:
        values = reader.value(_compose(path, text, faults), ())
    except RecursionError:
        faults.add(path.name, "nests lists or keys too deeply; a task file has four or five levels")
    except _TooManyValues:
        text = f"stands for more than {MOST_VALUES:,} values, aliases (*) written out; a task file has some hundred"
        faults.add(path.name, text)
    else:
        return Source(path.name, values, reader.spots)
    faults.raise_any(path)
    raise AssertionError("unreachable")


def _text(path: Path, faults: Faults) -> str:
    kind = kind_of(path)
    if kind == "folder":
        remedy = "give the task file, or make one: harness init --from ROWS --out DIR"
        faults.add(path.name, f"is a folder without {TASK_FILE}; {remedy}")
    elif kind == "other":
        faults.add(path.name, "is a pipe or a device; give a file")
    elif kind is None:
        faults.add(path.name, "there is no such file; check the path")
    elif path.suffix.lower() in _ROWS:
        faults.add(path.name, f"is a file of rows; make a task of it: harness init --from {path.name}")
    else:
        try:
            text = decode(read_bytes(path))
            _check_extent(path, text, faults)
            return text
        except TextFault as fault:
            faults.add(path.name, fault.text, fault.line, column=fault.column)
    faults.raise_any(path)
    raise AssertionError("unreachable")


def _check_extent(path: Path, text: str, faults: Faults) -> None:
    if len(text) > LONGEST_FILE:
        faults.add(path.name, f"has {len(text):,} characters; a task file has some thousand; is it the right file?")
    elif directive := _DIRECTIVE.search(text):
        line, column = spot(text, directive.start())
        faults.add(path.name, f"'{directive[0]}' changes how YAML is read; remove the line", line, column=column)
    faults.raise_any(path)


def _compose(path: Path, text: str, faults: Faults) -> MappingNode:
    root: Node | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it
            root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as fault:
        mark = fault.problem_mark
        begun = f" {fault.context} begun on line {fault.context_mark.line + 1}" if fault.context_mark else ""
        problem = f"not valid YAML: {fault.problem}{begun}; fix the syntax there"
        faults.add(path.name, problem, mark.line + 1 if mark else None, column=mark.column + 1 if mark else None)
    except ReaderError as fault:
        line, column = spot(text, fault.position)
        faults.add(path.name, f"holds the control character {text[fault.position]!r}; remove it", line, column=column)
    except YAMLError as fault:
        faults.add(path.name, f"not valid YAML: {' '.join(str(fault).split())}; fix the syntax")
    if not faults.count and not isinstance(root, MappingNode):
        found = "empty" if root is None else "not a mapping"
        faults.add(path.name, f"is {found}; it should hold keys such as 'version: 1' and 'name: my-task'")
    faults.raise_any(path)
    assert isinstance(root, MappingNode)
    return root


class _TooManyValues(Exception):
    """The file stands for more values than any task file has."""


class _Reader:
    """Turns YAML nodes into plain values; one walk finds places, repeated keys and odd nodes."""

    def __init__(self, file: str, faults: Faults) -> None:
        self.spots: dict[Place, tuple[int, int]] = {(): (1, 1)}
        self._file = file
        self._faults = faults
        self._scalars = YAML(typ="safe", pure=True)
        self._open: list[Node] = []  # an alias may point back to what encloses it
        self._count = 0

    def value(self, node: Node, place: Place) -> Any:
        """Return what a node stands for.

        Raises:
            _TooManyValues: When the nodes so far are too many.
            RecursionError: When too many of them enclose this one.
        """
        if len(self._open) > MOST_LEVELS:
            raise RecursionError
        self._count += 1
        if self._count > MOST_VALUES:
            raise _TooManyValues
        if any(node is outer for outer in self._open):
            return self._fault(node, "refers to itself; write the value out")
        self._open.append(node)
        try:
            if isinstance(node, ScalarNode):
                return self._scalar(node)
            if str(node.tag) not in (_TAG + "map", _TAG + "seq"):
                return self._fault(node, f"tag '{node.tag}' is not supported; remove it")
            if isinstance(node, MappingNode):
                return self._mapping(node, place)
            assert isinstance(node, SequenceNode)
            return [self._item(child, (*place, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.pop()

    def _item(self, node: Node, place: Place) -> Any:
        self.spots[place] = _spot(node)
        value = self.value(node, place)
        return None if value is _UNREADABLE else value

    def _mapping(self, node: MappingNode, place: Place) -> Any:
        values: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                fault = self._fault(key, "a value that begins with '{' or '[' is read as YAML; put it in quotes")
                if place:
                    return fault
                continue
            inner = (*place, key.value)
            if key.value in values:
                first, _ = self.spots[inner]
                self._fault(key, f"key '{key.value}' was given on line {first} already; remove one")
                continue
            if key.value == "<<":
                self._fault(key, "merge keys (<<) are not supported; write the keys out")
                continue
            self.spots[inner] = _spot(key)
            value = self.value(child, inner)
            if value is not _UNREADABLE:
                values[key.value] = value
        return values

    def _scalar(self, node: ScalarNode) -> Any:
        tag = str(node.tag)
        if tag in _TEXT:
            bad = _CONTROL.search(node.value)
            return self._fault(node, f"holds the control character {bad[0]!r}; remove it") if bad else node.value
        if tag not in _PLAIN:
            return self._fault(node, f"tag '{tag}' is not supported; remove it")
        try:
            value = self._scalars.constructor.construct_object(node)
            if isinstance(value, int) and abs(value) > LARGEST_INTEGER:  # Python refuses to print the largest of them
                return self._fault(node, f"{shown(node.value)} is larger than any setting; give a smaller number")
            return value
        except (ValueError, LookupError):
            kind = tag.removeprefix(_TAG)
            return self._fault(node, f"{shown(node.value)} cannot be read as {kind}; fix it or put it in quotes")

    def _fault(self, node: Node, text: str) -> Any:
        line, column = _spot(node)
        self._faults.add(self._file, text, line, column=column)
        return _UNREADABLE


def _spot(node: Node) -> tuple[int, int]:
    return int(node.start_mark.line) + 1, int(node.start_mark.column) + 1
