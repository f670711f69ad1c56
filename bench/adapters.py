"""Adapters from harmless to ruined, to see what the gate of general ability says of each.

    python -m bench.adapters FOLDER                 train them (about 40 minutes at one thread)

Plain PEFT and AdamW on the training rows of our own tasks; nothing is chosen, and no test row is read. What the gate
says of them is in `bench/gate_on_adapters.py`.
"""

import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from baselines.finetune.rows import TEXTS
from baselines.prompt.zero import plain_prompt
from harness.assets.models import resolve_model
from harness.task import load_task

ROOT = Path(__file__).parent.parent
BATCH = 4
ANCHORS = 4  # general texts a step, where the base's predictions are kept


@dataclass(frozen=True)
class Recipe:
    """How one adapter is made."""

    task: str
    rate: float
    steps: int
    kl: float = 0.0  # weight of KL(base || tuned) on general texts, nats per token
    seed: int = 0

    @property
    def name(self) -> str:
        """Folder of the adapter."""
        penalty = f"-kl{self.kl:g}" if self.kl else ""
        return f"{self.task}-{self.rate:g}-{self.steps}{penalty}"


RECIPES = (
    Recipe("support_routing", 1e-5, 10),
    Recipe("support_routing", 1e-4, 15),
    Recipe("support_routing", 3e-4, 30),
    Recipe("support_routing", 1e-3, 30),
    Recipe("support_routing", 3e-3, 30),
    Recipe("support_routing", 1e-2, 30),
    Recipe("support_routing", 1e-3, 30, kl=1.0),
    Recipe("order_lines", 1e-4, 15),
    Recipe("order_lines", 1e-3, 40),
    Recipe("order_lines", 3e-3, 40),
    Recipe("order_lines", 1e-3, 40, kl=1.0),
    Recipe("serial_numbers", 1e-3, 20),
    Recipe("serial_numbers", 5e-3, 30),
    Recipe("staff_directory", 3e-4, 40),
    Recipe("staff_directory", 2e-3, 40),
    Recipe("random_labels", 1e-3, 30),
)


def main(out: Path) -> None:
    """Train every adapter that is not there yet, and tell what each did to its own loss."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = str(resolve_model("smollm2-135m", print))
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    for recipe in RECIPES:
        folder = out / recipe.name
        if (folder / "recipe.json").exists():
            continue
        began = time.monotonic()
        base: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        torch.manual_seed(recipe.seed)
        config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        losses = train(get_peft_model(base, config), tokenizer, recipe, folder)
        told = {**asdict(recipe), "first_loss": losses[0], "last_loss": sum(losses[-5:]) / len(losses[-5:])}
        (folder / "recipe.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        print(f"{recipe.name}: {told['first_loss']:.2f} to {told['last_loss']:.3f}, {time.monotonic() - began:.0f} s")


def train(adapted: Any, tokenizer: Any, recipe: Recipe, folder: Path) -> list[float]:
    """Train one adapter, save it, and return the loss of every step in nats per answer token."""
    rows = training_rows(recipe.task, tokenizer)
    order = random.Random(recipe.seed)
    anchors = [tokenizer.encode(text)[:96] for text in general_texts()]
    optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=recipe.rate)
    losses = []
    for step in range(recipe.steps):
        ids, labels, mask = padded(order.sample(rows, BATCH))
        loss = adapted(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        if recipe.kl:
            texts = [anchors[(step * ANCHORS + i) % len(anchors)] for i in range(ANCHORS)]
            torch.autograd.backward(recipe.kl * divergence(adapted, texts))
        torch.nn.utils.clip_grad_norm_(adapted.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    adapted.save_pretrained(folder)
    return losses


def training_rows(task_name: str, tokenizer: Any) -> list[tuple[list[int], list[int]]]:
    """Return the task's training rows as prompt and answer ids, as its zero-shot prompt asks."""
    study = load_task(ROOT / "tasks" / task_name / "task.yaml").study
    prompt = plain_prompt(study)
    rows = []
    for example in study.train:
        turns = [{"role": m.role, "content": m.content} for m in prompt.messages(example.question)]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        answer = [*tokenizer.encode(example.target, add_special_tokens=False), tokenizer.eos_token_id]
        rows.append((tokenizer.encode(text, add_special_tokens=False), answer))
    return rows


def general_texts() -> list[str]:
    """Return the texts that the penalty of tuned arms uses."""
    items = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    return [item.get("text") or f"{item['question']}\n{item['answer']}" for item in items]


def padded(batch: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pad a batch to one width; the loss is taken on the answers alone."""
    width = max(len(prompt) + len(answer) for prompt, answer in batch)
    ids, labels, mask = [], [], []
    for prompt, answer in batch:
        rest = width - len(prompt) - len(answer)
        ids.append([*prompt, *answer, *[0] * rest])
        labels.append([*[-100] * len(prompt), *answer, *[-100] * rest])
        mask.append([1] * (width - rest) + [0] * rest)
    return torch.tensor(ids), torch.tensor(labels), torch.tensor(mask)


def divergence(adapted: Any, texts: list[list[int]]) -> torch.Tensor:
    """Return KL(base || tuned) per token over some texts."""
    ids, _, mask = padded([(text, []) for text in texts])
    with torch.no_grad(), adapted.disable_adapter():
        base = adapted(input_ids=ids, attention_mask=mask, use_cache=False).logits.log_softmax(-1)
    tuned = adapted(input_ids=ids, attention_mask=mask, use_cache=False).logits.log_softmax(-1)
    by_token: torch.Tensor = (base.exp() * (base - tuned)).sum(-1)
    return (by_token * mask).sum().div(mask.sum())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
