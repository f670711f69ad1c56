"""Reads the rows of one data file, whatever the format, and knows each row's place in it.

JSONL, JSON (one list), CSV with a header, Parquet, or a hub id. Text is UTF-8, with or without a byte
order mark, with any line ends.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.task.faults import Faults

FORMATS = (".jsonl", ".json", ".csv", ".parquet")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE_SUFFIX = re.compile(r"\.[A-Za-z]{2,}")  # unlike the '.5' of a version
_HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test", "preferences": "train"}


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in its file."""

    file: str  # the name the user gave
    number: int  # line, or row where the format has no lines; counted from 1
    unit: str  # 'line' or 'row'
    values: dict[str, Any]

    @property
    def place(self) -> str:
        """Where the row is, for a message: 'train.jsonl line 17'."""
        return f"{self.file} {self.unit} {self.number}"


def read_rows(written: str, role: str, folder: Path, faults: Faults) -> list[Row]:
    """Read the rows of one split; what cannot be read is noted in `faults` by its line.

    Args:
        written: The path as the task file has it, relative to `folder`, or a hub id.
        role: The split's key in the task file; it chooses the split of a hub data set.
        folder: Where the task file lies.
        faults: Takes what is wrong with the file.
    """
    path = folder / written
    if path.is_file():
        return _read_file(path, written, faults)
    if path.is_dir():
        faults.add(written, f"is a folder; give a file ({', '.join(FORMATS)}) for data.{role}")
    elif _is_hub_id(written, path):
        return _read_hub(written, role, faults)
    else:
        faults.add(written, f"there is no such file in the task's folder; mend data.{role}")
    return []


def _is_hub_id(written: str, path: Path) -> bool:
    looks_like_a_file = _FILE_SUFFIX.fullmatch(path.suffix) or path.parent.is_dir()
    return bool(_HUB_ID.fullmatch(written)) and not looks_like_a_file


def _read_file(path: Path, written: str, faults: Faults) -> list[Row]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path, written, faults)
    if suffix not in FORMATS:
        faults.add(written, f"'{suffix}' is no known format; convert it to one of {', '.join(FORMATS)}")
        return []
    text = read_text(path, written, faults)
    if text is None:
        return []
    if not text.strip():
        faults.add(written, "is empty; give at least one row")
        return []
    reader = {".jsonl": _jsonl, ".json": _json, ".csv": _csv}[suffix]
    return list(reader(text, written, faults))


def read_text(path: Path, written: str, faults: Faults) -> str | None:
    """Return a text file's content without its byte order mark; None after a fault."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as fault:
        faults.add(written, f"cannot be read: {fault.strerror}; check its permissions")
    except UnicodeDecodeError as fault:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            faults.add(written, "is UTF-16; save it as UTF-8")
        else:
            line = raw[: fault.start].count(b"\n") + 1
            faults.add(written, f"byte 0x{raw[fault.start]:02x} is not UTF-8; save the file as UTF-8", line)
    return None


def _jsonl(text: str, file: str, faults: Faults) -> Iterator[Row]:
    # split at \n alone: other line separators may stand inside a JSON string
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line, object_pairs_hook=_object)
        except json.JSONDecodeError as fault:
            faults.add(file, f"not valid JSON: {fault.msg} at column {fault.colno}; mend the line", number)
        except ValueError as fault:
            faults.add(file, str(fault), number)
        else:
            yield from _record(values, file, number, "line", faults)


def _json(text: str, file: str, faults: Faults) -> Iterator[Row]:
    try:
        values = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as fault:
        advice = "; rows of one line each belong in a .jsonl file" if fault.msg == "Extra data" else "; mend it"
        faults.add(file, f"not valid JSON: {fault.msg} at column {fault.colno}{advice}", fault.lineno)
        return
    except ValueError as fault:
        faults.add(file, str(fault))
        return
    if not isinstance(values, list):
        faults.add(file, f"holds one {_kind(values)}; give a list of objects, or use .jsonl")
        return
    for number, value in enumerate(values, start=1):
        yield from _record(value, file, number, "row", faults)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key '{twice}' is given twice in one object; remove one")
    return values


def _record(values: Any, file: str, number: int, unit: str, faults: Faults) -> Iterator[Row]:
    if isinstance(values, dict):
        yield Row(file, number, unit, values)
    else:
        faults.add(file, f"holds a {_kind(values)}; every row is an object {{...}}", number, unit)


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "number")


def _csv(text: str, file: str, faults: Faults) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    number = 1  # a quoted cell may run over several lines: a row is named by its first
    try:
        for cells in reader:
            if not header:
                header = _header(cells, file, faults)
            elif len(cells) == len(header):
                yield Row(file, number, "line", dict(zip(header, cells, strict=True)))
            elif cells:
                faults.add(file, f"has {len(cells)} cells, the header {len(header)}; put quotes around commas", number)
            number = reader.line_num + 1
    except csv.Error as fault:
        faults.add(file, f"not valid CSV: {fault}; mend the quotes", number)


def _header(cells: list[str], file: str, faults: Faults) -> list[str]:
    twice = sorted({name for name in cells if cells.count(name) > 1})
    if twice:
        faults.add(file, f"column '{twice[0]}' is in the header twice; rename one", 1)
    return cells


def _read_parquet(path: Path, file: str, faults: Faults) -> list[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        records = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as fault:
        faults.add(file, f"is no readable Parquet file: {_first_line(fault)}; write it again")
        return []
    return [Row(file, number, "row", values) for number, values in enumerate(records, start=1)]


def _read_hub(name: str, role: str, faults: Faults) -> list[Row]:
    import datasets

    try:
        records = datasets.load_dataset(name, split=_HUB_SPLITS[role])
    except (OSError, ValueError, RuntimeError) as fault:
        faults.add(
            name,
            f"is no file in the task's folder, and as a hub data set its '{_HUB_SPLITS[role]}' split cannot be "
            f"had: {_first_line(fault)}; save the rows as a file and name it in data.{role}",
        )
        return []
    return [Row(name, number, "row", dict(values)) for number, values in enumerate(records, start=1)]


def _first_line(fault: BaseException) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0]
