"""As what tuning was kept, and so how it is packed, merged and served."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.json_files import read_json
from harness.records import Weights


@dataclass(frozen=True, slots=True)
class TunedForm:
    """What an arm's weights are, beside the base."""

    kind: Literal["none", "lora", "prefix", "other adapter", "checkpoint"]
    rank: int | None = None  # of a LoRA

    @property
    def merge_fault(self) -> str:
        """Say why it cannot be merged into the base, else ''."""
        return {
            "none": "it has no adapter",
            "prefix": "a prefix stands beside the base's weights and cannot be merged into them",
            "checkpoint": "its weights are whole already",
        }.get(self.kind, "")

    @property
    def serving_note(self) -> str:
        """Say why vLLM cannot serve it as it is, else ''."""
        return {
            "prefix": "vLLM does not serve prefixes; `answer.py` does, with PEFT",
            "other adapter": "vLLM serves no adapters but LoRA: export with --merged for it",
        }.get(self.kind, "")


def form_of(weights: Weights) -> TunedForm:
    """Read the form off what training left."""
    if weights.checkpoint:
        return TunedForm("checkpoint")
    if not weights.adapter:
        return TunedForm("none")
    config = read_json(Path(weights.adapter) / "adapter_config.json")
    if config["peft_type"] == "LORA":
        return TunedForm("lora", int(config["r"]))
    return TunedForm("prefix" if config["peft_type"] == "PREFIX_TUNING" else "other adapter")
