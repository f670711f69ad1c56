"""What judges will read: every answer of the run, and those that people labelled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.checking.model_text import ModelText
from harness.evidence.fits import fits_of
from harness.task.judges import judges_of
from harness.task.task import Task


@dataclass(frozen=True, slots=True)
class JudgeDemand:
    """How much one judge reads."""

    metric: str
    answers: int  # of every fit on the test, and people's, equal ones counted each
    tokens: int  # of one answer, over all orders in which it is asked about


def judge_demands(task: Task, folder_of: Callable[[str], Path | None]) -> Iterator[JudgeDemand]:
    """Count each judge's answers, and the tokens of a typical one.

    Args:
        task: As it was read.
        folder_of: Gives a model's folder, where it is on this machine: its tokenizer is read.
    """
    labelled = sum(bool(said.text) for example in (*task.study.dev, *task.test) for said in example.labelled)
    answers = labelled + len(task.test) * sum(len(fits_of(arm, task)) for arm in task.arms)
    by_length = sorted(task.test, key=lambda example: len(example.question.text) + len(example.target))
    typical = by_length[len(by_length) // 2]
    for name, judge in judges_of(task.judges, task.metric_options).items():
        text = ModelText(folder_of(task.judges[name].source))
        prompts = [text.prompt(request.messages) for request in judge.requests(typical.target, typical)]
        yield JudgeDemand(name, answers, sum(text.counts(prompts)))
