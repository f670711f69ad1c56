"""Our training loop and TRL's own trainers on the same batches, in turn: CPU seconds, and the same losses?

    OMP_NUM_THREADS=1 python -m bench.training [--task tasks/support_routing] [--steps 40] [--repeats 3]
                                               [--methods sft,dpo] [--skips-masked]

Both sides train one LoRA adapter from the same weights, in fp32 and without gradient checkpointing, each in a process
of its own; loading the base counts for neither. TRL runs at its best settings for a CPU: whole batches in one pass;
for SFT padded rows or `padding_free`, whichever is faster on the first steps; for DPO `precompute_ref_log_probs` where
that computes fewer pairs. Preference pairs are rows of the task with the answer of another row rejected. DPO starts
from what our SFT came to. `--skips-masked` gives TRL a switch that it has, but offers no setting for, and that we turn:
its head then passes over positions without a label.

The last line is JSON. `ratio` is TRL's CPU seconds over ours, of the medians; `spread` holds the smallest and the
largest ratio of a pair of runs; `max_loss_difference` is the largest over all steps, in nats per token (SFT) or nats
(DPO).
"""

import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from baselines.finetune.objectives import PREFERENCE, SUPERVISED
from baselines.finetune.spec import AnswerRow, PairRow, RunSpec
from baselines.finetune.tuners import LORA, tuner_of
from harness.assets.models import resolve_model

ROOT = Path(__file__).parent.parent
TRIED = 4  # steps, to find TRL's faster setting
RATES = {"sft": 1e-3, "dpo": 5e-5}
BETA = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """One training, as its process is told."""

    side: str  # 'ours' or 'trl'
    method: str  # 'sft' or 'dpo'
    model: str
    spec: RunSpec
    settings: dict[str, Any] = field(default_factory=dict)  # of TRL's own
    skips_masked: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What a training took, in CPU seconds, and its losses, one a step."""

    cpu: float
    losses: list[float]


@click.command()
@click.option("--task", default="tasks/support_routing")
@click.option("--model", default="smollm2-135m")
@click.option("--steps", default=40)
@click.option("--batch-size", default=4)
@click.option("--repeats", default=3)
@click.option("--methods", default="sft,dpo")
@click.option("--skips-masked", is_flag=True, help="Have TRL's head pass over positions without a label, as ours does.")
@click.option("--job", type=click.Path(exists=True, dir_okay=False, path_type=Path), hidden=True)
def main(
    task: str,
    model: str,
    steps: int,
    batch_size: int,
    repeats: int,
    methods: str,
    skips_masked: bool,
    job: Path | None,
) -> None:
    """Train in turn and print what each side took."""
    if job is not None:
        print(json.dumps(asdict(_run(_read(job)))))
        return
    folder = str(resolve_model(model, lambda line: print(line, file=sys.stderr)))
    with tempfile.TemporaryDirectory() as room:
        specs = specs_of(ROOT / task / "task.yaml", folder, Path(room), steps, batch_size)
        found = {}
        for method in methods.split(","):
            settings = _best_settings(method, folder, specs[method], skips_masked)
            ours, theirs = (Job(side, method, folder, specs[method]) for side in ("ours", "trl"))
            theirs = replace(theirs, settings=settings, skips_masked=skips_masked)
            if method == "dpo":
                started(Path(room), folder, specs["sft"])
            runs = []
            for number in range(repeats):
                runs.append((ran(ours), ran(theirs)))
                print(f"{method} {number + 1}: ours {runs[-1][0].cpu:.1f} CPU s, TRL {runs[-1][1].cpu:.1f}", flush=True)
            found[method] = summary(runs) | {"settings": settings}
    print(json.dumps(found))


def summary(runs: Sequence[tuple[Ran, Ran]]) -> dict[str, Any]:
    """Sum up pairs of runs, ours first."""
    ratios = [theirs.cpu / ours.cpu for ours, theirs in runs]
    ours, theirs = (statistics.median(pair[side].cpu for pair in runs) for side in (0, 1))
    apart = [abs(a - b) for one, other in runs for a, b in zip(one.losses, other.losses, strict=True)]
    return {
        "ratio": round(theirs / ours, 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "max_loss_difference": max(apart),
        "ours_cpu_s": round(ours, 1),
        "trl_cpu_s": round(theirs, 1),
        "steps": len(runs[0][0].losses),
    }


def specs_of(task_file: Path, model: str, room: Path, steps: int, batch_size: int) -> dict[str, RunSpec]:
    """Render the task's training rows, and pairs of them; SFT starts from a fresh adapter that is saved first."""
    from baselines.finetune.rows import Renderer, answer_rows
    from baselines.prompt.zero import plain_prompt
    from harness.engine.transformers_engine import TransformersEngine
    from harness.program import Program
    from harness.records import GenerationSettings, Weights
    from harness.task import load_task

    study = load_task(task_file).study
    program = Program(Weights(model), plain_prompt(study), GenerationSettings(8))
    rows = answer_rows(Renderer(model, TransformersEngine(model)), program, study.train, [()] * len(study.train))
    common: dict[str, Any] = {
        "steps": steps,
        "evaluate_at": (steps,),
        "schedule": "linear",
        "warmup_steps": 0,
        "batch_size": batch_size,
        "seed": 0,
        "tuner": LORA,
        "tuner_options": {"rank": 8, "alpha": 16.0, "dropout": 0.0},
        "resume_seconds": math.inf,
    }
    sft = RunSpec(
        objective=SUPERVISED, folder=str(room / "sft"), rows=rows, learning_rate=RATES["sft"], start=None, **common
    )
    sft = replace(sft, start=str(fresh(model, sft, room / "fresh")))
    dpo = replace(
        sft,
        objective=PREFERENCE,
        folder=str(room / "dpo"),
        rows=pairs_of(rows),
        learning_rate=RATES["dpo"],
        objective_options={"beta": BETA},
        start=str(room / "start"),
    )
    return {"sft": sft, "dpo": dpo}


def pairs_of(rows: Sequence[AnswerRow]) -> tuple[PairRow, ...]:
    """Return each row with the next other answer as the one that is rejected."""
    answers = sorted({row.answer for row in rows})
    following = dict(zip(answers, (*answers[1:], answers[0]), strict=True))
    return tuple(PairRow(row.id, row.prompt, row.answer, following[row.answer]) for row in rows)


def fresh(model: str, spec: RunSpec, folder: Path) -> Path:
    """Save an adapter that changes nothing yet."""
    from baselines.finetune.base import Base, save_tuning

    with Base.load(model, None).tuned(spec) as adapted:
        save_tuning(tuner_of(LORA), adapted, folder)
    return folder


def started(room: Path, model: str, spec: RunSpec) -> None:
    """Leave the SFT adapter that DPO starts from."""
    start = room / "start"
    if not start.exists():
        ran(Job("ours", "sft", model, replace(spec, folder=str(room / "before"))))
        (room / "before" / f"checkpoint-{spec.steps}").rename(start)


def _best_settings(method: str, model: str, spec: RunSpec, skips_masked: bool) -> dict[str, Any]:
    """Return TRL's settings that take the least."""
    if method == "dpo":
        return {"precompute_ref_log_probs": len(spec.rows) < spec.steps * spec.batch_size}
    short = replace(spec, steps=min(TRIED, spec.steps))
    taken = {}
    for padding_free in (False, True):
        settings = {"padding_free": padding_free}
        taken[padding_free] = ran(Job("trl", method, model, short, settings, skips_masked)).cpu
        print(f"TRL, padding_free={padding_free}: {taken[padding_free]:.1f} CPU s for {short.steps} steps", flush=True)
    return {"padding_free": min(taken, key=lambda setting: taken[setting])}


# ---- in a process of its own -----------------------------------------------------------------


def ran(job: Job) -> Ran:
    """Run a job in a process of its own.

    Raises:
        RuntimeError: If it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "job.json"
        told.write_text(json.dumps({**asdict(job), "spec": job.spec.to_json()}), encoding="utf-8")
        command = [sys.executable, "-m", "bench.training", "--job", str(told)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"{job.side} {job.method} failed:\n{done.stderr}")
    return Ran(**json.loads(done.stdout.splitlines()[-1]))


def _read(file: Path) -> Job:
    data = json.loads(file.read_text(encoding="utf-8"))
    return Job(**{**data, "spec": RunSpec.from_json(data["spec"])})


def _run(job: Job) -> Ran:
    return _run_ours(job) if job.side == "ours" else _run_theirs(job)


class _Quiet:
    """Takes the parent's place; keeps losses."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def send(self, event: str, **values: Any) -> None:
        """Keep a step's loss."""
        if event == "step":
            self.losses.append(values["loss"])

    def receive(self) -> dict[str, Any]:
        """Let it continue."""
        return {"continue": True}


def _run_ours(job: Job) -> Ran:
    from baselines.finetune import loop
    from baselines.finetune.base import Base

    shutil.rmtree(job.spec.folder, ignore_errors=True)  # of an earlier repeat, which would be resumed
    base, channel = Base.load(job.model, None), _Quiet()
    began = time.process_time()
    loop.train(base, job.spec, channel, job.spec.steps)  # type: ignore[arg-type]
    return Ran(time.process_time() - began, channel.losses)


def _run_theirs(job: Job) -> Ran:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer import utils

    if job.skips_masked:
        utils._use_triton = lambda device: True
    base = AutoModelForCausalLM.from_pretrained(job.model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    assert job.spec.start is not None
    began = time.process_time()
    adapted = PeftModel.from_pretrained(base, job.spec.start, is_trainable=True)
    with tempfile.TemporaryDirectory() as folder:
        trainer = _trainer(job, adapted, tokenizer, folder)
        trainer.train()
    losses = [logged["loss"] for logged in trainer.state.log_history if "loss" in logged]
    return Ran(time.process_time() - began, losses)


def _trainer(job: Job, adapted: Any, tokenizer: Any, folder: str) -> Any:
    """Make TRL's trainer as its documentation does, on rows that are token ids already."""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    from baselines.finetune.objectives import objective_of

    spec = job.spec
    common: dict[str, Any] = {
        "output_dir": folder,
        "max_steps": spec.steps,
        "per_device_train_batch_size": spec.batch_size,
        "learning_rate": spec.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": spec.warmup_steps,
        "bf16": False,
        "gradient_checkpointing": False,
        "use_cpu": True,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "save_strategy": "no",
        "seed": spec.seed,
        "data_seed": spec.seed,
        "max_length": None,
        "dataloader_pin_memory": False,
    }
    rows = Dataset.from_list(objective_of(spec.objective).columns(spec.rows))
    named = {"model": adapted, "train_dataset": rows, "processing_class": tokenizer}
    if job.method == "sft":
        prepared = {"skip_prepare_dataset": True}
        return SFTTrainer(args=SFTConfig(**common, dataset_kwargs=prepared, **job.settings), **named)

    class Prepared(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: object) -> Any:
            return dataset

    return Prepared(args=DPOConfig(**common, beta=BETA, **job.settings), **named)


if __name__ == "__main__":
    main()
