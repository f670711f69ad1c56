"""Whether a program's prompts fit the model's context window."""

from collections.abc import Sequence

from harness.contract import FitContext
from harness.program import Program
from harness.records import Example, Passage, Question, Study

# Prompts are measured for the longest questions only: counting tokens for all would repeat the run's own work.
PROBES = 20


def longest_questions(study: Study) -> list[Question]:
    """Return the PROBES longest questions of train and dev, by characters."""

    def length(example: Example) -> int:
        return sum(len(message.content) for message in example.messages)

    return [e.question for e in sorted((*study.train, *study.dev), key=length, reverse=True)[:PROBES]]


def overflow(
    program: Program,
    questions: Sequence[Question],
    context: FitContext,
    passages: Sequence[Sequence[Passage]] | None = None,
) -> str | None:
    """Say by how much the longest prompt and its answer exceed the context window; None when they fit."""
    found = passages or [()] * len(questions)
    prompts = [program.messages(question, shown) for question, shown in zip(questions, found, strict=True)]
    longest = max(map(context.engine.count_tokens, prompts), default=0)
    room, window = program.generation.max_new_tokens, context.engine.context_window
    if longest + room <= window:
        return None
    return f"the longest prompt has {longest} tokens, {room} more for the answer exceed the context window of {window}"
