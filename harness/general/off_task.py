"""The off-task probe: unrelated everyday questions must not get the task's answers.

Each question is asked alone, and under the task's own prompt, as people do who ask the deployed model something else.
The questions are ours; where one has right answers, they stand beside it. `harness.decision` pairs what tuned weights
say with what their base says, so that an answer which both give is not harm.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from harness.contract import Conversation, Engine
from harness.errors import ArmError
from harness.general.pools import Use
from harness.general.task_answers import TaskAnswers
from harness.program import Prompt, general_question
from harness.records import GenerationSettings, Message, OffTaskAnswer, Weights

QUESTIONS = Path(__file__).parent / "off_task_questions.jsonl"
NEW_TOKENS = 24  # enough to see how an answer begins
_BATCH = 64  # questions answered between two reports of progress

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True)
class OffTaskQuestion:
    """An everyday question."""

    id: str  # 'fact-01'
    kind: str  # 'fact', 'arithmetic', 'yes_no', 'definition', 'instruction', 'small_talk', 'advice' or 'creative'
    use: Use
    question: str
    accept: tuple[str, ...]  # right answers, where there are definite ones


@cache
def all_questions() -> tuple[OffTaskQuestion, ...]:
    """Return every question of the probe; the kinds take turns, so that the first few are of all kinds."""
    rows = map(json.loads, QUESTIONS.read_text(encoding="utf-8").splitlines())
    return tuple(OffTaskQuestion(**row | {"accept": tuple(row["accept"])}) for row in rows)


def questions_for(use: Use, limit: int) -> tuple[OffTaskQuestion, ...]:
    """Return the first `limit` questions for the gate or for selection."""
    return tuple(question for question in all_questions() if question.use == use)[:limit]


def off_task_answers(
    engine: Engine,
    weights: Weights,
    task_answers: Collection[str],
    prompt: Prompt | None,
    questions: Sequence[OffTaskQuestion],
    progress: Progress,
) -> tuple[OffTaskAnswer, ...]:
    """Ask the questions alone and under the task's prompt, and say which got an answer of the task.

    Args:
        engine: The engine that holds the model.
        weights: Which weights answer.
        task_answers: Targets of the training set.
        prompt: The task's own prompt; None, or one that adds nothing or cannot show a plain question, leaves the
            second condition out. The last is told through `progress`.
        questions: What is asked.
        progress: Told how many questions are answered.
    """
    known = TaskAnswers.of(task_answers)
    alone: list[Conversation] = [(Message("user", question.question),) for question in questions]
    asked = [("unrelated questions", alone, False)]
    if (under := _prompted(prompt, questions, progress)) not in (None, alone):
        asked.append(("unrelated questions under the task's prompt", under, True))
    answers: list[OffTaskAnswer] = []
    for stage, conversations, is_prompted in asked:
        texts = _answered(engine, weights, conversations, partial(progress, stage))
        answers += [
            OffTaskAnswer(
                item=f"{question.id}-prompted" if is_prompted else question.id,
                question=question.question,
                text=text,
                is_task_answer=known.has(text, question.accept),
                is_prompted=is_prompted,
                kind=question.kind,
            )
            for question, text in zip(questions, texts, strict=True)
        ]
    return tuple(answers)


def _prompted(
    prompt: Prompt | None, questions: Sequence[OffTaskQuestion], progress: Progress
) -> list[Conversation] | None:
    """Put the questions under the task's prompt; None where there is none, or its template needs more than a text."""
    if prompt is None:
        return None
    try:
        return [prompt.messages(general_question(prompt, q.id, q.question)) for q in questions]
    except ArmError as fault:
        progress(f"unrelated questions are not asked under the task's prompt: {fault}", 0, 0)
        return None


def _answered(
    engine: Engine, weights: Weights, conversations: Sequence[Conversation], advance: Callable[[int, int], object]
) -> list[str]:
    texts: list[str] = []
    for start in range(0, len(conversations), _BATCH):
        advance(start, len(conversations))
        batch = engine.generate(conversations[start : start + _BATCH], GenerationSettings(NEW_TOKENS), weights)
        texts += [completion.text for completion in batch]
    advance(len(conversations), len(conversations))
    return texts
