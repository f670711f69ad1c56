"""What the tests of `harness regress` stand on: tiny models, adapters that harm and that do not, and own benchmarks.

A random model knows nothing, so a benchmark that it can do is made from its own answers: right is what it prefers.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tiny_model
from tiny_model import build_tiny_model

from harness.assets.cache import make_whole
from harness.general.passages import TEXTS
from harness.records import Weights

ROWS = 500  # of which four fifths are the gate's
LIMIT = 400
WORDS = ("filter", "lizard", "button", "quartz", "monkey", "yellow")  # equally long, so that lengths decide nothing


@dataclass(frozen=True)
class Ground:
    """Folders and files that lie there for every test of a module."""

    folder: Path
    model: Path

    def path(self, name: str) -> str:
        """Return the path of a model, an adapter or a file."""
        return str(self.folder / name)


def lay_ground(folder: Path, model: Path) -> Ground:
    """Write models, adapters and benchmarks into a folder; `folder/cache` is the cache to use."""
    make_whole(folder / "cache" / "benchmarks-2", _texts)
    build_tiny_model(folder / "other_model", seed=1)
    _other_tokenizer(folder / "other_tokenizer")
    _one_more_token(model, folder / "one_more_token")
    _known(model, folder / "known.jsonl")
    _rows(folder / "guessed.jsonl", [number % 2 for number in range(ROWS)])
    for name, size in (("ruined", 3.0), ("harmless", 0.0), ("broken", float("nan"))):
        write_adapter(folder / name, model, size)
    write_adapter(folder / "of_another_base", _narrower(folder / "narrower"), 0.0)
    return Ground(folder, model)


def write_adapter(folder: Path, model: Path, size: float) -> Path:
    """Write a LoRA adapter whose update is random and of this size; 0 changes nothing."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = LoraConfig(
            r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"
        )
        tuned = get_peft_model(AutoModelForCausalLM.from_pretrained(model), settings)
        for name, weights in tuned.named_parameters():
            if "lora_B" in name:
                weights.data = size * torch.randn_like(weights)
    tuned.save_pretrained(folder)
    return folder


def _texts(folder: Path) -> None:
    uses = ["gate"] * 40 + ["selection"] * 16
    rows = [
        {"id": f"text{i}", "text": f"Passage {i}: the lazy dog of Paris.", "use": use} for i, use in enumerate(uses)
    ]
    (folder / f"{TEXTS}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _questions() -> list[str]:
    return [f"Machine {number} needs a new" for number in range(ROWS)]


def _rows(file: Path, right: Sequence[int]) -> None:
    """Write a benchmark of two choices a row, of which `right` is the number of the right one."""
    lines = []
    for number, (question, gold) in enumerate(zip(_questions(), right, strict=True)):
        choices = [WORDS[number % len(WORDS)], WORDS[(number + 1) % len(WORDS)]]
        lines.append(json.dumps({"question": question, "choices": choices, "answer": choices[gold]}) + "\n")
    file.write_text("".join(lines))


def _known(model: Path, file: Path) -> None:
    from harness.engine.transformers_engine import TransformersEngine

    asked = [
        (question, [f" {WORDS[(number + step) % len(WORDS)]}" for step in (0, 1)])
        for number, question in enumerate(_questions())
    ]
    scored = TransformersEngine(str(model)).loglikelihood(asked, Weights(str(model)))
    _rows(file, [int(second.logprob > first.logprob) for first, second in scored])


def _other_tokenizer(folder: Path) -> None:
    known = tiny_model.SENTENCES
    try:
        tiny_model.SENTENCES = ("zebra zebra zoo zoo buzz buzz fuzz fuzz", *known[:2])
        build_tiny_model(folder)
    finally:
        tiny_model.SENTENCES = known


def _one_more_token(model: Path, folder: Path) -> None:
    """Copy a model and add a token, as a fine-tune does that wants one for padding."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, weights = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)
    tokenizer.add_tokens(["<|extra|>"], special_tokens=True)
    weights.resize_token_embeddings(len(tokenizer))
    weights.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _narrower(folder: Path) -> Path:
    """Save the tiny model with half its width, on which no adapter of the other fits."""
    from transformers import LlamaConfig, LlamaForCausalLM

    build_tiny_model(folder)
    settings = LlamaConfig.from_pretrained(folder)
    settings.hidden_size, settings.intermediate_size, settings.head_dim = 32, 64, 8
    (folder / "model.safetensors").unlink()
    LlamaForCausalLM(settings).save_pretrained(folder)
    return folder


def copy_with(source: Path, target: Path, name: str, text: str) -> Path:
    """Copy a folder and replace one of its files."""
    shutil.copytree(source, target)
    (target / name).write_text(text)
    return target
