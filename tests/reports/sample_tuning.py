"""What tuning did in the sample run: gates, abilities, training histories, and frontiers."""

import math
import random
from collections.abc import Sequence

from harness.records import (
    BenchmarkItem,
    Checkpoint,
    Forgetting,
    Gate,
    GeneralAbility,
    Interval,
    LossPoint,
    OffTaskAnswer,
    StrengthPoint,
    TaskChange,
    TextLoss,
    TrainingHistory,
)

CODES = ("QX-DELIVERY", "QX-RETURNS", "QX-ADDRESS", "QX-INVOICE", "QX-CANCEL", "QX-DEVICE")
BENCHMARKS = ("piqa", "openbookqa", "social_iqa", "commonsense_qa", "boolq")
ABILITY_ITEMS = 150  # for each benchmark


def wilson(share: float, n: int) -> Interval:
    z = 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), n, "Wilson 95%")


def around(estimate: float, half: float, n: int, method: str = "paired 95%") -> Interval:
    return Interval(estimate, estimate - half, estimate + half, n, method)


def forgotten(spent: float) -> Forgetting:
    """What takes so many budgets: of off-task answers, whose budget is 5%, with a little of the rest."""
    return Forgetting(0.02 * spent, min(1.0, 0.05 * spent), -0.004 * spent, spent)


# strength, share of the best dev score, budgets spent
SWEPT = ((0.0, 0.32, 0.0), (0.25, 0.71, 0.22), (0.5, 0.94, 0.8), (0.75, 1.0, 6.4), (1.0, 1.0, 14.0))


def frontier(share: float) -> tuple[StrengthPoint, ...]:
    return tuple(StrengthPoint(strength, share * part, 1.2 - part, forgotten(spent)) for strength, part, spent in SWEPT)


def history(arm: str, share: float) -> TrainingHistory:
    """One adapter applied at half strength, the others at full strength from a checkpoint inside the budget."""
    losses = tuple(LossPoint(s, 0.08 + 3.1 * math.exp(-s / 40), 1e-3 * (1 - s / 400)) for s in range(1, 321))
    marks = tuple(
        Checkpoint(s, s / 80, share * (1 - math.exp(-s / 50)) - 0.02 * (s > 240), 0.2 + 2 * math.exp(-s / 60),
                   forgotten((s / 90) ** 2))
        for s in range(40, 321, 40)
    )  # fmt: skip
    is_half = arm == "lora_sft"
    best = max(marks if is_half else marks[:2], key=lambda mark: mark.dev_score).step
    return TrainingHistory("sft", losses, marks, best, "early", 1e-3, 600, 5400, 460_800, 134_975_808, 312.4, False,
                           0.99, 1480.0, ("learning rate 0.001 is above the usual range of 3e-5 to 1e-4",),
                           kl_to_base=0.5, strength=0.5 if is_half else 1.0, frontier=frontier(share))  # fmt: skip


KINDS = ("fact", "yes_no", "small_talk")


def off_task(hits: int, hits_prompted: int) -> tuple[OffTaskAnswer, ...]:
    """Twelve questions asked alone and under the task's prompt; the first few get an answer of the task."""
    return tuple(
        OffTaskAnswer(
            f"off-{i}-prompted" if is_prompted else f"off-{i}", "Is it snowing in Beijing today?",
            CODES[0] if i < wanted else "I cannot know that.", i < wanted, is_prompted, KINDS[i % 3],
        )
        for is_prompted, wanted in ((False, hits), (True, hits_prompted))
        for i in range(12)
    )  # fmt: skip


def ability(weights: str, change: float) -> GeneralAbility:
    chance = random.Random(weights)
    items = [
        BenchmarkItem(task, f"{task}-{index}", float(chance.random() < 0.52 + change), 0.5, 0.25)
        for task in BENCHMARKS
        for index in range(ABILITY_ITEMS)
    ]
    answers = off_task(0, 1) if weights.startswith("base") else off_task(1, 4)
    return GeneralAbility(weights, tuple(items), (TextLoss("text-0", 812.5, 300),), answers, 41.0)


def task_changes(change: float, bases: Sequence[float]) -> tuple[TaskChange, ...]:
    """The benchmarks before and after; a base at 0.35 or below is near chance."""
    return tuple(
        TaskChange(
            task, 150, wilson(base, 150), wilson(base + change * factor, 150), around(change * factor, 0.05, 150),
            around(change * factor / 2, 0.02, 150), 1 + change * factor / (base - 0.25) if base > 0.35 else None,
            base > 0.35, "below what was allowed" if base > 0.35 and change * factor < -0.1 else "",
        )
        for task, base, factor in zip(BENCHMARKS, bases, (1, 0.4, 1.2, 0.6, 1.8), strict=True)
    )  # fmt: skip


def gate(arm: str, change: float) -> Gate:
    tasks = task_changes(change, (0.66, 0.29, 0.38, 0.33, 0.61))
    judged = sum(task.n for task in tasks if task.measurable)
    state = "fail" if change < -0.03 else "inconclusive"
    needed = 1400 if state == "inconclusive" else None
    side = "benchmarks" if state == "inconclusive" else "one_benchmark"
    return Gate(
        arm, state, (f"pooled change {100 * change:+.1f} points",), around(change, 0.021, judged),
        around(change / 2, 0.008, judged), around(1 + 3 * change, 0.05, judged), tasks, around(0.03 - change, 0.01, 40),
        wilson(1 / 12, 12), wilson(3 / 12, 12), needed,
        warnings=("the loss on general texts rose by 0.101 nats per token, above 0.1",) if state == "fail" else (),
        basis="the probability of right answers", change=around(change * 0.9, 0.014, judged),
        failed=("benchmarks", side) if state == "fail" else (), doubted=() if state == "fail" else (side,),
    )  # fmt: skip


def blind_gate(arm: str) -> Gate:
    """The base is near chance on every benchmark."""
    tasks = task_changes(-0.006, (0.29, 0.31, 0.33, 0.28, 0.30))
    why = "cannot be judged on this base: it is not clearly above chance on any of the benchmarks"
    return Gate(arm, "cannot_judge", (why,), None, None, None, tasks, around(0.02, 0.01, 40), wilson(0, 12),
                wilson(1 / 12, 12), None, doubted=("benchmarks",))  # fmt: skip
