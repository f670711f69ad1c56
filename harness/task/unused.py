"""What rows hold and no arm sees as it stands there: counted and named, with what to do. Nothing is lost in silence."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.columns import CHOICES, choice_label, template_name
from harness.records import Column
from harness.task.chats import Answer
from harness.task.faults import kind_of_fault, numbered
from harness.task.row import Row
from harness.task.shapes import SYSTEMS
from harness.task.turns import Turn
from harness.task.verdicts import LABEL, RATINGS, VERDICTS, verdict_of
from harness.words import are_sentences

# Columns and keys that change what a row means, so that leaving them out is a warning.
TOOLS = ("tools", "functions", "tool_list", "available_tools")
CONTEXTS = ("history", *SYSTEMS, "context", "passage", "background", "conversation_history")
MARKS = ("weight", "weights", "sample_weight", "train", "loss_weight", "mask")
THOUGHTS = ("reasoning", "reasoning_content", "thinking", "thought", "thoughts", "rationale", "chain_of_thought", "cot")
SPLIT_NAMES = {"train", "training", "dev", "val", "valid", "validation", "eval", "test", "testing"}

# Names that a template has already.
RESERVED = ("input", "passages", "self", "loop")

_ALL = "set data.turns: all to make each a row"


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing that rows hold and that is not used, or not as it stands there."""

    what: str
    remedy: str
    severity: Literal["warning", "note"]
    counts: tuple[tuple[str, int, int], ...]  # by file: how often, in how many rows
    first: Row

    @property
    def counted(self) -> str:
        """Where and how often: 'train.jsonl 240 in 60 rows, test.jsonl 20 rows'."""
        return ", ".join(
            f"{file} {f'{times} in ' if times != rows else ''}{rows} row{'s' if rows != 1 else ''}"
            for file, times, rows in self.counts
        )

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.what} ({self.counted}): {self.remedy}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that cannot be used, beside many that can."""

    split: str
    row: Row
    reason: str
    is_marked: bool = False  # its file says that it is not to be learnt from


class Tally:
    """Counts asides over the files of a task."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, Literal["warning", "note"]], dict[str, list[int]]] = {}
        self._first: dict[tuple[str, str, Literal["warning", "note"]], Row] = {}

    def add(
        self, row: Row, what: str, remedy: str, severity: Literal["warning", "note"] = "note", times: int = 1
    ) -> None:
        """Count something that a row holds so many times."""
        if not times:
            return
        key = (what, remedy, severity)
        self._first.setdefault(key, row)
        count = self._counts.setdefault(key, {}).setdefault(row.file, [0, 0])
        count[0] += times
        count[1] += 1

    def asides(self) -> tuple[Aside, ...]:
        """Return what was counted, warnings first."""
        found = [
            Aside(*key, tuple((file, times, rows) for file, (times, rows) in counts.items()), self._first[key])
            for key, counts in self._counts.items()
        ]
        return tuple(sorted(found, key=lambda aside: aside.severity != "warning"))

    def chat(
        self, row: Row, turns: Sequence[Turn], answers: Sequence[Answer], used: Sequence[Answer], metric: str
    ) -> None:
        """Count what a conversation holds beside the answers that are used.

        Args:
            row: Where it stands.
            turns: All of it.
            answers: All that may be learnt and scored.
            used: Those that become rows.
            metric: That the verdict rests on.
        """
        if len(turns) == 2 and answers == used and not any(_says_more(turn) for turn in turns):
            return  # most rows
        last = used[-1]
        before = turns[: len(turns) - last.behind]
        own_calls = sum(answer.has_call for answer in used)
        calls = sum(answer.has_call for answer in answers) - own_calls
        earlier = "earlier answers are shown, and neither learnt nor scored"
        self.add(row, earlier, _ALL, times=len(answers) - len(used) - calls)
        joined = sum(len(turns) - answer.behind - len(answer.messages) > 1 for answer in used)
        what = "answers of several turns in a row are taken as one, with line ends between them"
        self.add(row, what, "where one turn alone is the answer, take out the others", times=joined)
        what = "tool calls before the answer are shown as JSON, and neither learnt nor scored"
        self.add(row, what, _ALL, "warning", times=calls)
        if turns[0].role == "assistant" or (turns[0].role == "system" and turns[1].role == "assistant"):
            self.add(row, "greetings before the user's first turn are shown, and not learnt", "nothing to do")
        marked = sum(not turn.is_learnt for turn in before)
        what = "answers marked as not to be learnt from are shown, and neither learnt nor scored"
        self.add(row, what, "nothing to do: the marks are followed", times=marked)
        if last.behind:
            what = "turns behind the last answer are left out"
            self.add(row, what, "nothing to do: no answer follows them", times=last.behind)
        self._calls(row, own_calls, metric)
        self._keys(row, turns)

    def _calls(self, row: Row, count: int, metric: str) -> None:
        what = "answers hold tool calls, taken as JSON text with name and arguments"
        if metric == "tool_call":
            self.add(row, what, "nothing to do: metric tool_call compares them", times=count)
        else:
            remedy = f"take metric tool_call, which compares calls; {metric} compares their text"
            self.add(row, what, remedy, "warning", times=count)

    def _keys(self, row: Row, turns: Sequence[Turn]) -> None:
        held: dict[str, int] = {}
        for turn in turns:
            for key in turn.unread:
                held[key] = held.get(key, 0) + 1
        for key, times in held.items():
            what = f"'{key}' of the turns is not used"
            if key.casefold() in THOUGHTS:
                remedy = "write the thoughts into the content, in the model's own marks, if they are to be learnt"
                self.add(row, what, remedy, "warning", times)
            elif key.casefold() in (*VERDICTS, *RATINGS):
                self.add(row, what, "mark the answers that it calls bad as 'weight': 0", "warning", times)
            else:
                self.add(row, what, "nothing to do where the content says all", times=times)

    def empty(self, row: Row, shown: Iterable[Column]) -> None:
        """Count the columns that the prompt shows and that are empty in a row."""
        for column in shown:
            if not column.text or (column.is_json and column.text in ("[]", "{}")):
                what = f"column '{column.name}', which prompt.template shows, is empty"
                self.add(row, what, f"fill it, or ask for it with {{% if {column.name} %}}", "warning")

    def columns(
        self, rows: Iterable[Row], unused: Sequence[str], way: "Way | None" = None, target: str | None = None
    ) -> None:
        """Count the columns that are not used, where they hold something.

        Args:
            rows: Of one file.
            unused: The columns.
            way: Says how a column comes into the question. Default: by the template.
            target: The column with the answers; what repeats it never comes into the question. Default: none is known.
        """
        rows, way = list(rows), way or by_template
        values = [row.values for row in rows]
        plain: dict[str, Row] = {}
        for name in unused:
            holders = [row for row in rows if row.values.get(name) not in (None, "", [], {})]
            if target and repeats(values, name, target):
                for row in holders:
                    self.add(row, f"column '{name}' is not used", "nothing to do: it repeats the answer")
            elif remedy := _remedy(name, holders, way):
                for row in holders:
                    self.add(row, f"column '{name}' is not used", remedy, "warning")
            elif are_sentences([text for row in holders if isinstance(text := row.values[name], str)]):
                for row in holders:
                    remedy = f"it holds text: {way(name)} if the question needs it and it does not tell the answer"
                    self.add(row, f"column '{name}' is not used", remedy)
            elif holders:
                plain[name] = holders[0]
        if plain:
            listed = ", ".join(f"'{name}'" for name in plain)
            what = f"column{'s' if len(plain) > 1 else ''} {listed} {'are' if len(plain) > 1 else 'is'} not used"
            remedy = way(next(iter(plain))).replace(" it ", " what the question needs ", 1)
            for row in rows:
                if any(row.values.get(name) not in (None, "", [], {}) for name in plain):
                    self.add(row, what, remedy)


def are_copies(rows: Sequence[Mapping[str, Any]], one: str, other: str) -> bool:
    """Whether each value of a column goes with one value of the other, and back."""
    pairs = {(str(row.get(one)), str(row.get(other))) for row in rows}
    return len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})


def repeats(rows: Sequence[Mapping[str, Any]], name: str, target: str) -> bool:
    """Whether a column is a copy of answers that are labels: their names, or their numbers."""
    labels = {str(row[target]) for row in rows if row.get(target) not in (None, "")}
    return 1 < len(labels) <= len(rows) / 2 and are_copies(rows, name, target)


def _says_more(turn: Turn) -> bool:
    return turn.has_call or not turn.is_learnt or bool(turn.unread) or turn.role == "system"


def left_out_lines(left_out: Sequence[LeftOut], sizes: Mapping[str, int]) -> Iterator[str]:
    """Say which rows are left out and why, a line for each reason; `sizes` are the rows of each file."""
    kinds: dict[tuple[str, str], list[LeftOut]] = {}
    for one in left_out:
        kinds.setdefault((one.row.file, kind_of_fault(one.reason)), []).append(one)
    for (file, _), rows in kinds.items():
        where = numbered([one.row.number for one in rows], rows[0].row.unit)
        yield f"{file}: {len(rows)} of {sizes[file]} rows left out ({where}): {rows[0].reason}"


Way = Callable[[str], str]


def by_template(name: str) -> str:
    """Say how a template shows a column; one whose name means something else there, or is none, needs another."""
    shown = template_name(name)
    if shown.isidentifier() and shown not in RESERVED:
        return f"name it in prompt.template, as {{{{ {shown} }}}}"
    return "name it in prompt.template, under another name than this: rename the column first"


def _may_judge(name: str, values: Sequence[Any]) -> bool:
    """Whether a column may say how good the answers are; one called 'label' does so in words such as true and bad."""
    if name == LABEL:
        return all(verdict_of(value, may_be="points") is not None for value in values)
    return name in (*VERDICTS, *RATINGS) and not are_sentences([str(value) for value in values])


def _holds_thoughts(plain: str, values: Sequence[Any]) -> bool:
    """Whether a column of texts, or lists, has a word for thoughts in its name: 'complex_cot'."""
    are_texts = any(isinstance(value, list) for value in values) or are_sentences([str(value) for value in values])
    return are_texts and not set(plain.split("_")).isdisjoint(THOUGHTS)


def _remedy(name: str, holders: Sequence[Row], way: Way) -> str:
    """Say what to do about a column that changes what a row means; '' for any other."""
    if not holders:
        return ""
    plain = template_name(name).casefold()
    if plain in THOUGHTS or _holds_thoughts(plain, [row.values[name] for row in holders]):
        return "put the thoughts in front of the answer, in the model's own marks, if they are to be learnt"
    if _may_judge(plain, [row.values[name] for row in holders]):
        return "if it judges the answers, bad ones are learnt as good ones: take their rows out, and the column"
    if plain in MARKS:
        return "all rows count alike; take out the rows that should not, and the column"
    if plain in TOOLS:
        return f"the model is not told its tools: {way(name)}"
    is_choice = plain in CHOICES or choice_label(plain) != ""
    if plain in CONTEXTS or is_choice or isinstance(holders[0].values[name], list | dict):
        return f"the question is asked without it: {way(name)}"
    values = {str(row.values[name]).casefold() for row in holders}
    if len(values) > 1 and values <= SPLIT_NAMES:
        return (
            f"rows are not split by it ({', '.join(sorted(values))}): give each part a file of its own, named in data"
        )
    return ""
