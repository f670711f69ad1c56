"""Reads the rows of one data file, whatever the format, and knows each row's place in it.

JSONL, JSON (one list), CSV or TSV with a header, Parquet, or a hub id. Text may have a byte order mark and any
line ends.
"""

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.task.batches import batch_rows
from harness.task.encodings import decode_any
from harness.task.extents import check_levels, json_fault, within
from harness.task.faults import SHOWN_ALIKE, Faults
from harness.task.hub import hub_name, parquet_label_names, read_hub, with_label_names
from harness.task.parquet import TooLarge, parquet_rows
from harness.task.row import Row
from harness.task.squad import squad_rows
from harness.task.table import table_rows
from harness.task.text import UNUSABLE, TextFault, kind_of, read_bytes
from harness.task.turns import are_turns, shown
from harness.task.written import written_turns

LONGEST_REASON = 200  # characters of what a library says of a file
FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
# What people have instead, and the way to a file that is read.
_SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tgz", ".tar", ".rar")
_TABLES = (".arrow", ".feather", ".orc", ".sqlite", ".db", ".pkl", ".pickle")
_TURNS = ("prompt", "completion")
_FILE_SUFFIX = re.compile(r"\.[A-Za-z]{2,}")  # unlike the '.5' of a version
_LINE_END = re.compile("\r\n|\n|\r")  # other separators may stand inside a JSON string


def read_rows(written: str, role: str, folder: Path, faults: Faults) -> list[Row]:
    """Read the rows of one split; what cannot be read is noted in `faults` by its line.

    A path that leads to no file and is not a hub id gives no rows: `path_fault` says why.

    Args:
        written: The path as the task file has it, relative to `folder`, or a hub id.
        role: The split's key in the task file; it chooses the split of a hub data set.
        folder: Where the task file lies.
        faults: Takes what is wrong with the file.
    """
    path = folder / written
    if kind_of(path) == "file":
        return _read_file(path, written, faults)
    return _read_hub(written, role, faults) if is_hub_id(written, folder) else []


def path_fault(written: str, folder: Path) -> str:
    """Say why a path has no rows to read; '' when it leads to a file or is a hub id."""
    path = folder / written
    kind = kind_of(path)
    if kind == "folder":
        return f"{shown(written)} is a folder; give a file ({', '.join(FORMATS)})"
    if kind == "file" or is_hub_id(written, folder):
        return ""
    if kind == "other":
        return f"{shown(written)} is a pipe or a device; give a file"
    return f"there is no file {shown(written)} in the task's folder{_near_file(written, path)}; fix the path"


def _near_file(written: str, path: Path) -> str:
    if kind_of(path.parent) != "folder":
        return ""
    names = {one.stem: one.name for one in sorted(path.parent.iterdir()) if one.suffix.lower() in FORMATS}
    near = difflib.get_close_matches(path.stem, names, n=1)
    return f" (did you mean '{Path(written).with_name(names[near[0]]).as_posix()}'?)" if near else ""


def is_hub_id(written: str, folder: Path) -> bool:
    """Whether a path leads to no file of the folder and is the name of a hub data set."""
    path, name = folder / written, hub_name(written)
    if name is None or kind_of(path) == "file":
        return False
    if ":" in written:
        return True
    return not _FILE_SUFFIX.fullmatch(path.suffix) and kind_of(path.parent) != "folder"


def _read_file(path: Path, written: str, faults: Faults) -> list[Row]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path, written, faults)
    if suffix not in FORMATS:
        faults.add(written, _format_fault(suffix))
        return []
    text = read_text(path, written, faults)
    return [] if text is None else rows_in(text, suffix, written, faults)


def _format_fault(suffix: str) -> str:
    """Say that a file has no format that is read, and how it is brought into one."""
    listed = ", ".join(FORMATS)
    if suffix in _SHEETS:
        return f"'{suffix}' is a spreadsheet, which is not read; save the sheet that holds the rows as .csv"
    if suffix in _PACKED:
        return f"'{suffix}' is a packed file, which is not read; unpack it, and give the file in it ({listed})"
    if suffix in _TABLES:
        return f"'{suffix}' is not read; write its rows with pandas, such as frame.to_parquet('rows.parquet')"
    if not suffix:
        return f"the file's name does not end in its format; rename it to one of {listed}"
    return f"'{suffix}' is not a known format; convert it to one of {listed}"


def read_text(path: Path, written: str, faults: Faults) -> str | None:
    """Return a text file's content without its byte order mark; None after a fault.

    An encoding that had to be guessed is noted with a row.
    """
    try:
        decoded = decode_any(read_bytes(path))
    except TextFault as fault:
        faults.add(written, fault.text, fault.line, column=fault.column)
        return None
    if decoded.guess:
        faults.guess(written, decoded.guess)
    return decoded.text


def rows_in(text: str, suffix: str, file: str, faults: Faults) -> list[Row]:
    """Read the rows of a text whose file ends in `suffix`: .jsonl, .ndjson, .json, .csv or .tsv."""
    if not text.strip():
        faults.add(file, "is empty; give at least one row")
        return []
    if suffix in (".csv", ".tsv"):
        return [_with_turns(row) for row in within(table_rows(text, suffix, file, faults), file, faults)]
    if fault := json_fault(text):
        faults.add(file, fault)
        return []
    return batch_rows(within(_json_rows(text, suffix, file, faults), file, faults), file, faults)


def _with_turns(row: Row) -> Row:
    """Return a table's row with the turns that the texts of a question and an answer write, as TRL has them."""
    turns = {name: written_turns(row.values[name]) for name in _TURNS if name in row.values}
    found = {name: value for name, value in turns.items() if are_turns(value)}
    return replace(row, values={**row.values, **found}) if found else row


def _json_rows(text: str, suffix: str, file: str, faults: Faults) -> Iterator[Row]:
    """Read JSON by its content: people give one suffix to a list and to a row a line."""
    try:
        values = _parse(text)
    except json.JSONDecodeError as fault:
        if suffix == ".json" and not (fault.msg == "Extra data" and text.lstrip().startswith("{")):
            faults.add(file, f"not valid JSON: {fault.msg}; fix it", fault.lineno, column=fault.colno)
        else:
            yield from _json_lines(text, file, faults)
    except ValueError as fault:
        if suffix == ".json":
            faults.add(file, str(fault))
        else:
            yield from _json_lines(text, file, faults)
    else:
        values = squad_rows(values) or values
        if isinstance(values, list):
            for number, value in enumerate(values, start=1):
                yield from _record(value, file, number, "row", faults)
        elif suffix == ".json":
            faults.add(file, f"holds one {_kind(values)}{_rows_inside(values)}")
        else:
            yield from _json_lines(text, file, faults)


def _rows_inside(values: Any) -> str:
    """Say where in a JSON value the rows may stand, and what to give."""
    inner = list(values.values()) if isinstance(values, dict) else []
    if _are_columns(inner):
        return " with a column under each key; write a list of rows, as pandas does with to_json(orient='records')"
    if len(inner) > 1 and all(isinstance(one, dict) for one in inner) and set.intersection(*map(set, inner)):
        return " with an object under each key; give its values as a list, if they are the rows"
    places = list(_lists_of_objects(values, ""))[:SHOWN_ALIKE]
    if not places:
        return "; give a list of objects, or use .jsonl"
    listed = ", ".join(f"'{place}'" for place in places)
    return f" with objects in lists under {listed}; write the list of rows into a file of its own"


def _are_columns(inner: list[Any]) -> bool:
    """Whether values are columns, as lists or by the rows' numbers, or some hold rows as lists."""
    if any(map(_are_lists, inner)) or (len(inner) > 1 and all(isinstance(one, list) for one in inner)):
        return not any(isinstance(item, dict) for one in inner if isinstance(one, list) for item in one)
    return len(inner) > 1 and all(isinstance(one, dict) and "0" in one for one in inner)


def _are_lists(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, list) for item in value)


def _lists_of_objects(values: Any, path: str) -> Iterator[str]:
    """Yield the keys, as paths, under which lists of objects stand; not those inside such lists."""
    if not isinstance(values, dict):
        return
    for key, one in values.items():
        if isinstance(one, list) and one and all(isinstance(item, dict) for item in one):
            yield f"{path}{key}"
        yield from _lists_of_objects(one, f"{path}{key}.")


def _json_lines(text: str, file: str, faults: Faults) -> Iterator[Row]:
    lines = _LINE_END.split(text)
    if lines[0].strip() == "{":
        faults.add(file, "an object runs over several lines; write one object a line, or a list of them", 1)
        return
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = _parse(line)
        except json.JSONDecodeError as fault:
            faults.add(file, f"not valid JSON: {fault.msg}; fix the line", number, column=fault.colno)
        except ValueError as fault:
            faults.add(file, str(fault), number)
        else:
            yield from _record(values, file, number, "line", faults)


def _parse(text: str) -> Any:
    """Parse JSON; what is JSON and yet unusable raises a ValueError that is not a JSONDecodeError."""
    try:
        value = json.loads(text, object_pairs_hook=_object)
        check_levels(value, text)
        return value
    except RecursionError:
        raise ValueError("nests lists or objects too deeply; no row needs that") from None
    except ValueError as fault:
        if "integer string conversion" in str(fault):
            raise ValueError("holds a number of more than 4300 digits; put it in quotes") from None
        raise


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if unusable := next(filter(UNUSABLE.search, values), None):
        raise ValueError(f"key {unusable!a} has a character that cannot be stored; rename it")
    if len(values) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key '{twice}' is given twice in one object; remove one")
    return values


def _record(values: Any, file: str, number: int, unit: str, faults: Faults) -> Iterator[Row]:
    if isinstance(values, dict):
        yield _row(file, number, unit, values)
    else:
        faults.add(file, f"holds a {_kind(values)}; every row is an object {{...}}", number, unit)


def _row(file: str, number: int, unit: str, values: dict[str, Any]) -> Row:
    """Make a row; NaN, as which pandas writes what is missing, becomes None."""
    cells = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
    return Row(file, number, unit, cells)


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "number")


def read_parquet(path: Path, file: str, faults: Faults) -> list[Row]:
    """Read a Parquet file's rows."""
    try:
        records, metadata = parquet_rows(path)
        labels = parquet_label_names(metadata)
    except TooLarge as fault:
        faults.add(file, str(fault))
        return []
    except MemoryError:
        raise
    except Exception as fault:  # of pyarrow and of its time zones, over a file that anybody may have written
        faults.add(file, f"is not a readable Parquet file: {_first_line(fault)}; write it again")
        return []
    return [
        _row(file, number, "row", with_label_names(values, labels)) for number, values in enumerate(records, start=1)
    ]


def _read_hub(written: str, role: str, faults: Faults) -> list[Row]:
    place, records = read_hub(written, role, faults)
    return [_row(place, number, "row", values) for number, values in enumerate(records, start=1)]


def _first_line(fault: BaseException) -> str:
    said = (str(fault).splitlines() or [type(fault).__name__])[0]
    return said if len(said) <= LONGEST_REASON else f"{said[:LONGEST_REASON]}..."
