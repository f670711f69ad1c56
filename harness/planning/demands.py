"""What each arm will ask of the machine: rows, tokens, adapters and passages, by the task and the arm's options.

An arm says what it shows the model (`harness.contract.Previewing`), what its training takes (`Demanding`) and how many
programs it compares (`Choosing`); its `options` hold the numbers of passages and shots, which are read by name. For an
arm of somebody else's that does not say it, LoRA's usual figures are assumed and `assumed` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix
from statistics import fmean
from typing import Any

from harness.checking.model_text import ModelText
from harness.contract import Baseline, Choosing, Demanding, Previewing, Reading, TrainingDemand
from harness.errors import HarnessError
from harness.evidence.fits import fits_of
from harness.plugins import BASELINES, load
from harness.records import Example, Family, Message, Study
from harness.task.task import ArmSpec, Task

# As harness.evidence.arm gives an answer room; not imported, as that takes seconds.
ANSWER_ROOM, LEAST_ANSWER_TOKENS = 1.5, 32
RANK = 8  # of an adapter that is no LoRA, or not known
USUAL = TrainingDemand(batch_rows=4, epochs=3, trial_steps=0, rank=RANK)  # of an arm that does not say
GENERAL_QUESTION = 40  # tokens of the longest general question with its answer (baselines/finetune/general_texts.jsonl)
MOST_COUNTED = 400  # rows of a split whose tokens are counted


@dataclass(frozen=True, slots=True)
class Training:
    """What a tuned arm learns from, and how."""

    rows: int
    longest: int  # tokens of the longest row, prompt and answer
    typical: int  # tokens of the median row
    rank: int
    batch_rows: int
    epochs: int  # at most
    trial_steps: int  # optimiser steps of all trials of the learning rate
    pairs: int  # of better and worse answers, which are learnt from after the rows
    has_penalty: bool  # predictions on general texts are kept, which takes logits for every token
    trains_all: bool = False  # every weight instead of an adapter's
    reading_tokens: int = 0  # of documents that are read before the rows, each epoch and trial again
    reading_steps: int = 0
    reading_looks: int = 0  # at dev, meanwhile

    @property
    def steps(self) -> int:
        """Optimiser steps of one epoch."""
        return -(-self.rows // self.batch_rows)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one arm asks of the machine."""

    arm: str
    model: str  # its name in the run; '' is the task's own
    baseline: str
    family: Family
    longest_prompt: int  # tokens
    typical_prompt: int  # tokens of the median question's prompt
    general_row: int  # tokens of a general question with its answer under the arm's own prompt
    new_tokens: int  # an answer may have so many
    typical_answer: int  # tokens of the median target
    questions: int  # test items
    dev_rows: int
    passages: int  # shown with a question; 0: nothing is retrieved
    is_quantised: bool
    training: Training | None
    shared_prompt: int = 0  # tokens that all prompts begin with, which the engine reads once
    samples: int = 1  # answers drawn to a question
    candidates: int = 1  # tried on dev, of an arm that only prompts or retrieves
    chosen_on: int = 0  # dev rows that each candidate is asked; the winner is asked all
    fits: int = 1  # one a seed where it trains
    has_embedder: bool = False  # passages or solved examples are found by their vectors
    assumed: tuple[str, ...] = ()


def demands(task: Task, text: ModelText) -> tuple[Demand, ...]:
    """Read every arm of a task; no model is loaded."""
    return tuple(_demand(spec, task, text) for spec in task.arms)


@dataclass(frozen=True, slots=True)
class _Lengths:
    """Tokens of an arm's prompts."""

    longest: int
    typical: int
    around: int  # what the arm's own prompt adds to a question, shots and passages left out
    shared: int  # of what all prompts begin with


def _demand(spec: ArmSpec, task: Task, text: ModelText) -> Demand:
    baseline: Baseline = load(BASELINES, spec.baseline)(spec.options)
    options = getattr(baseline, "options", None)
    passages = round(max(_numbers(options, "candidates"), default=1)) if baseline.needs_documents else 0
    finds_shots = "nearest" in getattr(options, "ways", ())
    lengths, assumed = _prompts(baseline, task, text)
    if passages:
        chunks = _chunks(options, task.study, text)
        lengths = _with_passages(lengths, passages, chunks)
        if shots := _numbers(options, "shot_candidates"):
            lengths = _with_shots(lengths, shots, task.study, text, passages, _median(chunks))
    elif shots := _numbers(options, "candidates"):
        lengths = _with_shots(lengths, shots, task.study, text, is_shared=not finds_shots)
    trains = "training" in baseline.needs
    if trains and not isinstance(baseline, Demanding):
        assumed += (f"it does not say what its training takes: {_usual()}",)
    targets = _counts([example.target for example in (*task.study.train, *task.study.dev)], text)
    room, thought = int((max(targets, default=0) + 1) * ANSWER_ROOM) + 1, _number(options, "reasoning_tokens", 0)
    thought += text.chat.thought_room(text.window) if text.chat is not None and text.window is not None else 0
    return Demand(
        arm=spec.name,
        model=spec.model.name,
        baseline=spec.baseline,
        family=baseline.family,
        longest_prompt=max(lengths.longest, lengths.typical),
        typical_prompt=lengths.typical,
        general_row=lengths.around + GENERAL_QUESTION,
        new_tokens=max(room, LEAST_ANSWER_TOKENS) + thought,
        typical_answer=_median(targets) + 1 + thought,
        questions=len(task.test),
        dev_rows=len(task.study.dev),
        passages=passages,
        is_quantised=(getattr(baseline, "quantization", None) or spec.model.quantization) is not None,
        training=_training(baseline, task, text, lengths) if trains else None,
        shared_prompt=lengths.shared,
        samples=getattr(baseline, "samples", 1),
        candidates=baseline.candidates if isinstance(baseline, Choosing) else 1,
        chosen_on=baseline.choosing_rows if isinstance(baseline, Choosing) else 0,
        fits=len(fits_of(spec, task)),
        has_embedder=passages > 0 or finds_shots,
        assumed=assumed,
    )


def _chunks(options: Any, study: Study, text: ModelText) -> list[int]:
    """Return the tokens of each document's first passage."""
    return [min(count, _number(options, "chunk_tokens", count)) for count in _documents(study, text)]


def _with_passages(lengths: _Lengths, passages: int, chunks: Sequence[int]) -> _Lengths:
    """Add the passages that a preview leaves out: it shows one. General questions are asked without.

    A preview may show the same passage with every question; a run does not.
    """
    around = max(0, lengths.around - _median(chunks))
    longest = lengths.longest + (passages - 1) * max(chunks, default=0)
    typical = lengths.typical + (passages - 1) * _median(chunks)
    return _Lengths(longest, typical, around, min(lengths.shared, around))


def _with_shots(
    lengths: _Lengths,
    shots: Sequence[float],
    study: Study,
    text: ModelText,
    passages: int = 0,
    chunk: int = 0,
    *,
    is_shared: bool = True,
) -> _Lengths:
    """Add the shots that a preview leaves out: it shows the fewest, each with one of its passages of `chunk` tokens."""
    row = _median(_counts([f"{e.question.text} {e.target}" for e in study.train], text)) + _frame(text)
    more = round(max(shots) - min(shots)) * (row + passages * chunk) + round(min(shots)) * max(passages - 1, 0) * chunk
    shared = lengths.shared + more if is_shared else 0
    return replace(lengths, longest=lengths.longest + more, typical=lengths.typical + more, shared=shared)


def _usual() -> str:
    return f"LoRA of rank {USUAL.rank}, {USUAL.batch_rows} rows a step and {USUAL.epochs} epochs are counted"


def _training(baseline: Baseline, task: Task, text: ModelText, prompts: _Lengths) -> Training:
    """Count what a tuned arm trains on; its rows are prompts as it asks them, with the answer behind."""
    train = task.study.train
    rows = min(len(train), task.train_rows or len(train))
    asked = baseline.demand(task.study, rows) if isinstance(baseline, Demanding) else USUAL
    answers = _counts([example.target for example in train], text)
    inputs = _counts([example.question.text for example in train], text)
    tested = _counts([example.question.text for example in _by_length(task.test)], text)
    longer = max(inputs, default=0) - max(tested, default=0)  # the prompts were measured on test questions
    longest = max(prompts.longest, prompts.typical) + longer + max(answers, default=0) + 1
    if asked.max_length is not None:
        longest = min(longest, asked.max_length)
    reading = _reading(asked.reading, asked.batch_rows, task.study, text)
    return Training(
        rows=rows,
        longest=max(1, longest, reading.longest),
        typical=prompts.typical + _median(answers) + 1,
        rank=asked.rank or RANK,
        batch_rows=asked.batch_rows,
        epochs=asked.epochs,
        trial_steps=asked.trial_steps,
        pairs=asked.pairs,
        has_penalty=asked.has_penalty,
        trains_all=asked.trains_all,
        reading_tokens=reading.tokens,
        reading_steps=reading.steps,
        reading_looks=reading.looks,
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    """Documents that are read, as they are counted."""

    tokens: int = 0
    steps: int = 0
    longest: int = 0  # tokens of the longest text
    looks: int = 0  # at dev


def _reading(reading: Reading | None, rows: int, study: Study, text: ModelText) -> _Texts:
    """Count what an arm reads, `rows` texts a step, before it learns from rows: nothing, where it reads nothing."""
    if reading is None or not study.documents:
        return _Texts()
    counts = _documents(study, text)
    size = min(reading.text_tokens, text.window or reading.text_tokens)
    texts = round(len(study.documents) * fmean(-(-count // size) for count in counts))
    tokens = len(study.documents) * fmean(counts)
    trials = reading.trials * reading.trial_steps
    return _Texts(
        tokens=round(reading.epochs * tokens + trials * rows * tokens / texts),
        steps=reading.epochs * -(-texts // rows) + trials,
        longest=min(size, max(counts)),
        looks=reading.epochs + reading.trials,
    )


def _prompts(baseline: Baseline, task: Task, text: ModelText) -> tuple[_Lengths, tuple[str, ...]]:
    """Count the prompts of the longest and of the median question, and say what had to be assumed."""
    ordered = _by_length(task.test)
    both = (ordered[-1], ordered[len(ordered) // 2])
    why = "it shows no prompt before the run"
    shown: list[str] | None = None
    if isinstance(baseline, Previewing):
        trains = "training" in baseline.needs
        try:
            shown = [_shown(baseline, task.study, example, text, trains=trains) for example in both]
        except HarnessError as fault:
            why = f"its prompt cannot be shown ({fault})"
    assumed = () if shown else (f"{why}: the question alone is counted",)
    shown = shown or [text.prompt(example.messages) for example in both]
    longest, typical, question, shared = text.counts([*shown, both[1].question.text, commonprefix(shown)])
    around = max(0, typical - question)
    return _Lengths(longest, typical, around, min(shared, around)), assumed


def _shown(baseline: Previewing, study: Study, example: Example, text: ModelText, *, trains: bool) -> str:
    """Return the prompt that an arm shows for one question: a preview shows the first row of dev, or of train."""
    with_it = replace(study, dev=(example,))
    if trains:
        with_it = replace(with_it, train=(example, *study.train))
    return text.prompt(baseline.preview(with_it).messages)


def _documents(study: Study, text: ModelText) -> list[int]:
    return _counts([document.text for document in study.documents], text)


def _by_length(examples: Sequence[Example]) -> list[Example]:
    return sorted(examples, key=lambda example: sum(len(message.content) for message in example.messages))


def _counts(texts: Sequence[str], text: ModelText) -> list[int]:
    """Count the tokens of the longest texts and of a sample of the others."""
    if len(texts) > MOST_COUNTED:
        ordered = sorted(texts, key=len)
        texts = [*ordered[-8:], *ordered[:: -(-len(ordered) // MOST_COUNTED)]]
    return text.counts(texts)


def _frame(text: ModelText) -> int:
    """Return the tokens that two turns of a conversation add to their words."""
    turns = [Message("user", "."), Message("assistant", "."), Message("user", ".")]
    one, three = text.counts([text.prompt(turns[:1]), text.prompt(turns)])
    return max(0, three - one - 2)


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0


def _number(options: Any, name: str, default: int) -> int:
    found = getattr(options, name, default)
    return int(found) if isinstance(found, int | float) else default


def _numbers(options: Any, name: str) -> tuple[float, ...]:
    """Return an option of several values; none where the arm has no such option."""
    found = getattr(options, name, ())
    return tuple(found) if isinstance(found, tuple | list) else ()
