"""Memory of each arm, by formula: weights, adapter, gradients, Adam's states, activations, logits, and the processes.

A tuned arm has two processes: the worker, which answers and judges, and the trainer. Each holds the base; where a CPU
maps fp32 files they share it. While one works the other waits, so the larger of what they do counts. Tensors are fp32
on a CPU and bf16 on CUDA, the adapter and what trains it fp32 in both. `bench/plan_memory.py` sets these figures beside
measured peaks (docs/measurements.md).

Of a token in one Llama layer, training without checkpoints keeps, in numbers:

    4 hidden          residual and normalised input, of attention and of the feed-forward
    5 query           what attention reads (query, and keys and values repeated for its heads) and gives, and its copy
    4 intermediate    gate, its activation, up, and their product

and half as much again for the backward pass and for freed blocks between others, which an allocator keeps. With
gradient checkpoints (on CUDA) it keeps `hidden`, and all of this for one layer at a time.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.planning.demands import GENERAL_QUESTION, Demand, Training
from harness.planning.record import ArmMemory
from harness.planning.shape import ModelShape

Device = Literal["cpu", "cuda"]
MB = 2**20

NUMBER: Mapping[Device, int] = {"cpu": 4, "cuda": 2}  # bytes of a weight or an activation
FULL = 4  # bytes of an fp32 number
# NF4: half a byte a weight, and an fp32 scale for each 64 of them (QLoRA, arXiv 2305.14314).
NF4_BYTES = 0.5 + FULL / 64
BACKWARD = 1.5  # of the kept activations; measured on a CPU, and assumed for CUDA
ADAPTER_NUMBERS = 4  # of each trained parameter: itself, its gradient, two of Adam

# Billions of parameters and GB, for training all weights in full precision, as published; for scale alone.
PUBLISHED = ((7, 24), (13, 40), (70, 320))

# What Python and its libraries take before a weight is loaded, in MB; measured (docs/measurements.md).
ORCHESTRATOR, WORKER, TRAINER = 35.0, 400.0, 430.0
EMBEDDER = 250.0  # sentence-transformers, FAISS and the embedded embedder, in the worker
CUDA_CONTEXT = 500.0  # of each process on the device; from experience, not measured here

# What the parts of the run take at once; the same constants as there, which import torch.
PLACES: Mapping[Device, tuple[int, int]] = {
    "cpu": (64, 400 * MB),
    "cuda": (256, 8192 * MB),
}  # harness.engine.generation
PASS_TOKENS: Mapping[Device, int] = {"cpu": 1024, "cuda": 32_768}  # harness.engine.transformers_engine
PASS_LOGITS: Mapping[Device, int] = {"cpu": 40_000_000, "cuda": 400_000_000}
MICRO_TOKENS: Mapping[Device, int] = {"cpu": 640, "cuda": 16_384}  # baselines.finetune.loop
WIDEST = 640  # columns of a tree; baselines.finetune.spec
ANCHOR_LOGITS = (
    6  # copies of logits that the penalty holds: of base and tuned, as log-probabilities, and their gradients
)
ANSWER_LOGITS = 3  # of the answers' tokens in training


def arm_memory(demands: Sequence[Demand], shape: ModelShape, device: Device) -> tuple[ArmMemory, ...]:
    """Predict every arm's peak, in the order in which they run: an embedder that one loads stays."""
    found, has_embedder = [], False
    for demand in demands:
        has_embedder = has_embedder or demand.has_embedder
        found.append(_memory(demand, shape, device, EMBEDDER if has_embedder else 0.0))
    return tuple(found)


def _memory(demand: Demand, shape: ModelShape, device: Device, embedder: float) -> ArmMemory:
    answering = max(generation_mb(demand, shape, device), likelihood_mb(shape, device))
    processes = ORCHESTRATOR + WORKER + embedder
    if demand.training is None:
        weights = weights_mb(shape, device, demand.is_quantised, processes=1)
        parts = {"processes": processes, "weights": weights, "answering": answering}
        return ArmMemory(demand.arm, device, sum(parts.values()), parts)
    training = demand.training
    trained = shape.parameters if training.trains_all else shape.adapter_parameters(training.rank)
    step = training_mb(demand, training, shape, device)
    parts = {
        "processes": processes + TRAINER,
        "weights": weights_mb(shape, device, demand.is_quantised, processes=2),
        "trained weights" if training.trains_all else "adapter": ADAPTER_NUMBERS * FULL * trained / MB,
        "training" if step >= answering else "answering": max(step, answering),
    }
    return ArmMemory(demand.arm, device, sum(parts.values()), parts)


def weights_mb(shape: ModelShape, device: Device, is_quantised: bool, *, processes: int) -> float:
    """Return what the base takes in so many processes.

    On a CPU fp32 files are mapped into memory, so that processes share their pages. In 4 bits each process packs the
    linear layers and copies the rest, and the mapped file stays.
    """
    packed = shape.linear_parameters * NF4_BYTES if is_quantised else 0.0
    rest = shape.parameters - (shape.linear_parameters if is_quantised else 0)
    own = processes * (packed + rest * NUMBER[device]) / MB
    if device == "cuda" or not shape.is_fp32:
        return own
    mapped = shape.parameters * FULL / MB
    return mapped + own if is_quantised else mapped


def generation_mb(demand: Demand, shape: ModelShape, device: Device) -> float:
    """Return what answers that are written at once take: keys and values, the widest layer of a pass, last logits."""
    width = demand.longest_prompt + 2 * demand.new_tokens  # see `harness.engine.generation.places_for`
    of_a_row = 2 * shape.layers * shape.kv_heads * shape.head_size * width
    most, memory = PLACES[device]
    rows = max(1, min(most, memory // (of_a_row * NUMBER[device]), max(demand.questions, demand.dev_rows)))
    tokens = min(rows * demand.longest_prompt, max(PASS_TOKENS[device], demand.longest_prompt))
    passing = tokens * (3 * shape.intermediate + 3 * shape.hidden)
    logits = 3 * rows * shape.vocabulary
    return (rows * of_a_row + passing + logits) * NUMBER[device] / MB


def likelihood_mb(shape: ModelShape, device: Device) -> float:
    """Return what a full pass over benchmark items takes: the widest layer, and the logits."""
    passing = PASS_TOKENS[device] * (3 * shape.intermediate + 3 * shape.hidden)
    logits = min(PASS_LOGITS[device], PASS_TOKENS[device] * shape.vocabulary)
    return (passing + logits) * NUMBER[device] / MB


def training_mb(demand: Demand, training: Training, shape: ModelShape, device: Device) -> float:
    """Return what a step holds: activations of the rows that go through at once, or of the penalty's text."""
    longest = training.longest * (2 if training.pairs else 1)
    # As trees, where the family allows it: what all prompts begin with is there once, and each pair's prompt once.
    common = max(0, min(demand.general_row - GENERAL_QUESTION, training.longest - 1))
    own = training.longest - common + (demand.typical_answer + 2 if training.pairs else 0)
    divisors, most = _divisors(training.batch_rows), MICRO_TOKENS[device]
    apart = max((n for n in divisors if n * longest <= most), default=1)
    columns = {n: tree if (tree := common + n * own) <= WIDEST else n * longest for n in divisors}
    together = max((n for n in divisors if columns[n] <= most), default=1)
    answers = max(apart, together) * (demand.typical_answer + 1)
    tokens = max(apart * longest, columns[together])
    step = activations_mb(tokens, shape, device) + ANSWER_LOGITS * answers * shape.vocabulary * FULL / MB
    if not training.has_penalty:
        return step
    logits = ANCHOR_LOGITS * demand.general_row * shape.vocabulary * FULL / MB
    kept = activations_mb(demand.general_row, shape, device) + logits
    return max(step, kept)


def activations_mb(tokens: int, shape: ModelShape, device: Device) -> float:
    """Return what training keeps of so many tokens for the backward pass; see the top of this file."""
    layer = 4 * shape.hidden + 5 * shape.heads * shape.head_size + 4 * shape.intermediate
    kept = shape.layers * shape.hidden + layer if device == "cuda" else shape.layers * layer
    return BACKWARD * tokens * kept * NUMBER[device] / MB


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]
