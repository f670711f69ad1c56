"""General ability of one set of weights: benchmark items, loss on held-out text, unrelated questions.

All weights of a run get the same items. What `measure` records for the base or an adapter can be had
from lm-eval's own command too; ITEMS maps task names to the item numbers in `BenchmarkItem.item`:

    lm-eval run --model hf --model_args pretrained=MODEL_FOLDER[,peft=ADAPTER],dtype=float32 \
        --tasks core_piqa,core_boolq --include_path harness/engine/benchmarks \
        --samples '{"core_piqa": [3, 17], "core_boolq": [5]}' --device cpu --batch_size 8
"""

import json
import random
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from harness.contract import Engine
from harness.engine.assets import benchmark_folder
from harness.engine.benchmark_items import TEXTS
from harness.engine.off_task import off_task_answers
from harness.records import GeneralAbility, TextLoss, Weights

TEXT_COUNT = 40

Progress = Callable[[str, int, int], object]


def measure(
    engine: Engine,
    weights: Weights,
    name: str,
    *,
    tasks: Sequence[str],
    limit: int,
    include_path: Path | None,
    task_answers: Collection[str],
    seed: int,
    progress: Progress,
) -> GeneralAbility:
    """Measure what these weights can do outside the task.

    Args:
        engine: The engine that holds the model.
        weights: Which weights are measured.
        name: What the record calls them, e.g. 'base' or an arm's name.
        tasks: 'core', or names of lm-eval tasks, groups and tags.
        limit: Benchmark items in all, split evenly over the tasks; no more texts or unrelated
            questions than that are asked either.
        include_path: Folder of further lm-eval task files.
        task_answers: Targets of the training set, for the off-task probe.
        seed: Chooses items and texts; equal seeds give equal items whatever the weights.
        progress: Told the stage, and how much of it is done.

    Raises:
        HarnessError: If a task is unknown, cannot be loaded, or gives no score per item.
    """
    from harness.engine.benchmark_scores import benchmark_items

    started = time.monotonic()
    advance = partial(progress, "benchmarks")
    items = benchmark_items(
        engine, weights, tasks=tasks, limit=limit, include_path=include_path, seed=seed, advance=advance
    )
    count = min(TEXT_COUNT, limit)
    progress("held-out texts", 0, count)
    texts = text_losses(engine, weights, seed, count)
    progress("unrelated questions", 0, 1)
    answers = off_task_answers(engine, weights, task_answers, limit)
    return GeneralAbility(name, items, texts, answers, time.monotonic() - started)


def text_losses(engine: Engine, weights: Weights, seed: int, count: int) -> tuple[TextLoss, ...]:
    """Return how well encyclopaedia passages are predicted that no benchmark item shows."""
    lines = (benchmark_folder(lambda _: None) / f"{TEXTS}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    chosen = random.Random(f"{seed}:{TEXTS}").sample(rows, count)
    scored = engine.loglikelihood([("", [row["text"]]) for row in chosen], weights)
    return tuple(
        TextLoss(row["id"], -likelihood.logprob, likelihood.tokens)
        for row, [likelihood] in zip(chosen, scored, strict=True)
    )
