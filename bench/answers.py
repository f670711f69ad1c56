"""A task's zero-shot and few-shot arm through our engine and through transformers' pipeline, in turn: seconds, answers.

    python bench/answers.py [--task support_routing] [--items 200] [--shots 0,8] [--repeats 3]

Ours asks as a run does: programs as the arms make them, in the batches that `harness.evidence.answering` plans. The
pipeline gets the same prompts as text, longest first, at the batch size that is fastest for it on TRIED of them or one
batch, out of BATCHES; greedy, as many new tokens at most, the same tokens that end an answer, weights of the same type.
Loading a model counts for neither.

The last line is JSON. `ratio` is the pipeline's CPU seconds over ours, `wall_ratio` the same of the clock, both of the
medians; `spread` holds the smallest and the largest ratio of a pair. `bound` is what computing each distinct token once
would give, leaving aside padding and finished rows. An answer that is not `identical` is a tie where the first two
tokens that differ have logits within 1e-4 of the highest; anything else is a difference, and the exit code is 1.
"""

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click
import torch
from transformers import pipeline

from bench.greedy import TASKS, Agreement, Ids, Taken, agreement, plain_model, program, recorded, sharing_bound, timed
from harness.assets.models import resolve_model
from harness.engine.transformers_engine import TransformersEngine
from harness.evidence.answering import answer
from harness.program import Program
from harness.quiet import quiet
from harness.records import Question, Weights
from harness.task import load_task

BATCHES = (1, 4, 16, 64)
TRIED = 8  # prompts at least, to find the batch size


@click.command()
@click.option("--model", default="smollm2-135m")
@click.option("--task", "name", default="support_routing", help="A folder of tasks/.")
@click.option("--items", default=200, help="Test items; as many as there are at most.")
@click.option("--shots", default="0,8", help="0 and one other number, or one of them.")
@click.option("--repeats", default=3)
def main(model: str, name: str, items: int, shots: str, repeats: int) -> None:
    """Answer in turn and print what each side took."""
    folder = resolve_model(model, lambda line: print(line, file=sys.stderr))
    task = load_task(TASKS / name)
    questions = [example.question for example in task.test[:items]]
    ours = Ours(TransformersEngine(folder), questions)
    theirs = Theirs(plain_model(folder), ours.engine)
    found = {}
    for number in map(int, shots.split(",")):
        ours.program = program(task, ours.engine, Weights(folder), number)
        arm = "few_shot" if number else "zero_shot"
        found[arm] = {"shots": number, **compared(arm, ours, theirs, repeats)}
    print(json.dumps(found))
    sys.exit(any(one["differences"] for one in found.values()))


class Ours:
    """The questions as a run asks them."""

    program: Program

    def __init__(self, engine: TransformersEngine, questions: Sequence[Question]) -> None:
        self.engine, self.questions = engine, questions
        self.ids: dict[str, Ids] = {}  # answers of the last pass, by question

    def run(self, most: int | None = None) -> None:
        """Ask all, or the first few."""
        asked, order = self.questions[:most], []
        with recorded(self.engine) as ids:
            for batch in answer(self.program, asked, self.engine, lambda some: [()] * len(some), log=print):
                order += [prediction.example_id for prediction in batch]
        self.ids = dict(zip(order, ids, strict=True))

    @property
    def answers(self) -> list[Ids]:
        """The answers' tokens, end tokens included, in the order of the questions."""
        return [self.ids[question.id] for question in self.questions]

    @property
    def prompts(self) -> list[str]:
        """The prompts as the model sees them."""
        return [self.engine.render(self.program.messages(question)) for question in self.questions]


class Theirs:
    """The same prompts through a pipeline."""

    def __init__(self, model: Any, engine: TransformersEngine) -> None:
        tokenizer = engine.tokenizer
        tokenizer.padding_side = "left"
        self.model, self.tokenizer = model, tokenizer
        self.stop_ids = set(engine._base(Weights(engine.model)).stop_ids)
        self.pad = tokenizer.pad_token_id
        self.pipeline = pipeline("text-generation", model=model, tokenizer=tokenizer)
        self.records: list[list[dict[str, Any]]] = []  # of the last pass, longest prompt first

    def encoded(self, prompts: Sequence[str]) -> list[Ids]:
        """Return the prompts' tokens."""
        return [tuple(self.tokenizer(prompt, add_special_tokens=False)["input_ids"]) for prompt in prompts]

    def run(self, prompts: Sequence[str], new_tokens: int, batch: int) -> None:
        """Answer prompts, which stand in order."""
        with quiet():
            self.records = self.pipeline(
                list(prompts),
                batch_size=batch,
                add_special_tokens=False,
                return_tensors=True,
                do_sample=False,
                max_new_tokens=new_tokens,
                eos_token_id=sorted(self.stop_ids),
                pad_token_id=self.pad,
            )

    def best_batch(self, prompts: Sequence[str], new_tokens: int) -> int:
        """Return the batch size at which the pipeline is fastest on a few prompts."""
        taken = {}
        for size in [size for size in BATCHES if size <= max(len(prompts), 1)]:
            some = prompts[:: max(1, len(prompts) // max(size, TRIED))][: max(size, TRIED)]
            taken[size] = timed(partial(self.run, some, new_tokens, size)).cpu / len(some)
            print(f"pipeline at batch {size}: {taken[size]:.2f} CPU s a prompt, of {len(some)}", flush=True)
        return min(taken, key=lambda size: taken[size])

    def answers(self, prompts: Sequence[Ids]) -> list[Ids]:
        """Return the answers' tokens, end tokens included."""
        return [
            self._answer(record[0]["generated_token_ids"], prompt)
            for record, prompt in zip(self.records, prompts, strict=True)
        ]

    def _answer(self, row: Sequence[int], prompt: Ids) -> Ids:
        start = next(place for place, token in enumerate(row) if token != self.pad)
        end = start + len(prompt)
        if tuple(row[start:end]) != prompt:
            raise RuntimeError("the pipeline was asked another prompt")
        new = row[end:]
        stop = next((place for place, token in enumerate(new) if token in self.stop_ids), len(new))
        return tuple(new[: stop + 1])


def compared(arm: str, ours: Ours, theirs: Theirs, repeats: int) -> dict[str, Any]:
    """Ask one arm's prompts of both sides in turn."""
    prompts, new_tokens = ours.prompts, ours.program.generation.max_new_tokens
    ids = theirs.encoded(prompts)
    order = sorted(range(len(ids)), key=lambda number: -len(ids[number]))
    ordered = [prompts[number] for number in order]
    ours.run(most=2)
    print(f"{arm}: {len(ids)} prompts of {min(map(len, ids))} to {max(map(len, ids))} tokens, {new_tokens} new")
    batch = theirs.best_batch(ordered, new_tokens)
    passes = []
    for number in range(repeats):
        passes.append((timed(ours.run), timed(lambda: theirs.run(ordered, new_tokens, batch))))
        print(f"{arm} {number + 1}: ours {passes[-1][0]}, pipeline {passes[-1][1]}", flush=True)
    replies = dict(zip(order, theirs.answers([ids[number] for number in order]), strict=True))
    agreed = agreement(theirs.model, ids, ours.answers, [replies[number] for number in range(len(ids))])
    written = sum(map(len, ours.answers))
    return summary(passes, agreed) | {"batch": batch, "new_tokens": written, "bound": sharing_bound(ids, written)}


def summary(passes: Sequence[tuple[Taken, Taken]], agreed: Agreement) -> dict[str, Any]:
    """Sum up the passes of one arm."""
    ratios = [theirs.cpu / ours.cpu for ours, theirs in passes]

    def median(side: int, of: Callable[[Taken], float]) -> float:
        return statistics.median(of(pair[side]) for pair in passes)

    return {
        "ratio": round(median(1, lambda one: one.cpu) / median(0, lambda one: one.cpu), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "wall_ratio": round(median(1, lambda one: one.wall) / median(0, lambda one: one.wall), 3),
        "cpu_seconds": [round(median(side, lambda one: one.cpu), 2) for side in (0, 1)],
        "items": agreed.identical + len(agreed.gaps),
        "threads": torch.get_num_threads(),
        **agreed.told,
    }


if __name__ == "__main__":
    main()
