"""Time and money: tokens by the task's own counts, at a speed that an earlier run, a probe or the user tells.

A plan never guesses a speed. Training a token is taken to cost three times asking it: a pass forward, and one of twice
the work backward (Kaplan et al. 2020, arXiv 2001.08361). Figures are upper bounds, as early stopping may end sooner.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.evidence.phases import Behind
from harness.json_files import read_json
from harness.planning.demands import Demand
from harness.planning.record import ArmCost, Speed
from harness.task.task import CostSpec

TRAINING_PASSES = 3.0  # of a trained token, in asked ones
WRITING_PASSES = 3.0  # of a written token: the embedded model reads 700 a second on two cores, and writes 220
PENALTY_PASSES = 4.0  # of a general text, one a step; the base reads it too
# General ability, about: a benchmark item with its options, a held-out text, an unrelated question with its answer.
ITEM_TOKENS, TEXT_TOKENS, QUESTION_TOKENS = 120, 150, 60
TEXTS, QUESTIONS = 40, 256
SELECTION = 24 * ITEM_TOKENS + 16 * TEXT_TOKENS + 2 * 64 * QUESTION_TOKENS  # asked of each tuning that is weighed
WEIGHED = 6  # checkpoints and strengths, about
HOUR = 3600.0


def arm_costs(
    demands: Sequence[Demand], benchmark_items: int, prices: CostSpec, speed: Speed | None
) -> tuple[ArmCost, ...]:
    """Predict what each arm takes.

    Args:
        demands: The arms.
        benchmark_items: That the task asks for.
        prices: The user's.
        speed: Tokens a second of the machine; None where nobody has told, and then neither time nor money is given.
    """
    return tuple(_cost(demand, benchmark_items, prices, speed) for demand in demands)


def _cost(demand: Demand, benchmark_items: int, prices: CostSpec, speed: Speed | None) -> ArmCost:
    asked = demand.fits * asked_tokens(demand, benchmark_items)
    trained = demand.fits * trained_tokens(demand)
    request = _request(demand)
    if speed is None:
        return ArmCost(demand.arm, asked, trained, request, None, None, None)
    seconds = asked / speed.asked + trained * TRAINING_PASSES / speed.asked
    monthly = None
    if prices.requests_per_month is not None:
        monthly = _money(prices.requests_per_month * request / speed.asked, prices)
    return ArmCost(demand.arm, asked, trained, request, seconds, _money(seconds, prices), monthly)


def judge_cost(name: str, answers: int, tokens: int, prices: CostSpec, speed: Speed | None) -> ArmCost:
    """Predict what judging takes: so many answers at so many tokens each, over all orders; in use it costs nothing."""
    seconds = None if speed is None else answers * tokens / speed.asked
    return ArmCost(
        name, answers * tokens, 0, tokens, seconds, None if seconds is None else _money(seconds, prices), None
    )


def _money(seconds: float, prices: CostSpec) -> float | None:
    return None if prices.gpu_hour is None else seconds / HOUR * prices.gpu_hour


def asked_tokens(demand: Demand, benchmark_items: int) -> int:
    """Count the tokens that a fit reads and writes: the test, dev once for each look, and general ability."""
    return answers(demand) * _request(demand) + _general(demand, benchmark_items)


def computed_tokens(demand: Demand, benchmark_items: int) -> float:
    """Weigh what `asked_tokens` counts as the engine computes it, in tokens that are read.

    What all prompts begin with is counted once for each sample; it is read again with every hundred questions or so.
    """
    asked = demand.samples * (demand.shared_prompt + answers(demand) * _computed_each(demand))
    return asked + _general(demand, benchmark_items)


def _computed_each(demand: Demand) -> float:
    return demand.typical_prompt - demand.shared_prompt + WRITING_PASSES * demand.typical_answer


def work_behind(demand: Demand, benchmark_items: int) -> Behind | None:
    """Weigh, as `computed_tokens` does, what follows an arm's training; None of one that trains not at all or twice."""
    if demand.training is None or demand.training.pairs:
        return None
    each, general = _computed_each(demand), _general(demand, benchmark_items) - WEIGHED * SELECTION
    return Behind(WEIGHED * (SELECTION + demand.dev_rows * each), demand.questions * each + general)


def answers(demand: Demand) -> int:
    """Count how many questions a fit answers, of test and of dev."""
    if demand.training is None:
        return demand.questions + demand.dev_rows + (demand.candidates - 1) * min(demand.chosen_on, demand.dev_rows)
    looks = 1 + demand.training.epochs + demand.training.reading_looks + WEIGHED
    return demand.questions + looks * demand.dev_rows


def _general(demand: Demand, benchmark_items: int) -> int:
    """Count the tokens of a tuned arm's general ability, and of looks at what is forgotten."""
    if demand.training is None:
        return 0
    general = benchmark_items * ITEM_TOKENS + TEXTS * TEXT_TOKENS + QUESTIONS * QUESTION_TOKENS
    return general + WEIGHED * SELECTION


def _request(demand: Demand) -> int:
    """Count the tokens of one question and its answer, each time that it is asked."""
    return (demand.typical_prompt + demand.typical_answer) * demand.samples


def trained_tokens(demand: Demand) -> int:
    """Count the tokens that training reads, each epoch again, at most."""
    training = demand.training
    if training is None:
        return 0
    steps = training.epochs * training.steps + training.trial_steps + training.reading_steps
    rows = training.epochs * training.rows + training.trial_steps * training.batch_rows
    penalty = demand.general_row * PENALTY_PASSES / TRAINING_PASSES if training.has_penalty else 0
    of_rows = rows * training.typical + 2 * training.pairs * training.typical
    return round(of_rows + training.reading_tokens + steps * penalty)


def earlier_speed(folder: Path, model: str) -> Speed | None:
    """Read the speed of the newest finished run of the same model in this folder.

    Smoke runs are passed over: their batches are too small to tell. Files that are not results are left alone.
    """
    for file in sorted(folder.glob("*/result.json"), key=lambda path: -path.stat().st_mtime):
        found = _speed_of(file, model)
        if found is not None:
            return found
    return None


def _speed_of(file: Path, model: str) -> Speed | None:
    try:
        result = read_json(file)
        if result["is_fast"] or [one["source"] for one in result["models"]] != [model]:
            return None
        asked = [speed for arm in result["arms"] if (speed := _asked(arm)) is not None]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # of another form: no run of ours, or one that is being written
    return Speed(sorted(asked)[len(asked) // 2], f"the run {file.parent.name} of the same model") if asked else None


def _asked(arm: Mapping[str, Any]) -> float | None:
    cost = arm["cost"]
    if not cost or not cost["seconds_per_item"] or not cost["tokens_per_item"]:
        return None
    return float(cost["tokens_per_item"]) / float(cost["seconds_per_item"])
