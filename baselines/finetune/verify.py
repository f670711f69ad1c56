"""A tuning is checked before it counts: finite, not idle, and it moves the model's answers."""

import math
from pathlib import Path

from baselines.finetune.schedule import with_tuning
from baselines.finetune.tuners import Tuner
from harness.contract import FitContext
from harness.errors import ArmError
from harness.program import Program
from harness.records import Example

NOISE = 1e-6  # nats per token; the engine's own repeatability is far below what training moves


def check_moves(context: FitContext, program: Program, tuner: Tuner, folder: Path, example: Example) -> None:
    """Check a tuning's tensors and that it changes how likely a training answer is.

    Raises:
        ArmError: If a tensor is not finite, the tuning is idle, or nothing moves.
    """
    check_tensors(tuner, folder)
    request = [(program.messages(example.question), [example.target])]
    tuned = with_tuning(program, folder).weights
    before = context.engine.loglikelihood(request, program.weights)[0][0]
    after = context.engine.loglikelihood(request, tuned)[0][0]
    moved = abs(after.logprob - before.logprob) / before.tokens
    if not math.isfinite(moved) or moved <= NOISE:
        raise ArmError(
            f"training moves the log-probability of row {example.id} by {moved:g} nats per token: what it left does "
            "nothing on this base"
        )


def check_tensors(tuner: Tuner, folder: Path) -> None:
    """Check that all stored tensors are finite and that they can change something.

    Raises:
        ArmError: If not; the tensor is named.
    """
    from safetensors.torch import load_file

    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        for name, tensor in tensors.items():
            if not bool(tensor.isfinite().all()):
                raise ArmError(f"FAILED: {name} is not finite after training; lower the learning rate")
        if tuner.is_idle(tensors):
            raise ArmError(f"the {tuner.title} is a no-op: its tensors are as before the first step")
