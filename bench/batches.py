"""Greedy answers however many prompts are asked at a time: equal to plain `generate`, and time linear in items.

    python bench/batches.py [--prompts 500] [--sizes 1,2,8,64] [--counts 50,100,200,400]

Prompts are rows of our tasks, train and test, zero-shot and 8-shot by turns, in one shuffled order. Each is answered by
transformers' own `generate`, alone and without padding, and by our engine with so many prompts a call. The time is that
of the first 50, 100, ... of them, in the calls that a run makes; a line through the medians gives seconds an item.

The last line is JSON. What is not `identical` is a tie where the two tokens at which answers part have logits within
1e-4 of the highest; anything else is a difference, and the exit code is 1. `residual` is the largest distance of a
median from the line, as a share of the median.
"""

import json
import random
import statistics
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click
import numpy as np
import torch

from bench.greedy import TASKS, TIE, Ids, agreement, plain_model, recorded, shown, timed
from harness.assets.models import resolve_model
from harness.contract import Conversation
from harness.engine.transformers_engine import TransformersEngine
from harness.evidence.answering import plan_batches
from harness.records import GenerationSettings, Weights
from harness.task import load_task

OURS = ("support_routing", "order_lines", "serial_numbers", "staff_directory", "random_labels")
SHOTS = 8
SEED = 0


def _numbers(_: Any, __: Any, text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


@click.command()
@click.option("--model", default="smollm2-135m")
@click.option("--prompts", "count", default=500)
@click.option("--new-tokens", default=24, help="Of an answer, at most.")
@click.option("--sizes", default="1,2,8,64", callback=_numbers, help="Prompts of a call.")
@click.option("--counts", default="50,100,200,400", callback=_numbers, help="Items that are timed; '' for none.")
@click.option("--repeats", default=3)
def main(model: str, count: int, new_tokens: int, sizes: list[int], counts: list[int], repeats: int) -> None:
    """Compare, fit, and print."""
    folder = resolve_model(model, lambda line: print(line, file=sys.stderr))
    pool = conversations()
    asked = Asked(TransformersEngine(folder), GenerationSettings(new_tokens))
    found: dict[str, Any] = {"threads": torch.get_num_threads()}
    if sizes:
        found["sizes"] = compared(asked, folder, pool[:count], sizes)
    if counts:
        found["linear"] = linear(asked, pool, counts, repeats)
    print(json.dumps(found))
    sys.exit(any(one["differences"] for one in found.get("sizes", {}).values()))


def conversations() -> list[Conversation]:
    """Return what is asked about the rows of all tasks, zero-shot and few-shot by turns, shuffled."""
    found: list[Conversation] = []
    for name in OURS:
        task = load_task(TASKS / name)
        prompts = [shown(task.study, shots) for shots in (0, SHOTS)]
        rows = [example.question for example in (*task.test, *task.study.train)]
        for shots, prompt in enumerate(prompts):
            found += prompt.every_message(rows[shots::2])
    random.Random(SEED).shuffle(found)
    return found


class Asked:
    """Our engine, asked so many prompts a call."""

    def __init__(self, engine: TransformersEngine, settings: GenerationSettings) -> None:
        self.engine, self.settings = engine, settings

    def run(self, prompts: Sequence[Conversation], size: int) -> list[Ids]:
        """Return the tokens of the answers, in order."""
        with recorded(self.engine) as ids:
            for start in range(0, len(prompts), size):
                self.engine.generate(prompts[start : start + size], self.settings, Weights(self.engine.model))
        return list(ids)

    def as_a_run(self, prompts: Sequence[Conversation]) -> None:
        """Ask in the calls that a run makes."""
        lengths = [self.engine.count_tokens(prompt) for prompt in prompts]
        for rows in plan_batches(lengths, self.settings.max_new_tokens):
            self.run([prompts[row] for row in rows], len(rows))


def compared(asked: Asked, folder: str, pool: Sequence[Conversation], sizes: Sequence[int]) -> dict[str, Any]:
    """Compare the answers at every size with those of plain `generate`."""
    model = plain_model(folder)
    prompts = [tuple(asked.engine._text.prompt(conversation)) for conversation in pool]
    asked.run(pool[:1], 1)  # which loads the weights
    stops = asked.engine._base(Weights(folder)).stop_ids
    theirs = [alone(model, prompt, asked.settings.max_new_tokens, stops) for prompt in prompts]
    lengths = [len(prompt) for prompt in prompts]
    print(f"{len(lengths)} prompts of {min(lengths)} to {max(lengths)} tokens, asked alone", flush=True)
    found = {}
    for size in sizes:
        agreed = agreement(model, prompts, asked.run(pool, size), theirs)
        found[str(size)] = {"items": len(prompts), **agreed.told}
        print(f"{size} a call: {agreed.identical} of {len(prompts)} identical, gaps of the others {agreed.gaps}")
        print(f"{size} a call: {agreed.differences} differ by more than {TIE}", flush=True)
    return found


@torch.inference_mode()
def alone(model: Any, prompt: Ids, new_tokens: int, stops: Sequence[int]) -> Ids:
    """Return what plain `generate` answers to one prompt, its end token included."""
    ids = torch.tensor([prompt], device=model.device)
    said = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=new_tokens,
        eos_token_id=list(stops),
        pad_token_id=stops[0],
    )
    return tuple(said[0, len(prompt) :].tolist())


def linear(asked: Asked, pool: Sequence[Conversation], counts: Sequence[int], repeats: int) -> dict[str, Any]:
    """Time several numbers of items, by turns, and fit a line."""
    taken: dict[int, list[float]] = {count: [] for count in counts}
    asked.as_a_run(pool[:1])
    for _ in range(repeats):
        for count in counts:
            used = timed(partial(asked.as_a_run, pool[:count]))
            taken[count].append(used.cpu)
            print(f"{count} items: {used}", flush=True)
    medians = [statistics.median(taken[count]) for count in counts]
    slope, start = np.polyfit(counts, medians, 1)
    off = [abs(start + slope * n - seconds) / seconds for n, seconds in zip(counts, medians, strict=True)]
    return {
        "cpu_seconds": {str(count): [round(one, 2) for one in taken[count]] for count in counts},
        "slope": round(float(slope), 4),
        "start": round(float(start), 2),
        "residual": round(max(off), 3),
    }


if __name__ == "__main__":
    main()
