"""Small pieces of evidence with chosen figures, for tests of the decision."""

from collections.abc import Mapping, Sequence

from harness.decision import decide
from harness.records import (
    BenchmarkItem,
    Checkpoint,
    Decision,
    Evidence,
    Family,
    Fit,
    Forgetting,
    GeneralAbility,
    Limits,
    OffTaskAnswer,
    Outcome,
    Prediction,
    Score,
    StrengthPoint,
    TextLoss,
    TrainingHistory,
)

METRIC = "exact_match"


def mean(scores: Sequence[Score]) -> float:
    return sum(score.value for score in scores) / len(scores)


def right(count: int, n: int) -> list[float]:
    """`count` right answers first, then the wrong ones: arms built so are nested, never discordant both ways."""
    return [1.0] * count + [0.0] * (n - count)


def evidence(
    arm: str,
    family: Family,
    values: Sequence[float],
    *,
    dev: float | None = 0.5,
    general: GeneralAbility | None = None,
    undertrained: bool = False,
    outcomes: Mapping[int, Outcome] | None = None,
    items: Sequence[str] | None = None,
    strength: float = 1.0,
    spent: float | None = None,
) -> Evidence:
    names = items or [f"q{index}" for index in range(len(values))]
    found = outcomes or {}
    predictions = tuple(
        Prediction(name, "text", "text", found.get(index, Outcome.SCORED), "stop", 10, 2, 0.1)
        for index, name in enumerate(names)
    )
    scores = tuple(Score(name, value) for name, value in zip(names, values, strict=True))
    return Evidence(
        fit=Fit(arm),
        baseline=arm,
        family=family,
        status="ok",
        dev_score=dev,
        predictions=predictions,
        scores={METRIC: scores},
        general=general,
        training=history(undertrained, strength, spent) if family in ("tune", "combine") else None,
    )


def absent(arm: str, family: Family, status: str, reason: str = "out of memory") -> Evidence:
    return Evidence(fit=Fit(arm), baseline=arm, family=family, status=status, reason=reason)


def history(undertrained: bool, strength: float = 1.0, spent: float | None = None) -> TrainingHistory:
    """Training whose adapter, at the strength that was taken, spends so much of the budget; None: not measured."""
    lost = Forgetting(0.0, 0.0, None, spent) if spent is not None else None
    return TrainingHistory(
        method="sft",
        losses=(),
        checkpoints=(Checkpoint(10, 1.0, 0.5, None, lost),) if lost else (),
        best_step=10,
        stopped="end",
        learning_rate=1e-3,
        rows=100,
        trainable_tokens=300,
        trainable_parameters=1000,
        total_parameters=100_000,
        seconds=1.0,
        undertrained=undertrained,
        strength=strength,
        frontier=(StrengthPoint(strength, 0.5, None, lost),) if lost else (),
    )


def general(
    weights: str,
    tasks: Mapping[str, Sequence[float]],
    *,
    chance: float | None = 0.5,
    probabilities: Mapping[str, Sequence[float]] | None = None,
    losses: Sequence[float] = (2.0,) * 20,
    off_task: Sequence[bool] = (False,) * 120,
    prompted: Sequence[bool] = (),
) -> GeneralAbility:
    items = tuple(
        BenchmarkItem(task, str(index), value, probabilities[task][index] if probabilities else None, chance)
        for task, values in tasks.items()
        for index, value in enumerate(values)
    )
    texts = tuple(TextLoss(str(index), loss * 100, 100) for index, loss in enumerate(losses))
    answers = tuple(
        OffTaskAnswer(f"{name}-{index}", "Is it snowing?", "T-12", hit, name == "prompted")
        for name, hits in (("alone", off_task), ("prompted", prompted))
        for index, hit in enumerate(hits)
    )
    return GeneralAbility(weights, items, texts, answers)


BASE = general("base", {"piqa": right(500, 750)})
UNHARMED = general("tuned", {"piqa": right(500, 750)})
HARMED = general("tuned", {"piqa": right(400, 750)})


def settle(arms: Sequence[Evidence], *, limits: Limits | None = None, **changes: object) -> Decision:
    """Decide with everything else as an ordinary run has it."""
    options: dict[str, object] = {
        "primary_metric": METRIC,
        "metric_kind": "rate",
        "aggregate": mean,
        "groups": {score.example_id: None for arm in arms for score in arm.scores.get(METRIC, ())},
        "constant_scores": None,
        "planned_arms": [arm.arm for arm in arms],
        **changes,
    }
    bases = options.pop("bases", [BASE])
    return decide(arms, bases, limits or Limits(), **options)  # type: ignore[arg-type]
