"""Code that a folder of lm-eval task files brings: found without running any of it.

lm-eval takes `!function module.name` for an order to import, fetches metrics that it does not know as code from the
hub, and reads further files that a task file names. So its files are read here first, as plain data.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.confined import private_attribute
from harness.regular_files import read_regular

ALLOW = "HARNESS_ALLOW_BENCHMARK_CODE"  # what --allow-benchmark-code sets, for this process and the worker
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PLAIN = "tag:yaml.org,2002:"
_PYTHON = f"{_PLAIN}python/"
# Keys whose value lm-eval imports, evaluates, or reads with a loader that builds Python objects.
_CODE_KEYS = {"class", "unsafe_code", "use_prompt", "hf_evaluate"}
# Keys whose values, at any depth, `datasets` opens: `scheme://host/file`, `protocol::file`, and databases of `sql`.
_SOURCE_KEYS = {"dataset_path", "dataset_name", "dataset_kwargs", "data_files", "data_dir", "con", "revision"}
_REMOTE = re.compile(r"://|^[A-Za-z][\w+.-]*::|^[A-Za-z][\w+.-]+:/")
MOST_BYTES, MOST_LEVELS, MOST_VALUES = 2**20, 30, 20_000  # of a task file, which has some hundred values


@dataclass(frozen=True, slots=True)
class CodeFault:
    """One thing in a task file that is code, or cannot be shown to be none."""

    file: str  # relative to the folder
    line: int | None
    text: str


def is_code_allowed() -> bool:
    """Whether the user said that code of benchmarks may run."""
    return os.environ.get(ALLOW) == "1"


def allow_code() -> None:
    """Let code of benchmarks run in this process and in what it starts."""
    os.environ[ALLOW] = "1"


def code_faults(folder: Path) -> list[CodeFault]:
    """Return all that the task files of a folder bring as code; nothing of it is run.

    Args:
        folder: What `general.include_path` names, absolute.
    """
    found: list[CodeFault] = []
    waiting, seen = sorted(folder.rglob("*.yaml")), set()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        name = file.relative_to(folder).as_posix()
        try:
            root = _composed(file)
            for node, text in _faults(root, folder, file):
                found.append(CodeFault(name, node.start_mark.line + 1, f"{text}; {_REMEDY}"))
            waiting += [path for path in _included(root, file) if path.is_file() and path.is_relative_to(folder)]
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as fault:
            said = (str(fault).strip() or type(fault).__name__).splitlines()[0]
            found.append(CodeFault(name, None, f"cannot be read as plain YAML ({said})"))
    return list(dict.fromkeys(found))  # an address may stand below two keys that are read as sources


def _composed(file: Path) -> Any:
    """Return the root of a file's nodes; how deep it goes is looked at first, as the loaders recurse in C.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is larger than any task file.
        yaml.YAMLError: If it is not YAML.
    """
    raw = read_regular(file, MOST_BYTES)
    level = 0
    for event in yaml.parse(raw, Loader=_LOADER):
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > MOST_LEVELS:
            raise ValueError(f"it nests more than {MOST_LEVELS} levels")
    root = yaml.compose(raw, Loader=_LOADER)
    waiting, values = [root], 1
    while waiting and values <= MOST_VALUES:  # an alias counts as often as it is named
        parts = _parts(waiting.pop())
        waiting += parts
        values += len(parts)
    if waiting:
        raise ValueError(f"it stands for more than {MOST_VALUES:,} values, aliases (*) written out")
    return root


_SHOWN = 80  # characters of an address
_REMEDY = "take it out, or give --allow-benchmark-code if you trust all code of this folder"


def _faults(root: Any, folder: Path, file: Path) -> Iterator[tuple[Any, str]]:
    for node in _nodes(root):
        if not node.tag.startswith(_PLAIN) or node.tag.startswith(_PYTHON):
            yield node, f"'{node.tag}' runs code"
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                is_named = isinstance(key, yaml.ScalarNode) and key.value in _CODE_KEYS
                if isinstance(key, yaml.ScalarNode) and key.value in _SOURCE_KEYS:
                    yield from _remote(value)
                if isinstance(key, yaml.ScalarNode) and key.value == "cache_dir":
                    yield key, "'cache_dir' has data written where no run belongs"
                if is_named and value.value not in ("false", "False", "null", "~", ""):
                    yield key, f"'{key.value}' runs code"
        elif isinstance(node, yaml.ScalarNode) and (reached := private_attribute(node.value)):
            yield node, f"the template reaches for '{reached}', which leads out of it"
    for path in _included(root, file):
        if not path.is_relative_to(folder):
            yield root, f"it includes {path}, which lies outside the folder"


def _remote(source: Any) -> Iterator[tuple[Any, str]]:
    """Yield what names something that is reached over a network, or through a protocol that leads to one."""
    for node in _nodes(source):
        if isinstance(node, yaml.ScalarNode) and _REMOTE.search(node.value):
            yield node, f"'{node.value[:_SHOWN]}' is an address, not a file of this machine or a name of the hub"


def _nodes(root: Any) -> Iterator[Any]:
    """Yield every node once; an alias is the node that it stands for."""
    waiting, seen = [root] if root is not None else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting += _parts(node)


def _parts(node: Any) -> list[Any]:
    """Return the keys and values, or the items, that a node holds."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _included(root: Any, file: Path) -> list[Path]:
    """Return the files that a task file has lm-eval read before it, links followed; a merge key may bring the name."""
    pairs = [pair for node in _nodes(root) if isinstance(node, yaml.MappingNode) for pair in node.value]
    named = [value for key, value in pairs if isinstance(key, yaml.ScalarNode) and key.value == "include"]
    parts = [part for value in named for part in (value.value if isinstance(value, yaml.SequenceNode) else [value])]
    home = file.resolve().parent
    return [(home / part.value).resolve() for part in parts if isinstance(part, yaml.ScalarNode)]
