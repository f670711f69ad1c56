"""The columns that the prompt's template names: carried with each row as part of its question, and no others."""

import json
from collections.abc import Mapping
from typing import Any

from harness.columns import plain_text, template_name, values_of
from harness.errors import ArmError
from harness.plugins import suggest
from harness.program import columns_named, render
from harness.records import Column
from harness.task.cells import check_length
from harness.task.text import UNUSABLE

Cells = Mapping[str, Any]


class PromptColumns:
    """What a template shows of a row beside its last turn."""

    def __init__(self, template: str) -> None:
        self._template = template
        self.names = sorted(columns_named(template))
        self._passages: tuple[list[str], ...] = ([], ["a passage"]) if "passages" in template else ([],)

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
                return f"prompt.template names '{name}', which is no column of the rows{suggest(name, known)}"
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
            ValueError: If a cell cannot be stored, or the template cannot be filled with them or drops the question.
        """
        columns = tuple(_column(name, cells.get(own), own) for name, own in shown.items())
        check_length((), question, *(column.text for column in columns))
        if columns:
            try:
                values = values_of(columns)
                texts = [render(self._template, **values, input=question, passages=some) for some in self._passages]
            except ArmError as fault:
                raise ValueError(f"{fault}; fix the template or the row") from None
            if not all(question in text for text in texts):
                raise ValueError(
                    "prompt.template leaves the question of this row out; put {{ input }} where it belongs"
                )
        return columns


def _column(name: str, value: Any, own: str) -> Column:
    """Return a cell for the template: nothing is an empty text, lists and objects are JSON."""
    is_json = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=str) if is_json else plain_text(value)
    if bad := UNUSABLE.search(text):
        raise ValueError(f"'{own}' has the character {bad[0]!a}, which cannot be stored; remove it")
    return Column(name, text, is_json)
