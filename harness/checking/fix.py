"""Writes a cleaned copy of a task folder, whole or not at all; test rows are never touched."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.atomic import whole_folder
from harness.benchmark_files import is_benchmark_file
from harness.checking.encoding import OTHER_ENCODING, file_marks, fixed
from harness.checking.findings import CheckReport, Fault, Hit
from harness.checking.reading import Material
from harness.checking.rewriting import rows_of, write_rows
from harness.errors import TaskFileError
from harness.task.encodings import decode_any
from harness.task.faults import Faults
from harness.task.pages.kinds import MARKDOWN, PLAIN
from harness.task.row import Row
from harness.task.rows import read_rows
from harness.task.table import HEADER
from harness.task.text import kind_of

LOG = "FIXES.md"
FIXABLE = ("train", "dev", "preferences", "feedback")


@dataclass
class _Changes:
    """What was done, in the order of files and rows."""

    left_out: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)


def write_fixed(material: Material, report: CheckReport, out: Path) -> Path:
    """Write the cleaned copy and return its task file; what was done to each row is in its FIXES.md.

    Raises:
        TaskFileError: If there is something that only its owner can fix, or `out` cannot be used. Nothing is
            written then.
    """
    out = Path(out).resolve()
    refusals = [*_refusals(material), *_place_refusals(material, out)]
    if refusals:
        raise TaskFileError(f"{material.content.path} cannot be cleaned by --fix", refusals)
    with whole_folder(out) as making:
        shutil.copytree(material.content.path.parent, making, symlinks=True, dirs_exist_ok=True)  # its rights too
        changes = _clean(material, report, making)
        (making / LOG).write_text(_log(material, changes), encoding="utf-8")
    return out / material.content.path.name


def _refusals(material: Material) -> list[str]:
    """Faults that no row can be left out for: of keys, of whole files, and of test rows."""
    by_file = {written: split for split, written in material.files().items() if split in FIXABLE}
    read = {written: rows_of(material, split) for written, split in by_file.items()}
    return [
        f"{fault.file}{f' {fault.unit} {fault.line}' if fault.line else ''}: {fault.text}"
        for fault in material.listed
        if not _is_about_a_row(fault, read)
    ]


def _is_about_a_row(fault: Fault, read: Mapping[str, list[Row]]) -> bool:
    """Whether reading continued behind the row, so that leaving it out leaves the rest."""
    if fault.file not in read or fault.line is None or fault.unit == HEADER:
        return False
    return fault.file.endswith((".jsonl", ".ndjson")) or any(row.number >= fault.line for row in read[fault.file])


def _place_refusals(material: Material, out: Path) -> Iterable[str]:
    folder = material.content.path.parent.resolve()
    if out.exists():
        yield f"{out} is there already; give a folder that is not"
    if out.is_relative_to(folder):
        yield f"{out} is inside the task's folder; give one beside it"
    yield from _links_out(folder)
    test = (folder / material.content.settings.data.test).resolve()
    for split, written in material.files().items():
        path = folder / written
        if split != "test" and path.resolve() == test:
            yield f"data.{split} '{written}' is the test file; give the splits files of their own"
        if path.is_file():
            yield from _misplaced(f"data.{split}", written, folder)
        else:
            yield f"data.{split} '{written}' is not a file in the task's folder; copy it there first"
    for key, other in _other_paths(material):
        if kind_of(folder / other):
            yield from _misplaced(key, other, folder)


def _links_out(folder: Path) -> Iterator[str]:
    """Name links that would lead the copy to the original or beyond; others are copied as the links they are."""
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            if not (path.is_file() or path.is_dir()):
                name = path.relative_to(folder).as_posix()
                yield f"{name} is not a file but a pipe, a socket or a device; move it out"
            continue
        target = path.readlink()
        inside = Path(os.path.normpath(path.parent / target)).is_relative_to(folder)
        if target.is_absolute() or not inside or not path.resolve().is_relative_to(folder):
            yield f"{path.relative_to(folder).as_posix()} is a link to {target}; put a copy in its place, or remove it"


def _other_paths(material: Material) -> Iterator[tuple[str, str]]:
    """What the task file names beside its rows, by key; a model or benchmarks may be anywhere by an absolute path."""
    settings = material.content.settings
    only_read = [("model", settings.model.source), ("general.include_path", settings.general.include_path)]
    only_read += [(f"model of {arm.name}", arm.model.source) for arm in settings.arms if arm.model]
    only_read += [("general.tasks", task) for task in settings.general.tasks if is_benchmark_file(task)]
    yield from ((key, written) for key, written in only_read if written and not Path(written).is_absolute())
    if settings.data.documents:
        yield "data.documents", settings.data.documents


def _misplaced(key: str, written: str, folder: Path) -> Iterator[str]:
    """Say why a path does not lie in the copy as it lies in the task: '..' and '/' may lead to the originals."""
    path = (folder / written).resolve()
    if not path.is_relative_to(folder):
        yield f"{key} '{written}' is not in the task's folder; copy it there first"
    elif Path(written).is_absolute() or os.path.normpath(written).startswith(".."):
        inside = path.relative_to(folder).as_posix()
        yield f"{key} '{written}' is read from the original by the copy too; write '{inside}'"


def _clean(material: Material, report: CheckReport, making: Path) -> _Changes:
    reasons = _reasons(material, report)
    changes = _Changes()
    for split, written in material.files().items():
        if split in FIXABLE:
            _clean_file(material, split, making / written, reasons.get(written, {}), changes)
    documents = material.content.settings.data.documents
    if documents and (making / documents).is_dir():
        for source in sorted(document.source for document in material.content.data.documents):  # only what was read
            file = making / documents / source
            if file.suffix.lower() not in (*MARKDOWN, *PLAIN):
                continue  # other kinds have forms of their own
            _clean_document(file, file.relative_to(making).as_posix(), changes)
    elif documents:
        faults = Faults()
        rows = read_rows(documents, "documents", making, faults)
        faults.raise_any(material.content.path)  # none is expected: a faulty document was refused before
        _mend_rows(documents, rows, making / documents, changes)
    return changes


def _reasons(material: Material, report: CheckReport) -> dict[str, dict[int, str]]:
    """Why each row is left out, by file and line."""
    reasons: dict[str, dict[int, str]] = {}
    for fault in material.listed:
        if fault.line is not None:
            reasons.setdefault(fault.file, {}).setdefault(fault.line, fault.text)
    for one in material.content.data.left_out:
        reasons.setdefault(one.row.file, {}).setdefault(one.row.number, one.reason)
    for finding in report.findings:
        for hit in finding.hits:
            for place in hit.drop:
                text = f"{finding.title}: {hit.detail}{_partner(hit, place.number)}"
                reasons.setdefault(place.file, {}).setdefault(place.number, text)
    return reasons


def _partner(hit: Hit, number: int) -> str:
    others = [str(place) for place in hit.rows if place.number != number]
    return f" (see {others[0]})" if others else ""


def _clean_file(material: Material, split: str, path: Path, reasons: Mapping[int, str], changes: _Changes) -> None:
    written = material.files()[split]
    rows = rows_of(material, split)
    kept = [row for row in rows if row.number not in reasons]
    if not kept:
        raise TaskFileError(written, [f"all {len(rows)} rows would be left out; fix the data by hand"])
    named = {row.number: row.place for row in rows}
    changes.left_out += [f"{named.get(at, f'{written} line {at}')}: {reasons[at]}" for at in sorted(reasons)]
    _mend_rows(written, kept, path, changes, is_shorter=bool(reasons))


def _mend_rows(written: str, rows: Sequence[Row], path: Path, changes: _Changes, is_shorter: bool = False) -> None:
    """Write `rows` to `path` without odd characters and marks, unless the file is so already."""
    marks = file_marks(path)
    clean = [_mended_values(row.values) for row in rows]
    altered = [row for row, values in zip(rows, clean, strict=True) if values != row.values]
    changes.fixed += [f"{row.place}: control or invisible characters removed" for row in altered]
    changes.fixed += [
        f"{written}: {'written as UTF-8' if mark == OTHER_ENCODING else f'{mark} removed'}" for mark in marks
    ]
    if is_shorter or altered or marks:
        write_rows(path, clean)


def _clean_document(file: Path, name: str, changes: _Changes) -> None:
    raw = file.read_bytes()
    clean = fixed(decode_any(raw).text).encode()
    if clean != raw:
        file.write_bytes(clean)
        changes.fixed.append(f"{name}: control or invisible characters, byte order mark, encoding or line ends")


def _mended_values(value: Any) -> Any:
    if isinstance(value, str):
        return fixed(value)
    if isinstance(value, list):
        return [_mended_values(one) for one in value]
    if isinstance(value, dict):
        return {key: _mended_values(one) for key, one in value.items()}
    return value


def _log(material: Material, changes: _Changes) -> str:
    lines = [
        f"# What `harness check --fix` did to {material.content.settings.name}",
        "",
        f"{len(changes.left_out)} rows left out, {len(changes.fixed)} fixed. No test row was touched; "
        "`harness check` on this copy lists what is left to you.",
        *_section("Left out", changes.left_out),
        *_section("Fixed", changes.fixed),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, items: list[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {' '.join(item.split())}" for item in items or ["nothing"])]
