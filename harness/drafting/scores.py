"""Which numbers are scores, where near is nearly right, and which are results, of which one alone is right."""

import re
from collections.abc import Sequence

from harness.drafting.names import LABEL_SETS, LABELS, TARGETS, is_score, paired, shown_name, usual, words_of_name
from harness.drafting.values import NEARLY_ALL, Values, distinct, has_fractions, has_units, is_number, share_of

_FEW = 3  # numbers of two texts, such as those of entailment: classes
_ASKED_FOR = {"question", "query", "problem", "prompt", "instruction"}  # of a column's name: what follows is a result
# A result is asked for, or worked out of numbers.
_ASKS = re.compile(r"\d|[?？؟;՞]\s*\Z")
_HALF = 0.5
_NEUTRAL = ("target", "targets", "output", "gold")  # of TARGETS, those that answer no question
_TAKE = "take within_tolerance, which counts near ones as right"


def are_scores(rows: Values, name: str, question: Sequence[str], doubts: list[str]) -> bool:
    """Whether answers are scores.

    Numbers that are not whole, beside two texts that are judged together, under no name of an answer, or under 'target'
    and the like where nothing is asked; and, of two texts, three and more whole ones under a score's name. Whole
    numbers that may be a scale are classes, and a doubt.

    Args:
        rows: The rows.
        name: The answer's column.
        question: Those of the question.
        doubts: Takes what a person should look at.
    """
    is_pair = paired(question) is not None
    if usual(name) in LABEL_SETS:
        return False
    if not is_number(rows, name) or (has_units(rows, name) and not (is_pair and is_score(name))):
        return False
    if not has_fractions(rows, name):
        count = len(distinct(rows, name))
        if len(question) > 1 and is_score(name):
            return count > 2
        if (is_pair or is_score(name)) and count > _FEW:
            doubts.append(f"each number in {shown_name(name)} is a class of its own; if they are a scale, {_TAKE}")
        return False
    if is_pair or usual(name) not in TARGETS or usual(name) in LABELS:
        return True
    asked = max(share_of(rows, column, _ASKS) for column in question)
    if asked < NEARLY_ALL:
        is_asked = any(words_of_name(column) & _ASKED_FOR for column in question)
        if asked < _HALF and usual(name) in _NEUTRAL and not is_asked:
            return True
        doubts.append(f"the numbers in {shown_name(name)} are taken for exact results; if they are scores, {_TAKE}")
    return False
