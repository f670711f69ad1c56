"""How far log-probabilities in fp32 are from those in fp64: ours and plain transformers', on items of `core`.

    python -m bench.precision [--model smollm2-135m] [--limit 6]

A continuation's log-probability is the sum over its tokens. Plain transformers passes each text alone. The last line is
JSON, in nats: largest and mean differences from the same weights in fp64.
"""

import json
import sys
from collections.abc import Sequence
from statistics import fmean

import click
import torch
from transformers import AutoModelForCausalLM

from bench.general import prepared
from bench.greedy import Ids
from harness.assets.models import resolve_model
from harness.engine.transformers_engine import TransformersEngine
from harness.general.benchmark_tasks import load_tasks
from harness.quiet import quiet
from harness.records import Weights

Text = tuple[Ids, Ids]  # what is given, and what is scored


@click.command()
@click.option("--model", default="smollm2-135m")
@click.option("--limit", default=6, help="Items of each benchmark.")
def main(model: str, limit: int) -> None:
    """Score the same continuations three times."""
    folder = str(resolve_model(model, lambda line: print(line, file=sys.stderr)))
    engine = TransformersEngine(folder)
    with quiet():
        tasks = [prepared(task, 0, "default") for task in load_tasks(["core"], None).values()]
        for task in tasks:
            task.build_all_requests(limit=limit)
    asked = [one.args for task in tasks for one in task.instances if one.request_type == "loglikelihood"]
    scored = engine.loglikelihood([(context, [continuation]) for context, continuation in asked], Weights(folder))
    texts: list[Text] = [
        (tuple(given), tuple(rest)) for given, rest in (engine._text.pair(*request) for request in asked)
    ]
    exact = plain(folder, texts, torch.float64)
    found = {
        "ours": [likelihood.logprob for [likelihood] in scored],
        "transformers": plain(folder, texts, torch.float32),
    }
    print(json.dumps({"continuations": len(texts)} | {side: apart(values, exact) for side, values in found.items()}))


def plain(folder: str, texts: Sequence[Text], dtype: torch.dtype) -> list[float]:
    """Score texts one by one with transformers alone."""
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    found = []
    with torch.inference_mode():
        for given, scored in texts:
            logits = model(torch.tensor([given + scored])).logits[0, len(given) - 1 : -1]
            found.append(float(logits.log_softmax(dim=-1).gather(1, torch.tensor(scored)[:, None]).sum()))
    return found


def apart(values: Sequence[float], exact: Sequence[float]) -> dict[str, float]:
    """Return the largest and the mean difference."""
    gaps = [abs(value - truth) for value, truth in zip(values, exact, strict=True)]
    return {"largest": max(gaps), "mean": fmean(gaps)}


if __name__ == "__main__":
    main()
