"""The columns that the prompt's template names: carried with each row as part of its question, and no others."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.columns import plain_text, template_name
from harness.confined import MOST_CHARACTERS, TemplateFault, only_copies
from harness.plugins import suggest
from harness.program import Filling, columns_named, rendered, template_fault
from harness.records import Column
from harness.task.cells import LONGEST_ROW, check_length
from harness.task.text import UNUSABLE

Cells = Mapping[str, Any]

PASSAGES = ("a passage",) * 20  # more than arms show, for a template that names them by number


class PromptColumns:
    """What a template shows of a row beside its last turn."""

    def __init__(self, template: str) -> None:
        self._template = template
        self.names = sorted(columns_named(template))
        self._passages: tuple[tuple[str, ...], ...] = ((), PASSAGES) if "passages" in template else ((),)

    def columns_in(self, names: frozenset[str]) -> dict[str, str]:
        """Return the file's columns that are shown, by their name in the template."""
        spelt = {template_name(name): name for name in sorted(names)} | {name: name for name in names}
        return {name: spelt[name] for name in self.names if name in spelt}

    def fault(self, names: frozenset[str], answer: str) -> str:
        """Say what keeps the template from being filled with the rows of a file; '' when nothing does.

        Args:
            names: The columns of the file.
            answer: The one with the answer, which no prompt may show.
        """
        shown = self.columns_in(names)
        for name in self.names:
            if name == "self":
                return "prompt.template names 'self', which is Jinja's own and no column of the rows; take it out"
            if name not in shown:
                known = dict.fromkeys(("input", "passages", *(template_name(one) for one in names)))
                return f"prompt.template names '{name}', which is not a column of the rows{suggest(name, known)}"
            if shown[name] == answer:
                return f"prompt.template shows '{shown[name]}', which holds the answer; take {{{{ {name} }}}} out of it"
        return ""

    def read(self, cells: Cells, shown: Mapping[str, str], question: str) -> tuple[Column, ...]:
        """Return the columns of one row.

        Args:
            cells: The row.
            shown: As `columns_in` returns it.
            question: The user's last turn.

        Raises:
            ValueError: If a cell cannot be stored.
        """
        columns = tuple(column_of(name, cells.get(own), own) for name, own in shown.items())
        check_length((), question, *(column.text for column in columns))
        return columns

    @property
    def tells_rows_apart(self) -> bool:
        """Whether it may fit some rows and not others; else it was tried out when the task file was read."""
        longest = len(self._template) + self._template.count("input") * LONGEST_ROW
        return bool(self.names) or not only_copies(self._template) or longest > MOST_CHARACTERS

    def row_faults(self, fillings: Sequence[Filling]) -> Iterator[str]:
        """Say of each row why its prompt cannot be written, or that it lacks the question; '' where all is well.

        Raises:
            EndlessTemplate: If a row brings it to its limits of time, memory or length.
        """
        tried = [[replace(one, passages=passages) for one in fillings] for passages in self._passages]
        every = [rendered(self._template, one) for one in tried]
        for number, (filling, *texts) in enumerate(zip(fillings, *every, strict=True)):
            yield self._row_fault(number, filling, texts)

    def _row_fault(self, number: int, filling: Filling, texts: Sequence[str | TemplateFault]) -> str:
        for text in texts:
            if isinstance(text, TemplateFault):
                said = template_fault(self._template, text, filling)
                if text.is_endless:
                    raise EndlessTemplate(number, said)
                return f"{said}; fix the template or the row"
        if all(filling.input in text for text in texts if isinstance(text, str)):
            return ""
        return "prompt.template leaves the question of this row out; put {{ input }} where it belongs"


class EndlessTemplate(Exception):
    """A template that comes to no end with a row.

    Attributes:
        number: The row's place among those that were tried, from 0.
    """

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


def column_of(name: str, value: Any, own: str) -> Column:
    """Return a cell as text: nothing is an empty one, lists and objects are JSON.

    Args:
        name: The column's, where it is shown.
        value: The cell.
        own: The column's in the file.

    Raises:
        ValueError: If it cannot be stored.
    """
    is_json = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=str) if is_json else plain_text(value)
    if bad := UNUSABLE.search(text):
        raise ValueError(f"'{own}' has the character {bad[0]!a}, which cannot be stored; remove it")
    return Column(name, text, is_json)
