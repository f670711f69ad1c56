"""Preference pairs: those the task gives, or gold answers against the model's own wrong ones."""

import random
import unicodedata

from baselines.finetune.plan import SftPlan
from baselines.prompt.selection import drawn
from harness.answer_reading import Reader
from harness.chat.turns import without_thought
from harness.contract import FitContext
from harness.errors import ArmError
from harness.records import Example, Preference, Study

FEWEST_PAIRS = 8
CHUNK = 32  # questions put to the base at a time, until there are pairs enough
FAST_QUESTIONS = 16


def find_pairs(study: Study, plan: SftPlan, context: FitContext, most: int) -> tuple[tuple[Preference, ...], str]:
    """Return at most `most` pairs, and where they come from.

    Raises:
        ArmError: If there are fewer than eight.
    """
    if study.preferences:
        pairs = tuple(p for p in study.preferences if normalised(p.chosen) != normalised(p.rejected))
        source = "given preference pairs"
        remedy = f"the task gives {len(study.preferences)} preferences; add pairs, or give none to have them mined"
    else:
        pairs, asked = mined(plan, context, most)
        source = "pairs mined from the base model's wrong answers"
        remedy = (
            f"the base model got the other {asked - len(pairs)} of {asked} training rows right or said nothing; "
            "give preference pairs in data.preferences, or use lora_sft"
        )
    if len(pairs) < FEWEST_PAIRS:
        raise ArmError(f"only {len(pairs)} preference pairs, and {FEWEST_PAIRS} are the fewest: {remedy}")
    return drawn(pairs, most, context.seed), source


def expected_pairs(study: Study, rows: int, most: int) -> int:
    """Return how many pairs `find_pairs` may give, as far as that is known before the base is asked.

    Args:
        study: The task's.
        rows: Of train, which pairs are mined from.
        most: Pairs that are taken.
    """
    return min(len(study.preferences) or rows, most)


def mined(plan: SftPlan, context: FitContext, most: int) -> tuple[tuple[Preference, ...], int]:
    """Ask the base the training questions: gold against its own wrong answer.

    Rows are asked in an order drawn with the seed until there are `most` pairs. The answer is what the
    program reads out of the completion; one that is right after normalisation or by the task's metric, or
    empty, gives no pair.

    Returns:
        The pairs, and how many rows were asked.
    """
    order = random.Random(context.seed).sample(plan.examples, len(plan.examples))
    order = order[:FAST_QUESTIONS] if context.budget.is_fast else order
    pairs: list[Preference] = []
    asked = 0
    while asked < len(order) and len(pairs) < most:
        chunk = order[asked : asked + CHUNK]
        said = [_said(without_thought(text), plan.program.reader) for text in context.answer(plan.program, chunk)]
        pairs += [
            pair(row, text)
            for row, text in zip(chunk, said, strict=True)
            if is_wrong(text, row) and context.score(plan.program, [row]).score < 1.0
        ]
        asked += len(chunk)
        context.progress("mining pairs", asked, len(order))
    return tuple(pairs), asked


def _said(text: str, reader: Reader) -> str:
    """Return what a pair rejects: the answer, or the whole completion where a rule reads a result out of it."""
    return (reader.read(text) or "") if reader in (Reader(), Reader("first_line")) else text.strip()


def pair(example: Example, wrong: str) -> Preference:
    """Set a row's gold answer against a wrong one."""
    return Preference(example.id, example.messages, example.target, wrong, example.columns)


def is_wrong(answer: str, example: Example) -> bool:
    """Whether an answer says something, and not what the row's target says."""
    return normalised(answer) not in ("", normalised(example.target))


def normalised(text: str) -> str:
    """Fold case, Unicode form and white space, and drop a closing full stop."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".")
