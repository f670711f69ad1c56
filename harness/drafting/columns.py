"""Guesses which column of a file is what, by name and then by content, and says what it was unsure of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from shlex import quote

from harness.closed_set import is_closed_set
from harness.drafting.beside import find_group
from harness.drafting.doubt import InDoubt
from harness.drafting.languages import may_translate, translation_in
from harness.drafting.lists import (
    Lists,
    doubted_aliases,
    has_separators,
    hold_one,
    lists_said,
    refuse_flagged_answers,
    what_lists_mean,
)
from harness.drafting.names import (
    ALIASES,
    EVIDENCE,
    IDS,
    TARGETS,
    are_called_labels,
    first,
    is_choice,
    is_judging,
    is_score,
    paired,
    shown_name,
    usual,
)
from harness.drafting.notes import note_contexts, note_target
from harness.drafting.option_columns import (
    are_called_answers,
    contradicting,
    find_options,
    listed_answers,
    option_columns,
    refuse_answers_apart,
    refuse_choices_apart,
    refuse_unread_choices,
    refuse_unused_choices,
    sibling_options,
)
from harness.drafting.options import Options
from harness.drafting.questions import find_contexts, find_question
from harness.drafting.refusals import (
    refuse_labels_apart,
    refuse_lists_as_answer,
    refuse_logs,
    refuse_rankings,
    refuse_texts_as_turns,
    refuse_turns_as_rows,
    refuse_untold,
)
from harness.drafting.scores import are_scores
from harness.drafting.targets import FILLED, PARTLY_FILLED, WHICH, find_target, is_free_text
from harness.drafting.values import (
    Values,
    distinct,
    has_answer_lists,
    has_few_values,
    has_nested_lists,
    is_empty,
    is_filled,
    is_number,
    is_prose,
    is_unique,
    names_documents,
    nesting,
)
from harness.task.published import preference_cells, translation_of
from harness.task.schema import Columns
from harness.task.shapes import EXTRA_COLUMNS, PLAIN, SYSTEMS, answer_column, chat_column, needed_columns, shape_of
from harness.task.verdicts import LABEL, VERDICTS, Otherwise, verdict_of

PAIRS = "preference pairs"
JUDGED = "answers that were called good or bad"
TRANSLATIONS = "translations"

_YES_OR_NO = {"yes", "no"}
_ANSWERS = ("target", "output", "completion")  # the key of the answer's column, by shape


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file was taken for."""

    shape: str
    needed: dict[str, str]  # the columns that make question and answer
    question: tuple[str, ...] = ()  # of plain columns: all that make the question, in order
    contexts: tuple[str, ...] = ()  # texts that the question is about, where they have columns of their own
    system: str | None = None  # the system turn, where it has a column of its own
    options: Options | None = None  # the answers to choose from
    verdict: str | None = None  # the column that says whether an answer was good
    languages: tuple[str, str] | None = None  # of a translation, source and target
    is_score: bool = False  # the answers are scores, where near is nearly right
    is_label_set: bool = False  # the answers are sets of labels
    sets_as_json: bool = False  # some labels hold a separator, so that sets are written as JSON lists
    holds_lists: bool = False  # each answer is a list of entities, spans or the like, and an empty one is one too
    holds_one: bool = False  # each answer is a label, in a list of its own
    has_several: bool = False  # rows list several right answers
    aliases: str | None = None  # the column with the further ones, where the first stands alone
    id: str | None = None
    group: str | None = None
    evidence: str | None = None
    unused: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Shape:
    """Question and answer, before the other columns are looked at."""

    name: str
    needed: dict[str, str]
    question: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    system: str | None = None
    options: Options | None = None
    verdict: str | None = None
    languages: tuple[str, str] | None = None
    taken: set[str] = field(default_factory=set)  # beside those above


def read_columns(
    rows: Values,
    documents: frozenset[str],
    target: str | None = None,
    inputs: Sequence[str] = (),
    lists: Lists | None = None,
) -> Reading:
    """Say which column is what.

    Args:
        rows: The rows, as read.
        documents: Ids of the documents that evidence may name.
        target: The answer's column, where the user names it.
        inputs: The question's columns, where the user names them.
        lists: What lists of answers mean, where the user says it.

    Raises:
        InDoubt: If a guess may score the wrong thing, and which flag settles it.
        ValueError: If no question or no answer can be told, or a named column is not there.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in [*([target] if target else []), *inputs]:
        if name not in names:
            raise ValueError(f"there is no column {shown_name(name)}; its columns: {', '.join(map(shown_name, names))}")
    doubts: list[str] = []
    found = _known_shape(names, rows, target, inputs, doubts) or _plain(names, rows, target, inputs, doubts)
    options = (*found.options.columns, *(one.target for one in found.options.others)) if found.options else ()
    singles = [name for name in (found.system, found.verdict) if name]
    taken = {*found.needed.values(), *found.question, *found.contexts, *options, *singles, *found.taken}
    left = [name for name in names if name not in taken]
    identity = first(left, IDS, lambda name: is_unique(rows, name))
    evidence = first(left, EVIDENCE, lambda name: names_documents(rows, name, documents)) if documents else None
    answer = found.needed.get("target")
    is_plain = found.name == PLAIN and answer is not None and found.options is None
    meaning = what_lists_mean(rows, str(answer), lists) if is_plain else None
    if meaning == "any" and not target and not inputs:
        refuse_flagged_answers(rows, left, str(answer))
    holds_one = meaning == "any" and hold_one(rows, str(answer))
    is_single = is_plain and meaning is None and not nesting(rows, str(answer))
    aliases = first(left, ALIASES, lambda name: has_answer_lists(rows, name)) if is_single else None
    if is_single and not aliases:
        doubts += doubted_aliases(rows, left, str(answer))
    left = [name for name in left if name not in (identity, evidence, aliases)]
    group = find_group(left, rows, doubts)
    unused = tuple(name for name in left if name != group)
    if found.name == PLAIN and not target:
        _refuse_verdicts(rows, unused, str(answer))
    doubts += [] if holds_one else lists_said(str(answer), meaning)
    return Reading(
        shape=found.name,
        needed=found.needed,
        question=found.question,
        contexts=found.contexts,
        system=found.system,
        options=found.options,
        verdict=found.verdict,
        languages=found.languages,
        is_score=is_plain and are_scores(rows, str(answer), found.question, doubts),
        is_label_set=meaning == "all",
        sets_as_json=meaning == "all" and has_separators(rows, str(answer)),
        holds_lists=is_plain and usual(str(answer)) not in TARGETS and has_nested_lists(rows, str(answer)),
        holds_one=holds_one,
        has_several=(meaning == "any" and not holds_one) or aliases is not None,
        aliases=aliases,
        id=identity,
        group=group,
        evidence=evidence,
        unused=unused,
        doubts=tuple(doubts),
    )


def _known_shape(
    names: list[str], rows: Values, target: str | None, inputs: Sequence[str], doubts: list[str]
) -> _Shape | None:
    """Tell a shape that is known by its columns; None where the user names columns, or it is none."""
    if {"chosen", "rejected"} <= set(names) and not target and not inputs:
        used_up = {name for row in rows for name in row.keys() - preference_cells(row).keys()}
        needed = {name: name for name in ("chosen", "rejected")}
        return _Shape(PAIRS, needed, taken=used_up | ({"prompt", *SYSTEMS} & set(names)))
    if (found := translation_of(rows)) and not inputs:
        column, *languages = found
        if target == f"{column}.{languages[0]}":
            languages.reverse()
        if target in (None, f"{column}.{languages[1]}"):
            source, other = languages
            doubts.append(
                f"'{column}' is taken as {source} to {other}; --target {quote(f'{column}.{source}')} reverses it"
            )
            reached = {f"{column}.{language}" for language in languages}
            return _Shape(TRANSLATIONS, {"translation": column}, languages=(source, other), taken=reached)
    shape = shape_of(frozenset(names), Columns())
    if shape == PLAIN or inputs:
        return None
    needed = needed_columns(shape, Columns(), frozenset(names))
    refuse_texts_as_turns(rows, shape, needed)
    if target and target not in needed.values():
        return None
    refuse_lists_as_answer(rows, chat_column(shape, needed), answer_column(shape, needed))
    verdict = next((name for name in names if _are_verdicts(rows, name, is_answer_known=target is not None)), None)
    if verdict:
        if not _are_verdicts(rows, verdict):
            doubts.append(
                f"answers that {shown_name(verdict)} calls bad are not learnt as right; if it judges none, take it out"
            )
        return _Shape(JUDGED, needed, verdict=verdict, taken=set(EXTRA_COLUMNS.get(shape, ())))
    rivals = [name for name in names if name not in needed.values() and _may_be_judged(rows, name)]
    answer = next((needed[key] for key in _ANSWERS if key in needed), next(iter(needed.values())))
    if rivals and not target:
        raise InDoubt(rows, "--target", f"{WHICH}: more than one may be it", [answer, *rivals])
    return _Shape(shape, needed, taken=set(EXTRA_COLUMNS.get(shape, ())))


def _are_verdicts(rows: Values, name: str, *, is_answer_known: bool = False) -> bool:
    """Whether a column calls answers good or bad; what may be the answer itself does once that is known."""
    may_be: Otherwise = None
    if not is_answer_known:
        may_be = "class" if usual(name) == LABEL else "points" if is_score(name) else None
    said = {verdict_of(value, may_be=may_be) for value in distinct(rows, name)}
    return usual(name) in (LABEL, *VERDICTS) and bool(said) and None not in said


def _refuse_verdicts(rows: Values, names: Sequence[str], answer: str) -> None:
    """Refuse plain columns of which one calls answers good or bad: bad ones would be learnt as right.

    A yes or no may be about anything, and labels of a closed set are seldom what is judged: those are named as unused.

    Raises:
        ValueError: With the columns that are read beside a verdict, and the flag that learns all answers.
    """
    answers = Counter(str(row[answer]) for row in rows if not is_empty(row, answer))
    if is_closed_set(answers, is_named=are_called_labels(answer)):
        return
    for name in names:
        said = {str(value).strip().casefold() for value in distinct(rows, name)}
        has_bad = any(verdict_of(value) is False for value in said)
        if _are_verdicts(rows, name) and has_bad and not said <= _YES_OR_NO:
            raise ValueError(
                f"column {shown_name(name)} calls answers good or bad, which is read beside 'prompt' and 'completion' "
                f"or 'messages', without --input: name the columns so, or take out the bad answers and this column; "
                f"if it judges no answers, give --target {quote(answer)}"
            )


def _may_be_judged(rows: Values, name: str) -> bool:
    return (is_score(name) and is_number(rows, name)) or (name == "label" and not nesting(rows, name))


def _plain(names: list[str], rows: Values, target: str | None, inputs: Sequence[str], doubts: list[str]) -> _Shape:
    system = first(names, SYSTEMS, lambda name: is_prose(rows, name) and name not in inputs and name != target)
    names = [name for name in names if name != system]
    filled = [name for name in names if is_filled(rows, name, FILLED)]
    partly = [name for name in names if is_filled(rows, name, PARTLY_FILLED)]
    listed = [name for name in names if name in filled or (is_choice(name) and name in partly)]
    columns = option_columns(rows, [name for name in listed if name not in (target, *inputs)])
    options = find_options(rows, columns, filled, target)
    if columns and not options and not target:
        refuse_choices_apart(rows, columns, filled)
    if not columns and not target and (options := listed_answers(rows, filled)):
        columns = options.columns
    likely = [name for name in partly if name not in (target, *inputs)]
    if not columns and (options := sibling_options(rows, likely, filled, target)):
        columns = options.columns
    rest = [name for name in filled if name not in columns and name not in inputs]
    if not target and not inputs and not options:
        refuse_turns_as_rows(rows, filled)
    chosen = target or (options.target if options else None)
    chosen = chosen or find_target(rows, rest, [n for n in partly if n not in columns], bool(paired(rest)), doubts)
    question: tuple[str, ...] = tuple(inputs)
    if chosen is not None and not inputs:
        rest = [name for name in rest if name != chosen]
        question = find_question(rows, rest, [name for name in partly if name != chosen], chosen, doubts)
    if chosen is None or not question:
        refuse_answers_apart(columns)
        refuse_rankings(rows, columns)
        refuse_untold(rows, names, filled, partly)
    is_judged = has_few_values(rows, chosen) or is_judging(chosen)
    if columns and not options and (is_judged or not are_called_answers(columns)):
        question = (*question, *(name for name in columns if name != chosen))
        doubts.append(f"the question shows {', '.join(map(shown_name, columns))} too, behind each column's name")
    if not columns and not inputs:
        refuse_unused_choices(rows, [name for name in likely if name not in (chosen, *question)], chosen, question[0])
    if not options and not inputs:
        refuse_unread_choices(rows, names, chosen, question)
    refuse_logs(rows, chosen)
    if not target and not options:
        refuse_labels_apart(rows, names, chosen)
    note_target(rows, chosen, filled, options, doubts)
    doubts += contradicting(rows, options, filled) if options and target else []
    contexts = () if inputs else find_contexts(rows, [name for name in names if name != chosen], filled, question)
    note_contexts(rows, contexts, filled, doubts)
    found = None
    if len(question) == 1 and not options and is_free_text(rows, chosen):
        found = translation_in(rows, question[0], chosen)
        if found is None and may_translate(question[0], chosen):
            doubts.append("if these are translations, take metric chrf, and name both languages in the prompt")
    said_in, languages = (found.said_in, found.languages) if found else ((), None)
    needed = {"input": question[0], "target": chosen}
    question = (*said_in, *question) if found and found.is_asked else question
    return _Shape(PLAIN, needed, question, contexts, system, options, languages=languages, taken=set(said_in))
