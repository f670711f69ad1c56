"""Other ways to compute the same model: seconds against what a run uses, and how far log-probabilities move.

    python -m bench.paths [--model M] [--repeats 3] [--uncompiled]

Passes of 16 x 64 tokens, as benchmarks are read, and steps of 64 answers behind 64 tokens, as they are written. The
last line is JSON: of each way the ratio of CPU seconds (above 1: faster than fp32 with sdpa) and the largest difference
of a token's log-probability, in nats. A way is worth taking where it is 1.2 times as fast and moves no token by 1e-4.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import click
import torch
from transformers import AutoModelForCausalLM, DynamicCache

from harness.assets.models import resolve_model

ROWS, COLUMNS, ANSWERS = 16, 64, 64
Way = Callable[[str], Any]


def load(folder: str, **settings: Any) -> Any:
    """Load the model for inference."""
    return AutoModelForCausalLM.from_pretrained(folder, **{"dtype": torch.float32} | settings).eval()


def compiled(folder: str) -> Any:
    """Compile the forward pass for any shape."""
    model = load(folder)
    model.forward = torch.compile(model.forward, dynamic=True)
    return model


def int8(folder: str) -> Any:
    """Quantise the linear layers' weights, and their inputs as they come; the head stays as it is."""
    model = load(folder)
    quantise: Any = torch.ao.quantization.quantize_dynamic
    quantise(model.model, {torch.nn.Linear}, dtype=torch.qint8, inplace=True)
    return model


WAYS: dict[str, Way] = {
    "fp32, sdpa": load,
    "fp32, eager attention": lambda folder: load(folder, attn_implementation="eager"),
    "bf16": lambda folder: load(folder, dtype=torch.bfloat16),
    "int8 weights and inputs": int8,
    "torch.compile": compiled,  # last, as it takes minutes
}
UNTIMED = 3  # calls before those that count: torch.compile compiles again for what the second asks otherwise


@click.command()
@click.option("--model", default="smollm2-135m")
@click.option("--repeats", default=3)
@click.option("--uncompiled", is_flag=True, help="Leave out torch.compile, which takes minutes.")
def main(model: str, repeats: int, uncompiled: bool) -> None:
    """Measure every way in turn and print a table."""
    folder = str(resolve_model(model, lambda line: print(line, file=sys.stderr)))
    torch.manual_seed(0)
    ids = torch.randint(1000, 40_000, (ROWS, COLUMNS))
    found: dict[str, dict[str, Any]] = {}
    baseline: tuple[float, float, torch.Tensor] | None = None
    for name, make in WAYS.items():
        if uncompiled and make is compiled:
            continue
        try:
            reading, writing, logprobs = measured(make(folder), ids, repeats)
        except Exception as fault:
            found[name] = {"fault": str(fault).strip().splitlines()[0]}
            print(f"{name}: {found[name]['fault']}")
            continue
        baseline = baseline or (reading, writing, logprobs)
        moved = float((logprobs - baseline[2]).abs().max())
        ratios = {"reading": round(baseline[0] / reading, 2), "writing": round(baseline[1] / writing, 2)}
        found[name] = ratios | {"max_logprob_difference": moved}
        told = f"reading {reading:.2f} CPU s ({ratios['reading']}x), a step {writing:.3f} ({ratios['writing']}x)"
        print(f"{name}: {told}, {moved:.1e} nats", flush=True)
    print(json.dumps(found | {"threads": torch.get_num_threads()}))


def measured(model: Any, ids: torch.Tensor, repeats: int) -> tuple[float, float, torch.Tensor]:
    """Return the CPU seconds of a pass and of a step, and the log-probabilities of the texts' own tokens."""
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False).logits.float()
        targets = ids[:, 1:, None]
        logprobs = logits[:, :-1].log_softmax(-1).gather(2, targets)
        cache = DynamicCache(config=model.config)
        prompts = ids[:1].expand(ANSWERS, -1)
        model(input_ids=prompts, past_key_values=cache, logits_to_keep=1)

        def step() -> None:
            model(input_ids=prompts[:, :1], past_key_values=cache, logits_to_keep=1)
            cache.crop(-1)

        reading = seconds(lambda: model(input_ids=ids, use_cache=False, logits_to_keep=1), repeats)
        return reading, seconds(step, repeats), logprobs


def seconds(do: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of a call, after some that count for nothing."""
    for _ in range(UNTIMED):
        do()
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        do()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
