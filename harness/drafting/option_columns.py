"""Which columns hold the answers to choose from, and which one says the right answer."""

from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import Any

from harness.columns import CHOICES
from harness.drafting.doubt import InDoubt
from harness.drafting.names import (
    INDEXING,
    TARGETS,
    is_beside,
    is_choice,
    is_indexing,
    is_score,
    shown_name,
    usual,
    words_of_name,
)
from harness.drafting.options import (
    LETTERS,
    Options,
    are_flags,
    bare_answer,
    flagged,
    is_whole_number,
    labels_in,
    listed,
    named_in,
    place_of_both,
)
from harness.drafting.siblings import siblings
from harness.drafting.telling import explains, is_ranking, telling_keys
from harness.drafting.values import NEARLY_ALL, Values, distinct, is_empty, is_number, is_text, nesting, plain_text
from harness.metrics.choices import read_choices
from harness.metrics.label_sets import split_labels

_FLAGGED = ("labels", "answers", "targets", "corrects")  # names of flags, beside those that are called right


def are_called_answers(columns: Sequence[str]) -> bool:
    """Whether columns with a text each are called as answers are, and not as choices: 'answer1', 'answer2'."""
    return len(columns) > 1 and usual(columns[0]).rstrip("0123456789").rstrip("_") in TARGETS


def refuse_answers_apart(columns: Sequence[str]) -> None:
    """Refuse columns with an answer each of which none says whether one is right, or all.

    Raises:
        ValueError: With the columns that say it.
    """
    if are_called_answers(columns):
        listed, first = ", ".join(map(shown_name, columns)), columns[0]
        raise ValueError(
            f"columns {listed} may all be right, or be choices: write right answers as a list into a column 'answers', "
            f"or say in a column 'answer' which choice is right; if {shown_name(first)} alone is the answer, give "
            f"--target {quote(first)}"
        )


def listed_answers(rows: Values, names: Sequence[str]) -> Options | None:
    """Return the choices where they stand in lists under 'answers', and another column says which is right."""
    column = next((name for name in names if usual(name) in ("answers", "answer", "choice")), None)
    cells = [row.get(column) for row in rows] if column else []
    if column is None or not all(isinstance(cell, list) and len(cell) > 1 for cell in cells):
        return None
    if flag := _flag_of(rows, column):
        return Options((column,), column, flag=flag)
    likely = [name for name in names if not words_of_name(name).isdisjoint(INDEXING) and name != column]
    options = find_options(rows, (column,), likely, None)
    return options if options and not options.has_flags else None


def option_columns(rows: Values, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold choices: several with one each, or one with lists of them; none otherwise."""
    for name in names:
        if usual(name) in CHOICES and all(
            len(listed(row.get(name)) or ()) > 1 for row in rows if not is_empty(row, name)
        ):
            return (name,)
    single = [name for name in names if is_choice(name)]
    stems = {usual(name)[:-1].rstrip("_") for name in single}
    if len(single) > 1 and len(stems) == 1:
        return tuple(sorted(single, key=usual))
    letters = [name for name in names if len(name) == 1 and name.upper() in LETTERS]
    return tuple(letters) if len(letters) > 1 and "".join(letters).upper() == LETTERS[: len(letters)] else ()


def sibling_options(rows: Values, columns: Sequence[str], names: Sequence[str], asked: str | None) -> Options | None:
    """Return the choices that stand in columns of no known name, where an answer's column names one of them for sure.

    Their names must call them choices, or count by letters as the answers do, or the answers must be their texts.

    Args:
        rows: The rows.
        columns: Those that may hold a choice.
        names: Those that may hold the answer.
        asked: The answer's column, where the user names it.
    """
    known = {*TARGETS, *INDEXING}
    likely = [name for name in names if usual(name) in known or not words_of_name(name).isdisjoint(known)]
    found: list[Options] = []
    for one in siblings([name for name in columns if name != asked and not explains(name)]):
        if not _differ(rows, one.columns):
            continue
        options = find_options(rows, one.columns, likely, asked, one.marks)
        said = _answers(rows, options.target) if options else set()
        letters = {answer.casefold() for answer in said if len(answer) == 1 and answer.isalpha()}
        is_mixed = not letters.isdisjoint(one.marks) and not letters <= set(one.marks)
        counts = len(one.columns) > 2 and one.marks and not any(map(is_whole_number, said))
        if options and not is_mixed and (one.are_choices or counts or _are_said(rows, options)):
            found.append(options)
    return found[0] if len(found) == 1 else None


def _are_said(rows: Values, options: Options) -> bool:
    """Whether answers are sentences or names that stand in the columns of choices, and not in one of them alone."""
    answers = [plain_text(row.get(options.target)).strip() for row in rows]
    texts = map(options.texts, rows)
    places = [cells.index(answer) for answer, cells in zip(answers, texts, strict=True) if answer in cells]
    is_long = all(len(answer) > 1 and not is_whole_number(answer) for answer in answers if answer)
    return is_long and len(places) >= NEARLY_ALL * len(rows) and len(set(places)) > 1


def refuse_unused_choices(rows: Values, columns: Sequence[str], target: str, question: str) -> None:
    """Refuse unused columns that may hold the choices whose letters or numbers are the answers.

    Raises:
        ValueError: With the names by which they are read as choices, and the flag that leaves them out.
    """
    groups = siblings([name for name in columns if not explains(name)])
    texts = distinct(rows, target) if groups else ()
    said = {bare_answer(part.strip()).casefold() for text in texts for part in split_labels(text)}
    for one in groups:
        count = len(one.columns)
        numbers = [set(map(str, range(start, start + count))) for start in (0, 1)]
        are_letters = len(said) > 1 and (said <= set(LETTERS[:count].casefold()) or said <= set(one.marks))
        are_signs = all(len(sign) == 1 and sign.isalpha() for sign in said)
        are_places = count == len(said) > 2 and (said in numbers or are_signs)
        are_texts = all(is_text(rows, name) and not is_number(rows, name) for name in one.columns)
        if are_texts and (are_letters or are_places) and _differ(rows, one.columns):
            listed, letters = (", ".join(map(shown_name, names)) for names in (one.columns, LETTERS[:count]))
            raise ValueError(
                f"columns {listed} may be the answers to choose from, of which {shown_name(target)} names one: call "
                f"them {letters} if so; if not, name the question's columns, such as --input {quote(question)}"
            )


def refuse_unread_choices(rows: Values, names: Sequence[str], target: str, question: Sequence[str]) -> None:
    """Refuse choices in one text with nothing that tells them apart, where the answer is a letter or number of one.

    Raises:
        ValueError: With the form that is read, and the flags that put the text into the question.
    """
    said = {bare_answer(part.strip()).casefold() for text in distinct(rows, target) for part in split_labels(text)}
    if len(said) < 2 or not (said <= set(LETTERS.casefold()) or said <= set("0123456789")):
        return
    for name in names:
        cells = [str(row[name]) for row in rows if not is_empty(row, name)]
        if usual(name) in CHOICES and is_text(rows, name) and sum(map(bool, map(read_choices, cells))) * 2 < len(cells):
            raise ValueError(
                f"column {shown_name(name)} may hold the choices that {shown_name(target)} names, and nothing tells "
                f"where one ends: write them as lists, or with '|' between them; if it holds none, give "
                f"{' '.join(f'--input {quote(one)}' for one in dict.fromkeys((*question, name)))}"
            )


def _differ(rows: Values, columns: Sequence[str]) -> bool:
    """Whether what columns hold hardly ever repeats in a row: choices differ, and what several people say does not."""
    if any(nesting(rows, name) for name in columns):
        return False
    cells = [[str(row[name]).strip() for name in columns if not is_empty(row, name)] for row in rows]
    return sum(len(set(texts)) == len(texts) for texts in cells) >= NEARLY_ALL * len(rows)


def find_options(
    rows: Values, columns: Sequence[str], names: Sequence[str], asked: str | None, marks: tuple[str, ...] = ()
) -> Options | None:
    """Return the choices with the column that says which is right; None where no column does, or several may.

    Further columns that call the same choices right in nearly all rows are kept, as their rows must agree.
    """
    if not columns:
        return None
    names = [name for name in names if is_indexing(name) or not (is_beside(name) or is_score(name))]
    found = _pointing(rows, columns, [asked] if asked else names, marks)
    if not found and len(columns) == 1 and asked in (None, columns[0]) and (flag := _flag_of(rows, columns[0])):
        return Options(tuple(columns), columns[0], flag=flag)
    if not found:
        flagged_ones = _flagging(rows, columns, names, asked)
        return flagged_ones or _naming_several(rows, columns, [asked] if asked else names)
    if any(_conflicts(rows, found[0], other) > (1 - NEARLY_ALL) * len(rows) for other in found[1:]):
        return None
    return replace(found[0], others=tuple(found[1:]))


def refuse_choices_apart(rows: Values, columns: Sequence[str], names: Sequence[str]) -> None:
    """Refuse columns with names of answers that name different choices in too many rows.

    Raises:
        InDoubt: Which of them counts.
    """
    found = [one for one in _pointing(rows, columns, names) if is_indexing(one.target)]
    counts = [_conflicts(rows, found[0], other) for other in found[1:]]
    if any(counts):
        why = f"they name different choices in {max(counts)} of {len(rows)} rows"
        targets = [one.target for one in found]
        raise InDoubt(rows, "--target", f"it is not clear which column says the right choice, as {why}", targets)


def contradicting(rows: Values, options: Options, names: Sequence[str]) -> list[str]:
    """Say in how many rows columns with names of answers name another choice than the one that the user names."""
    said: list[str] = []
    rest = [name for name in names if name != options.target and is_indexing(name)]
    for other in _pointing(rows, options.columns, rest, options.marks):
        if count := _conflicts(rows, options, other):
            which = f"{shown_name(other.target)} names another choice than {shown_name(options.target)}"
            said.append(f"{which} in {count} of {len(rows)} rows, where the latter counts, as --target says")
    return said


def _pointing(rows: Values, columns: Sequence[str], names: Sequence[str], marks: tuple[str, ...] = ()) -> list[Options]:
    """Return the choices with each column that names one of them, of those called an answer where there are such."""
    found: list[Options] = []
    for name in names:
        held = [row for row in rows if not is_empty(row, name)]
        named = [row for row in held if _points(row, columns, name, marks)]
        needed = NEARLY_ALL if is_indexing(name) else 1
        if name not in columns and named and len(named) >= needed * len(held):
            first = int(_counts_from_one(_answers(named, name)))
            found.append(Options(tuple(columns), name, first, _are_places(named, tuple(columns), name), marks=marks))
    return [one for one in found if is_indexing(one.target)] or found


def _flagging(rows: Values, columns: Sequence[str], names: Sequence[str], asked: str | None) -> Options | None:
    """Return the choices with the column of lists that flag the right ones; without `asked` its name must say so.

    Lists of places are no flags: [0, 1] may name the first two of four, but not of two.

    Raises:
        InDoubt: If several columns flag different choices.
    """
    found: list[Options] = []
    for name in [asked] if asked else names:
        options = Options(tuple(columns), name, has_flags=True)
        flags = [_flags_of(row, options) for row in rows if not is_empty(row, name)]
        valid = [one for one in flags if one]
        is_called = bool(asked) or is_indexing(name) or usual(name) in _FLAGGED
        are_most = name not in columns and bool(valid) and len(valid) >= NEARLY_ALL * len(flags)
        if is_called and are_most and any(list(one) != list(range(len(one))) for one in valid):
            found.append(replace(options, has_several=any(sum(one) > 1 for one in valid)))
    if any(_conflicts(rows, found[0], other) > (1 - NEARLY_ALL) * len(rows) for other in found[1:]):
        names = [one.target for one in found]
        raise InDoubt(rows, "--target", "it is not clear which column flags the right choices, as they differ", names)
    return found[0] if found else None


def _flags_of(row: dict[str, Any], options: Options) -> list[int]:
    """Return a row's flags, one for each choice or each that is not empty; none where it has no such list."""
    flags, texts = row[options.target], options.texts(row)
    return flags if any(are_flags(flags, count) for count in (len(texts), sum(map(bool, texts)))) else []


def _naming_several(rows: Values, columns: Sequence[str], names: Sequence[str]) -> Options | None:
    """Return the choices with the first column that names one or more in nearly all rows, and several in some."""
    for name in names:
        held = [row for row in rows if not is_empty(row, name)]
        named = [[{**row, name: part} for part in named_in(row[name])] for row in held]
        right = [parts for parts in named if parts and all(_points(part, columns, name, ()) for part in parts)]
        is_fit = is_indexing(name) and name not in columns and len(right) >= NEARLY_ALL * len(held)
        if is_fit and any(len(parts) > 1 for parts in right):
            first = int(_counts_from_one(_answers([part for parts in right for part in parts], name)))
            return Options(tuple(columns), name, first, has_several=True)
    return None


def _flag_of(rows: Values, name: str) -> str:
    """Return the key that is true of one choice in nearly every row; '' where choices have none."""
    cells = [row[name] for row in rows if isinstance(row.get(name), list)]
    for key in telling_keys(rows, name):
        if is_ranking(rows, name, key):
            continue
        if cells and sum(len(flagged(cell, key)) == 1 for cell in cells) >= NEARLY_ALL * len(cells):
            return key
    return ""


def _answers(rows: Values, name: str) -> set[str]:
    return {bare_answer(plain_text(row[name]).strip()) for row in rows if not is_empty(row, name)}


def _are_places(rows: Values, columns: tuple[str, ...], name: str) -> bool:
    """Whether a column's numbers say places, and not the texts of choices that are numbers themselves."""
    options, in_texts = Options(columns, name), True
    for row in rows:
        answer, texts = plain_text(row.get(name)).strip(), options.texts(row)
        if not is_whole_number(bare_answer(answer)) or int(bare_answer(answer)) > len(texts):
            return False
        in_texts = in_texts and answer in texts
    return not in_texts or all(isinstance(row.get(name), int | float) for row in rows)


def _conflicts(rows: Values, one: Options, other: Options) -> int:
    """Return in how many rows two columns call different choices right, such as a letter and the text of another."""
    count = 0
    for row in rows:
        try:
            count += one.right(row) != other.right(row)
        except ValueError:
            continue
    return count


def _counts_from_one(values: set[str]) -> bool:
    """Whether numbers count from 1: some hundred rows without a 0 say so."""
    numbers = {value for value in values if value.isdecimal()}
    return bool(numbers) and "0" not in numbers


def _points(row: dict[str, Any], columns: Sequence[str], name: str, marks: tuple[str, ...]) -> bool:
    """Whether a row's value names a choice, by letter, number, label or text, or the row has too few choices."""
    options = Options(tuple(columns), name)
    if isinstance(row.get(name), dict | bool) or (isinstance(row.get(name), list) and len(row[name]) != 1):
        return False
    texts, answer = options.texts(row), plain_text(row[name]).strip()
    if sum(map(bool, texts)) < 2 or answer in texts or answer in labels_in(row.get(columns[0])):
        return True
    if place_of_both(answer, texts) is not None:
        return True
    answer = bare_answer(answer)
    is_place = answer.isdecimal() and int(answer) <= min(len(texts), len(LETTERS))
    is_letter = len(answer) == 1 and answer.upper() in LETTERS[: len(texts)]
    return is_place or is_letter or answer == "-1" or answer in columns or answer.casefold() in marks
