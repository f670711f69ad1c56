"""The folder that a user takes away: what training left, the tokenizer and a model card."""

import shutil
from pathlib import Path

from baselines.finetune.options import TuneOptions
from baselines.finetune.store import writing
from baselines.finetune.strength import kept_point
from baselines.finetune.tuners import tuner_of
from harness.assets.hub import hub_name
from harness.atomic import whole_folder
from harness.records import TrainingHistory, Weights

CARD = """\
---
library_name: {library}
base_model: {base}
tags: [{tags}]
---

# {base}, tuned with {method}

Trained by `harness compare` ({title}). It was chosen on dev by the task's own metric, and it answers as
measured only {place}, with the prompt stored in the run's `result.json`.

| | |
|---|---|
| base | {base} |
| base quantisation | {quantization} |
| method | {method} |
| training rows | {rows} |
| answer tokens an epoch | {tokens} |
{options}| trained parameters | {trainable:,} of {total:,} |
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
{load}```
"""
LOAD_ADAPTER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer{imports}

base = AutoModelForCausalLM.from_pretrained("PATH_OR_NAME_OF_{base}"{settings})
model = PeftModel.from_pretrained(base, "PATH_OF_THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")
"""
LOAD_CHECKPOINT = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("PATH_OF_THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")
"""
NF4_LOAD = (
    ",\n    quantization_config=BitsAndBytesConfig(load_in_4bit=True, "
    'bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant={double})'
)


def export(tuned: Path, folder: Path, base: Weights, history: TrainingHistory, options: TuneOptions) -> Path:
    """Copy what training left into `folder` with the base's tokenizer and a card, whole or not at all.

    Raises:
        StoreError: If the disk is full or refuses.
    """
    from transformers import AutoTokenizer

    with writing(folder), whole_folder(folder) as aside:
        for path in sorted(tuned.iterdir()):
            if path.suffix in (".json", ".safetensors"):
                shutil.copyfile(path, aside / path.name)
        AutoTokenizer.from_pretrained(base.model, trust_remote_code=False).save_pretrained(aside)
        (aside / "README.md").write_text(card(base, history, options), encoding="utf-8")
    return folder


def card(base: Weights, history: TrainingHistory, options: TuneOptions) -> str:
    """Return the model card; the base is named without the path it lay at."""
    best, title = kept_point(history), tuner_of(options.tuner).title
    name = hub_name(base.model) or Path(base.model).name
    is_nf4, is_adapter = base.quantization == "nf4", options.keeps == "adapters"
    double = is_nf4 and _is_quantized_twice()
    return CARD.format(
        base=name,
        library="peft" if is_adapter else "transformers",
        title=title,
        tags=", ".join([*(["lora"] if title == "LoRA" else []), *history.method.split("+")]),
        method=f"{history.method.upper().replace('+', ', then ')} with {title}",
        place=f"on the base named here{' quantised to NF4' if is_nf4 else ''}" if is_adapter else "as a whole",
        quantization=("NF4, double quantisation" if double else "NF4") if is_nf4 else "none",
        rows=history.rows,
        tokens=history.trainable_tokens,
        options=_option_row(options),
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
        load=_loading(name, double if is_nf4 else None) if is_adapter else LOAD_CHECKPOINT,
    )


def _option_row(options: TuneOptions) -> str:
    """Return the tuner's options as a row of the table; nothing where it has none."""
    if not options.tunes:
        return ""
    values = (getattr(options, name) for name in options.tunes)
    shown = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
    return f"| {', '.join(options.tunes)} | {shown} |\n"


def _loading(base: str, nf4_double: bool | None) -> str:
    """Return how an adapter is put on its base; `nf4_double` is None for a base that is not quantised."""
    if nf4_double is None:
        return LOAD_ADAPTER.format(base=base, imports="", settings="")
    settings = NF4_LOAD.format(double=nf4_double)
    return LOAD_ADAPTER.format(base=base, imports=", BitsAndBytesConfig", settings=settings)


def _is_quantized_twice() -> bool:
    from harness.engine.resident import default_device, nf4_config

    return bool(nf4_config(default_device()).bnb_4bit_use_double_quant)
