"""Makes examples, preferences and feedback of a split's rows, each with its place in the file."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from harness.answer_reading import AnswerRule
from harness.plugins import suggest
from harness.program import Filling
from harness.records import Example, Feedback, Preference
from harness.task.answer_rule import SlowPattern, check_result, has_result
from harness.task.answers import with_one_answer
from harness.task.cells import check_length, check_present, check_system, evidence_of, optional_text
from harness.task.chats import Answer, NothingLearnt, answers_in, chat_group
from harness.task.end_markers import ended, ended_texts, ended_turns
from harness.task.faults import Faults
from harness.task.labelled import half_labelled, labelled_in
from harness.task.placed import Placed, hashed, identified, listed
from harness.task.prompt_columns import EndlessTemplate, PromptColumns
from harness.task.published import plain_rows
from harness.task.row import Row
from harness.task.rows import is_hub_id, path_fault, read_rows
from harness.task.schema import Columns, TaskFile
from harness.task.settings import ABSENT
from harness.task.shapes import (
    EXTRA_COLUMNS,
    PLAIN,
    SYSTEMS,
    answer_column,
    chat_column,
    feedback_of,
    needed_columns,
    preference_of,
    shape_of,
    turns_in,
    without_shown_system,
)
from harness.task.slice_columns import SliceColumns
from harness.task.source import Source
from harness.task.turns import shown as shown_text
from harness.task.unused import Aside, LeftOut, Tally, left_out_lines
from harness.task.verdicts import LABEL

MOST_LEFT_OUT = 0.05  # of a file's rows: so many may be unusable, and are left out; more are refused

Made = TypeVar("Made")


class SplitReader:
    """Reads the splits of one task; faults of rows and of column names are noted as they are found."""

    def __init__(
        self, settings: TaskFile, rule: AnswerRule | None, source: Source, folder: Path, faults: Faults
    ) -> None:
        self.rule = rule
        self._columns = settings.data.columns
        self._takes_sets = settings.metric.primary.startswith("label_set")
        self._has_system = settings.prompt.system is not None
        self._source = source
        self._folder = folder
        self._faults = faults
        self._turns = settings.data.turns
        self._metric = settings.metric.primary
        self._prompt = PromptColumns(settings.prompt.template)
        self._slices = SliceColumns(settings.data.slices)
        self._sizes: dict[str, int] = {}  # rows of each file
        self.notes: list[str] = []
        self.tally = Tally()
        self.ends: Counter[str] = Counter()  # end markers that were taken off answers
        self._lacking: Counter[str] = Counter()  # by file: answers of chats without a result by the task's rule
        self.left_out: list[LeftOut] = []
        self.has_template_fault = False  # the columns that it names are not those of the rows

    def examples(self, written: str, role: str) -> list[Placed[Example]]:
        """Read one split of labelled rows, in file order."""
        rows = self._rows(written, role)
        names = frozenset(name for row in rows for name in row.values)
        shape = shape_of(names, self._columns)
        needed = needed_columns(shape, self._columns, names)
        if not rows or not self._has_columns(written, needed, names) or not self._has_optional(written, role, names):
            return []
        shown = self._shown(written, names, answer_column(shape, needed))
        read = self._usable(
            rows, role, lambda row: self._slices.added(self._examples(row, shape, needed, names, shown), role)
        )
        found = [placed for placed_here in read for placed in placed_here]
        self._refuse_many_lacking(rows[0].file, len(found))
        reading = self._reading(shape, needed, names, found)
        self.notes.append(f"{written}: {len(rows)} rows, read as {shape}{reading}")
        unused = sorted(names - self._used(shape, needed, names) - set(shown.values()))
        self.tally.columns(rows, unused, target=answer_column(shape, needed))
        column = self._column("id", names)
        return identified(found, column, self._faults, is_by_answer=self._turns == "all") if column else hashed(found)

    def preferences(self, written: str) -> list[Placed[Preference]]:
        """Read the preference pairs, in file order."""
        rows = self._rows(written, "preferences")
        names = frozenset(name for row in rows for name in row.values)
        if not rows:
            return []
        shown = self._shown(written, names, "chosen")
        found = self._usable(rows, "preferences", lambda row: self._preference(row, shown))
        self.notes.append(f"{written}: {len(rows)} rows, read as preference pairs")
        self.tally.columns(rows, sorted(names - {"prompt", "chosen", "rejected", "id", *SYSTEMS, *shown.values()}))
        return hashed(found)

    def feedback(self, written: str) -> list[Placed[Feedback]]:
        """Read the answers that were called good or bad, in file order."""
        rows = self._rows(written, "feedback")
        names = frozenset(name for row in rows for name in row.values)
        # a file of a usual shape need not have the columns of the other splits
        columns = self._columns if shape_of(names, Columns()) == PLAIN else Columns()
        shape = shape_of(names, columns)
        needed = needed_columns(shape, columns, names)
        if not rows:
            return []
        shown = self._shown(written, names, answer_column(shape, needed))
        found = self._usable(rows, "feedback", lambda row: self._judged(row, shape, needed, shown))
        self.notes.append(f"{written}: {len(rows)} rows, read as {shape} with a label")
        used = {*self._used(shape, needed, names), LABEL, *shown.values()}
        self.tally.columns(rows, sorted(names - used))
        return hashed(found)

    def asides(self) -> tuple[Aside, ...]:
        """Return what the rows read so far hold beside what is used."""
        return self.tally.asides()

    def left_out_notes(self) -> list[str]:
        """Say which rows were left out, and why."""
        return list(left_out_lines(self.left_out, self._sizes))

    def _usable(self, rows: Sequence[Row], split: str, read: Callable[[Row], Made]) -> list[Made]:
        """Read the rows; those that cannot be used are left out where they are few, and else each is a fault."""
        read_rows: list[tuple[Row, Made]] = []
        unusable: list[LeftOut] = []
        for row in rows:
            try:
                read_rows.append((row, self._read(row, read)))
            except ValueError as fault:
                unusable.append(LeftOut(split, row, str(fault), isinstance(fault, NothingLearnt)))
        found, unprompted = self._prompted(split, read_rows)
        lost = sorted([*unusable, *unprompted], key=lambda one: one.row.number)
        are_refused = not found or sum(not one.is_marked for one in lost) > MOST_LEFT_OUT * len(rows)
        for one in lost:
            self._sizes[one.row.file] = len(rows)
            if are_refused and (not one.is_marked or not found):
                self._faults.add(one.row.file, one.reason, one.row.number, one.row.unit)
            else:
                self.left_out.append(one)
        return found

    def _read(self, row: Row, read: Callable[[Row], Made]) -> Made:
        """Read one row; a pattern that is too slow over it is one fault, and the rest is read without the rule."""
        try:
            return read(row)
        except SlowPattern as fault:
            self._source.add_fault(self._faults, ("answer", "pattern"), f"{fault} ({row.place})")
            self.rule = None
            return read(row)

    def _prompted(self, split: str, made: Sequence[tuple[Row, Made]]) -> tuple[list[Made], list[LeftOut]]:
        """Try the prompt's template on every row: those that it cannot be filled with, or hides, are unusable."""
        if self.has_template_fault or not self._prompt.tells_rows_apart:
            return [one for _, one in made], []
        placed = [(row, one.item) for row, own in made for one in listed(own)]
        fillings = [Filling(item.messages[-1].content, (), item.columns) for _, item in placed]
        reasons: dict[int, str] = {}
        try:
            for (row, _), reason in zip(placed, self._prompt.row_faults(fillings), strict=True):
                if reason:
                    reasons.setdefault(row.number, reason)
        except EndlessTemplate as fault:
            self._note_template(f"{fault} (tried with {placed[fault.number][0].place})")
        unusable = [LeftOut(split, row, reasons[row.number]) for row, _ in made if row.number in reasons]
        return [one for row, one in made if row.number not in reasons], unusable

    def _note_template(self, fault: str) -> None:
        """Note, once, that the template does not fit the rows."""
        if not self.has_template_fault:
            self._source.add_fault(self._faults, ("prompt", "template"), fault)
        self.has_template_fault = True

    def _shown(self, written: str, names: frozenset[str], answer: str) -> dict[str, str]:
        """Return the columns that the prompt shows, by their name in its template; none after a fault."""
        fault = self._prompt.fault(names, answer)
        if fault:
            self._note_template(f"{fault} ({written})")
        return {} if fault else self._prompt.columns_in(names)

    def _used(self, shape: str, needed: Mapping[str, str], names: frozenset[str]) -> set[str]:
        own = {column for key in ("id", "group", "evidence") if (column := self._column(key, names))}
        own |= {column for column in (self._columns.labelled, self._columns.label) if column}
        return {*needed.values(), *own, *self._slices.names, *EXTRA_COLUMNS.get(shape, ())}

    def _rows(self, written: str, role: str) -> list[Row]:
        if written == ABSENT:
            return []
        if fault := path_fault(written, self._folder):
            self._source.add_fault(self._faults, ("data", role), f"data.{role}: {fault}")
            return []
        before = self._faults.count
        rows = read_rows(written, role, self._folder, self._faults)
        is_file = not is_hub_id(written, self._folder)  # what a hub data set lacks is said once for all splits
        if not rows and is_file and self._faults.count == before:
            self._faults.add(written, f"has no rows; give at least one, as it is data.{role}")
        return plain_rows(rows, role, self._columns, self._faults)

    def _column(self, key: str, names: frozenset[str]) -> str | None:
        """The column for `key`: as the task file has it, or of that very name where there is one."""
        column = getattr(self._columns, key) or key
        return column if column in names else None

    def _reading(
        self, shape: str, needed: Mapping[str, str], names: frozenset[str], found: Sequence[Placed[Example]]
    ) -> str:
        """Say which columns a file was read by, for the reader of the notes."""
        own = {key: column for key in ("id", "group", "evidence") if (column := self._column(key, names))}
        named = {**needed, **own} if shape == PLAIN else own
        shown = self._prompt.columns_in(names)
        unused = sorted(names - self._used(shape, needed, names) - set(shown.values()))
        parts = [", ".join(f"{key}: {column}" for key, column in named.items())]
        several = sum(len(placed.item.messages) > 1 for placed in found)
        target = "the last answer is the target" if self._turns == "last" else "each answer is a target"
        parts.append(f"{several} of several turns, {target}" if several else "")
        parts.append(f"in the prompt: {', '.join(sorted(shown.values()))}" if shown else "")
        parts.append(f"not used: {', '.join(unused)}" if unused else "")
        said = "; ".join(part for part in parts if part)
        return f" ({said})" if said else ""

    def _has_columns(self, file: str, needed: dict[str, str], names: frozenset[str]) -> bool:
        """Note the columns that are not there; False when rows cannot be read without them."""
        if {"chosen", "rejected"} <= names and not names.issuperset(needed.values()):
            text = "has preference pairs (chosen, rejected); name it in data.preferences, and give labelled rows here"
            self._faults.add(file, text)
            return False
        optional = ((key, getattr(self._columns, key)) for key in ("id", "group", "evidence"))
        named = needed | {key: name for key, name in optional if name}
        missing = {key: name for key, name in named.items() if name not in names}
        for key, name in missing.items():
            near = suggest(name, dict.fromkeys(names))
            guess = near if "did you mean" in near else ""
            text = f"has no column '{name}'{guess}; its columns: {', '.join(sorted(names))}"
            place = ("data", "columns", key)
            if place in self._source.spots:
                self._source.add_fault(self._faults, place, f"data.columns.{key}: {file} {text}")
            else:
                self._faults.add(file, f"{text}; name the right one in data.columns.{key}")
        return missing.keys().isdisjoint(needed)

    def _has_optional(self, file: str, role: str, names: frozenset[str]) -> bool:
        """Note a file of dev or test with one of the two columns of people's labels, or of test without a slice's."""
        text = half_labelled(self._columns, names) if role != "train" else ""
        if text:
            self._faults.add(file, text)
        lacking = list(self._slices.faults(file, role, names))
        for place, said in lacking:
            self._source.add_fault(self._faults, ("data", "slices", place), said)
        return not text and not lacking

    def _examples(
        self, row: Row, shape: str, needed: Mapping[str, str], names: frozenset[str], shown: Mapping[str, str]
    ) -> list[Placed[Example]]:
        """Make an example of each answer of a row that is used."""
        group, evidence = self._column("group", names), self._column("evidence", names)
        check_present(row, shape, list(needed.values()))
        column = needed.get("target", "") if shape == PLAIN else ""
        cells, accepted = with_one_answer(without_shown_system(row.values, shown), column, is_set=self._takes_sets)
        ends: Counter[str] = Counter()
        turns = ended_turns(turns_in(cells, shape, needed), ends)
        found = self._with_result(row, answers_in(turns, chat_column(shape, needed)))
        answers = found[-1:] if self._turns == "last" else found
        own = optional_text(row, group) or (chat_group(turns) if self._turns == "all" else None)
        made = [self._example(row, answer, own, evidence_of(row, evidence), shown) for answer in answers]
        accepted, labelled = (
            self._accepted(ended_texts(accepted, ends)),
            labelled_in(row, self._columns, self.rule, ends),
        )
        if accepted or labelled:
            made[-1] = replace(made[-1], accepted=accepted, labelled=labelled)
        self.ends.update(ends)
        self.tally.chat(row, turns, found, answers, self._metric)
        self.tally.empty(row, made[-1].columns)
        return [Placed(row, item) for item in made]

    def _example(
        self, row: Row, answer: Answer, group: str | None, evidence: tuple[str, ...], shown: Mapping[str, str]
    ) -> Example:
        check_system(answer.messages, has_task_own=self._has_system)
        check_length(answer.messages, answer.target)
        columns = self._prompt.read(row.values, shown, answer.messages[-1].content)
        return Example(
            id="",  # given when all rows are read
            messages=answer.messages,
            target=answer.target,
            group=group,
            evidence=evidence,
            columns=columns,
        )

    def _with_result(self, row: Row, answers: list[Answer]) -> list[Answer]:
        """Leave out the answers of a chat that have no result by the task's rule, where each is a row of its own.

        Raises:
            ValueError: If the row's only answer, or each of them, has none.
        """
        if self._turns == "last" or all(has_result(answer.target, self.rule) for answer in answers):
            check_result(answers[-1].target, self.rule)
            return answers
        kept = [answer for answer in answers if has_result(answer.target, self.rule)]
        if not kept:
            check_result(answers[-1].target, self.rule)
        self._lacking[row.file] += len(answers) - len(kept)
        what = "answers of chats are left out, as they have no result by the task's rule"
        self.tally.add(row, what, "write one, or mark them as not to be learnt", "warning", len(answers) - len(kept))
        return kept

    def _refuse_many_lacking(self, file: str, found: int) -> None:
        lacking = self._lacking[file]
        if lacking > MOST_LEFT_OUT * (found + lacking):
            said = f"{lacking} of {found + lacking} answers have no result by the task's rule"
            remedy = "mark them as not to be learnt ('weight': 0), set data.turns: last, or change 'answer'"
            self._faults.add(file, f"{said}; {remedy}")

    def _accepted(self, answers: tuple[str, ...]) -> tuple[str, ...]:
        check_length((), *answers)
        for answer in answers:
            check_result(answer, self.rule)
        return answers

    def _preference(self, row: Row, shown: Mapping[str, str]) -> Placed[Preference]:
        check_present(row, "preference pairs", ["chosen", "rejected"])
        messages, chosen, rejected = preference_of(without_shown_system(row.values, shown))
        check_system(messages, has_task_own=self._has_system)
        check_length(messages, chosen, rejected)
        columns = self._prompt.read(row.values, shown, messages[-1].content)
        pair = ended(Preference("", messages, chosen, rejected, columns), self.ends)
        if pair.chosen == pair.rejected:
            raise ValueError(f"'chosen' and 'rejected' are both {shown_text(pair.chosen)}; give two answers")
        return Placed(row, pair)

    def _judged(self, row: Row, shape: str, needed: dict[str, str], shown: Mapping[str, str]) -> Placed[Feedback]:
        check_present(row, "answers with a label", [*needed.values(), LABEL])
        messages, answer, is_good = feedback_of(without_shown_system(row.values, shown), shape, needed)
        check_system(messages, has_task_own=self._has_system)
        check_length(messages, answer)
        columns = self._prompt.read(row.values, shown, messages[-1].content)
        return Placed(row, ended(Feedback("", messages, answer, is_good, columns), self.ends))
