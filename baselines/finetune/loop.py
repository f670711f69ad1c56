"""One training run inside the training process, on TRL's trainers."""

import math
import resource
import sys
import time
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer
from trl.trainer import utils as trl_internals
from trl.trainer.dpo_trainer import DataCollatorForPreference
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from baselines.finetune.base import Base, TrainingFailure, save_adapter
from baselines.finetune.channel import Channel
from baselines.finetune.spec import AnswerRow, PairRow, RunResult, RunSpec
from harness.engine.resident import compute_dtype, default_device

MASKED = -100
LN_2 = math.log(2)
START_TOLERANCE = 1e-3
# Tokens whose activations are held at once: on the CPU enough to keep cores busy, in about 1.3 GB with the
# embedded model.
MICRO_TOKENS = {"cpu": 640, "cuda": 16_384}
PEAK_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere


class PairTrainer(DPOTrainer):  # type: ignore[misc]
    """TRL's DPO on pairs that are token ids already."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


class Report(TrainerCallback):  # type: ignore[misc]
    """Tells the parent of every step, saves checkpoints, and stops when asked or out of time."""

    def __init__(self, spec: RunSpec, channel: Channel, adapted: Any) -> None:
        self.spec, self.channel, self.adapted = spec, channel, adapted
        self.seconds = 0.0
        self.stopped: Literal["early", "end", "budget"] = "end"
        self._since = time.monotonic()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self._since = time.monotonic()

    def stop_clock(self) -> None:
        """Count the seconds since the clock was started."""
        self.seconds += time.monotonic() - self._since

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Report one optimiser step; the Trainer logs each one."""
        if "loss" not in logs:
            return  # the summary at the end
        self._check(state.global_step, logs)
        self.channel.send(
            "step",
            step=state.global_step,
            loss=logs["loss"],
            learning_rate=logs["learning_rate"],
            grad_norm=logs.get("grad_norm"),
            margin=logs.get("rewards/margins"),
        )
        spent = self.seconds + time.monotonic() - self._since
        is_late = self.spec.seconds is not None and spent > self.spec.seconds
        if is_late or state.global_step in self.spec.evaluate_at:
            self._pause(state, control, is_late)

    def _check(self, step: int, logs: dict[str, Any]) -> None:
        for name in ("loss", "grad_norm"):
            if not math.isfinite(logs.get(name) or 0.0):
                raise TrainingFailure(f"FAILED: {name} became non-finite at step {step}")
        if self.spec.method == "dpo" and step == 1:
            # The first loss is taken before the first update, when the policy is its own reference.
            margin = logs["rewards/margins"]
            if abs(logs["loss"] - LN_2) > START_TOLERANCE or abs(margin) > START_TOLERANCE:
                raise TrainingFailure(
                    f"FAILED: DPO starts at loss {logs['loss']:.4f} and margin {margin:.4f}, not at ln 2 and 0; "
                    "the reference is not the start policy"
                )

    def _pause(self, state: Any, control: Any, is_late: bool) -> None:
        self.stop_clock()
        folder = Path(self.spec.folder) / f"checkpoint-{state.global_step}"
        save_adapter(self.adapted, folder)
        self.channel.send("checkpoint", step=state.global_step, epoch=state.epoch, folder=str(folder))
        goes_on = self.channel.receive()["continue"]
        if (is_late or not goes_on) and state.global_step < self.spec.steps:
            self.stopped = "budget" if is_late else "early"
            control.should_training_stop = True
        self._since = time.monotonic()


def train(base: Base, spec: RunSpec, channel: Channel) -> None:
    """Train one adapter and report on it.

    Raises:
        TrainingFailure: If a loss or gradient is not finite, or DPO does not start at its reference.
    """
    with base.adapted(spec) as adapted:
        report = Report(spec, channel, adapted)
        trainer = build(base, adapted, spec, report)
        trainable = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
        trainer.train()
        report.stop_clock()
        result = RunResult(
            steps=trainer.state.global_step,
            seconds=report.seconds,
            trainable_parameters=trainable,
            total_parameters=base.total_parameters,
            peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNITS_PER_MB,
            stopped=report.stopped,
        )
    channel.send("done", **{name: getattr(result, name) for name in RunResult.__slots__})


def build(base: Base, adapted: Any, spec: RunSpec, report: Report) -> Any:
    """Make TRL's trainer for a run, with adapters in fp32 and a head that skips masked positions."""
    weights = {name: p.detach().clone() for name, p in adapted.named_parameters() if p.requires_grad}
    pad = base.tokenizer.pad_token_id  # masked by length, so it may well be the end token
    pad = base.tokenizer.eos_token_id if pad is None else pad
    kind: Any = SFTTrainer if spec.method == "sft" else PairTrainer
    collator: Any = DataCollatorForLanguageModeling if spec.method == "sft" else DataCollatorForPreference
    trainer = kind(
        model=adapted,
        args=arguments(spec),
        train_dataset=Dataset.from_list(columns(spec)),
        processing_class=base.tokenizer,
        data_collator=collator(pad_token_id=pad),
        callbacks=[report],
    )
    # TRL casts the adapter to bf16 on a 4-bit base, which a CPU neither needs nor likes.
    for name, parameter in adapted.named_parameters():
        if name in weights:
            parameter.data = weights[name]
    skip_masked_positions()
    return trainer


def arguments(spec: RunSpec) -> Any:
    """Return TRL's arguments; what matters is stated, and nothing is left to defaults that move."""
    device = default_device()
    on_cuda = device.type == "cuda"
    dtype = compute_dtype(device)
    rows = rows_at_once(spec, MICRO_TOKENS[device.type])
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
        "gradient_checkpointing": on_cuda,
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
    }
    if spec.method == "dpo":
        return DPOConfig(**shared, beta=spec.beta, loss_type="sigmoid", disable_dropout=True)
    return SFTConfig(**shared, packing=False, completion_only_loss=True, dataset_kwargs={"skip_prepare_dataset": True})


def rows_at_once(spec: RunSpec, most_tokens: int) -> int:
    """Return how many rows one pass takes; gradients of several passes add up to the whole batch.

    The largest divisor of the batch size whose longest rows stay within `most_tokens`. A pair is two
    conversations.
    """
    longest = max(row.length for row in spec.rows) * (2 if spec.method == "dpo" else 1)
    fitting = [n for n in range(1, spec.batch_size + 1) if spec.batch_size % n == 0 and n * longest <= most_tokens]
    return max(fitting, default=1)


def columns(spec: RunSpec) -> list[dict[str, list[int]]]:
    """Return the rows as TRL's collators read them: labels are -100 on the prompt."""
    if spec.method == "dpo":
        return [
            {"prompt_ids": [*row.prompt], "chosen_ids": [*row.chosen], "rejected_ids": [*row.rejected]}
            for row in spec.rows
            if isinstance(row, PairRow)
        ]
    return [
        {
            "input_ids": [*row.prompt, *row.answer],
            "labels": [MASKED] * len(row.prompt) + [*row.answer],
        }
        for row in spec.rows
        if isinstance(row, AnswerRow)
    ]


def skip_masked_positions() -> None:
    """Have TRL's fused head project only positions whose label counts, as it does with Triton.

    On a CPU it projects every position into the vocabulary and then throws most away.

    Raises:
        TrainingFailure: If TRL no longer has the switch.
    """
    if not hasattr(trl_internals, "_use_triton"):
        raise TrainingFailure("this version of TRL has no switch for the fused head; install the pinned one")
    trl_internals._use_triton = lambda device: True
