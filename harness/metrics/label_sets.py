"""Several labels in one answer: the sets they are read as, and the metrics that compare them.

A set is a JSON list of texts (or an object whose only value is one), a list of quoted texts as Python prints it, words
that all begin with '#' or '__label__', or a text split at its strongest separator: line breaks, else semicolons or
bars, else commas, else a plus between spaces. Bullets, numbers of a list and a lead-in ('Labels:', a first line that
ends in a colon) are not labels. 'a, b and c' ends in two labels, in some languages, unless the target has one such as
'terms and conditions'. Labels are compared as `label_accuracy` does, without case; order and repeats do not count, and
'[]', 'none' and 'n/a' are the empty set. A label that holds a separator needs a stronger one beside it, or JSON.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.json_reading import read_json
from harness.metrics.normalisation import label
from harness.records import Example, Score

_NO_SCORES = "no scores, so there is no F1; score at least one item"
# Signs between labels, the strongest first; the weakest is a plus between spaces.
SEPARATORS = (";|\uff1b", ",\u3001\uff0c\u060c")
_TEXT = r"(?:'[^']*'|\"[^\"]*\")"
_QUOTED = re.compile(rf"[\[({{]\s*{_TEXT}(?:\s*,\s*{_TEXT})*,?\s*[\])}}]")
_TAGGED = re.compile(r"(?:(?:#|__label__)[^\s,;#]+(?:[,;]?\s+|$))+")
AND = r"(?:and|und|et|y|e|\u0438|&)"  # between spaces, in an answer
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013+]|\d{1,2}[.)])\s+")
_LEAD = re.compile(
    r"^\W*(?:the\s+)?(?:labels?|tags?|categor(?:y|ies)|topics?|answers?|skills?|genres?|emotions?|keywords?|intents?)"
    r"(?:\s+are|\s+is)?\s*:",
    flags=re.IGNORECASE,
)
_NOTHING = frozenset(("none", "n/a", "no labels", "no label", "no tags", "nothing", "-", "[]"))
_LAST = re.compile(rf"^(?:{AND}|or)\s+", flags=re.IGNORECASE)


@dataclass(frozen=True)
class LabelSet:
    """1 when the answer's labels are the target's: none missing, none too many, in any order."""

    name: ClassVar[str] = "label_set"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        return _score(answer, example)

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of answers with the right labels."""
        return mean_value(scores)


@dataclass(frozen=True)
class LabelSetMicroF1:
    """F1 over all labels of all items together: frequent labels weigh most, one of two is half right.

    F1 = 2 TP / (2 TP + FP + FN), each label of each item counted; a label that no target has is a false positive. An
    answer that could not be read misses all of its labels.
    """

    name: ClassVar[str] = "label_set_micro_f1"
    kind: ClassVar[Literal["aggregate"]] = "aggregate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Compare the labels of one answer; the value is 0 or 1, and the parts are TP, and labels said and wanted."""
        return _score(answer, example)

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return micro-F1; 1 where no item has a label and none is said.

        Raises:
            ValueError: If there are no scores, or one of another metric.
        """
        if not scores:
            raise ValueError(_NO_SCORES)
        for score in scores:
            if len(score.parts) != 3:
                raise ValueError(f"item {score.example_id!r} has no counts of labels; score it with label_set_micro_f1")
        right, said, wanted = (sum(score.parts[place] for score in scores) for place in range(3))
        return 2 * right / (said + wanted) if said + wanted else 1.0


@dataclass(frozen=True)
class LabelSetMacroF1:
    """The mean of every label's F1 over the items, so that rare labels weigh as much as frequent ones.

    Labels are those that occur among the targets; where answers name no others, this is scikit-learn's
    `f1_score(average='macro', labels=...)`. One that no target has makes no class of its own: it is a false positive of
    each label of its item, where scikit-learn would leave it out.
    """

    name: ClassVar[str] = "label_set_macro_f1"
    kind: ClassVar[Literal["aggregate"]] = "aggregate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Compare the labels of one answer; the value is 0 or 1, with both sets as compared."""
        wanted = read_labels(example.target)
        said = read_labels(answer, wanted) if answer is not None else frozenset()
        value = float(answer is not None and said == wanted)
        return Score(example.id, value, tuple(sorted(said)), tuple(sorted(wanted)))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return macro-F1; where no target has a label, the share of answers that name none.

        Raises:
            ValueError: If there are no scores, or one of another metric.
        """
        if not scores:
            raise ValueError(_NO_SCORES)
        pairs = [(_labels(score, score.predicted), _labels(score, score.expected)) for score in scores]
        wanted = Counter(label for _, labels in pairs for label in labels)
        if not wanted:
            return mean_value(scores)
        right: Counter[str] = Counter()
        said: Counter[str] = Counter()
        for answered, labels in pairs:
            unknown = sum(label not in wanted for label in answered)
            said.update(answered)
            said.update(dict.fromkeys(labels, unknown))
            right.update(set(answered) & set(labels))
        return fmean(2 * right[label] / (said[label] + wanted[label]) for label in wanted)


def read_labels(text: str, known: Collection[str] | None = None) -> frozenset[str]:
    """Return the labels of a text, as compared.

    Args:
        text: An answer or a target.
        known: The target's labels, which are not split at an 'and'; None for a target, where nothing is.
    """
    items = _json_items(text)
    if items is None:
        items = split_labels(text)
        items = items if known is None else [part for item in items for part in _split_at_and(item, known)]
    labels = frozenset(filter(None, (label(_untagged(item)) for item in items)))
    return frozenset() if len(labels) == 1 and labels <= _NOTHING and not labels <= set(known or ()) else labels


def _json_items(text: str) -> list[str] | None:
    try:
        found = read_json(_without_lead(text))
    except ValueError:
        return None
    if isinstance(found, dict) and len(found) == 1:
        found = next(iter(found.values()))
    if not isinstance(found, list) or any(isinstance(item, dict | list) or item is None for item in found):
        return None
    return [item if isinstance(item, str) else json.dumps(item) for item in found]


def split_labels(text: str) -> list[str]:
    """Split a text at the strongest separator that it has."""
    if _QUOTED.fullmatch(bare := _without_lead(text)):
        return [item[1:-1] for item in re.findall(_TEXT, bare)]
    if _TAGGED.fullmatch(bare):
        return re.findall(r"(?:#|__label__)([^\s,;#]+)", bare)
    lines = [line for line in re.sub(r"[*`]+", "", text).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].rstrip().endswith(":"):
        lines = lines[1:]
    lines = [_BULLET.sub("", line) for line in lines]
    if len(lines) != 1:
        return lines
    line = _without_lead(lines[0])
    for separator in (*(f"[{signs}]" for signs in SEPARATORS), r"\s\+\s"):
        if len(parts := re.split(separator, line)) > 1:
            return parts
    return [line]


def _untagged(item: str) -> str:
    return re.sub(r"^\s*(?:#|__label__)(?=\S)", "", item)


def _without_lead(text: str) -> str:
    return _LEAD.sub("", text, count=1).strip()


def _split_at_and(item: str, known: Collection[str]) -> list[str]:
    item = item.strip()
    if label(_untagged(item)) in known:
        return [item]
    return re.split(rf"\s{AND}\s+", _LAST.sub("", item).rstrip(" ."))


def _score(answer: str | None, example: Example) -> Score:
    wanted = read_labels(example.target)
    said = read_labels(answer, wanted) if answer is not None else frozenset()
    value = float(answer is not None and said == wanted)
    return Score(example.id, value, parts=(len(said & wanted), len(said), len(wanted)))


def _labels(score: Score, labels: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if not isinstance(labels, tuple):
        raise ValueError(f"item {score.example_id!r} has no sets of labels; score it with label_set_macro_f1")
    return labels
