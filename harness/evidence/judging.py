"""Asks a judge about every answer of a run, and about those that people labelled; each is asked about once.

Judgements are kept in the ledger by item and answer, so that a resumed run and `harness report` ask nothing again, and
arms that gave one answer share its judgement. What judging takes is counted by itself, in no arm's figures.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.answer_reading import AnswerRule
from harness.contract import Engine, JudgeRequest, Judging
from harness.engine.faults import describe, is_of_an_item
from harness.evidence.answering import plan_batches
from harness.evidence.choosing import choose
from harness.evidence.fits import fits_of
from harness.program import Choices
from harness.records import Completion, Example, Judgement, LabelledAnswer, Measurement, Weights
from harness.store.files import hash_data
from harness.store.ledger import Ledger
from harness.task.scoring import result_of
from harness.task.task import Task


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer to be judged."""

    example: Example
    answer: str

    @property
    def key(self) -> str:
        """What its judgement is kept under."""
        return judgement_key(self.example, self.answer)


def judge_job_key(metric: str) -> str:
    """Return what the job of a judge is known by."""
    return f"judge:{metric}"


def judgement_key(example: Example, answer: str) -> str:
    """Return what the judgement of an answer to an item is kept under: equal answers share one."""
    return hash_data([example.id, answer.strip()])[:16]


def said_by_people(labelled: LabelledAnswer, rule: AnswerRule | None) -> str:
    """Return an answer that people judged as the arms' answers are read."""
    return result_of(labelled.text, rule)


def answers_to_judge(task: Task, ledger: Ledger) -> list[Judged]:
    """Return every answer of a run that a judge is asked about, each once: people's on dev and test, then the arms'.

    Nothing is asked about an answer that says nothing: it is bad for certain.
    """
    rule = task.study.answer
    found = [
        Judged(example, said_by_people(said, rule))
        for example in (*task.study.dev, *task.test)
        for said in example.labelled
        if said.text
    ]
    for fit in (fit for spec in task.arms for fit in fits_of(spec, task)):
        predictions = ledger.predictions(Measurement(fit))
        found += [
            Judged(example, answer)
            for example in task.test
            if (made := predictions.get(example.id))
            and made.outcome.is_measured
            and (answer := made.answer) is not None
        ]
    return list({one.key: one for one in reversed(found)}.values())[::-1]


def still_to_judge(metric: str, task: Task, ledger: Ledger) -> list[Judged]:
    """Return the answers that have no judgement yet, or one that could not be made."""
    known = ledger.judgements(metric)
    return [one for one in answers_to_judge(task, ledger) if (made := known.get(one.key)) is None or made.value is None]


def judge(
    judging: Judging,
    asked: Sequence[Judged],
    engine: Engine,
    weights: Weights,
    *,
    shrink: int = 0,
    log: Callable[[str], None],
) -> Iterator[list[Judgement]]:
    """Yield the judgements of some answers after another.

    An answer whose question cannot be put, does not fit the model's window, or fails alone, gets a judgement without a
    value.

    Args:
        judging: What is asked.
        asked: The answers.
        engine: What holds the judge's model.
        weights: Which weights of it judge.
        shrink: How often the batches are halved, because memory ran out.
        log: Told of every answer that could not be judged, and why.
    """
    requests: dict[str, Sequence[JudgeRequest]] = {}
    questions: list[tuple[Judged, JudgeRequest]] = []
    lengths: list[int] = []
    for one in asked:
        try:
            own = judging.requests(one.answer, one.example)
            lengths += [engine.count_tokens(request.messages) for request in own]
        except Exception as fault:
            if not is_of_an_item(fault):
                raise
            yield [_unjudged(one, describe(fault), log)]
        else:
            requests[one.key] = own
            questions += [(one, request) for request in own]
    waiting: dict[str, list[tuple[JudgeRequest, Completion | str]]] = {}
    for batch in plan_batches(lengths, 1, shrink):
        replies = _replies([questions[row][1] for row in batch], [lengths[row] for row in batch], engine, weights, log)
        done = []
        for row, reply in zip(batch, replies, strict=True):
            one, request = questions[row]
            waiting.setdefault(one.key, []).append((request, reply))
            if len(waiting[one.key]) == len(requests[one.key]):
                done.append(_judgement(one, waiting.pop(one.key), log))
        if done:
            yield done


def _replies(
    requests: Sequence[JudgeRequest],
    lengths: Sequence[int],
    engine: Engine,
    weights: Weights,
    log: Callable[[str], None],
) -> list[Completion | str]:
    """Ask one batch, when that fails each question alone; a text says why there is no reply."""
    labels = requests[0].choices
    choices = Choices(labels, (0.0,) * len(labels))
    try:
        return list(choose(choices, [request.messages for request in requests], engine, weights, lengths))
    except Exception as fault:
        if not is_of_an_item(fault):
            raise
        if len(requests) > 1:
            log(f"a batch of {len(requests)} judgements failed ({describe(fault)}); asking one by one")
            pairs = zip(requests, lengths, strict=True)
            return [reply for one, length in pairs for reply in _replies([one], [length], engine, weights, log)]
        return [describe(fault)]


def _judgement(
    one: Judged, replies: Sequence[tuple[JudgeRequest, Completion | str]], log: Callable[[str], None]
) -> Judgement:
    lost = [
        reply if isinstance(reply, str) else "its question does not fit the judge's window"
        for _, reply in replies
        if isinstance(reply, str) or reply.finish == "context_overflow"
    ]
    if lost:
        return _unjudged(one, lost[0], log)
    said = [(request, reply) for request, reply in replies if not isinstance(reply, str)]
    places = [request.choices.index(reply.text) for request, reply in said]
    worth = [request.worth[place] for (request, _), place in zip(said, places, strict=True)]
    return Judgement(
        key=one.key,
        value=fmean(worth),
        is_tie=len(set(worth)) > 1,
        firsts=places.count(0),
        orders=len(places),
        prompt_tokens=sum(reply.prompt_tokens for _, reply in said),
        read_tokens=sum(reply.completion_tokens for _, reply in said),
        seconds=sum(reply.seconds for _, reply in said),
    )


def _unjudged(one: Judged, reason: str, log: Callable[[str], None]) -> Judgement:
    log(f"an answer to {one.example.id} could not be judged: {reason}")
    return Judgement(one.key, None, reason=reason)
