"""What a person should know of the columns that were taken for the answer, its choices and its texts."""

from collections.abc import Sequence

from harness.drafting.names import TARGETS, is_indexing, shown_name, usual
from harness.drafting.options import Options
from harness.drafting.telling import telling_keys
from harness.drafting.values import Values, count_empty, has_answer_lists, has_label_sets, nesting


def note_target(rows: Values, target: str, filled: Sequence[str], options: Options | None, doubts: list[str]) -> None:
    """Say what is doubtful of the answer's column, and of the choices that it names."""
    if target not in filled:
        doubts.append(f"the answer in {shown_name(target)} is empty in {count_empty(rows, target)} of {len(rows)} rows")
    held = nesting(rows, target)
    is_read = has_answer_lists(rows, target) or has_label_sets(rows, target)
    if held.startswith(("lists", "objects with lists")) and not is_read and not options:
        doubts.append(f"the answers in {shown_name(target)} are {held}, taken as JSON text; give one, if one is meant")
    if options:
        listed = ", ".join(map(shown_name, options.columns))
        named = "the letters of all that are right" if options.has_several else "a letter"
        doubts.append(f"the answers to choose from ({listed}) stand below each question, and the answer is {named}")
        if not is_indexing(target) and usual(target) not in TARGETS:
            doubts.append(f"the right choice was taken from column {shown_name(target)}, by its content")
        for other in options.others:
            doubts.append(
                f"{shown_name(other.target)} names the right choice too: rows in which it differs are left out"
            )


def note_contexts(rows: Values, contexts: Sequence[str], filled: Sequence[str], doubts: list[str]) -> None:
    """Say which texts stand before each question."""
    for context in contexts:
        there = len(rows) - count_empty(rows, context)
        where = "" if context in filled else f", where there is one ({there} rows)"
        doubts.append(f"the text in {shown_name(context)} was put before each question{where}")
        if keys := telling_keys(rows, context):
            left = ", ".join(map(shown_name, keys))
            doubts.append(f"{left} inside {shown_name(context)} may give the answer away and is left out of the prompt")
