"""Benchmark items through our engine and through lm-eval's own `hf` model, in turn: seconds, and the same results?

    python bench/general.py --model smollm2-135m --tasks core --limit 60
    python bench/general.py --model M --tasks a,b --include-path DIR [--adapter A] [--num-fewshot K] [--sampler first_n]
    python bench/general.py --tasks serial_number --include-path bench/benchmarks --num-fewshot 5 --sampler first_n

Both sides get the same requests from lm-eval, and building them counts for both. `hf` runs at the batch size that is
fastest for it on the first items, out of BATCHES; loading a model counts for neither. Solved examples come from where
the task says; `core` has no training split, so its come from the items that the gate never asks.

The last line is JSON. `ratio` is lm-eval's CPU seconds over ours (other work on the machine hardly moves them),
`wall_ratio` the same of the clock, both of the medians; `spread` holds the smallest and the largest ratio of a pair.
`bound` is what computing each distinct token once would give. `identical` says that no item has another score, nor
another text where texts are generated, a tie of two tokens too; `other_texts` counts those.
`max_logprob_difference` is in nats, of a whole continuation, and `peer_logprob_difference` what lm-eval's own batch
sizes differ by on the first items. Ends with 1 where results are not identical.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from lm_eval.api.samplers import get_sampler
from lm_eval.evaluator import evaluate
from lm_eval.models.huggingface import HFLM

from bench.greedy import Ids, sharing_bound
from harness.assets.models import resolve_model
from harness.engine.resident import compute_dtype, default_device
from harness.engine.transformers_engine import TransformersEngine
from harness.general.benchmark_tasks import CORE, load_tasks
from harness.general.lm_eval_model import EngineLM
from harness.general.prompt_faults import settle_shots
from harness.quiet import quiet
from harness.records import Weights

BATCHES = (1, 4, 16, 64)
TRIED = 12  # items of a task, to find the batch size
SEED = 1234

Item = tuple[str, int, str]  # task, place in it, and lm-eval's filter of answers


@dataclass(frozen=True, slots=True)
class Pass:
    """One evaluation: what it took, and what it found, by task and item."""

    cpu: float
    wall: float
    scores: dict[Item, dict[str, Any]]  # without those of whole texts, which are log-probabilities
    replies: dict[Item, list[Any]]


@click.command()
@click.option("--model", default="smollm2-135m")
@click.option("--tasks", default="core", help="Names of lm-eval tasks, separated by commas; 'core' is ours.")
@click.option("--include-path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--adapter", type=click.Path(exists=True, file_okay=False))
@click.option("--limit", type=int, help="Items of each task; all when not given.")
@click.option("--num-fewshot", default=0)
@click.option("--sampler", default="default", help="How lm-eval draws solved examples: default or first_n.")
@click.option("--repeats", default=3)
def main(
    model: str,
    tasks: str,
    include_path: Path | None,
    adapter: str | None,
    limit: int | None,
    num_fewshot: int,
    sampler: str,
    repeats: int,
) -> None:
    """Evaluate in turn and print what each side took."""
    folder = str(resolve_model(model, lambda line: print(line, file=sys.stderr)))
    with quiet():
        loaded = {name: prepared(task, num_fewshot, sampler) for name, task in _load(tasks, include_path).items()}
    engine = TransformersEngine(folder)
    ours = EngineLM(engine, Weights(folder, adapter=adapter), lambda *_: None, loaded)
    device = default_device()
    theirs = HFLM(folder, peft=adapter, dtype=compute_dtype(device), device=str(device))
    samples = {name: _numbers(name, task, limit) for name, task in loaded.items()}
    fewest = max(TRIED, -(-max(BATCHES) // len(samples)))  # for the largest batch to be full
    few = {name: numbers[:fewest] for name, numbers in samples.items()}
    run(ours, loaded, few)  # which loads the weights
    tried = at_every_batch(theirs, loaded, few)
    theirs.batch_size_per_gpu = min(tried, key=lambda size: tried[size].cpu)
    passes: list[tuple[Pass, Pass]] = []
    for number in range(repeats):
        passes.append((run(ours, loaded, samples), run(theirs, loaded, samples)))
        print(f"{number + 1}: ours {_told(passes[-1][0])}, lm-eval {_told(passes[-1][1])}", flush=True)
    found = summary(passes, engine, loaded, samples) | {
        "batch": theirs.batch_size_per_gpu,
        "peer_logprob_difference": largest([difference(one, tried[BATCHES[0]]) for one in tried.values()]),
    }
    print(json.dumps(found))
    sys.exit(0 if found["identical"] else 1)


def _load(tasks: str, include_path: Path | None) -> dict[str, Any]:
    return load_tasks(tasks.split(","), include_path)


def prepared(task: Any, shots: int, sampler: str) -> Any:
    """Settle a task's solved examples as lm-eval's command does; ours have their own pool of them."""
    task.set_config(key="num_fewshot", value=shots)
    if shots and task.config.task in CORE:
        pool = [document for document in task.eval_docs if document["use"] != "gate"]
        task.sampler = get_sampler(sampler)(pool, rnd=None)
    elif shots:
        settle_shots(task.config.task, task)
        task.sampler = get_sampler(sampler)(list(task.fewshot_docs()), rnd=None)
    task.set_fewshot_seed(seed=SEED)
    return task


def _numbers(name: str, task: Any, limit: int | None) -> list[int]:
    documents = task.eval_docs
    numbers = [n for n in range(len(documents)) if name not in CORE or documents[n]["use"] == "gate"]
    return numbers[:limit]


def run(model: Any, tasks: dict[str, Any], samples: dict[str, list[int]]) -> Pass:
    """Evaluate once; building the requests counts for both sides."""
    for task in tasks.values():
        task.set_fewshot_seed(seed=SEED)
    wall, cpu = time.perf_counter(), time.process_time()
    with quiet():
        results = evaluate(lm=model, task_dict={"tasks": tasks}, samples=samples, bootstrap_iters=0)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found = {(name, one["doc_id"], one["filter"]): one for name in tasks for one in results["samples"][name]}
    scores = {
        key: {metric: one[metric] for metric in one["metrics"]}
        for key, one in found.items()
        if tasks[key[0]].OUTPUT_TYPE != "loglikelihood_rolling"
    }
    return Pass(cpu, wall, scores, {key: one["resps"] for key, one in found.items()})


def at_every_batch(model: HFLM, tasks: dict[str, Any], samples: dict[str, list[int]]) -> dict[int, Pass]:
    """Let lm-eval evaluate a few items at each batch size."""
    taken = {}
    for size in BATCHES:
        model.batch_size_per_gpu = size
        taken[size] = run(model, tasks, samples)
        print(f"lm-eval at batch {size}: {_told(taken[size])} for a few items", flush=True)
    return taken


def summary(
    passes: Sequence[tuple[Pass, Pass]],
    engine: TransformersEngine,
    tasks: dict[str, Any],
    samples: dict[str, list[int]],
) -> dict[str, Any]:
    """Sum up the passes for the last line."""
    first, other = passes[0]
    ratios = [theirs.cpu / ours.cpu for ours, theirs in passes]

    def ratio(of: Callable[[Pass], float]) -> float:
        ours, theirs = (statistics.median(of(pair[side]) for pair in passes) for side in (0, 1))
        return round(theirs / ours, 3)

    return {
        "ratio": ratio(lambda one: one.cpu),
        "identical": first.scores == other.scores and not other_texts(first, other),
        "other_texts": other_texts(first, other),
        "max_logprob_difference": difference(first, other),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "wall_ratio": ratio(lambda one: one.wall),
        "bound": bound(engine, tasks, samples, first),
        "items": len({key[:2] for key in first.replies}),
        "threads": torch.get_num_threads(),
    }


def difference(first: Pass, other: Pass) -> float | None:
    """Return the largest difference of a log-probability, in nats; None where only texts were generated."""
    pairs = [
        (_logprob(ours[0]), _logprob(theirs[0]))
        for key, replies in first.replies.items()
        for ours, theirs in zip(replies, other.replies[key], strict=True)
        if not isinstance(ours[0], str)
    ]
    return max((abs(ours - theirs) for ours, theirs in pairs), default=None)


def largest(differences: Sequence[float | None]) -> float | None:
    """Return the largest of those that were measured; None where none was."""
    return max((one for one in differences if one is not None), default=None)


def _logprob(reply: Any) -> float:
    """Return what a continuation or a whole text got: lm-eval has whether it is the likeliest beside the first."""
    return float(reply[0] if isinstance(reply, tuple) else reply)


def other_texts(first: Pass, other: Pass) -> int | None:
    """Return how many generated texts differ; None where there are none."""
    pairs = [
        (ours[0], theirs[0])
        for key, replies in first.replies.items()
        for ours, theirs in zip(replies, other.replies[key], strict=True)
        if isinstance(ours[0], str)
    ]
    return sum(ours != theirs for ours, theirs in pairs) if pairs else None


def bound(
    engine: TransformersEngine, tasks: dict[str, Any], samples: dict[str, list[int]], answered: Pass
) -> float | None:
    """Return all tokens over distinct ones; None where whole texts are scored, which share nothing.

    All tokens are those of every context with each of its options, or with the answer that was written behind it: what
    a model computes that shares nothing.
    """
    read: list[Ids] = []
    for name, task in tasks.items():
        task.set_fewshot_seed(seed=SEED)
        with quiet():
            task.build_all_requests(samples=samples[name])
        for request in task.instances:
            if request.request_type == "loglikelihood":
                context, continuation = engine._text.pair(*request.args)
                read.append((*context, *continuation[:-1]))
            elif request.request_type == "generate_until":
                read.append(tuple(engine._text.raw(request.args[0])))
    texts = {key[:2]: replies[0][0] for key, replies in answered.replies.items()}
    written = sum(len(engine._text.bare(text)) + 1 for text in texts.values() if isinstance(text, str))
    return sharing_bound(read, written) if read else None


def _told(one: Pass) -> str:
    return f"{one.cpu:.1f} CPU s, {one.wall:.1f} s"


if __name__ == "__main__":
    main()
