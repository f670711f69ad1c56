"""Runs benchmark items through lm-eval and reads each item's score out of what it reports."""

import hashlib
import json
import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import TemplateError
from lm_eval.evaluator import evaluate

from harness.contract import Engine
from harness.errors import HarnessError
from harness.general.benchmark_tasks import RowsTask, choose, load_tasks, pools
from harness.general.lm_eval_model import Advance, EngineLM
from harness.general.pools import Use
from harness.general.prompt_faults import settle_shots
from harness.quiet import quiet
from harness.records import BenchmarkItem, Weights

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
    commits: Mapping[str, str],
    seed: int,
    use: Use,
    advance: Advance,
) -> tuple[BenchmarkItem, ...]:
    """Score a seeded sample of benchmark items; see `harness.general.measure.measure`.

    An item that these weights cannot score (its prompt is too long, a log-probability is not finite) has the score
    NaN and no probability.
    """
    with quiet():
        loaded, chosen = _prepared(tasks, limit, include_path, commits, seed, use)
        if not loaded:
            return ()
        model = EngineLM(engine, weights, advance, loaded)
        with _rendered():
            results = evaluate(lm=model, task_dict={"tasks": loaded}, samples=chosen, bootstrap_iters=0)
    lost = {(name, chosen[name][place]) for name, place in model.lost}
    return tuple(item for name, task in loaded.items() for item in _items(name, task, results["samples"][name], lost))


def asked_items(
    *,
    tasks: Sequence[str],
    limit: int,
    include_path: Path | None,
    commits: Mapping[str, str],
    seed: int,
    use: Use,
) -> list[dict[str, Any]]:
    """Return what `benchmark_items` would ask, without a model: of each item its prompts, options and right answer."""
    asked = []
    with quiet():
        loaded, chosen = _prepared(tasks, limit, include_path, commits, seed, use)
        for name, task in loaded.items():
            with _rendered():
                task.build_all_requests(samples=chosen[name])
            rules = _rules(task, include_path)
            for instance in task.instances:
                item = chosen[name][instance.doc_id]
                right = task.doc_to_target(instance.doc)
                asked.append({"task": name, "item": item, "asked": instance.args, "right": right, "rules": rules})
    return asked


@contextmanager
def _rendered() -> Iterator[None]:
    """Say which template cannot be rendered; one that would leave the sandbox is told so too."""
    try:
        yield
    except TemplateError as fault:
        raise HarnessError(f"general.tasks: a template cannot be rendered: {fault}; fix the task's file") from fault


def _rules(task: Any, include_path: Path | None) -> str:
    """Hash how a task turns answers into scores: its configuration, less where its data lie, and the code beside it."""
    elsewhere = ("dataset_", "custom_dataset", "metadata")  # the prompts say what the data are
    listed = {key: value for key, value in task.config.to_dict().items() if not key.startswith(elsewhere)}
    digest = hashlib.sha256(json.dumps(listed, sort_keys=True, default=_named).encode())
    if not isinstance(task, RowsTask) and include_path is not None:
        for file in sorted(include_path.rglob("*.py")):
            digest.update(file.relative_to(include_path).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _named(value: object) -> str:
    """Name what JSON does not hold; never by an address in memory."""
    return str(getattr(value, "__qualname__", type(value).__qualname__))


def _prepared(
    tasks: Sequence[str], limit: int, include_path: Path | None, commits: Mapping[str, str], seed: int, use: Use
) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Load the tasks and choose their items; for selection, a task without any is left out."""
    random.seed(_RANDOM_SEED)
    np.random.seed(_OTHER_SEED)
    loaded = load_tasks(tasks, include_path, commits)
    numbers = pools(loaded, use)
    if use == "selection":
        # a glance at the most: of more benchmarks than items, some
        having = sorted(name for name in numbers if numbers[name])
        random.Random(f"{seed}:{use}").shuffle(having)
        numbers = {name: numbers[name] for name in having[:limit]}
    chosen = choose(numbers, limit, seed) if numbers else {}
    loaded = {name: task for name, task in loaded.items() if name in chosen}
    for name, task in loaded.items():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        settle_shots(name, task)
        task.set_fewshot_seed(seed=_OTHER_SEED)
    return loaded, chosen


def _items(
    name: str, task: Any, samples: Sequence[dict[str, Any]], lost: Collection[tuple[str, int]]
) -> list[BenchmarkItem]:
    metric = _headline(name, task, samples)
    first = samples[0]["filter"]  # a task may read one completion by several filters
    items = []
    for sample in samples:
        if sample["filter"] != first:
            continue
        options = _options(task, sample)
        is_scored = (name, sample["doc_id"]) not in lost and all(map(math.isfinite, _logprobs(sample)))
        items.append(
            BenchmarkItem(
                task=name,
                item=str(sample["doc"]["number"] if isinstance(task, RowsTask) else sample["doc_id"]),
                score=float(sample[metric]) if is_scored else math.nan,
                probability=_probability(task, metric, options, sample) if is_scored else None,
                chance=1 / len(options) if options and metric.startswith("acc") else None,
                metric=metric,
            )
        )
    return items


def _options(task: Any, sample: dict[str, Any]) -> list[str]:
    return list(task.doc_to_choice(sample["doc"])) if task.OUTPUT_TYPE == "multiple_choice" else []


def _logprobs(sample: dict[str, Any]) -> list[float]:
    """Return the log-probabilities that an item rests on; none of a generated text."""
    return [response[0][0] for response in sample["resps"] if isinstance(response[0], tuple)]


def _headline(name: str, task: Any, samples: Sequence[dict[str, Any]]) -> str:
    """Return the first metric of the task's list that scores single items; it must not hang on what a model said.

    Raises:
        HarnessError: If no metric does, or its scores do not lie in [0, 1].
    """
    rising = task.higher_is_better()
    listed = [str(entry["metric"]) for entry in task.get_config("metric_list") or []]
    for metric in (*listed, *samples[0]["metrics"]):
        if rising.get(metric) and metric not in _OF_A_CORPUS and isinstance(samples[0].get(metric), int | float):
            return str(metric)
    raise HarnessError(
        f"general.tasks: '{name}' has no metric that scores single items from 0 to 1 "
        f"(it has {', '.join(samples[0]['metrics'])}); take a multiple-choice or exact-match task"
    )


_OF_A_CORPUS = frozenset({"bleu", "chrf", "ter", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte"})


def _probability(task: Any, metric: str, options: list[str], sample: dict[str, Any]) -> float | None:
    """Return the probability of the right option, normalised over the options, or of the text itself without any.

    Where the score compares options per character (acc_norm), so does the probability: each log-probability counts as
    if its option had the mean length.
    """
    if task.OUTPUT_TYPE == "loglikelihood":
        return math.exp(_logprobs(sample)[0])
    gold = sample["target"]
    if isinstance(gold, str) and gold in options:
        gold = options.index(gold)
    if not isinstance(gold, int) or not 0 <= gold < len(options):
        return None
    logprobs = _logprobs(sample)[: len(options)]
    if metric == "acc_norm" and all(options):
        mean = sum(map(len, options)) / len(options)
        logprobs = [value * mean / len(option) for value, option in zip(logprobs, options, strict=True)]
    highest = max(logprobs)
    return math.exp(logprobs[gold] - highest) / sum(math.exp(value - highest) for value in logprobs)
