"""Which columns make the question: one text, two that are judged together, and what stands before it."""

import re
from collections.abc import Sequence

from harness.drafting.doubt import InDoubt
from harness.drafting.names import (
    ASKING,
    CONTEXTS,
    INPUTS,
    TEXTS,
    first,
    is_beside,
    is_choice,
    paired,
    shown_name,
    usual,
    with_word,
    words_of_name,
)
from harness.drafting.targets import is_free_text
from harness.drafting.telling import tells_the_answer
from harness.drafting.values import (
    NEARLY_ALL,
    Values,
    distinct,
    has_few_values,
    is_long_text,
    is_number,
    is_text,
    is_unique_code,
    nesting,
    share_of,
)

WHICH = "it is not clear which columns make the question"
# A mail address or a page's, and nothing else.
_ADDRESS = re.compile(r"^\s*(?:[^\s@]+@[^\s@]+|[a-z]+://\S+)\s*$", re.IGNORECASE)


def find_question(
    rows: Values, filled: Sequence[str], partly: Sequence[str], target: str, doubts: list[str]
) -> tuple[str, ...]:
    """Return the columns of the question, in the order of the file; empty when there is none.

    Where the answer is a label or a score, all texts of a row may be judged: two are used together.

    Args:
        rows: The rows.
        filled: Columns with a value in nearly all rows, without the answer and its choices.
        partly: Those with a value in most rows.
        target: The answer's column.
        doubts: Takes what a person should look at.

    Raises:
        InDoubt: If more than two columns may belong to it.
    """
    is_judged = not is_free_text(rows, target) and not nesting(rows, target)
    texts = [
        name for name in filled if is_text(rows, name) and not is_number(rows, name)
    ]  # in tables numbers are texts
    pair = paired(texts) if is_judged else None
    main = pair[0] if pair else _main(filled, partly, rows, doubts)
    if main is None:
        return ()
    if not is_judged:
        return _with_same_word(main, filled, rows)
    known = [name for name in filled if name in (pair or (main,))]
    others = [name for name in filled if name not in known and _is_more(rows, name, bool(pair))]
    others = [name for name in others if not tells_the_answer(rows, name, target)]
    if pair and not others:
        return pair
    if pair or len(others) > 1:
        raise InDoubt(rows, "--input", f"{WHICH}, as several hold texts", [*known, *others])
    if not others:
        return (main,)
    if usual(others[0]) in CONTEXTS and not words_of_name(main).isdisjoint(ASKING):
        return (main,)  # it is put in front
    both = tuple(name for name in filled if name in (main, *others))
    doubts.append(f"the question is made of columns {' and '.join(map(shown_name, both))}, as both hold texts")
    return both


def _with_same_word(main: str, names: Sequence[str], rows: Values) -> tuple[str, ...]:
    """Return a question that is told by a word of its name, with the other parts of it: title and content."""
    word = next((word for word in ASKING if word in words_of_name(main)), "")
    if not word or usual(main) == word or is_beside(main):
        return (main,)
    parts = [name for name in names if word in words_of_name(name) and not is_beside(name) and is_long_text(rows, name)]
    return tuple(parts) if len(parts) == 2 and main in parts else (main,)


def _is_more(rows: Values, name: str, is_beside_a_pair: bool) -> bool:
    """Whether a column holds texts of its own that may belong to the question."""
    if is_beside(name) or nesting(rows, name) or is_choice(name) or not is_text(rows, name) or is_number(rows, name):
        return False
    return is_long_text(rows, name) or (is_beside_a_pair and not has_few_values(rows, name))


def _main(filled: Sequence[str], partly: Sequence[str], rows: Values, doubts: list[str]) -> str | None:
    filled = [name for name in filled if not _holds_addresses(rows, name)] or filled  # an 'email' may be its sender
    codes = {name for name in filled if is_unique_code(rows, name)}  # a 'ticket' may be its number
    texts = [name for name in filled if name not in codes and (len(rows) < 2 or len(distinct(rows, name)) > 1)]
    if named := first(texts, INPUTS):
        return named
    if worded := with_word([name for name in texts if is_long_text(rows, name)], ASKING):
        doubts.append(f"the question was taken from column {shown_name(worded)}, by a word of its name")
        return worded
    known = (*INPUTS, *TEXTS)
    return first(texts, TEXTS) or first(filled, known) or _guess(filled, rows, doubts) or first(partly, known)


def _holds_addresses(rows: Values, name: str) -> bool:
    """Whether cells say where somebody or something is to be reached, so that nothing is asked in them."""
    return share_of(rows, name, _ADDRESS) >= NEARLY_ALL


def _guess(names: Sequence[str], rows: Values, doubts: list[str]) -> str | None:
    """Take the column with the longest texts."""
    texts = [name for name in names if is_text(rows, name) and not is_unique_code(rows, name)]
    if not texts:
        return None
    chosen = max(texts, key=lambda name: sum(len(str(row.get(name))) for row in rows))
    doubts.append(f"the question was taken from column {shown_name(chosen)}, by its content")
    return chosen


def find_contexts(
    rows: Values, names: Sequence[str], filled: Sequence[str], question: Sequence[str]
) -> tuple[str, ...]:
    """Return the texts that a question is about, in the order of the file."""
    if len(question) != 1 or words_of_name(question[0]).isdisjoint(ASKING):
        return ()
    wanted = [name for name in names if usual(name) in CONTEXTS and name not in question]
    return tuple(name for name in wanted if name in filled or is_text(rows, name))
