"""Which column holds the answer: by its name, by its content, or in doubt."""

import re
from collections.abc import Sequence

from harness.drafting.doubt import InDoubt
from harness.drafting.lists import are_alternatives, are_sets, are_wanted
from harness.drafting.names import (
    ANSWERING,
    GIVEN,
    LABEL_SETS,
    LABELS,
    MARKS,
    NO_ANSWERS,
    RIGHT,
    TARGETS,
    is_beside,
    is_choice,
    is_judging,
    is_score,
    is_weighing,
    shown_name,
    usual,
    words_of_name,
)
from harness.drafting.refusals import refuse_dialogues, refuse_pairs, refuse_rankings
from harness.drafting.values import (
    AS_MESSAGES,
    TURNS,
    Values,
    count_empty,
    distinct,
    has_answer_lists,
    has_few_values,
    has_only_lists,
    is_long_text,
    is_number,
    is_text,
    is_unique_code,
    names_splits,
    nesting,
    share_of,
)
from harness.task.unused import MARKS as ROW_MARKS
from harness.task.unused import are_copies

WHICH = "it is not clear which column holds the answer"
FILLED = 0.9  # share of rows in which a column must have a value
PARTLY_FILLED = 0.5  # the same for a column whose name says what it is

_SQL = re.compile(r"^\s*(select|with|insert|update|delete)\b", re.IGNORECASE)
_ASKS = re.compile(r"[?？؟;՞]\s*$")
_SOURCE = re.compile(r"^\W*(?:https?://\S+|www\.\S+|doi\b\S+|\[\d+\])\W*$", re.IGNORECASE)  # and nothing else
_MOSTLY = 0.7
_YES_OR_NO = {"0", "1", "0.0", "1.0", "True", "False"}
_ANSWER_KEYS = ("value", "text", "answer", "human_readable")  # of an answer that is an object with other things too


def find_target(
    rows: Values, filled: Sequence[str], partly: Sequence[str], pair: bool, doubts: list[str]
) -> str | None:
    """Return the answer's column, or None when there is none.

    Args:
        rows: The rows.
        filled: Columns with a value in nearly all rows, without those that hold choices.
        partly: Those with a value in most rows.
        pair: Whether two of the columns hold texts that are judged together.
        doubts: Takes what a person should look at.

    Raises:
        InDoubt: If several columns may be it.
        ValueError: If lists or objects, which are not taken, may be it.
    """
    return (
        _named(rows, filled, TARGETS, doubts)
        or _worded(rows, filled, doubts)
        or _named(rows, partly, TARGETS, doubts)
        or _named(rows, filled, MARKS, doubts)
        or _named(rows, partly, MARKS, doubts)
        or _by_content(rows, filled, pair, doubts)
    )


def _named(rows: Values, names: Sequence[str], wanted: Sequence[str], doubts: list[str]) -> str | None:
    fit = [name for name in names if usual(name) in wanted and _may_be_answer(rows, name)]
    fit += [name for name in names if wanted is TARGETS and _is_sql_of_a_question(rows, name, names)]
    _refuse_given(rows, names, fit)
    claims = _without_copies(rows, sorted(fit, key=lambda name: _place(usual(name), wanted)))
    if not claims:
        return None
    if len(claims) > 1:
        raise InDoubt(rows, "--target", f"{WHICH}: several columns have a name for it", claims)
    inner = [key for key in _ANSWER_KEYS if _has_key(rows, claims[0], key)]
    if inner and not has_answer_lists(rows, claims[0]):
        whole = [{**row, **{f"{claims[0]}.{key}": row[claims[0]].get(key) for key in inner}} for row in rows]
        reached = [f"{claims[0]}.{key}" for key in inner]
        raise InDoubt(whole, "--target", f"{WHICH}: {shown_name(claims[0])} holds objects", [*reached, claims[0]])
    return _in_words(rows, _unrivalled(rows, claims[0], names), names)


def _in_words(rows: Values, chosen: str, names: Sequence[str]) -> str:
    """Return the column with the names of labels that are numbers, as 'label_name' beside 'label'; else the chosen."""
    if not (is_number(rows, chosen) and has_few_values(rows, chosen)):
        return chosen
    shared = [name for name in names if name != chosen and words_of_name(chosen) < words_of_name(name)]
    are_names = (name for name in shared if _are_words(rows, name) and are_copies(rows, name, chosen))
    return next(are_names, chosen)


def _are_words(rows: Values, name: str) -> bool:
    """Whether a column holds labels that are words."""
    return is_text(rows, name) and has_few_values(rows, name) and not is_number(rows, name)


def _refuse_given(rows: Values, names: Sequence[str], claims: Sequence[str]) -> None:
    """Refuse an answer that a model may have given, where another column says what is right, as RAGAS has them.

    Raises:
        InDoubt: With the one that is right first.
    """
    given = [name for name in claims if usual(name) in GIVEN]
    right = [name for name in names if _says_right(name) and not is_beside(name)]
    if given and usual(given[0]) != "answer":
        references = [name for name in names if usual(name) in ("reference", "references")]
        right += [name for name in references if share_of(rows, name, _SOURCE) < _MOSTLY]
    if given and right:
        why = f"{shown_name(right[0])} may say what is right, and {shown_name(given[0])} what a model answered"
        raise InDoubt(rows, "--target", f"{WHICH}: {why}", [right[0], given[0]])


def _says_right(name: str) -> bool:
    """Whether a name says that it is the right answer: 'gold', 'expected_output', but not 'gold_passage'."""
    words = words_of_name(name)
    return not words.isdisjoint(RIGHT) and words - RIGHT <= set.union(*map(words_of_name, (*GIVEN, *TARGETS)))


def _has_key(rows: Values, name: str, key: str) -> bool:
    """Whether all cells are objects with this key and others beside it."""
    return all(isinstance(row.get(name), dict) and key in row[name] and len(row[name]) > 1 for row in rows)


def _place(name: str, wanted: Sequence[str]) -> int:
    return wanted.index(name) if name in wanted else len(wanted)


def _may_be_answer(rows: Values, name: str) -> bool:
    if are_wanted(name) and are_sets(rows, name):
        return True
    is_nested = nesting(rows, name) != "" and usual(name) == "answers"
    return (not is_nested or has_answer_lists(rows, name)) and not names_splits(rows, name)


def _is_sql_of_a_question(rows: Values, name: str, names: Sequence[str]) -> bool:
    """Whether a 'query' beside a question is SQL: then it is the answer."""
    asks = any(usual(other) == "question" for other in names)
    return asks and usual(name) == "query" and share_of(rows, name, _SQL) >= FILLED


def _worded(rows: Values, names: Sequence[str], doubts: list[str]) -> str | None:
    """Return the column whose name has the earliest of the words for an answer in it."""
    likely = [name for name in names if not is_beside(name) and not is_choice(name) and not nesting(rows, name)]
    for word in ANSWERING:
        claims = _without_copies(rows, [name for name in likely if word in words_of_name(name)])
        if len(claims) > 1:
            refuse_pairs(claims)
            raise InDoubt(rows, "--target", f"{WHICH}: several columns have '{word}' in their name", claims)
        if claims:
            doubts.append(f"the answer was taken from column {shown_name(claims[0])}, by a word of its name")
            return _unrivalled(rows, claims[0], names)
    return None


def _unrivalled(rows: Values, chosen: str, names: Sequence[str]) -> str:
    """Return the chosen column where no other one may be the answer too.

    Raises:
        InDoubt: If its content does not fit its name, or another column may judge it.
    """
    others = [name for name in names if name != chosen and not nesting(rows, name)]
    others = [name for name in others if not is_unique_code(rows, name) and not names_splits(rows, name)]
    if usual(chosen) in LABELS and is_long_text(rows, chosen):
        texts = [name for name in others if is_long_text(rows, name)]
        if texts:
            raise InDoubt(rows, "--target", f"{WHICH}: {shown_name(chosen)} holds no labels", [*texts, chosen])
    if _is_weak(chosen):
        sets = [name for name in names if name != chosen and are_wanted(name) and are_sets(rows, name)]
        sets += [name for name in others if is_free_text(rows, chosen) and _may_be_labels(rows, name)]
        _refuse_nested(rows, {name: held for name in names if name != chosen and (held := nesting(rows, name))}, sets)
        if sets:
            raise InDoubt(rows, "--target", f"{WHICH}: more than one may be it", [*sets, chosen])
    rivals = [name for name in others if _is_rival(rows, name, chosen) and not are_copies(rows, name, chosen)]
    if rivals:
        raise InDoubt(rows, "--target", f"{WHICH}: more than one may be it", [chosen, *rivals])
    return chosen


def _is_rival(rows: Values, name: str, chosen: str) -> bool:
    """Whether a column may be the answer though another has a name for it."""
    if usual(name) in ROW_MARKS and distinct(rows, name) <= _YES_OR_NO:
        return False
    if is_number(rows, name) and (is_score(name) or is_weighing(name) or not is_beside(name)):
        # two texts and a number are not question and answer; beside a label, only what is called a score may be it
        return is_score(name) or is_free_text(rows, chosen)
    if is_beside(name) or not has_few_values(rows, name):
        return False
    return is_judging(name) or _is_weak(chosen) or count_empty(rows, chosen) > (1 - FILLED) * len(rows)


def _may_be_labels(rows: Values, name: str) -> bool:
    """Whether short texts stand under a name of several labels, as 'cs.LG stat.ML' does under 'categories'."""
    if words_of_name(name).isdisjoint(LABEL_SETS) or not is_text(rows, name) or is_long_text(rows, name):
        return False
    words = [word for row in rows for word in str(row.get(name) or "").split()]
    return 2 * len(set(words)) <= len(words)  # labels come again


def _is_weak(name: str) -> bool:
    """Whether a name may be an answer's, and may be something else's."""
    return usual(name) in MARKS and usual(name) not in TARGETS


def is_free_text(rows: Values, name: str) -> bool:
    """Whether a column holds texts that are neither labels nor numbers."""
    return is_text(rows, name) and not has_few_values(rows, name) and not is_number(rows, name)


def _without_copies(rows: Values, names: Sequence[str]) -> list[str]:
    """Leave out columns that say the same as one before them, as labels by number and by name do."""
    kept: list[str] = []
    for name in names:
        is_label = has_few_values(rows, name)
        if not any(is_label and has_few_values(rows, other) and are_copies(rows, name, other) for other in kept):
            kept.append(name)
    return kept


def _by_content(rows: Values, names: Sequence[str], pair: bool, doubts: list[str]) -> str | None:
    """Take the only column with few values that repeat, else the only one with objects, or the only number."""
    usable = [name for name in names if not is_unique_code(rows, name) and not names_splits(rows, name)]
    nested = {name: held for name in usable if (held := nesting(rows, name))}
    single = [name for name in usable if name not in nested]
    sets = [name for name in nested if are_wanted(name) and are_sets(rows, name)]
    sets += [name for name in nested if are_alternatives(name) and has_answer_lists(rows, name)]
    texts = [name for name in single if is_text(rows, name) and not has_few_values(rows, name)]
    numbers = [name for name in single if is_number(rows, name) and (is_score(name) or not is_beside(name))]
    few = [name for name in single if has_few_values(rows, name) and not is_beside(name) and name not in numbers]
    objects = [name for name in nested if _are_objects(rows, name) and not has_only_lists(rows, name)]
    claims = _without_copies(rows, [*few, *sets, *numbers])
    _refuse_nested(rows, nested, [*sets, *([] if claims else objects)])
    if len(claims) > 1:
        are_flags = all(distinct(rows, name) <= _YES_OR_NO for name in claims)
        all_of_them = "; to score all, write the names of those that hold into lists in a column 'labels'"
        raise InDoubt(rows, "--target", f"{WHICH}: more than one may be it{all_of_them if are_flags else ''}", claims)
    if claims and claims[0] in numbers and len([name for name in texts if name not in numbers]) > 1 and not pair:
        why = f"{WHICH}: a number beside several texts may be the answer, or say something of the row"
        raise InDoubt(rows, "--target", why, [*claims, *texts])
    beside = [name for name in single if has_few_values(rows, name) and is_beside(name)]
    chosen = next(iter(claims or objects), None)
    chosen = chosen or (beside[0] if pair and len(beside) == 1 else _of_texts(rows, texts, beside))
    if chosen:
        doubts.append(f"the answer was taken from column {shown_name(chosen)}, by its content")
    return chosen


def _are_objects(rows: Values, name: str) -> bool:
    return all(isinstance(row.get(name), dict | None) for row in rows)


def _refuse_nested(rows: Values, nested: dict[str, str], taken: Sequence[str]) -> None:
    known = [name for name in nested if usual(name) in NO_ANSWERS or is_beside(name)]
    passed_over = [name for name in nested if name not in (*known, *taken)]
    if passed_over:
        refuse_rankings(rows, passed_over)
        refuse_pairs(passed_over)
        said = " and ".join(f"column {shown_name(name)} holds {nested[name]}" for name in passed_over)
        remedy = "write the answer you want into a column 'target' and run again, or name its column with --target"
        if TURNS in (nested[name] for name in passed_over):
            remedy = f"write each row as {AS_MESSAGES}"
        raise ValueError(f"it is not clear which column has the answer: {said}; {remedy}")


def _of_texts(rows: Values, texts: Sequence[str], beside: Sequence[str]) -> str | None:
    """Of two texts take the one that does not ask; of a text and a mark that is usually beside, the mark."""
    if beside:
        refuse_dialogues(rows, texts)
    if len(texts) < 2:
        return beside[0] if texts and len(beside) == 1 else None
    asking = [name for name in texts if share_of(rows, name, _ASKS) >= _MOSTLY]
    if len(texts) == 2 and len(asking) == 1:
        return next(name for name in texts if name not in asking)
    refuse_pairs(texts)
    texts = [*(name for name in texts if usual(name) not in NO_ANSWERS), *(n for n in texts if usual(n) in NO_ANSWERS)]
    raise InDoubt(rows, "--target", f"{WHICH}: more than one text may be it", texts)
