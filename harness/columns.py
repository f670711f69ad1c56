"""A row's columns as the prompt's template shows them: texts as they are, lists a line each, objects as JSON.

An export takes this file with it, so that its `answer.py` shows them as the run did: nothing of this package is
imported.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Protocol

# Lists in columns of these names are the answers to choose from, and are shown with letters.
CHOICES = (
    "choices", "options", "candidates", "endings", "answer_choices", "answer_options", "alternatives",
    "antwortmöglichkeiten", "opciones", "opções", "opzioni", "варианты", "选项", "選項", "選択肢", "보기",
)  # fmt: skip
# Columns with one choice each end in its letter or number.
CHOICE_STEMS = (
    "option|choice|answer|ending|solution|sol|opt|op|antwort|réponse|respuesta|resposta|risposta|opción|opção|opzione"
    "|вариант|ответ|选项|選項|選択肢|보기"
)
_ONE_CHOICE = re.compile(rf"(?:{CHOICE_STEMS})_?([a-z0-9])|([a-z])", flags=re.IGNORECASE)


class Named(Protocol):
    """A column: `harness.records.Column`."""

    @property
    def name(self) -> str:
        """As the template has it."""

    @property
    def text(self) -> str:
        """Its text, or its JSON."""

    @property
    def is_json(self) -> bool:
        """Whether the text is JSON."""


class Lines(list[Any]):
    """A list that is shown one item a line, behind letters where they are choices."""

    labels: tuple[str, ...] = ()

    @property
    def choices(self) -> dict[str, str]:
        """The texts by label; none where the list is not a list of choices."""
        return dict(zip(self.labels, map(_written, self), strict=True)) if self.labels else {}

    def __str__(self) -> str:
        """Return e.g. 'A) red' and 'B) blue' on two lines."""
        texts = [_written(item) for item in self]
        return (
            "\n".join(f"{a}) {b}" for a, b in zip(self.labels, texts, strict=True)) if self.labels else "\n".join(texts)
        )


class Fields(dict[str, Any]):
    """An object that is shown as JSON; one of `text` and `label` lists, as ARC has its choices, as lines."""

    @property
    def choices(self) -> dict[str, str]:
        """The texts by label; none where the object is not choices."""
        texts, labels = self.get("text"), self.get("label")
        if not isinstance(texts, list) or not isinstance(labels, list) or len(texts) != len(labels):
            return {}
        return {str(label): _written(text) for label, text in zip(labels, texts, strict=True)}

    def __str__(self) -> str:
        """Return its JSON, or a line for each text behind its label."""
        return "\n".join(f"{a}) {b}" for a, b in self.choices.items()) or json.dumps(self, ensure_ascii=False)


class Nothing(str):
    """A value that is not there: it shows nothing, and so does all that a template looks for inside it."""

    def __getitem__(self, key: object) -> "Nothing":
        """Return nothing."""
        return self

    def __getattr__(self, name: str) -> "Nothing":
        """Return nothing."""
        return self


def values_of(columns: Iterable[Named]) -> dict[str, Any]:
    """Return what a template gets for its names."""
    return {one.name: shown_value(one.name, json.loads(one.text) if one.is_json else one.text) for one in columns}


def shown_value(name: str, value: Any) -> Any:
    """Return a column's value for a template; its `str` is how it is shown."""
    if value is None:
        return Nothing()
    if isinstance(value, dict):
        return Fields(value)
    if not isinstance(value, list):
        return plain_text(value)
    lines = Lines(value)
    if name.casefold() in CHOICES and not any(isinstance(item, dict | list) for item in value):
        lines.labels = labels_of(len(value))
    return lines


def plain_text(value: Any) -> str:
    """Return a single value as text: nothing is empty, a whole number has no point."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def labels_of(count: int) -> tuple[str, ...]:
    """Return the labels of so many choices: letters, or numbers where the alphabet ends."""
    return tuple(chr(ord("A") + at) if count <= 26 else str(at + 1) for at in range(count))


def choice_label(name: str) -> str:
    """Return the letter or number of the one choice that a column of this name holds, in lower case; '' for none."""
    found = _ONE_CHOICE.fullmatch(name)
    return (found[1] or found[2]).lower() if found else ""


def template_name(column: str) -> str:
    """Return the name by which a template shows a column: 'Option A' is Option_A."""
    return re.sub(r"\W+", "_", column.strip()).strip("_")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
