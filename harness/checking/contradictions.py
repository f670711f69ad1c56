"""Training answers that contradict what the base model is sure of (`harness check --model`)."""

import math
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from harness.chat.turns import without_thought
from harness.checking.findings import Finding, Hit, Severity, gathered
from harness.checking.reading import Material, Record
from harness.checking.shown import quoted
from harness.contract import Engine
from harness.program import Prompt
from harness.records import GenerationSettings, Message, Weights
from harness.words import words_of

MOST_ROWS = 200  # minutes of a small model on two cores
BATCH = 16
EXTRA_TOKENS = 32  # beyond the longest answer: models like whole sentences
CONFIDENT = 0.8  # mean probability a token (geometric) of the model's own answer
TIMES = 2.0  # and so many times that of the row's answer
STYLE = 0.5  # above this share of the rows it is how the task wants answers, not what is true

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    record: Record
    messages: tuple[Message, ...]
    said: str


def find_contradictions(
    material: Material, engine: Engine, weights: Weights, say: Progress, most: int = MOST_ROWS
) -> list[Finding]:
    """Ask the base model the training questions and list where it is confident in another answer.

    Args:
        material: The task; its system prompt and template make the questions.
        engine: Serves `weights`; must generate and score.
        weights: The base model.
        say: Told how far it is, and when rows are sampled.
        most: At most so many rows are asked, drawn with the task's first seed.
    """
    records, seed = material.splits["train"], material.content.settings.seeds[0]
    if len(records) > most:
        say(f"asking {most} of the {len(records)} training rows, drawn with seed {seed}")
        records = [records[at] for at in sorted(random.Random(seed).sample(range(len(records)), most))]
    asked = [
        one
        for batch in _batches(material, engine, records)
        for one in _ask(batch, engine, weights, _settings(engine, records), say)
    ]
    labels = {_plain(record.answer) for record in records} if material.has_labels else set()
    differing = [one for one in asked if _differs(one, labels)]
    hits = list(_contradicted(differing, engine, weights))
    is_style = len(hits) > STYLE * len(records)
    severity: Severity = "note" if is_style else "warning"
    why = "so often that it is how the task wants answers" if is_style else "look who is right"
    title = f"training answers that contradict the model's confident own ({len(records)} rows asked)"
    remedy = f"{why}; answers against what a model knows teach it to make things up"
    return gathered("contradiction", severity, title, remedy, hits)


def _settings(engine: Engine, records: Sequence[Record]) -> GenerationSettings:
    longest = max(engine.answer_tokens(record.example.target) for record in records)
    return GenerationSettings(longest + EXTRA_TOKENS)


def _batches(
    material: Material, engine: Engine, records: Sequence[Record]
) -> Iterator[list[tuple[Record, tuple[Message, ...]]]]:
    """Yield rows of like length together."""
    prompt = Prompt(material.content.settings.prompt.system, material.content.settings.prompt.template)
    rows = [(record, prompt.messages(record.example.question)) for record in records]
    rows.sort(key=lambda row: engine.count_tokens(row[1]))
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]


def _ask(
    batch: Sequence[tuple[Record, tuple[Message, ...]]],
    engine: Engine,
    weights: Weights,
    settings: GenerationSettings,
    say: Progress,
) -> list[_Asked]:
    """Return the rows of a batch with what the model says; an answer that was cut off is none."""
    completions = engine.generate([messages for _, messages in batch], settings, weights)
    say(f"asked {len(batch)} training rows")
    return [
        _Asked(record, messages, without_thought(completion.text).strip())
        for (record, messages), completion in zip(batch, completions, strict=True)
        if completion.finish == "stop"
    ]


def _differs(one: _Asked, labels: Collection[str]) -> bool:
    """Whether the model says something else than the row: another label, or a text without the row's answer."""
    said, right = _plain(one.said), _plain(one.record.example.target)
    if labels:
        return said in labels and said != right
    return bool(said) and f" {right} " not in f" {said} " and f" {said} " not in f" {right} "


def _plain(text: str) -> str:
    return " ".join(words_of(text))


def _contradicted(asked: Sequence[_Asked], engine: Engine, weights: Weights) -> Iterator[Hit]:
    for begin in range(0, len(asked), BATCH):
        batch = asked[begin : begin + BATCH]
        requests = [(one.messages, [one.said, one.record.example.target]) for one in batch]
        for one, (own, right) in zip(batch, engine.loglikelihood(requests, weights), strict=True):
            sure, given = (math.exp(each.logprob / max(1, each.tokens)) for each in (own, right))
            if sure >= CONFIDENT and sure >= TIMES * given:
                row, said = quoted(one.record.example.target, 40), quoted(one.said, 60)
                text = f"the row says {row} ({given:.0%} a token), the model {said} ({sure:.0%})"
                yield Hit((one.record.place,), text)
