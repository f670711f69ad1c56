"""What the short waits of `harness.environment` gain beside another program, and cost without one.

    python -m bench.busy_cores [--seconds 8] [--repeats 2]

A step of training (LoRA, random weights of the embedded model's shape, four rows of 70 tokens, all cores) in a process
of its own, by turns as libgomp waits by itself and with so many spins as are named, alone and beside a process that
keeps one core busy. Prints the seconds a step, each repeat.
"""

import os
import subprocess
import sys
import time

import click

WAITS = (None, 100, 1_000, 5_000)  # spins; None: as libgomp waits by itself
ROWS, TOKENS, ANSWER = 4, 70, 8
NEIGHBOUR = "while True: sum(range(100_000))"


@click.command()
@click.option("--seconds", default=8.0, help="How long a process trains.")
@click.option("--repeats", default=2, help="How often each is measured.")
@click.option("--step", is_flag=True, hidden=True, help="Train here, and print the seconds a step.")
def main(seconds: float, repeats: int, *, step: bool) -> None:
    """Measure and print."""
    if step:
        print(_seconds_a_step(seconds))
        return
    for neighbours in (0, 1):
        busy = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(neighbours)]
        try:
            for _ in range(repeats):
                for spins in WAITS:
                    took = _measured(seconds, spins)
                    print(f"beside {neighbours} busy, {spins or 'no'} spins set: {took:.3f} s a step", flush=True)
        finally:
            for process in busy:
                process.kill()


def _measured(seconds: float, spins: int | None) -> float:
    plain = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    environment = plain if spins is None else {**plain, "GOMP_SPINCOUNT": str(spins)}
    command = [sys.executable, "-m", "bench.busy_cores", "--step", "--seconds", str(seconds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.split()[-1])


def _seconds_a_step(seconds: float) -> float:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        vocab_size=49152, tie_word_embeddings=True,
    )  # fmt: skip
    model = get_peft_model(LlamaForCausalLM(shape), LoraConfig(r=16, target_modules="all-linear"))
    optimiser = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad])
    rows = torch.randint(0, shape.vocab_size, (ROWS, TOKENS))

    def train() -> None:
        logits = model(input_ids=rows, logits_to_keep=ANSWER).logits
        logits.float().logsumexp(-1).mean().backward()
        optimiser.step()
        optimiser.zero_grad()

    train()  # the first makes what the others use again
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        train()
        steps += 1
    return (time.perf_counter() - began) / steps


if __name__ == "__main__":
    main()
