"""A page of real test items with every arm's answer, chosen by a fixed rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records import UNCORRECTED, Evidence, Example, Prediction, Run
from reports import numbers
from reports.text import Clipped, clip
from reports.view.shapes import FAMILIES, OUTCOMES, Mood

Kind = Literal["split", "wrong", "right", "unmeasured"]
KINDS: dict[Kind, str] = {
    "split": "arms disagree",
    "wrong": "all arms wrong",
    "right": "all arms right",
    "unmeasured": "no arm scored",
}
SHARES: dict[Kind, float] = {"split": 0.6, "wrong": 0.25, "right": 0.15, "unmeasured": 0.0}
RIGHT = 0.5  # a graded score from here on counts as right when items are sorted into kinds


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of the examples is shown; whatever is left out is counted beside it."""

    items: int = 24
    characters: int = 700  # of a question, a target or a raw completion; answers get half


@dataclass(frozen=True, slots=True)
class Reply:
    """One arm's answer to one item."""

    arm: str
    family: str
    mark: str
    mood: Mood
    answer: Clipped | None  # None: no answer could be read
    outcome: str
    raw: Clipped
    raw_differs: bool  # the completion holds more than the answer
    passages: str


@dataclass(frozen=True, slots=True)
class Item:
    """One test item with all its answers."""

    id: Clipped
    place: int  # in the test set, from 1; links lead to it
    kind: Kind
    kind_name: str
    turns: tuple[tuple[str, Clipped], ...]
    target: Clipped
    replies: tuple[Reply, ...]
    right: int
    scored: int


@dataclass(frozen=True, slots=True)
class ExamplesSection:
    """The items shown, and how many of each kind there are in all."""

    finding: str
    items: tuple[Item, ...]
    kinds: tuple[tuple[Kind, str, int, int], ...]  # kind, name, shown, in all
    note: str


@dataclass(frozen=True)
class Answers:
    """One arm's answers and primary scores by item."""

    evidence: Evidence
    predictions: Mapping[str, Prediction]
    scores: Mapping[str, float]


def examples_section(run: Run, caps: Caps) -> ExamplesSection:
    """Choose and lay out the items."""
    answers = [_answers(run, evidence) for evidence in run.evidence if evidence.predictions]
    kinds = {example.id: _kind(example.id, answers) for example in run.examples}
    chosen = choose([(example.id, kinds[example.id]) for example in run.examples], caps.items)
    by_id = {example.id: (place, example) for place, example in enumerate(run.examples, 1)}
    items = tuple(_item(*by_id[identity], kinds[identity], answers, caps) for identity in chosen)
    counts = tuple(
        (kind, name, sum(item.kind == kind for item in items), list(kinds.values()).count(kind))
        for kind, name in KINDS.items()
    )
    disagreeing = counts[0][3]
    finding = (
        f"On {disagreeing} of {numbers.plural(len(run.examples), 'test item')} one arm is right where another is wrong."
    )
    values = {score for arm in answers for score in arm.scores.values()}
    graded = " A graded score of 50% or more counts as right here." if values - {0.0, 1.0} else ""
    graded += f" Right and wrong are {UNCORRECTED}." if run.decision.basis is not None else ""
    note = (
        f"{numbers.plural(len(items), 'item')} chosen by a fixed rule: items on which arms disagree first, then"
        f" those that all got wrong, then those that all got right, spread evenly over the test set.{graded}"
        " The rest is in items.parquet."
    )
    return ExamplesSection(finding, items, tuple(count for count in counts if count[3]), note)


def choose(kinds: Sequence[tuple[str, Kind]], wanted: int) -> list[str]:
    """Return ids: each kind's share, spread evenly, and free places given to the kinds in order."""
    groups = {kind: [identity for identity, found in kinds if found == kind] for kind in KINDS}
    places = {kind: min(len(group), round(wanted * SHARES[kind])) for kind, group in groups.items()}
    for kind, group in groups.items():
        free = wanted - sum(places.values())
        places[kind] += max(0, min(free, len(group) - places[kind]))
    chosen = []
    for kind, group in groups.items():
        chosen += [group[index * len(group) // places[kind]] for index in range(places[kind])]
    return chosen


def _answers(run: Run, evidence: Evidence) -> Answers:
    scores = {score.example_id: score.value for score in evidence.scores.get(run.primary_metric, ())}
    return Answers(evidence, {p.example_id: p for p in evidence.predictions}, scores)


def _kind(identity: str, answers: Sequence[Answers]) -> Kind:
    scores = [arm.scores[identity] for arm in answers if identity in arm.scores]
    if not scores:
        return "unmeasured"
    right = sum(score >= RIGHT for score in scores)
    return "wrong" if right == 0 else "right" if right == len(scores) else "split"


def _item(place: int, example: Example, kind: Kind, answers: Sequence[Answers], caps: Caps) -> Item:
    replies = tuple(_reply(arm, example.id, caps) for arm in answers if example.id in arm.predictions)
    scores = [arm.scores[example.id] for arm in answers if example.id in arm.scores]
    return Item(
        id=clip(example.id, 80),
        place=place,
        kind=kind,
        kind_name=KINDS[kind],
        turns=tuple((turn.role, clip(turn.content, caps.characters)) for turn in example.messages),
        target=clip(example.target, caps.characters),
        replies=replies,
        right=sum(score >= RIGHT for score in scores),
        scored=len(scores),
    )


def _reply(arm: Answers, identity: str, caps: Caps) -> Reply:
    prediction = arm.predictions[identity]
    mark, mood = _mark(arm.scores.get(identity))
    return Reply(
        arm=arm.evidence.arm,
        family=FAMILIES[arm.evidence.family],
        mark=mark,
        mood=mood,
        answer=clip(prediction.answer, caps.characters // 2) if prediction.answer is not None else None,
        outcome=OUTCOMES[prediction.outcome],
        raw=clip(prediction.text, caps.characters),
        raw_differs=prediction.text.strip() != (prediction.answer or "").strip(),
        passages=str(clip(", ".join(prediction.passages), 200)),
    )


def _mark(score: float | None) -> tuple[str, Mood]:
    if score is None:
        return "not scored", "absent"
    if score in (0.0, 1.0):
        return ("right", "good") if score else ("wrong", "bad")
    return numbers.percent(score), "good" if score >= RIGHT else "bad"
