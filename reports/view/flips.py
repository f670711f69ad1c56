"""Test items on which one arm of a pair scores higher, a few each way, readable without a script."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.records import Comparison, Evidence, Example, Prediction, Run
from reports import numbers
from reports.text import clip, one_line
from reports.view.examples import Caps
from reports.view.lookup import evidence_of, leading, reference_prompt
from reports.view.shapes import OUTCOMES, Table, table

EACH_WAY = 3


@dataclass(frozen=True, slots=True)
class Flips:
    """One pair: what is folded away, and a table for each way that has items."""

    title: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class _Side:
    """One arm of a pair."""

    name: str
    scores: Mapping[str, float]
    predictions: Mapping[str, Prediction]

    @classmethod
    def of(cls, evidence: Evidence, metric: str) -> "_Side":
        scores = {score.example_id: score.value for score in evidence.scores.get(metric, ())}
        return cls(evidence.arm, scores, {p.example_id: p for p in evidence.predictions})


def flips(run: Run, caps: Caps) -> tuple[Flips, ...]:
    """Lay out every pair with the leading arm, then every other one with dev's prompt; nothing where no item fits."""
    return tuple(_flips(run, *pair, caps) for pair in _pairs(run)) if caps.items else ()


def _pairs(run: Run) -> Iterator[tuple[_Side, _Side]]:
    lead, seen = leading(run), set()
    for arm in dict.fromkeys(filter(None, (lead.arm if lead else None, reference_prompt(run)))):
        for found in run.decision.pairs:
            other = _other(found, arm)
            if other is None or {arm, other} in seen or not found.wins + found.losses:
                continue
            seen.add(frozenset((arm, other)))
            sides = (evidence_of(run, arm), evidence_of(run, other))
            if sides[0] is not None and sides[1] is not None:
                yield _Side.of(sides[0], run.primary_metric), _Side.of(sides[1], run.primary_metric)


def _other(found: Comparison, arm: str) -> str | None:
    return found.against if found.arm == arm else found.arm if found.against == arm else None


def _flips(run: Run, first: _Side, second: _Side, caps: Caps) -> Flips:
    ways = ((first, second), (second, first))
    items = [_items(run, better, worse) for better, worse in ways]
    tables = tuple(_table(found, *way, caps) for found, way in zip(items, ways, strict=True) if found)
    higher, lower = numbers.plural(len(items[0]), "item"), numbers.count(len(items[1]))
    return Flips(f"{first.name} against {second.name}: higher on {higher}, lower on {lower}", tables)


def _items(run: Run, better: _Side, worse: _Side) -> list[tuple[int, Example]]:
    """Return the items on which the first arm scores higher, with their places in the test set."""
    shared = better.scores.keys() & worse.scores.keys()
    return [
        (place, example)
        for place, example in enumerate(run.examples, 1)
        if example.id in shared and better.scores[example.id] > worse.scores[example.id]
    ]


def _table(found: list[tuple[int, Example]], better: _Side, worse: _Side, caps: Caps) -> Table:
    shown = min(EACH_WAY, len(found))
    chosen = [found[index * len(found) // shown] for index in range(shown)]  # spread evenly over the test set
    longest = caps.characters // 4
    rows = [
        [
            f"{place}: {clip(example.id, 40)}",
            *(str(clip(one_line(text), longest)) for text in (example.messages[-1].content, example.target)),
            *(_said(side, example.id, longest) for side in (better, worse)),
        ]
        for place, example in chosen
    ]
    caption = f"{better.name} scores higher: {shown} of {numbers.plural(len(found), 'item')}"
    return table(caption, ("Item", "Question", "Right answer", better.name, worse.name), rows)


def _said(side: _Side, item: str, longest: int) -> str:
    prediction = side.predictions[item]
    if prediction.answer is None:
        return OUTCOMES[prediction.outcome]
    return str(clip(one_line(prediction.answer), longest))
