"""Puts a program's questions to the engine, batch by batch, and classes every answer."""

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.answer_reading import elect
from harness.chat.turns import without_thought
from harness.contract import Baseline, Engine, Retrieving
from harness.engine.faults import describe, is_of_an_item
from harness.errors import ArmError
from harness.evidence.choosing import choose
from harness.program import Program
from harness.records import Completion, Message, Outcome, Passage, Prediction, Question

# One call holds about so many tokens of prompts and answers, whose order the engine settles; a run that dies in one
# asks it again.
BATCH_TOKENS = 32_768
BATCH_ROWS = 128

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


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A question as it is put to the model."""

    question: Question
    passages: tuple[Passage, ...]
    conversation: tuple[Message, ...]
    tokens: int
    seconds: float  # its share of the search


def answer(
    program: Program,
    questions: Sequence[Question],
    engine: Engine,
    retrieve: Retrieve,
    done: Collection[str] = (),
    *,
    shrink: int = 0,
    log: Callable[[str], None],
) -> Iterator[list[Prediction]]:
    """Yield the predictions of one batch after another.

    Batches are planned over all questions before the first is asked, by prompt length. Items in `done`
    (ids) are not asked again; batches are kept whole, so a run that continues asks the same ones as a run
    that was never stopped. An item whose prompt cannot be built ends as invalid_input. When a batch
    fails, its items are asked one by one, and one that fails alone, or needs more memory than there is, ends as
    worker_error.

    Args:
        program: What answers.
        questions: What is asked.
        engine: What holds the model.
        retrieve: The program's search.
        done: Ids that have an answer.
        shrink: How often the batches are halved, because memory ran out.
        log: Told of every item that could not be asked, and why.

    Raises:
        ArmError: If the engine says that the arm cannot continue.
    """
    started = time.monotonic()
    found = retrieve(questions) if questions else []
    seconds = (time.monotonic() - started) / max(len(questions), 1)
    prompts: list[_Prompt] = []
    for question, passages in zip(questions, found, strict=True):
        try:
            conversation = program.messages(question, passages)
            prompts.append(_Prompt(question, passages, conversation, engine.count_tokens(conversation), seconds))
        except ArmError as fault:
            if question.id not in done:
                log(f"{question.id} could not be asked: {fault}")
                yield [_unanswered(question.id, Outcome.INVALID_INPUT)]
    for batch in plan_batches([prompt.tokens for prompt in prompts], program.generation.max_new_tokens, shrink):
        missing = [prompts[row] for row in batch if prompts[row].question.id not in done]
        if missing:
            yield _ask(program, missing, engine, log)


def require_measured(predictions: Collection[Prediction]) -> None:
    """Refuse answers of which none says anything about the arm.

    Raises:
        ArmError: If there are predictions and every one ended in an infrastructure error.
    """
    if predictions and not any(prediction.outcome.is_measured for prediction in predictions):
        raise ArmError(f"none of {len(predictions)} items could be asked; the log names the fault of each")


def plan_batches(lengths: Sequence[int], new_tokens: int, shrink: int = 0) -> list[list[int]]:
    """Group row numbers of like length, longest first, within BATCH_TOKENS and BATCH_ROWS halved `shrink` times."""
    most_tokens, most_rows = BATCH_TOKENS >> shrink, max(BATCH_ROWS >> shrink, 1)
    batches: list[list[int]] = []
    width = 0
    for row in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        fits = batches and len(batches[-1]) < most_rows and (len(batches[-1]) + 1) * width <= most_tokens
        if not fits:
            batches.append([])
            width = lengths[row] + new_tokens
        batches[-1].append(row)
    return batches


def classify(completion: Completion, program: Program) -> tuple[str | None, Outcome]:
    """Read the answer out of a completion and name the class in which the item ends.

    It is read behind a thought; one that is not closed is not an answer. An answer cut off by the token limit counts as
    truncated, unless the rule reads one line and the line is whole. A label that was chosen is an answer whatever it
    says. Where the task's pattern is stopped at its time limit, nothing was read.
    """
    if completion.finish == "context_overflow":
        return None, Outcome.CONTEXT_OVERFLOW
    if not completion.text.strip():
        return None, Outcome.EMPTY
    try:
        return _read(completion, program)
    except TimeoutError:
        return None, Outcome.PATTERN_STOPPED


def _read(completion: Completion, program: Program) -> tuple[str | None, Outcome]:
    if program.choices:
        return program.reader.find(completion.text) or completion.text, Outcome.SCORED
    said = without_thought(completion.text)
    found = program.reader.find(said)
    if completion.finish == "length" and not program.reader.is_complete(said):
        return None, Outcome.TRUNCATED
    if found is None:
        return None, Outcome.UNPARSED
    return (found, Outcome.REFUSED) if _REFUSAL.match(found) else (found, Outcome.SCORED)


def _ask(program: Program, prompts: Sequence[_Prompt], engine: Engine, log: Callable[[str], None]) -> list[Prediction]:
    """Ask one batch; when that fails, each of its items alone."""
    try:
        completions = _complete(program, prompts, engine)
    except Exception as fault:
        if not is_of_an_item(fault):
            raise
        if len(prompts) > 1:
            log(f"a batch of {len(prompts)} items failed ({describe(fault)}); asking them one by one")
            return [prediction for prompt in prompts for prediction in _ask(program, [prompt], engine, log)]
        log(f"{prompts[0].question.id} could not be answered: {describe(fault)}")
        return [_unanswered(prompts[0].question.id, Outcome.WORKER_ERROR)]
    return [_prediction(program, prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]


def _complete(program: Program, prompts: Sequence[_Prompt], engine: Engine) -> list[Completion]:
    conversations = [prompt.conversation for prompt in prompts]
    if program.choices:
        lengths = [prompt.tokens for prompt in prompts]
        return choose(program.choices, conversations, engine, program.weights, lengths)
    if program.samples == 1:
        return engine.generate(conversations, program.generation, program.weights)
    first = program.generation.seed
    drawn = [
        engine.generate(conversations, replace(program.generation, seed=first + n), program.weights)
        for n in range(program.samples)
    ]
    return [elected(program, samples) for samples in zip(*drawn, strict=True)]


def elected(program: Program, samples: Sequence[Completion]) -> Completion:
    """Return the first of several answers whose result is the most frequent (self-consistency, arXiv 2203.11171).

    Answers that were cut off have none. It bears the tokens and seconds of all, and as probability the share of
    those that say its result; where no answer has a result, the first stands without one.
    """
    place, votes = elect([classify(one, program)[0] for one in samples], program.ignore)
    return replace(
        samples[place],
        completion_tokens=sum(one.completion_tokens for one in samples),
        seconds=sum(one.seconds for one in samples),
        probability=votes / len(samples) if votes else None,
    )


def _prediction(program: Program, prompt: _Prompt, completion: Completion) -> Prediction:
    found, outcome = classify(completion, program)
    return Prediction(
        example_id=prompt.question.id,
        text=completion.text,
        answer=found,
        outcome=outcome,
        finish=completion.finish,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        seconds=completion.seconds + prompt.seconds,
        passages=tuple(p.id for p in prompt.passages),
        documents=tuple(p.document for p in prompt.passages),
        probability=completion.probability,
        passage_texts=tuple(p.text for p in prompt.passages),
    )


def _unanswered(item: str, outcome: Outcome) -> Prediction:
    return Prediction(item, "", None, outcome, "error", prompt_tokens=0, completion_tokens=0, seconds=0.0)
