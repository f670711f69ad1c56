"""Memory that `harness plan` predicts beside measured peaks, for every kind of arm on random models of three sizes.

    OMP_NUM_THREADS=1 python bench/plan_memory.py [--only 64M]

Each size is one dry run, as `harness plan --probe` makes it: the arms run one after another in the product's own
processes, and the measured peak is the product's own, the largest sum over these processes with shared pages divided
among them. The models are Llamas with random weights and the embedded model's tokenizer, the rows those of the demo's
task. Ends with 1 when a figure is more than 20% off, or an arm did not run. About 20 minutes at one thread.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.assets.models import resolve_model
from harness.cli.terminal import observer
from harness.model_names import EMBEDDED
from harness.planning.probe import probe
from harness.planning.record import ProbeArm
from harness.planning.shape import read_shape
from harness.task import load_task

BAR = 0.20
ROWS = Path(__file__).parents[1] / "tasks" / "support_routing"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
ARMS = ("zero_shot", "few_shot", "rag", "lora_sft", "qlora_sft", "lora_dpo", "rag_lora_sft")
TASK = """version: 1
name: plan_memory
model: {model}
data:
  train: {rows}/train.jsonl
  dev: {rows}/dev.jsonl
  test: {rows}/test.jsonl
  documents: {rows}/documents
  columns: {{input: message, target: code, id: id, group: problem, evidence: page}}
prompt:
  system: You route customer messages to the right desk. Answer with the desk's code and nothing else.
  template: "Message: {{{{ input }}}}\\nDesk code:"
arms: [{arms}]
"""


@dataclass(frozen=True, slots=True)
class Size:
    """The sizes of a random Llama."""

    hidden: int
    layers: int
    intermediate: int
    kv_heads: int


SIZES = {"11M": Size(192, 4, 512, 3), "64M": Size(576, 10, 1536, 3), "150M": Size(768, 15, 2560, 4)}


def main() -> int:
    """Measure, print a row for each arm, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python bench/plan_memory.py")
    parser.add_argument("--only", choices=SIZES, action="append", help="this size alone; may be repeated")
    parser.add_argument("--build", nargs=2, metavar=("SIZE", "DIR"), help="only save a random model")
    options = parser.parse_args()
    if options.build:
        build(SIZES[options.build[0]], Path(options.build[1]))
        return 0
    chosen = options.only or list(SIZES)
    print(f"{'model':<8}{'arm':<14}{'predicted MB':>12}{'measured MB':>12}{'ratio':>8}", flush=True)
    missed = 0
    for name in chosen:
        with tempfile.TemporaryDirectory() as room:
            found = measure(name, Path(room))
        missed += sum([not show(name, arm) for arm in found])
    print(f"{missed} arms missed the bar of {BAR:.0%}")
    return 1 if missed else 0


def measure(name: str, room: Path) -> tuple[ProbeArm, ...]:
    """Make a model and a task, and run all arms.

    The model is made in a process of its own: torch in this one would count as the run's.
    """
    model = room / "model"
    subprocess.run([sys.executable, __file__, "--build", name, str(model)], check=True, stdout=sys.stderr)
    file = room / "task.yaml"
    file.write_text(TASK.format(model=model, rows=ROWS, arms=", ".join(ARMS)), encoding="utf-8")
    with observer(sys.stderr) as watching:
        return probe(load_task(file), model, "cpu", ARMS, watching).arms


def build(size: Size, folder: Path) -> None:
    """Save a random Llama of this size with the embedded model's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    source = Path(resolve_model(EMBEDDED, print))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=read_shape(source).vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_hidden_layers=size.layers,
        num_attention_heads=size.hidden // 64,
        num_key_value_heads=size.kv_heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    for name in TOKENIZER:
        shutil.copy(source / name, folder / name)


def show(name: str, arm: ProbeArm) -> bool:
    """Print an arm's row and return whether it is within the bar."""
    if arm.measured_mb is None:
        print(f"{name:<8}{arm.arm:<14}{arm.foretold_mb:>12.0f}  did not run: {arm.reason}", flush=True)
        return False
    ratio = arm.foretold_mb / arm.measured_mb
    print(f"{name:<8}{arm.arm:<14}{arm.foretold_mb:>12.0f}{arm.measured_mb:>12.0f}{ratio:>8.2f}", flush=True)
    return abs(ratio - 1) <= BAR


if __name__ == "__main__":
    sys.exit(main())
