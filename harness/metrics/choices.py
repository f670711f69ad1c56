"""Choice: the answer names the right one of several choices, by its letter, its number or its text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from harness.columns import Fields, Lines, choice_label, values_of
from harness.metrics.averaging import mean_value
from harness.metrics.marks import MARKS_OF_CHOICES, behind_mark
from harness.metrics.normalisation import fold, normalise
from harness.metrics.settings import Settings
from harness.records import Example, Score

# In front of a choice: 'A) ', '(b) ', 'C. ', '1: '. No space need follow in front of a script without spaces, behind a
# mark of full width ('A\u3001', '\uff08A\uff09'), and where a line begins with a capital letter, a number or brackets.
_IN_LIST = r"([A-Za-z\u0410-\u044f\uff21-\uff3a]|\d{1,2})"
_FULL_WIDTH = "[\u3001\uff0e\uff1a\uff09\u3011]"
_LISTED = re.compile(
    rf"^(?:(?=[A-Z\u0410-\u042f\d])|(?=[(\[]\w+[)\]])[(\[]){_IN_LIST}[)\].](?=[^\s\d])"
    rf"|(?:^|(?<=[\s\u3002\uff01\uff1a\uff1b\uff1f\uff09]))[(\[\uff08\u3010]?{_IN_LIST}"
    rf"(?:[)\].:](?=[\s\u0e00-\uffef])\s*|(?<=\d){_FULL_WIDTH}(?!\d)\s*"
    rf"|(?<!\d){_FULL_WIDTH}(?![A-Z](?![A-Za-z]))\s*)",  # of 'B\u3001C' two points are named
    flags=re.MULTILINE,
)
# LaTeX's words about letters, and signs around a formula of a letter or two.
_LATEX = (
    r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}|\$([^$\s]{1,3})\$|\\\(([^()\s]{1,3})\\\)"
    r"|\u3010([^\u3010\u3011]*)\u3011"
)
_STYLE = re.compile(rf"[*`]+|{_LATEX}")
_STYLE_IN_PAIRS = re.compile(rf"\*\*(.+?)\*\*|(?<!`)`+([^`]+)`+|{_LATEX}")  # a star of '*p' stays
_LEAD = (
    r"(?:(?:so|thus|hence|therefore),? )?"
    r"(?:it(?:'s| is) |i(?:'d| would)? (?:choose|pick|select|go with) |\u9009\u62e9?)?"
)
_LABEL = r"(?:option|choice|answer)?\s*[(\[]?(?P<label>[a-z\u0430-\u044f]|\d{1,2})"
# 'is' of Japanese and of Korean behind a choice
_TAIL = (
    "\u756a?(?:\u3067\u3059|\u3060|\u3067\u3042\u308b)|\ubc88?(?:\uc785\ub2c8\ub2e4|\uc774\ub2e4|\uc608\uc694)|\ubc88"
)
_IS_RIGHT = r" is (?:the )?(?:correct|right)(?: (?:one|answer|choice|option))?"
_ALONE = re.compile(rf"{_LEAD}{_LABEL}[)\]}}]*(?:{_IS_RIGHT}|{_TAIL})?")
_BEFORE_TEXT = re.compile(rf"{_LABEL}(?:[)\]][.:,;]?|[.:,;\u3001]| [-\u2014])(?P<space>\s*)(?P<rest>.+)")
# 'C Rhine', 'C (Rhine)', 'Rhine (C)': with the very text of the choice
_BESIDE_TEXT = (
    _BEFORE_TEXT,
    re.compile(rf"{_LABEL} (?P<rest>.+)"),
    re.compile(rf"{_LABEL} ?\((?P<rest>.+)\)\.?"),
    re.compile(rf"(?P<rest>.+?) ?[(\[]{_LABEL}[)\]]\.?"),
)
# in front of what stands behind a mark; 'a' and 'o' may be labels as well
_ARTICLE = re.compile(
    r"^(?:(?:[ao]|l[ae]|el) (?:letra|lettre|lettera|r\u00e9ponse|opci\u00f3n|op\u00e7\u00e3o|opzione|option) "
    r"|(?:l[ae]|el|il|die|der|das) |l'|[ao] (?=[A-Z]\W*$))"
)
_ENDS_OF_LIST = ("a", "\u0430", "0", "1")


class Choice(Settings):
    """1 when the answer names the target's choice, and no other.

    The choices are read out of the example's last user turn: lines or a run of text such as 'A) ... B) ... C) ...',
    with letters or numbers from the start on; the last such list counts. Target and answer may each be the label ('B',
    '(b)', 'Option B', 'B.'), the label with its text ('B) Amazon', 'Amazon (B)'), the text alone, or, under letters,
    the place in the list, counted from `first_index`. What may be several of these is a label first, then a text, then
    a place.

    Of the answer the part behind the last 'Answer:', 'answer is' (also in other languages), '<answer>', '####' or
    '\\boxed{' counts, else its first line and its last; 'So', 'It is' or 'I choose' may stand in front of a choice, 'is
    correct' behind it. Two labels ('A or B'), two lines that name different choices, a label with another choice's text
    ('B) Danube' where that is A) and a sentence about a choice name none. Emphasis and LaTeX around a text do not
    count, unless choices differ by them alone ('p' and '*p'). Where no choices can be read, or the target names none of
    them, labels are compared with labels and texts with texts.
    """

    name: ClassVar[str] = "choice"
    kind: ClassVar[Literal["rate"]] = "rate"

    first_index: Literal[0, 1] = 1  # the number of the first choice, where choices have letters

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        listed = choices_of(example)
        plain = {label: _without_style(text) for label, text in listed.items()}
        keeps_style = _number_of_texts(plain) < _number_of_texts(listed)  # it tells 'p' from '*p'
        choices = listed if keeps_style else plain
        wanted = _first(self._named(text, choices) for text in _readings(example.target, keeps_style))
        if wanted is None:
            choices, keeps_style = {}, False
            wanted = self._named(_without_style(example.target), choices)
        readings = [] if answer is None else _readings(answer, keeps_style)
        said = _first(self._named_in(text, choices) for text in readings)
        return Score(example.id, float(said is not None and said == wanted))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of right choices."""
        return mean_value(scores)

    def _named_in(self, answer: str, choices: Mapping[str, str]) -> str | None:
        lines = [line for line in answer.splitlines() if line.strip()]
        text = "\n".join(lines)
        behind = behind_mark(text, MARKS_OF_CHOICES).strip(' "')
        behinds = [behind, _ARTICLE.sub("", behind, count=1)] if choices else [behind]
        if behind and (marked := _first(self._named(text, choices) for text in behinds)) is not None:
            return marked
        ends = {label for line in (*lines[:1], *lines[-1:]) if (label := self._named(line, choices)) is not None}
        if not choices:  # any text is an answer then, and a label says more
            ends = ends & set(map(_bare_label, ends)) or ends
        return ends.pop() if len(ends) == 1 else None

    def _named(self, text: str, choices: Mapping[str, str]) -> str | None:
        """Return the label of the choice that a text is; without choices, the label or the text itself."""
        plain = normalise(text)
        if not choices:
            return _bare_label(text) or plain or None
        if (label := _bare_label(text)) in choices:
            return label
        inner = re.sub(rf"^{_LEAD}", "", plain)
        for said in filter(None, (plain, inner, inner.removeprefix("the "), re.sub(f"(?:{_TAIL})$", "", inner))):
            for known, choice in choices.items():
                if said == normalise(choice):
                    return known
        if label is not None and label.isdigit():
            return self._at(label, choices)
        return self._labelled(fold(text), choices)

    def _known(self, label: str, choices: Mapping[str, str]) -> str | None:
        """Return the label of the list that a label, or a place, says."""
        if label in choices:
            return label
        return self._at(label, choices) if label.isdigit() else None

    def _at(self, place: str, choices: Mapping[str, str]) -> str | None:
        """Return the label at a place of a list with letters."""
        index = int(place) - self.first_index
        is_place = not next(iter(choices)).isdigit() and 0 <= index < len(choices)
        return list(choices)[index] if is_place else None

    def _labelled(self, text: str, choices: Mapping[str, str]) -> str | None:
        """Return the label in front of a text, unless the text is another choice or starts with another label.

        A place, or a label without a mark and a space behind it, needs the very text of its choice beside it.
        """
        for form in _BESIDE_TEXT:
            beside = form.fullmatch(text)
            known = self._known(beside["label"], choices) if beside else None
            if beside and known is not None and normalise(beside["rest"]) == normalise(choices[known]):
                return known
        found = _BEFORE_TEXT.fullmatch(text)
        if not found or not found["space"] or (known := found["label"]) not in choices:
            return None
        rest = normalise(found["rest"])
        others = {other: normalise(choice) for other, choice in choices.items() if other != known}
        another = re.match(r"(?:(?:or|and|&|/)\s*)?(?:option\s*)?[(\[]?([a-z]|\d{1,2})(?:[)\].:,;]|$)", rest)
        is_another = another is not None and another[1] in others
        return None if is_another or rest in others.values() else known


def choices_of(example: Example) -> dict[str, str]:
    """Return the choices of an example: those of the columns that its prompt shows, else of its question.

    A column's list has the labels with which `{{ choices }}` shows it, single columns the letter or number that ends
    their name, as 'A' or 'option_1'.
    """
    values = values_of(example.columns)
    for value in values.values():
        if isinstance(value, Lines | Fields) and value.choices:
            return {label.lower(): text for label, text in value.choices.items()}
    single = {label: str(value) for name, value in sorted(values.items()) if (label := choice_label(name))}
    if len(single) > 1 and not single.keys().isdisjoint(_ENDS_OF_LIST):
        return single
    return read_choices(example.messages[-1].content if example.messages else "")


def read_choices(question: str) -> dict[str, str]:
    """Return the choices that a question lists, text by label in lower case; empty where it lists none."""
    runs: list[list[re.Match[str]]] = []
    for match in _LISTED.finditer(question):
        label = _label_in_list(match)
        if runs and label == _next(_label_in_list(runs[-1][-1])):
            runs[-1].append(match)
        elif label in _ENDS_OF_LIST:
            runs.append([match])
    lists = [run for run in runs if len(run) > 1]
    if not lists:
        return {}
    last = lists[-1]
    ends = [*(match.start() for match in last[1:]), len(question)]
    texts = [question[match.end() : end].strip() for match, end in zip(last, ends, strict=True)]
    texts[-1] = texts[-1].partition("\n")[0]  # what follows the list is not a choice
    return {_label_in_list(match): text for match, text in zip(last, texts, strict=True)}


def _label_in_list(match: re.Match[str]) -> str:
    return fold(match[1] or match[2])


def _next(label: str) -> str:
    return str(int(label) + 1) if label.isdigit() else chr(ord(label) + 1)


def _without_style(text: str) -> str:
    """Return a text without its style; one of nothing else, such as '*', says itself."""
    plain = _STYLE.sub(_inside, text)
    return plain if plain.strip() else text


def _readings(text: str, keeps_style: bool) -> list[str]:
    """Return the texts to read, in order: where style may be a part of a choice, as it is first, then without pairs."""
    return [text, _STYLE_IN_PAIRS.sub(_inside, text)] if keeps_style else [_without_style(text)]


def _inside(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groups()))


def _number_of_texts(choices: Mapping[str, str]) -> int:
    return len(set(map(normalise, choices.values())))


def _first(labels: Iterable[str | None]) -> str | None:
    return next((label for label in labels if label is not None), None)


def _bare_label(text: str) -> str | None:
    found = _ALONE.fullmatch(normalise(text))
    return found["label"] if found else None
