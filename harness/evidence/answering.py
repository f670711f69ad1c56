"""Puts a program's questions to the engine, batch by batch, and classes every answer."""

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from harness.contract import Baseline, Engine, Retrieving
from harness.errors import ArmError
from harness.program import Program
from harness.records import Completion, Outcome, Passage, Prediction, Question

# A padded batch of about this many prompt and answer tokens keeps two cores busy and its cache small.
BATCH_TOKENS = 8192
BATCH_ROWS = 64

# Openings by which chat models decline. Only the label of an answer depends on it, never its score.
_REFUSAL = re.compile(r"^(i'?m sorry|i am sorry|sorry|i can(no|')t|i am unable|i'm unable|as an ai\b)", re.IGNORECASE)

Retrieve = Callable[[Sequence[Question]], list[tuple[Passage, ...]]]


def retrieve_with(baseline: Baseline, program: Program) -> Retrieve:
    """Return the search of a program: its own index, or no passages.

    Raises:
        ArmError: If the program has a retriever and its baseline cannot search.
    """
    if program.retriever is None:
        return lambda questions: [()] * len(questions)
    if not isinstance(baseline, Retrieving):
        raise ArmError(f"the program has a retriever, but {type(baseline).__name__} has no method 'retrieve'")
    return lambda questions: baseline.retrieve(program, questions)


def answer(
    program: Program,
    questions: Sequence[Question],
    engine: Engine,
    retrieve: Retrieve,
    done: Collection[str] = (),
) -> Iterator[list[Prediction]]:
    """Yield the predictions of one batch after another.

    Batches are planned over all questions before the first is asked, by prompt length. A batch whose
    items are all in `done` (ids) is not asked again, so a run that goes on asks the same batches as
    one that was never stopped.
    """
    started = time.monotonic()
    passages = retrieve(questions) if questions else []
    retrieval_seconds = (time.monotonic() - started) / max(len(questions), 1)
    conversations = [program.messages(q, found) for q, found in zip(questions, passages, strict=True)]
    lengths = [engine.count_tokens(conversation) for conversation in conversations]
    for batch in plan_batches(lengths, program.generation.max_new_tokens):
        if all(questions[i].id in done for i in batch):
            continue
        completions = engine.generate([conversations[i] for i in batch], program.generation, program.weights)
        yield [
            _prediction(program, questions[i], completion, passages[i], retrieval_seconds)
            for i, completion in zip(batch, completions, strict=True)
        ]


def plan_batches(lengths: Sequence[int], new_tokens: int) -> list[list[int]]:
    """Group row numbers of like length, longest first, within BATCH_TOKENS and BATCH_ROWS."""
    batches: list[list[int]] = []
    width = 0
    for row in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        fits = batches and len(batches[-1]) < BATCH_ROWS and (len(batches[-1]) + 1) * width <= BATCH_TOKENS
        if not fits:
            batches.append([])
            width = lengths[row] + new_tokens
        batches[-1].append(row)
    return batches


def classify(completion: Completion, program: Program) -> tuple[str | None, Outcome]:
    """Read the answer out of a completion and name the class in which the item ends.

    An answer cut off by the token limit counts as truncated, unless the rule reads one line and the
    line is whole.
    """
    if completion.finish == "context_overflow":
        return None, Outcome.CONTEXT_OVERFLOW
    if not completion.text.strip():
        return None, Outcome.EMPTY
    found = program.reader.read(completion.text)
    if completion.finish == "length" and not program.reader.is_complete(completion.text):
        return None, Outcome.TRUNCATED
    if found is None:
        return None, Outcome.UNPARSED
    return (found, Outcome.REFUSED) if _REFUSAL.match(found) else (found, Outcome.SCORED)


def _prediction(
    program: Program, question: Question, completion: Completion, passages: Sequence[Passage], retrieval_seconds: float
) -> Prediction:
    found, outcome = classify(completion, program)
    return Prediction(
        example_id=question.id,
        text=completion.text,
        answer=found,
        outcome=outcome,
        finish=completion.finish,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        seconds=completion.seconds + retrieval_seconds,
        passages=tuple(p.id for p in passages),
        documents=tuple(p.document for p in passages),
    )
