"""An adapter is checked before it counts: finite, not a no-op, and it moves the model's answers."""

import math
from pathlib import Path

from baselines.finetune.schedule import with_adapter
from harness.contract import Bench
from harness.errors import ArmError
from harness.program import Program
from harness.records import Example

ADAPTER_WEIGHTS = "adapter_model.safetensors"
NOISE = 1e-6  # nats per token; the engine's own repeatability is far below what training moves


def check_moves(bench: Bench, program: Program, adapter: Path, example: Example) -> None:
    """Check an adapter's tensors and that it changes how likely a training answer is.

    Raises:
        ArmError: If a tensor is not finite, every B matrix is zero, or nothing moves.
    """
    check_tensors(adapter)
    context = program.messages(example.question)
    request = [(context, [example.target])]
    tuned = with_adapter(program, adapter).weights
    before = bench.engine.loglikelihood(request, program.weights)[0][0]
    after = bench.engine.loglikelihood(request, tuned)[0][0]
    moved = abs(after.logprob - before.logprob) / before.tokens
    if not math.isfinite(moved) or moved <= NOISE:
        raise ArmError(
            f"the adapter moves the log-probability of row {example.id} by {moved:g} nats per token: it does "
            "nothing on this base"
        )


def check_tensors(adapter: Path) -> None:
    """Check that all of an adapter's tensors are finite and that some B matrix is not zero.

    Raises:
        ArmError: If not; the tensor is named.
    """
    from safetensors.torch import load_file

    tensors = load_file(adapter / ADAPTER_WEIGHTS)
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise ArmError(f"FAILED: {name} of the adapter is not finite; lower the learning rate")
    if not any(bool(tensor.any()) for name, tensor in tensors.items() if "lora_B" in name):
        raise ArmError("the adapter is a no-op: every B matrix is zero, so nothing was learnt")
