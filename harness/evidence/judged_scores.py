"""A judge's part of a run's evidence: scores out of the ledger, with people's labels beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from statistics import fmean

from harness.contract import Judging
from harness.decision.agreement import agreement
from harness.decision.arms import MetricSpec
from harness.decision.intervals import score_interval
from harness.decision.judge_errors import Correction
from harness.decision.judged import basis_of
from harness.evidence.judging import judgement_key, said_by_people
from harness.records import (
    Decision,
    Evidence,
    Example,
    Interval,
    JudgedArm,
    JudgeFindings,
    Judgement,
    LabelledJudgement,
    Prediction,
    Score,
)
from harness.store.ledger import Ledger
from harness.task.task import Task


@dataclass(frozen=True)
class JudgedScores:
    """What one judge said in a run."""

    metric: str
    judging: Judging
    task: Task
    judgements: Mapping[str, Judgement]

    @classmethod
    def of(cls, metric: str, judging: Judging, task: Task, ledger: Ledger) -> "JudgedScores":
        """Read what a judge said so far."""
        return cls(metric, judging, task, ledger.judgements(metric))

    @cached_property
    def labels(self) -> Mapping[str, float]:
        """People's labels by the key of the answer; the mean of several."""
        found: dict[str, list[float]] = {}
        rule = self.task.study.answer
        for example in (*self.task.study.dev, *self.task.test):
            for said in example.labelled:
                found.setdefault(judgement_key(example, said_by_people(said, rule)), []).append(said.label)
        return {key: fmean(labels) for key, labels in found.items()}

    @cached_property
    def sample(self) -> tuple[LabelledJudgement, ...]:
        """The answers that people and the judge have both judged."""
        rule = self.task.study.answer
        keys = {
            judgement_key(example, said_by_people(said, rule)): example
            for example in (*self.task.study.dev, *self.task.test)
            for said in example.labelled
        }
        return tuple(
            LabelledJudgement(example.id, example.group, self.labels[key], made.value)
            for key, example in keys.items()
            if (made := self.judgements.get(key)) is not None and made.value is not None
        )

    def score(self, prediction: Prediction, example: Example) -> Score | None:
        """Return the judge's score of a measured answer; None where it is missing.

        `Score.parts` is whether the judge was asked, and on rows that have labels people's label of this answer, NaN
        where they labelled other answers alone. No answer is bad for certain, and so labelled.
        """
        if prediction.answer is None:
            return Score(example.id, 0.0, parts=(0.0, 0.0))
        key = judgement_key(example, prediction.answer)
        made = self.judgements.get(key)
        if made is None or made.value is None:
            return None
        return Score(example.id, made.value, parts=(1.0, self.labels.get(key, nan)) if example.labelled else (1.0,))

    def unjudged(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> tuple[str, ...]:
        """Return the ids of the measured answers that have no score."""
        return tuple(
            example.id
            for prediction, example in zip(predictions, examples, strict=True)
            if prediction.outcome.is_measured and self.score(prediction, example) is None
        )

    def record(self, evidence: Sequence[Evidence], decision: Decision) -> JudgeFindings:
        """Sum up what the judge said of the arms, what people say of it, and what it took.

        Figures are of the items that the decision rests on; where the judge decides, they are the decision's own.
        """
        arms = [one for one in evidence if one.status in ("ok", "invalid") and one.scores.get(self.metric)]
        kept = {name: scores for name, scores in self._on_shared_items(arms, decision).items() if scores}
        arms = [one for one in arms if one.arm in kept]
        decides = self.metric == self.task.primary_metric
        judged = [{score.example_id: score for score in kept[one.arm]} for one in arms if one.arm in decision.scores]
        basis = decision.basis if decides and decision.basis else basis_of(judged, self.sample)
        spec = MetricSpec(
            self.metric,
            "graded",
            lambda scores: fmean(score.value for score in scores),
            {example.id: example.group for example in self.task.test},
            correction=Correction(basis, self.sample),
        )
        figures = {name: score_interval(scores, spec) for name, scores in kept.items()} if self.sample else {}
        figures |= decision.scores if decides else {}
        made = [one for one in self.judgements.values() if one.value is not None]
        orders = sum(one.orders for one in made)
        own = self.task.judges[self.metric]
        on_it = {spec.name for spec in self.task.arms if spec.model == own}
        return JudgeFindings(
            metric=self.metric,
            model=own.source,
            decides=decides,
            basis=basis,
            agreement=agreement(self.sample),
            arms=tuple(self._arm(one, kept[one.arm], figures.get(one.arm)) for one in arms),
            own_arms=tuple(one.arm for one in arms if one.arm in on_it),
            answers=len(made),
            first_share=sum(one.firsts for one in made) / orders if orders else None,
            tokens=sum(one.prompt_tokens + one.read_tokens for one in made),
            seconds=sum(one.seconds for one in made),
        )

    def _on_shared_items(self, arms: Sequence[Evidence], decision: Decision) -> dict[str, list[Score]]:
        """Return each arm's scores; of those that were judged, on the items that the decision has of all of them."""
        primary = [{one.example_id for one in arm.scores[self.task.primary_metric]} for arm in arms]
        judged = [items for arm, items in zip(arms, primary, strict=True) if arm.arm in decision.scores]
        shared = set.intersection(*judged) if judged else set()
        return {
            arm.arm: [
                one for one in arm.scores[self.metric] if arm.arm not in decision.scores or one.example_id in shared
            ]
            for arm in arms
        }

    def _arm(self, evidence: Evidence, kept: Sequence[Score], figure: Interval | None) -> JudgedArm:
        scores = evidence.scores[self.metric]
        examples = {example.id: example for example in self.task.test}
        asked = [prediction for prediction in evidence.predictions if prediction.outcome.is_measured]
        found = [
            self.judgements.get(judgement_key(examples[one.example_id], one.answer))
            for one in asked
            if one.answer is not None
        ]
        total, unjudged = sum(score.value for score in scores), len(asked) - len(scores)
        return JudgedArm(
            arm=evidence.arm,
            n=len(kept),
            unjudged=unjudged,
            ties=sum(one is not None and one.is_tie for one in found),
            labelled=sum(
                one.answer is not None and judgement_key(examples[one.example_id], one.answer) in self.labels
                for one in asked
            ),
            raw=fmean(score.value for score in kept),
            worst=total / len(asked),
            best=(total + unjudged) / len(asked),
            corrected=figure,
        )
