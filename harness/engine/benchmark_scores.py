"""Runs benchmark items through lm-eval and reads each item's score out of what it reports."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lm_eval.evaluator import evaluate
from lm_eval.tasks import TaskManager

from harness.contract import Engine
from harness.engine.lm_eval_model import Advance, EngineLM
from harness.engine.quiet import quiet
from harness.errors import HarnessError
from harness.plugins import suggest
from harness.records import BenchmarkItem, Weights

OURS = Path(__file__).parent / "benchmarks"
CORE = ("core_piqa", "core_openbookqa", "core_social_iqa", "core_commonsense_qa", "core_boolq")

# The seeds of lm-eval's command: a task that shuffles or draws few-shot examples must draw the same here.
_RANDOM_SEED = 0
_OTHER_SEED = 1234


def benchmark_items(
    engine: Engine,
    weights: Weights,
    *,
    tasks: Sequence[str],
    limit: int,
    include_path: Path | None,
    seed: int,
    advance: Advance,
) -> tuple[BenchmarkItem, ...]:
    """Score a seeded sample of benchmark items; see `harness.engine.general.measure`."""
    random.seed(_RANDOM_SEED)
    np.random.seed(_OTHER_SEED)
    with quiet():
        loaded = load_tasks(tasks, include_path)
        samples = choose({name: len(task.eval_docs) for name, task in loaded["tasks"].items()}, limit, seed)
        for task in loaded["tasks"].values():
            if task.get_config("num_fewshot") is None:
                task.set_config(key="num_fewshot", value=0)
            task.set_fewshot_seed(seed=_OTHER_SEED)
        results = evaluate(lm=EngineLM(engine, weights, advance), task_dict=loaded, samples=samples, bootstrap_iters=0)
    return tuple(
        item for name, task in loaded["tasks"].items() for item in _items(name, task, results["samples"][name])
    )


def load_tasks(names: Sequence[str], include_path: Path | None) -> Any:
    """Load lm-eval tasks by name; 'core' means ours. lm-eval's own are indexed only if needed (seconds).

    Raises:
        HarnessError: If a name is unknown, or a task's data cannot be had.
    """
    wanted = [task for name in names for task in (CORE if name == "core" else (name,))]
    folders = [OURS, *([include_path] if include_path else [])]
    manager = TaskManager(include_path=folders, include_defaults=False)
    if set(wanted) - set(manager.all_tasks):
        manager = TaskManager(include_path=folders)
    for name in wanted:
        if name not in manager.all_tasks:
            near = suggest(name, dict.fromkeys(manager.all_tasks))
            near = near if near.startswith(" (did") else "; `lm-eval ls tasks` lists them"
            raise HarnessError(f"general.tasks: no lm-eval task, group or tag is called '{name}'{near}")
    try:
        return manager.load(list(dict.fromkeys(wanted)))
    except HarnessError:
        raise
    except Exception as fault:  # whatever a third party's task file or data set raises
        said = (str(fault).strip() or type(fault).__name__).splitlines()[0]
        raise HarnessError(
            f"general.tasks: {', '.join(wanted)} cannot be loaded: {said}; lm-eval's own tasks fetch their data "
            "from the hub: connect to it, or use 'core' or task files of your own (general.include_path)"
        ) from fault


def choose(sizes: dict[str, int], limit: int, seed: int) -> dict[str, list[int]]:
    """Choose item numbers, split evenly; what a small task cannot give, the larger ones do.

    Raises:
        HarnessError: If the limit does not give every task an item.
    """
    if limit < len(sizes):
        raise HarnessError(
            f"general.limit is {limit}, fewer than its {len(sizes)} benchmarks; give at least one item each"
        )
    chosen = {}
    left = limit
    for position, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):
        count = min(sizes[name], left // (len(sizes) - position))
        left -= count
        chosen[name] = sorted(random.Random(f"{seed}:{name}").sample(range(sizes[name]), count))
    return chosen


def _items(name: str, task: Any, samples: Sequence[dict[str, Any]]) -> list[BenchmarkItem]:
    metric = _headline(name, task, samples[0])
    first = samples[0]["filter"]  # a task may read one completion by several filters
    items = []
    for sample in samples:
        if sample["filter"] != first:
            continue
        options = _options(task, sample)
        items.append(
            BenchmarkItem(
                task=name,
                item=str(sample["doc_id"]),
                score=float(sample[metric]),
                probability=_probability(options, sample),
                chance=1 / len(options) if options and metric.startswith("acc") else None,
                metric=metric,
            )
        )
    return items


def _options(task: Any, sample: dict[str, Any]) -> list[str]:
    return list(task.doc_to_choice(sample["doc"])) if task.OUTPUT_TYPE == "multiple_choice" else []


def _headline(name: str, task: Any, sample: dict[str, Any]) -> str:
    """Return the first metric of the task's list that gives each item a score in [0, 1]."""
    rising = task.higher_is_better()
    listed = [str(entry["metric"]) for entry in task.get_config("metric_list") or []]
    for metric in (*listed, *sample["metrics"]):
        value = sample.get(metric)
        if rising.get(metric) and isinstance(value, int | float) and 0 <= value <= 1:
            return str(metric)
    raise HarnessError(
        f"general.tasks: '{name}' has no metric that scores single items from 0 to 1 "
        f"(it has {', '.join(sample['metrics'])}); take a multiple-choice or exact-match task"
    )


def _probability(options: list[str], sample: dict[str, Any]) -> float | None:
    """Return the probability of the right option, normalised over the options; None where there is none."""
    gold = sample["target"]
    if isinstance(gold, str) and gold in options:
        gold = options.index(gold)
    if not isinstance(gold, int) or not 0 <= gold < len(options):
        return None
    logprobs = [response[0][0] for response in sample["resps"][: len(options)]]
    highest = max(logprobs)
    return math.exp(logprobs[gold] - highest) / sum(math.exp(value - highest) for value in logprobs)
