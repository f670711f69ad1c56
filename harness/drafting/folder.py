"""Writes the task folder: all of it, or nothing."""

import json
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.atomic import making
from harness.drafting.around import shared_end
from harness.drafting.chats import Chats, call_answers, mark_turns, read_chats, with_tools
from harness.drafting.choice_cells import with_choices
from harness.drafting.columns import JUDGED, PAIRS, Reading, read_columns
from harness.drafting.division import divide, missing_labels
from harness.drafting.doubt import InDoubt
from harness.drafting.kinds import of_choices, read_answers
from harness.drafting.lists import Lists, with_lists
from harness.drafting.names import shown_name
from harness.drafting.numbers import numbers_in, with_whole_numbers
from harness.drafting.purpose import Purpose
from harness.drafting.records import (
    ANSWERS,
    Made,
    Usable,
    usable_rows,
    with_choice,
    with_common_system,
    with_result,
    with_systems,
)
from harness.drafting.telling import is_wrong_answer, tells_the_answer
from harness.drafting.values import PROSE_WORDS, count_empty, is_empty
from harness.drafting.yaml import Outline, task_yaml
from harness.errors import TaskFileError
from harness.model_names import name_fault
from harness.records import Example
from harness.task.answer_rule import note_of
from harness.task.documents import DocumentNames, read_documents
from harness.task.end_markers import ends_said
from harness.task.faults import Faults
from harness.task.load import load_task
from harness.task.published import reached
from harness.task.row import Row
from harness.task.rows import is_hub_id, read_rows
from harness.task.schema import task_schema
from harness.task.scoring import result_of
from harness.task.splits import normalised
from harness.task.text import kind_of
from harness.task.unused import Tally

SEED = 0
SCHEMA = "task.schema.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written."""

    folder: Path
    notes: tuple[str, ...]  # what was recognised
    doubts: tuple[str, ...]  # what a person should look at


def draft_task(
    source: Path,
    out: Path,
    *,
    documents: Path | None = None,
    model: str | None = None,
    target: str | None = None,
    inputs: Sequence[str] = (),
    lists: Lists | None = None,
    purpose: Purpose | None = None,
) -> Draft:
    """Make a task folder of one data file; the folder is written as a whole or not at all.

    Args:
        source: JSONL, JSON, CSV, TSV or Parquet; or a hub id, whose train split is drawn on.
        out: The new folder; it may be there when it is empty.
        documents: What retrieval may search; it stays where it is.
        model: As `model` in a task file. Default: that of the schema.
        target: The column with the answer. Default: it is guessed.
        inputs: The columns of the question. Default: they are guessed.
        lists: Whether any one of a row's listed answers is right, or all are wanted. Default: it is guessed.
        purpose: What the task is for; it sets goal, smallest gain, deployment and prices.

    Raises:
        InDoubt: If it is not clear which column is the answer, or the question, or what lists of answers mean.
        TaskFileError: If `out` is in use, `model` cannot be one, the file cannot be read or is not enough for a task.
    """
    if kind_of(out) == "file" or (kind_of(out) == "folder" and any(out.iterdir())):
        raise TaskFileError(str(out), ["is not empty; give --out a folder that is new or empty"])
    if model and kind_of(Path(model)) != "folder" and (fault := name_fault(model)):
        raise TaskFileError("--model", [fault])
    doubts: list[str] = []
    rows = _read(source, target, inputs, doubts)
    known, said_of_documents = _documents(documents)
    try:
        rows = with_choices(rows, target, inputs)
        reading = read_columns([row.values for row in rows], known, target, inputs, lists)
        answer = next((reading.needed[key] for key in ANSWERS if key in reading.needed), None)
        if answer and _is_table(source) and not reading.options:
            rows = with_whole_numbers(rows, answer, doubts)
        usable = usable_rows(rows, reading, known)
    except ValueError as fault:
        raise TaskFileError(str(source), ["; ".join((*doubts, str(fault)))]) from None
    except InDoubt as doubt:
        raise doubt.at(str(source), doubts) from None
    chats = read_chats(usable.rows, reading)
    if chats:
        usable = replace(usable, items=chats.items(usable.items))
        reading = chats.without_tools(reading)
    recognised = _recognised(source, rows, reading)
    if usable.judged:
        recognised += f"; {len(usable.items)} of {len(usable.judged)} answers were called good, and only these are rows"
    try:
        are_calls = chats is not None and chats.are_calls
        targets = [result_of(item.target, None) for item in usable.items]
        answers = call_answers(chats) if chats and are_calls else with_tools(read_answers(targets, reading), chats)
        answers = of_choices(answers, usable.items)
        if answers.worked and not chats:
            usable = with_result(usable, answers.worked.rule)
        elif answers.kind == "choice" and not chats:
            usable = with_choice(usable)
        splits, said = divide(usable.items, SEED)
    except ValueError as fault:
        raise TaskFileError(str(source), [f"{fault} ({'; '.join([recognised, *_left_out(usable)])})"]) from None
    tally = Tally()
    values = [row.values for row in rows]
    telling = [name for name in reading.unused if tells_the_answer(values, name, reading.needed.get("target", ""))]
    others = [name for name in reading.unused if name not in telling]
    is_filled_in = any(not is_empty(row, "input") for row in values)
    tally.columns(rows, others, lambda name: _way_into_question(name, reading, has_input=is_filled_in))
    for name in telling:
        what, way = f"column {shown_name(name)} is not used", "it may give the answer away"
        if is_wrong := is_wrong_answer(name):
            way = "where the answer is to be chosen, write all answers into lists under 'choices'"
        for row in rows:
            if not is_empty(row.values, name):
                tally.add(row, what, way, "warning" if is_wrong else "note")
    asides = (*tally.asides(), *(chats.asides if chats else ()))
    doubts += [str(aside) for aside in asides if aside.severity == "warning"]
    doubts += [*reading.doubts, *_left_out(usable), *ends_said(usable.ends), *answers.doubts, *said]
    doubts += shared_end(targets) if answers.kind in ("labels", "short text", "long text") else []
    if answers.kind == "labels" and (never := missing_labels(usable.items, splits)):
        doubts.append(f"train never shows what {len(never)} test rows want: {', '.join(never)}")
    usable, said_of_systems = with_systems(usable, answers.system)
    doubts += said_of_systems
    usable, common_system = with_common_system(usable)
    outline = Outline(
        name=_safe_name(out.absolute().name),
        source=_named(source),
        model=_from(out, Path(model)) if model and kind_of(Path(model)) == "folder" else model,
        reading=reading,
        answers=answers,
        sizes={name: len(members) for name, members in splits.items()},
        system=common_system,
        has_system=any(item.messages[0].role == "system" for item in usable.items),
        answers_in_all=chats.answers if chats else len(usable.items),
        has_turns=any(len(item.messages) > 1 for item in usable.items),
        has_several=any(item.accepted for item in usable.items),
        documents=_from(out, documents) if documents else None,
        schema=SCHEMA,
        doubts=tuple(doubts),
        purpose=purpose,
    )
    _write(outline, usable, splits, out, chats)
    notes = [recognised, *said_of_documents, f"answers: {answers.about}"]
    notes += [str(aside) for aside in asides if aside.severity == "note"]
    if answers.worked:
        notes.append(note_of(answers.worked.rule, usable.items))
    return Draft(out, tuple(notes), tuple(doubts))


def _read(source: Path, target: str | None, inputs: Sequence[str], doubts: list[str]) -> list[Row]:
    """Read the rows; a column such as 'answers.text' that the user names leads into an object."""
    faults = Faults()
    is_file = kind_of(source) == "file"
    name, folder = (source.name, source.absolute().parent) if is_file else (str(source), Path.cwd())
    rows: list[Row] = []
    if is_file or is_hub_id(name, folder):
        rows = read_rows(name, "train", folder, faults)
    else:
        what = "is a folder" if kind_of(source) == "folder" else "there is no such file"
        faults.add(name, f"{what}; give --from a file of rows, or a hub id such as owner/name:subset")
    if is_file and not rows and not faults.count:
        faults.add(name, "has no rows; give a file with some hundred")
    faults.raise_any(source)
    doubts += faults.guesses
    if _is_table(source) and is_file and (why := _row_as_header(rows)):
        said = f"the first line looks like a row, not like column names, as {why}"
        doubts.append(f"{said}; if so, put a line of names above it")
    rows = with_lists(rows, is_table=_is_table(source))
    column, dot, _ = (target or "").partition(".")
    inner = [row.values[column] for row in rows if dot and isinstance(row.values.get(column), dict)]
    beside = [f"{column}.aliases"] if any(one.get("aliases") for one in inner) else []  # as TriviaQA has them
    return [replace(row, values=reached(row.values, (target, *inputs, *beside))) for row in rows]


def _is_table(source: Path) -> bool:
    return source.suffix.lower() in (".csv", ".tsv")


def _row_as_header(rows: Sequence[Row]) -> str:
    """Say which name is also a value of its own column, a number, or a sentence; '' where none is."""
    for name in rows[0].values:
        if any(row.values[name] == name for row in rows):
            return f"{shown_name(name)} is also a value below it"
        if numbers_in([name]):
            return f"{shown_name(name)} is a number"
        if len(name.split()) >= PROSE_WORDS and name.endswith((".", "!")):  # surveys have questions as names
            return f"{shown_name(name)} is a sentence"
    if len(rows[0].values) > 1 and all(len(name.split()) >= PROSE_WORDS for name in rows[0].values):
        return f"all names are sentences, such as {shown_name(next(iter(rows[0].values)))}"
    return ""


def _documents(folder: Path | None) -> tuple[frozenset[str], list[str]]:
    """Return the names that evidence may call documents by, and what is to be said of their files."""
    if folder is None:
        return frozenset(), []
    faults = Faults()
    notes: list[str] = []
    folder = folder.resolve()
    found = read_documents(folder.name, folder.parent, faults, notes)
    faults.raise_any(folder)
    return frozenset(DocumentNames(found, folder.name)), notes


def _from(out: Path, path: Path) -> str:
    """Return a path as the task file in `out` has to name it."""
    return Path(os.path.relpath(path.absolute(), out.absolute())).as_posix()


def _way_into_question(name: str, reading: Reading, *, has_input: bool) -> str:
    """Say how a column comes into the question, beside what stands there already, as Alpaca's input does."""
    if reading.shape == PAIRS:
        return "write it into the question, in 'prompt'"
    asked = reading.question or tuple(reading.needed[key] for key in ("instruction", "prompt") if key in reading.needed)
    if not asked or reading.verdict:
        return "write it into the question's turn"
    asked = (*asked, "input") if has_input and reading.shape == "Alpaca" else asked
    flags = (f"--input {shlex.quote(one)}" for one in (*reading.contexts, *asked, name))
    return f"put it into the question with {' '.join(flags)}"


def _left_out(usable: Usable) -> list[str]:
    if not usable.left_out:
        return []
    more = "; and so on" if len(usable.reasons) > 3 else ""
    return [f"rows left out: {usable.left_out}; {'; '.join(usable.reasons[:3])}{more}"]


def _recognised(source: Path, rows: Sequence[Row], reading: Reading) -> str:
    own = {"id": reading.id, "group": reading.group, "evidence": reading.evidence, "system": reading.system}
    own |= {"context": " + ".join(reading.contexts), "verdict": reading.verdict, "aliases": reading.aliases}
    own |= {"choices": " + ".join(reading.options.columns) if reading.options else None}
    named = {**reading.needed, **{key: name for key, name in own.items() if name}}
    if reading.question:
        named["input"] = " + ".join(reading.question)
    filled = {name: len(rows) - count_empty([row.values for row in rows], name) for name in reading.unused}
    listed = ", ".join(f"{name} in {count} rows" for name, count in filled.items())
    unused = f"; not used: {listed}" if listed else ""
    columns = ", ".join(f"{key}: {name}" for key, name in named.items())
    return f"{_named(source)}: {len(rows)} rows, read as {reading.shape} ({columns}{unused})"


def _named(source: Path) -> str:
    """Return a file's name, or a hub id as it is written."""
    return source.name if kind_of(source) == "file" else str(source)


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
        if outline.reading.shape == JUDGED:
            held = {normalised(usable.items[at]) for split in ("dev", "test") for at in splits[split]}
            free = [made for made in usable.judged if normalised(made.item) not in held]
            _write_rows(partial / "feedback.jsonl", [_judged(made) for made in free])
        try:
            load_task(partial / "task.yaml")
        except TaskFileError as fault:  # of a file that is gone when it is read
            raise TaskFileError(
                outline.source, [f"the task made of it has a fault: {one}" for one in fault.faults]
            ) from None
        out.mkdir(exist_ok=True)
        for file in sorted(partial.iterdir(), key=lambda file: file.name == "task.yaml"):
            file.replace(out / file.name)


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")


def _row(item: Example, outline: Outline) -> dict[str, Any]:
    row: dict[str, Any] = {"id": item.id} if item.id else {}
    target = [item.target, *item.accepted] if item.accepted else item.target
    if outline.has_turns and outline.has_several:
        row |= {"input": _turns(item), "target": target}
    elif outline.has_turns:
        row["messages"] = [*_turns(item), {"role": "assistant", "content": item.target}]
    else:
        row |= {"input": item.messages[-1].content, "target": target}
    if item.group is not None:
        row["group"] = item.group
    if item.evidence:
        row["evidence"] = list(item.evidence)
    return row


def _pair(item: Example, rejected: str | None) -> dict[str, Any]:
    prompt = item.messages[0].content if len(item.messages) == 1 else _turns(item)
    return {"prompt": prompt, "chosen": item.target, "rejected": rejected}


def _judged(made: Made) -> dict[str, Any]:
    turns = [*_turns(made.item), {"role": "assistant", "content": made.item.target}]
    return {"messages": turns, "label": made.is_good}


def _turns(item: Example) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in item.messages]
