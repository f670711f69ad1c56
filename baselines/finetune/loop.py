"""One training run inside the training process, on TRL's trainers."""

import math
import resource
import sys
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl.trainer import utils as trl_internals

from baselines.finetune.base import Base, check_finite, save_tuning
from baselines.finetune.branching import branch
from baselines.finetune.channel import Channel
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.objectives import objective_of
from baselines.finetune.resume import Point, Told, clear, find, save
from baselines.finetune.spec import RunResult, RunSpec
from baselines.finetune.store import identity_of
from baselines.finetune.trees import packs
from baselines.finetune.tuners import tuner_of
from harness.engine.resident import compute_dtype, default_device

# Tokens whose activations are held at once: on the CPU enough to keep cores busy, in about 1.3 GB with the
# embedded model.
MICRO_TOKENS = {"cpu": 640, "cuda": 16_384}
PEAK_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere


class Report(TrainerCallback):  # type: ignore[misc]
    """Tells the parent of every step, saves checkpoints and resume points, and stops when asked or out of time."""

    def __init__(self, spec: RunSpec, channel: Channel, adapted: Any, identity: str, point: Point | None) -> None:
        self.spec, self.channel, self.adapted, self.identity = spec, channel, adapted, identity
        self.shares = packs(adapted)
        self.references = dict(point.references) if point else {}
        told = point.told if point else Told(0, 0.0, 0.0, 0.0, 0.0, ())
        self.seconds, self.waited = told.seconds, told.waited
        self.losses, self.earlier_peak = list(told.losses), told.peak_memory_mb
        self.stopped: Literal["early", "end", "budget"] = "end"
        self._since = self._saved = time.monotonic()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self._since = self._saved = time.monotonic()

    def stop_clock(self) -> None:
        """Count the seconds since the clock was started."""
        self.seconds += time.monotonic() - self._since
        self._since = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        """Report one optimiser step; the Trainer logs each one."""
        if "loss" not in logs:
            return  # the summary at the end
        self._check(state.global_step, logs)
        names = ("loss", "learning_rate", "grad_norm")
        self.losses.append({"step": state.global_step, **{name: logs.get(name) for name in names}})
        self.channel.send("step", **self.losses[-1])
        self.stop_clock()
        asks = self.must_ask(state.global_step)
        if asks or time.monotonic() - self._saved >= self.spec.resume_seconds:
            self._save(state, others["optimizer"], others["lr_scheduler"])
        if asks and not self.ask(state.global_step, state.epoch):
            control.should_training_stop = True
        self._since = time.monotonic()

    def _check(self, step: int, logs: dict[str, Any]) -> None:
        for name in ("loss", "grad_norm"):
            if not math.isfinite(logs.get(name) or 0.0):
                raise TrainingFailure(f"FAILED: {name} became non-finite at step {step}")
        check_finite(self._trained, step)
        if step == 1 and (fault := objective_of(self.spec.objective).fault_of_start(logs)):
            raise TrainingFailure(f"FAILED: {fault}")

    @cached_property
    def _trained(self) -> list[tuple[str, torch.Tensor]]:
        """What is trained; to look for it among all modules takes a tenth of a second."""
        return [(name, tensor) for name, tensor in self.adapted.named_parameters() if tensor.requires_grad]

    @property
    def is_late(self) -> bool:
        """Whether the run has had its time, waiting for the parent included."""
        return self.spec.seconds is not None and self.seconds + self.waited > self.spec.seconds

    def must_ask(self, step: int) -> bool:
        """Whether the parent judges the adapter as it is after this step."""
        return self.is_late or step in self.spec.evaluate_at

    def ask(self, step: int, epoch: float) -> bool:
        """Save a checkpoint and return whether the run continues from it."""
        is_late = self.is_late
        folder = Path(self.spec.folder) / f"checkpoint-{step}"
        save_tuning(tuner_of(self.spec.tuner), self.adapted, folder)
        asked = time.monotonic()
        self.channel.send("checkpoint", step=step, epoch=epoch, folder=str(folder))
        continues = self.channel.receive()["continue"]
        self.waited += time.monotonic() - asked
        if step >= self.spec.steps:
            return False
        if is_late or not continues:
            self.stopped = "budget" if is_late else "early"
            return False
        return True

    def _save(self, state: Any, optimizer: Any, scheduler: Any) -> None:
        step, losses = state.global_step, tuple(self.losses)
        told = Told(step, state.epoch, self.seconds, self.waited, self.peak_memory_mb, losses)
        learnt = (self.adapted, self.references, optimizer, scheduler)
        save(Path(self.spec.folder), self.identity, told, *learnt, state)
        self._saved = time.monotonic()

    @property
    def peak_memory_mb(self) -> float:
        """The most that a process of this run held."""
        return max(self.earlier_peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNITS_PER_MB)


def train(base: Base, spec: RunSpec, channel: Channel, latest: int) -> None:
    """Train one adapter, from its newest usable resume point if there is one, and report on it.

    Args:
        base: The loaded base.
        spec: What to train.
        channel: To the parent.
        latest: The last step from which the parent can continue.

    Raises:
        TrainingFailure: If a loss, gradient or tensor is not finite, its objective starts wrongly, or PEFT
            or TRL cannot train such a model.
    """
    folder, identity = Path(spec.folder), identity_of(spec)
    point, faults = find(folder, identity, latest)
    clear(folder, point.told.step if point else 0)
    with base.tuned(spec) as adapted:
        report = Report(spec, channel, adapted, identity, point)
        trainer = build(base, adapted, spec, report)
        trainable = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
        begin(report, faults)
        if point is None:
            trainer.train()
        elif resumes_from(point, report):
            trainer.point = point
            trainer.train(resume_from_checkpoint=str(point.folder))
        result = RunResult(
            steps=report.losses[-1]["step"],
            seconds=report.seconds,
            trainable_parameters=trainable,
            total_parameters=base.total_parameters,
            peak_memory_mb=report.peak_memory_mb,
            stopped=report.stopped,
        )
    channel.send("done", **{name: getattr(result, name) for name in RunResult.__slots__})


def begin(report: Report, faults: list[str]) -> None:
    """Tell the parent from where the run continues, and how much goes through at once."""
    most = MICRO_TOKENS[default_device().type]
    rows = rows_at_once(report.spec, most, shares=report.shares)
    report.channel.send(
        "begun",
        step=report.losses[-1]["step"] if report.losses else 0,
        losses=report.losses,
        seconds=report.seconds + report.waited,
        rows_at_once=rows,
        usual_rows=rows_at_once(replace(report.spec, micro_tokens=None), most, shares=report.shares),
        fewer_rows=fewer_rows(report.spec, rows),
        faults=faults,
    )


def resumes_from(point: Point, report: Report) -> bool:
    """Resume from a point: its weights, and the question to the parent if the run died while that was open."""
    point.put_weights(report.adapted)
    step = point.told.step
    return report.ask(step, point.told.epoch) if report.must_ask(step) else True


def build(base: Base, adapted: Any, spec: RunSpec, report: Report) -> Any:
    """Make TRL's trainer for a run, with adapters in fp32 and a head that skips masked positions."""
    is_quantized = getattr(base.model, "is_quantized", False)
    trained = [(name, p) for name, p in adapted.named_parameters() if p.requires_grad and is_quantized]
    weights = {name: p.detach().clone() for name, p in trained}
    pad = base.tokenizer.pad_token_id  # masked by length, so it may well be the end token
    pad = base.tokenizer.eos_token_id if pad is None else pad
    objective = objective_of(spec.objective)
    trainer = objective.trainer(
        model=adapted,
        args=arguments(spec, shares=report.shares),
        train_dataset=Dataset.from_list(objective.columns(spec.rows)),
        processing_class=base.tokenizer,
        data_collator=objective.collator(pad_token_id=pad),
        callbacks=[report],
    )
    trainer.anchors, trainer.kl_weight, trainer.tuner = spec.anchors, spec.kl_weight, tuner_of(spec.tuner)
    trainer.known, trainer.references = base.known, report.references
    if report.shares:
        branch(base.model)
    # TRL casts the adapter to bf16 on a 4-bit base, which a CPU neither needs nor likes.
    for name, parameter in adapted.named_parameters():
        if name in weights:
            parameter.data = weights[name]
    skip_masked_positions()
    return trainer


def arguments(spec: RunSpec, *, shares: bool) -> Any:
    """Return TRL's arguments; what matters is stated, and nothing is left to defaults that move."""
    device = default_device()
    on_cuda = device.type == "cuda"
    dtype = compute_dtype(device)
    rows = rows_at_once(spec, MICRO_TOKENS[device.type], shares=shares)
    shared: dict[str, Any] = {
        "output_dir": spec.folder,
        "max_steps": spec.steps,
        "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": spec.batch_size // rows,
        "learning_rate": spec.learning_rate,
        "lr_scheduler_type": spec.schedule,
        "warmup_steps": spec.warmup_steps,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "optim": "adamw_torch",
        "bf16": dtype == torch.bfloat16,  # a CPU trains in fp32: bf16 is a third as fast there
        "fp16": dtype == torch.float16,
        "gradient_checkpointing": recomputes(spec, device),
        "use_cpu": not on_cuda,
        "logging_steps": 1,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "save_strategy": "no",
        "eval_strategy": "no",
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": on_cuda,
        "seed": spec.seed,
        "data_seed": spec.seed,
        "max_length": None,
        # A mixture of experts adds its router's load-balancing loss unless told not to. LoRA leaves routers as they
        # are (see `base.targets`), so that loss could only bend the layers below them; spreading the experts was
        # pretraining's business. Without it a loss is the answers' own, as dev loss is, and DPO starts at ln 2.
        "router_aux_loss_coef": 0.0,
    }
    return objective_of(spec.objective).arguments(shared, spec)


def recomputes(spec: RunSpec, device: torch.device) -> bool:
    """Whether activations are computed again for the backward pass, which is cheap on CUDA and saves its memory."""
    return device.type == "cuda" and tuner_of(spec.tuner).recomputes


def rows_at_once(spec: RunSpec, most_tokens: int, *, shares: bool = False) -> int:
    """Return how many rows one pass takes; gradients of several passes add up to the whole batch.

    The largest divisor of the batch size whose longest rows stay within `most_tokens` and within the run's own
    `micro_tokens`; at least what the objective must take. Where beginnings are shared, they count once. In
    `micro_tokens` they do not, so that half the rows are half the tokens once memory has run out.
    """
    own = math.inf if spec.micro_tokens is None else spec.micro_tokens
    taken = {n: spec.columns(n) if shares else n * spec.longest for n in _divisors(spec)}
    fitting = [n for n, tokens in taken.items() if tokens <= most_tokens and n * spec.longest <= own]
    return max(fitting, default=min(taken))


def fewer_rows(spec: RunSpec, rows: int) -> int:
    """Return how many rows one pass takes once memory has run out with `rows`: half of them at most, where it can be.

    0 where the objective takes no fewer.
    """
    fewer = [n for n in _divisors(spec) if n < rows]
    return max((n for n in fewer if n <= rows // 2), default=min(fewer, default=0))


def _divisors(spec: RunSpec) -> list[int]:
    """Return how many rows of a batch may go through at once, so that passes are alike."""
    least = objective_of(spec.objective).least_rows
    return [n for n in range(least, spec.batch_size + 1) if spec.batch_size % n == 0]


def skip_masked_positions() -> None:
    """Have TRL's fused head project only positions whose label counts, as it does with Triton.

    On a CPU it projects every position into the vocabulary and then throws most away.

    Raises:
        TrainingFailure: If TRL no longer has the switch.
    """
    if not hasattr(trl_internals, "_use_triton"):
        raise TrainingFailure("this version of TRL has no switch for the fused head; install the pinned one")
    trl_internals._use_triton = lambda device: True
