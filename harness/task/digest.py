"""The task's fingerprint: equal tasks have equal digests, wherever their files lie."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.records import Example, Study
from harness.task.placed import canonical


def digest_of(resolved: Mapping[str, Any], study: Study, test: Sequence[Example], include_path: Path | None) -> str:
    """Hash the configuration and the content of all data; paths and times do not enter.

    Args:
        resolved: The task file with its defaults; of its `data` nothing but the content counts.
        study: What arms learn from.
        test: The locked items.
        include_path: Folder whose files define benchmarks; their content counts.

    Returns:
        The first 16 hex digits of a SHA-256.
    """
    settings = {key: value for key, value in resolved.items() if key != "data"}
    settings["general"] = {key: value for key, value in settings["general"].items() if key != "include_path"}
    if not settings["general"].get("commits"):  # as it was before there were any
        settings["general"].pop("commits", None)
    # no figure depends on it, and a run that was ended too soon must continue with more
    settings["budget"] = {key: value for key, value in settings["budget"].items() if key != "stall_minutes"}
    if not settings["metric"]["options"]:  # a task without any keeps the digest that it had before there were options
        settings["metric"] = {key: value for key, value in settings["metric"].items() if key != "options"}
    if settings.get("answer") is None:
        settings.pop("answer", None)
    seal = hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode())
    parts: dict[str, Iterable[str]] = {
        "train": map(canonical, study.train),
        "dev": map(canonical, study.dev),
        "test": map(canonical, test),
        "preferences": map(canonical, study.preferences),
        "feedback": map(canonical, study.feedback),
        "documents": (json.dumps([one.id, one.text], ensure_ascii=False) for one in study.documents),
        "include": _files(include_path) if include_path else (),
    }
    if sliced := [[asdict(column) for column in row.slices] for row in test if row.slices]:
        parts["slices"] = (json.dumps(own, ensure_ascii=False) for own in sliced)
    for name, lines in parts.items():
        for line in (name, *lines):
            seal.update(line.encode() + b"\n")
    return seal.hexdigest()[:16]


def _files(folder: Path) -> Iterable[str]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        yield f"{file.relative_to(folder).as_posix()} {content}"
