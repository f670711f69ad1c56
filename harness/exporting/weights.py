"""Weights in an export: the base, the adapter beside it, or both merged into one model."""

import shutil
from pathlib import Path

from harness.assets.cache import MANIFEST
from harness.exporting.export_source import ExportSource
from harness.exporting.license import license_files

# What a model folder needs; pickled weights and our cache's own manifest stay behind.
_MODEL_FILES = {".safetensors", ".json", ".jinja", ".txt", ".model", ".md"}


def place_base(source: ExportSource, target: Path) -> str:
    """Put the base into `target` and return the folder's name, or the hub id of a base that has no folder."""
    base = source.base_folder
    if base is None:
        return source.program.weights.model
    target.mkdir()
    files = {file for file in base.iterdir() if file.is_file() and file.suffix in _MODEL_FILES}
    for file in sorted({*files, *license_files(base)}):
        if file.name != MANIFEST:
            shutil.copyfile(file, target / file.name)  # a link would let a change of the export change the model
    return target.name


def place_checkpoint(source: ExportSource, target: Path) -> None:
    """Put weights that were all tuned into `target`, with the base's tokenizer, chat template and license."""
    checkpoint = source.program.weights.checkpoint
    assert checkpoint is not None
    target.mkdir()
    for file in sorted(Path(checkpoint).iterdir()):
        if file.suffix in _MODEL_FILES:
            shutil.copyfile(file, target / file.name)  # a link would let a change of the export change the model
    for file in license_files(source.base_folder) if source.base_folder else ():
        shutil.copyfile(file, target / file.name)


def merge(source: ExportSource, target: Path) -> list[str]:
    """Save the base with the adapter merged into it, as safetensors, tokenizer and chat template included.

    The sums are made in fp32 and saved in the base's own type. A 4-bit base is merged in full precision.

    Returns:
        What the user should know about the difference to what was scored.
    """
    from harness.quiet import quiet

    weights = source.program.weights
    assert weights.adapter is not None
    with quiet():
        import torch
        from peft import PeftModel

        from harness.engine.resident import load_base, load_config, load_tokenizer

        dtype = load_config(weights.model).dtype or torch.float32
        base = load_base(weights.model, None, torch.device("cpu"))
        merged = PeftModel.from_pretrained(base, weights.adapter).merge_and_unload(safe_merge=True)
        merged.to(dtype).save_pretrained(target)
        load_tokenizer(weights.model).save_pretrained(target)
    for file in license_files(source.base_folder) if source.base_folder else ():
        shutil.copyfile(file, target / file.name)
    warnings = []
    if weights.quantization:
        warnings.append(
            f"{source.arm} was trained and scored on the 4-bit ({weights.quantization}) base; merged, it stands on the "
            "full-precision one and may answer otherwise"
        )
    if dtype != torch.float32:
        kind = str(dtype).removeprefix("torch.")
        warnings.append(f"the merged weights are rounded to {kind}, the base's own type")
    return warnings
