"""The folder that a user takes away: PEFT's files, the tokenizer and a model card."""

import shutil
from pathlib import Path

from baselines.finetune.options import LoraOptions
from baselines.finetune.store import writing
from baselines.finetune.strength import kept_point
from harness.records import TrainingHistory, Weights
from harness.store.files import sync

CARD = """\
---
library_name: peft
base_model: {base}
tags: [{tags}]
---

# {base}, tuned with {method}

A LoRA adapter trained by `harness compare`. It was chosen on dev by the task's own metric, and it
answers as measured only on the base named here{quantized}, with the prompt stored in the run's
`result.json`.

| | |
|---|---|
| base | {base} |
| base quantisation | {quantization} |
| method | {method} |
| training rows | {rows} |
| answer tokens an epoch | {tokens} |
| rank, alpha, dropout | {rank}, {alpha:g}, {dropout:g} |
| trained parameters | {trainable:,} of {total:,} |
| learning rate | {rate:g} |
| batch size | {batch} |
| weight of the KL penalty to the base | {kl:g} |
| kept checkpoint | step {step} of {steps} |
| strength at which it is applied (settled on dev, in the weights already) | {strength:g} |
| dev score | {score:.4f} |
| dev loss | {loss} |
| last training loss | {train_loss:.4f} |

## How to load it

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer{imports}

base = AutoModelForCausalLM.from_pretrained("PATH_OR_NAME_OF_{base}"{load})
model = PeftModel.from_pretrained(base, "PATH_OF_THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")
```
"""
NF4_LOAD = (
    ",\n    quantization_config=BitsAndBytesConfig(load_in_4bit=True, "
    'bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant={double})'
)


def export(adapter: Path, folder: Path, base: Weights, history: TrainingHistory, options: LoraOptions) -> Path:
    """Copy an adapter into `folder` with its tokenizer and card, whole or not at all.

    Raises:
        StoreError: If the disk is full or refuses.
    """
    from transformers import AutoTokenizer

    partial = folder.with_name(folder.name + ".partial")
    with writing(folder):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copyfile(adapter / name, partial / name)
        AutoTokenizer.from_pretrained(base.model, trust_remote_code=False).save_pretrained(partial)
        (partial / "README.md").write_text(card(base, history, options), encoding="utf-8")
        for path in partial.iterdir():
            sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
        sync(folder.parent)
    return folder


def card(base: Weights, history: TrainingHistory, options: LoraOptions) -> str:
    """Return the model card; the base is named without the path it lay at."""
    best = kept_point(history)
    is_nf4 = base.quantization == "nf4"
    double = is_nf4 and _is_quantized_twice()
    return CARD.format(
        base=Path(base.model).name if Path(base.model).is_absolute() else base.model,
        tags=", ".join(["lora", *history.method.split("+")]),
        method=history.method.upper().replace("+", ", then ") + " with LoRA",
        quantized=" quantised to NF4" if is_nf4 else "",
        quantization=("NF4, double quantisation" if double else "NF4") if is_nf4 else "none",
        rows=history.rows,
        tokens=history.trainable_tokens,
        rank=options.rank,
        alpha=options.alpha,
        dropout=options.dropout,
        trainable=history.trainable_parameters,
        total=history.total_parameters,
        rate=history.learning_rate,
        batch=options.batch_size,
        kl=history.kl_to_base,
        step=best.step,
        strength=history.strength,
        steps=history.losses[-1].step,
        score=best.dev_score,
        loss="not measured" if best.dev_loss is None else f"{best.dev_loss:.4f} nats per token",
        train_loss=history.losses[-1].loss,
        load=NF4_LOAD.format(double=double) if is_nf4 else "",
        imports=", BitsAndBytesConfig" if is_nf4 else "",
    )


def _is_quantized_twice() -> bool:
    from harness.engine.resident import default_device, nf4_config

    return bool(nf4_config(default_device()).bnb_4bit_use_double_quant)
