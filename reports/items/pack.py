"""All items as one compressed text: each string once, prompts cut where a question or passage stands in them.

The layout (read by `templates/items.js`), version 1, is a list `strings`; everything else names strings by number.
A prompt's turn is a role and the numbers of the strings that make its text when they are joined.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.program import Program, asked
from harness.records import Evidence, Example, Prediction, Run
from reports.text import visible
from reports.view.names import option_names
from reports.view.shapes import OUTCOMES

VERSION = 1
FEWEST_TO_CUT = 24  # characters; a shorter piece is not worth a string of its own


@dataclass
class Strings:
    """Texts by number, each kept once and made safe to look at."""

    known: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return the number of a text, a new one where it was not seen before."""
        return self.known.setdefault(visible(text), len(self.known))


@dataclass(frozen=True)
class _Arm:
    """One arm's answers, ready to be looked up by item."""

    evidence: Evidence
    primary_metric: str

    @cached_property
    def program(self) -> Program | None:
        """What answered, where it was kept whole; its folders are not needed to build a prompt."""
        return Program.from_dict(self.evidence.program, Path()) if "generation" in self.evidence.program else None

    @cached_property
    def scores(self) -> Mapping[str, float]:
        """Primary scores by item."""
        return {score.example_id: score.value for score in self.evidence.scores.get(self.primary_metric, ())}

    @cached_property
    def predictions(self) -> Mapping[str, Prediction]:
        """Answers by item."""
        return {prediction.example_id: prediction for prediction in self.evidence.predictions}


def packed(run: Run, slices: Mapping[str, Mapping[str, str]], limit: int | None = None) -> str:
    """Return the first `limit` items of a run, all of them by default, as base64 of deflated JSON; equal runs agree.

    Args:
        run: What is packed.
        slices: By dimension, the value of each item (see `harness.decision.slices`).
        limit: How many items.
    """
    data = json.dumps(_layout(run, slices, limit), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(data.encode("utf-8"), 9)).decode("ascii")


def _layout(run: Run, slices: Mapping[str, Mapping[str, str]], limit: int | None) -> dict[str, Any]:
    strings, names = Strings(), option_names(run)
    arms = [_Arm(evidence, run.primary_metric) for evidence in run.evidence if evidence.predictions]
    shown = run.examples[:limit]
    items = [_item(example, arms, slices, strings) for example in shown]
    return {
        "version": VERSION,
        "total": len(run.examples),
        "arms": [[visible(arm.evidence.arm), visible(names[arm.evidence.arm])] for arm in arms],
        "outcomes": list(OUTCOMES.values()),
        "slices": [visible(name) for name in slices],
        "items": items,
        "strings": list(strings.known),
    }


def _item(
    example: Example, arms: Sequence[_Arm], slices: Mapping[str, Mapping[str, str]], strings: Strings
) -> dict[str, Any]:
    number = strings.number
    return {
        "id": number(example.id),
        "turns": [[turn.role, number(turn.content)] for turn in example.messages],
        "columns": [[number(column.name), number(column.text)] for column in example.columns],
        "target": number(example.target),
        "accepted": [number(text) for text in example.accepted],
        "slices": [number(values[example.id]) if example.id in values else -1 for values in slices.values()],
        "replies": [_reply(arm, example, strings) for arm in arms],
    }


def _reply(arm: _Arm, example: Example, strings: Strings) -> list[Any] | None:
    """Return score, outcome, answer, completion, tokens in and out, seconds, probability, prompt and passages."""
    made = arm.predictions.get(example.id)
    if made is None:
        return None
    return [
        arm.scores.get(example.id),
        list(OUTCOMES).index(made.outcome),
        -1 if made.answer is None else strings.number(made.answer),
        strings.number(made.text),
        made.prompt_tokens,
        made.completion_tokens,
        round(made.seconds, 3),
        None if made.probability is None else round(made.probability, 4),
        _prompt(arm, example, made, strings),
        [strings.number(passage) for passage in made.passages],
    ]


def _prompt(arm: _Arm, example: Example, made: Prediction, strings: Strings) -> list[Any] | None:
    """Return the conversation that was put to the model; None where it is not known."""
    turns = asked(arm.program, example.question, made) if arm.program is not None else None
    if turns is None:
        return None
    pieces = (*made.passage_texts, *(turn.content for turn in example.messages))
    return [[turn.role, [strings.number(part) for part in cut(turn.content, pieces)]] for turn in turns]


def cut(text: str, pieces: Sequence[str]) -> list[str]:
    """Cut a text where long known pieces stand in it, so that each is kept once; joined, the parts are the text."""
    parts = [text]
    for piece in sorted(filter(lambda one: len(one) >= FEWEST_TO_CUT, set(pieces)), key=lambda one: (-len(one), one)):
        parts = [found for part in parts for found in _split(part, piece, pieces)]
    return parts


def _split(part: str, piece: str, whole: Sequence[str]) -> list[str]:
    if part in whole or piece not in part:
        return [part]
    before, _, after = part.partition(piece)
    return [*filter(None, (before, piece)), *(_split(after, piece, whole) if after else ())]
