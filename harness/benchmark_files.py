"""A user's own benchmark: a file of questions with right answers, in any language.

JSONL or CSV in UTF-8, one row a question, named after its file. Case of the column names does not matter, and other
columns are left alone:

    question   what is asked, as the model sees it
    choices    a list of texts (JSONL), or columns choice_1, choice_2, ... or A, B, ...: multiple choice
    answer     multiple choice: the right choice's text, else its letter (A is the first), else its number (0 is the
               first), in this order; what could mean two choices is refused
               without choices: the answer's text

All rows of a file have choices, or none has.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from harness.regular_files import read_regular

SUFFIXES = (".jsonl", ".csv")
MOST_BYTES = 100_000_000
_MOST_NAMED = 6  # columns, in a message
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBERED = re.compile(r"choice_(\d{1,2})")


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One question."""

    number: int  # of its row: JSONL lines, or CSV rows below the header, from 1
    question: str
    choices: tuple[str, ...]  # none: the answer's own text is scored
    answer: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a file, and the remedy."""

    row: int | None  # None: with the file as a whole
    text: str


class _BadRow(Exception):
    """A row that cannot be used; the message says why, with the remedy."""


def is_benchmark_file(task: str) -> bool:
    """Whether an entry of general.tasks is a file of rows, and no name of lm-eval's."""
    return task.lower().endswith(SUFFIXES)


def benchmark_name(task: str) -> str:
    """Return what an entry of general.tasks is called: a file goes by its name without the suffix."""
    return Path(task).stem if is_benchmark_file(task) else task


def read_benchmark(file: Path) -> tuple[list[BenchmarkRow], list[RowFault]]:
    """Read a file and find everything that is wrong with it; with faults, the rows are those that have none."""
    try:
        text = read_regular(file, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        return [], [RowFault(None, f"is not UTF-8 ({fault.reason} at byte {fault.start}); save it as UTF-8")]
    except OSError as fault:
        return [], [RowFault(None, f"cannot be read ({fault.strerror}); check the path")]
    rows: list[BenchmarkRow] = []
    faults: list[RowFault] = []
    for number, values in _csv_rows(text) if file.suffix.lower() == ".csv" else _json_rows(text):
        try:
            rows.append(_row(number, values))
        except _BadRow as fault:
            faults.append(RowFault(number or None, str(fault)))
    if not rows and not faults:
        faults.append(RowFault(None, "has no rows; give questions with their answers"))
    return rows, faults + _mixed(rows)


def _mixed(rows: Sequence[BenchmarkRow]) -> list[RowFault]:
    """Note rows of the other kind than the first one."""
    having = ("has no choices", "has choices")
    return [
        RowFault(
            row.number,
            f"{having[bool(row.choices)]}, row {rows[0].number} {having[bool(rows[0].choices)]}; make two files",
        )
        for row in rows
        if bool(row.choices) != bool(rows[0].choices)
    ]


# ---- from text to columns -------------------------------------------------------------------

Values = Mapping[str, object]  # by column, in lower case


def _json_rows(text: str) -> Iterator[tuple[int, Values | _BadRow]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _json_row(line)


def _json_row(line: str) -> Values | _BadRow:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as fault:
        return _BadRow(f"is not JSON ({fault}); write one object a line")
    if not isinstance(values, dict):
        return _BadRow('is not a JSON object; write {"question": ..., "answer": ...}')
    named = {str(key).strip().casefold(): value for key, value in values.items()}
    return named if len(named) == len(values) else _BadRow("names a column twice; leave one out")


def _csv_rows(text: str) -> Iterator[tuple[int, Values | _BadRow]]:
    header = text.partition("\n")[0]
    mark = max(",;\t", key=header.count)
    try:
        lines = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True) if cells]
    except csv.Error as fault:
        yield 0, _BadRow(f"is not CSV ({fault}); check its quotes")
        return
    names = [cell.strip().casefold() for cell in lines[0]] if lines else []
    if len(set(names)) < len(names):
        yield 0, _BadRow("names a column twice in its header; leave one out")
        return
    for number, cells in enumerate(lines[1:], start=1):
        if len(cells) == len(names):
            yield number, dict(zip(names, cells, strict=True))
        else:
            yield number, _BadRow(f"has {len(cells)} cells, the header {len(names)}; quote cells that hold {mark!r}")


# ---- from columns to a question --------------------------------------------------------------


def _row(number: int, values: Values | _BadRow) -> BenchmarkRow:
    if isinstance(values, _BadRow):
        raise values
    for needed in ("question", "answer"):
        if needed not in values:
            shown = ", ".join(repr(name[:40]) for name in [*values][:_MOST_NAMED])
            raise _BadRow(f"has no column '{needed}'; its {len(values)} columns begin with {shown}")
    question, answer = _text("question", values["question"]), _text("answer", values["answer"])
    choices = _choices(values)
    if not choices:
        return BenchmarkRow(number, question, (), answer)
    return BenchmarkRow(number, question, tuple(choices), choices[_gold(choices, answer)])


def _text(column: str, value: object) -> str:
    text = _written(column, value)
    if not text:
        raise _BadRow(f"'{column}' is empty; give text or remove the row")
    return text


def _written(column: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _BadRow(f"'{column}' is {json.dumps(value, ensure_ascii=False)}; give text")
    text = str(value).strip()
    if _UNUSABLE.search(text):
        raise _BadRow(f"'{column}' holds a character that no file may (NUL, or half of a pair); write it again")
    return text


def _choices(values: Values) -> list[str]:
    """Return the options in the one way in which the row gives them; none where it gives none."""
    ways = {
        "choices": _listed(values.get("choices")),
        "choice_1, ...": _columns(values, _numbered(values)),
        "A, B, ...": _columns(values, _lettered(values)),
    }
    given = {way: choices for way, choices in ways.items() if choices}
    if len(given) > 1:
        raise _BadRow(f"gives choices in {len(given)} ways ({' and '.join(given)}); keep one")
    choices = next(iter(given.values()), [])
    if len(choices) == 1 or len(choices) > len(ascii_uppercase):
        raise _BadRow(f"has {len(choices)} choices; give 2 to {len(ascii_uppercase)}")
    if repeated := {choice for choice in choices if choices.count(choice) > 1}:
        raise _BadRow(f"has the choice {min(repeated)!r} twice; make the choices different")
    return choices


def _listed(value: object) -> list[str]:
    if value in (None, "", []):
        return []
    if not isinstance(value, list):
        raise _BadRow("'choices' is not a list; in CSV give columns choice_1, choice_2, ...")
    return [_text("choices", choice) for choice in value]


def _numbered(values: Values) -> list[str]:
    found = sorted((int(match[1]), name) for name in values if (match := _NUMBERED.fullmatch(name)))
    return [name for _, name in found]


def _lettered(values: Values) -> list[str]:
    letters = [letter.lower() for letter in ascii_uppercase]
    count = next((n for n, letter in enumerate(letters) if letter not in values), len(letters))
    return letters[:count] if count > 1 else []


def _columns(values: Values, names: Sequence[str]) -> list[str]:
    """Return the cells of columns; those at the end may be empty, for rows with fewer choices."""
    cells = [_written(name, values[name]) for name in names]
    while cells and not cells[-1]:
        cells.pop()
    if "" in cells:
        raise _BadRow(f"'{names[cells.index('')]}' is empty before other choices; move them up")
    return cells


def _gold(choices: Sequence[str], answer: str) -> int:
    """Return which choice the answer means: by text, else by letter, else by number from 0."""
    readings = [choices.index(answer)] if answer in choices else []
    letters = ascii_uppercase[: len(choices)]
    if len(answer) == 1 and answer.upper() in letters:
        readings.append(letters.index(answer.upper()))
    if re.fullmatch(r"[0-9]{1,2}", answer) and int(answer) < len(choices):
        readings.append(int(answer))
    if not readings:
        raise _BadRow(f"answer {answer!r} is not a choice's text, letter or number; the choices are {list(choices)}")
    if len(set(readings)) > 1:
        raise _BadRow(
            f"answer {answer!r} is the text of choice {letters[readings[0]]} and could mean choice "
            f"{letters[readings[1]]} too; give the right choice's {'number' if answer.isalpha() else 'letter'}"
        )
    return readings[0]
