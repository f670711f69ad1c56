"""Writes the task folder: all of it, or nothing."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.atomic import making
from harness.drafting.chats import Chats, call_answers, mark_turns, read_chats
from harness.drafting.columns import PAIRS, Reading, read_columns
from harness.drafting.division import divide, missing_labels
from harness.drafting.kinds import read_answers
from harness.drafting.names import shown_name
from harness.drafting.records import Usable, usable_rows
from harness.drafting.values import count_empty
from harness.drafting.yaml import Outline, task_yaml
from harness.errors import TaskFileError
from harness.model_names import name_fault
from harness.records import Example
from harness.task.documents import DocumentNames, read_documents
from harness.task.end_markers import ends_said
from harness.task.faults import Faults
from harness.task.load import load_task
from harness.task.row import Row
from harness.task.rows import FORMATS, read_parquet, rows_in
from harness.task.schema import task_schema
from harness.task.text import TextFault, decode, decode_older, kind_of, read_bytes

SEED = 0
SCHEMA = "task.schema.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written."""

    folder: Path
    notes: tuple[str, ...]  # what was recognised
    doubts: tuple[str, ...]  # what a person should look at


def draft_task(source: Path, out: Path, *, documents: Path | None = None, model: str | None = None) -> Draft:
    """Make a task folder of one data file; the folder is written as a whole or not at all.

    Args:
        source: JSONL, JSON, CSV, TSV or Parquet.
        out: The new folder; it may be there when it is empty.
        documents: What retrieval may search; it stays where it is.
        model: As `model` in a task file. Default: that of the schema.

    Raises:
        TaskFileError: If `out` is in use, `model` can be none, or the file cannot be read or is not enough for a task.
    """
    if kind_of(out) == "file" or (kind_of(out) == "folder" and any(out.iterdir())):
        raise TaskFileError(str(out), ["is not empty; give --out a folder that is new or empty"])
    if model and kind_of(Path(model)) != "folder" and (fault := name_fault(model)):
        raise TaskFileError("--model", [fault])
    doubts: list[str] = []
    rows = _read(source, doubts)
    known, said_of_documents = _documents(documents)
    try:
        reading = read_columns([row.values for row in rows], known)
        usable = usable_rows(rows, reading, known)
        chats = read_chats(rows, reading)
        if chats:
            usable = replace(usable, items=chats.items(usable.items))
            reading = chats.without_tools(reading)
        are_calls = chats is not None and chats.are_calls
        answers = call_answers(chats) if chats and are_calls else read_answers([item.target for item in usable.items])
        splits, said = divide(usable.items, SEED)
    except ValueError as fault:
        raise TaskFileError(str(source), [str(fault)]) from None
    asides = chats.asides if chats else ()
    doubts += [str(aside) for aside in asides if aside.severity == "warning"]
    doubts += [*reading.doubts, *_left_out(usable), *ends_said(usable.ends), *answers.doubts, *said]
    if answers.kind == "labels" and (never := missing_labels(usable.items, splits)):
        doubts.append(f"train never shows what {len(never)} test rows want: {', '.join(never)}")
    outline = Outline(
        name=_safe_name(out.absolute().name),
        source=source.name,
        model=_from(out, Path(model)) if model and kind_of(Path(model)) == "folder" else model,
        reading=reading,
        answers=answers,
        sizes={name: len(members) for name, members in splits.items()},
        has_system=any(item.messages[0].role == "system" for item in usable.items),
        answers_in_all=chats.answers if chats else len(usable.items),
        has_turns=any(len(item.messages) > 1 for item in usable.items),
        documents=_from(out, documents) if documents else None,
        schema=SCHEMA,
        doubts=tuple(doubts),
    )
    _write(outline, usable, splits, out, chats)
    notes = [_recognised(source, rows, reading), *said_of_documents, f"answers: {answers.about}"]
    notes += [str(aside) for aside in asides if aside.severity == "note"]
    return Draft(out, tuple(notes), tuple(doubts))


def _read(source: Path, doubts: list[str]) -> list[Row]:
    faults = Faults()
    name, suffix = source.name, source.suffix.lower()
    rows: list[Row] = []
    if kind_of(source) != "file":
        faults.add(name, "there is no such file; give --from a file of rows")
    elif suffix not in FORMATS:
        faults.add(name, f"'{suffix}' is no known format; convert it to one of {', '.join(FORMATS)}")
    elif suffix == ".parquet":
        rows = read_parquet(source, name, faults)
    else:
        rows = rows_in(_text(source, doubts), suffix, name, faults)
    if not rows and not faults.count:
        faults.add(name, "has no rows; give a file with some hundred")
    faults.raise_any(source)
    if suffix in (".csv", ".tsv") and (cell := _cell_of_header(rows)):
        doubts.append(
            f"the first line looks like a row, not like column names, as {shown_name(cell)} is also a value below it; "
            f"if so, put a line of names above it"
        )
    return rows


def _cell_of_header(rows: Sequence[Row]) -> str | None:
    """Return the first name that is also a value of its own column."""
    return next((name for name in rows[0].values if name and any(row.values[name] == name for row in rows)), None)


def _text(source: Path, doubts: list[str]) -> str:
    try:
        raw = read_bytes(source)
        try:
            return decode(raw)
        except TextFault:
            text, encoding = decode_older(raw)
            odd = next((word for word in re.findall(r"\w+", text) if not word.isascii()), "")
            doubts.append(f"the file is not UTF-8 and was read as {encoding}; is '{odd}' right?")
            return text
    except TextFault as fault:
        raise TaskFileError(str(source), [fault.text]) from None


def _documents(folder: Path | None) -> tuple[frozenset[str], list[str]]:
    """Return the names that evidence may call documents by, and what is to be said of their files."""
    if folder is None:
        return frozenset(), []
    faults = Faults()
    notes: list[str] = []
    found = read_documents(folder.name, folder.absolute().parent, faults, notes)
    faults.raise_any(folder)
    return frozenset(DocumentNames(found, folder.name)), notes


def _from(out: Path, path: Path) -> str:
    """Return a path as the task file in `out` has to name it."""
    return Path(os.path.relpath(path.absolute(), out.absolute())).as_posix()


def _left_out(usable: Usable) -> list[str]:
    if not usable.left_out:
        return []
    more = "; and so on" if len(usable.left_out) > 3 else ""
    return [f"rows left out: {len(usable.left_out)}; {'; '.join(usable.left_out[:3])}{more}"]


def _recognised(source: Path, rows: Sequence[Row], reading: Reading) -> str:
    own = {"id": reading.id, "group": reading.group, "evidence": reading.evidence, "context": reading.context}
    named = {**reading.needed, **{key: name for key, name in own.items() if name}}
    filled = {name: len(rows) - count_empty([row.values for row in rows], name) for name in reading.unused}
    listed = ", ".join(f"{name} in {count} rows" for name, count in filled.items())
    unused = f"; not used: {listed}" if listed else ""
    columns = ", ".join(f"{key}: {name}" for key, name in named.items())
    return f"{source.name}: {len(rows)} rows, read as {reading.shape} ({columns}{unused})"


def _safe_name(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:64]
    return plain if plain[:1].isalnum() else "task"


def _write(
    outline: Outline, usable: Usable, splits: dict[str, list[int]], out: Path, chats: Chats | None = None
) -> None:
    """Write beside `out`, see that it loads, and only then move it there."""
    out = out.absolute()
    with making(out) as partial:
        (partial / "task.yaml").write_text(task_yaml(outline), encoding="utf-8")
        (partial / SCHEMA).write_text(json.dumps(task_schema(), indent=1) + "\n", encoding="utf-8")
        for split, members in splits.items():
            written = [_row(usable.items[at], outline) for at in members]
            for row, at in zip(written, members, strict=True):
                mark_turns(row, chats.marked(at, usable.items[at]) if chats else ())
            _write_rows(partial / f"{split}.jsonl", written)
        if outline.reading.shape == PAIRS:
            pairs = [_pair(usable.items[at], usable.rejected[at]) for at in splits["train"]]
            _write_rows(partial / "preferences.jsonl", pairs)
        load_task(partial / "task.yaml")
        out.mkdir(exist_ok=True)
        for file in sorted(partial.iterdir(), key=lambda file: file.name == "task.yaml"):
            file.replace(out / file.name)


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")


def _row(item: Example, outline: Outline) -> dict[str, Any]:
    row: dict[str, Any] = {"id": item.id} if item.id else {}
    if outline.has_turns:
        row["messages"] = [*_turns(item), {"role": "assistant", "content": item.target}]
    else:
        row |= {"input": item.messages[-1].content, "target": item.target}
    if item.group is not None:
        row["group"] = item.group
    if item.evidence:
        row["evidence"] = list(item.evidence)
    return row


def _pair(item: Example, rejected: str | None) -> dict[str, Any]:
    prompt = item.messages[0].content if len(item.messages) == 1 else _turns(item)
    return {"prompt": prompt, "chosen": item.target, "rejected": rejected}


def _turns(item: Example) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in item.messages]
