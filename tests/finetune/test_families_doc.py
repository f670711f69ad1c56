"""docs/models.md names exactly the families that the tests try, and says of each what the code does."""

from pathlib import Path

import torch
from family_models import FAMILIES, config_of
from pytest import mark
from transformers import AutoModelForCausalLM

from baselines.finetune.tuners.lora import _MAMBA_TYPES, targets
from harness.engine.architectures import architecture, masks_padding

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def row(name: str) -> str:
    """The table's line on a family."""
    family = FAMILIES[name]
    config = config_of(family)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    kind = architecture(config, name)
    batch = "any lengths" if masks_padding(model) else "one at a time"
    if kind.turn is not None:
        batch = "by side of the turn"
    spared = [] if targets(model) == "all-linear" else ["experts' blocks"]
    spared += ["`out_proj`, `dt_proj`"] if family.type in _MAMBA_TYPES else []
    lora = f"but {' and '.join(spared)}" if spared else "all"
    tried = "always" if family.trained else "slow"
    shares = "yes" if kind.packs else "no"
    return f"| {family.title} | `{family.type}` | {batch} | {shares} | {lora} | {tried} |"


@mark.parametrize("name", FAMILIES)
def test_page_says_what_the_code_does_with_a_family(name):
    assert row(name) in PAGE.read_text(encoding="utf-8").splitlines()


def test_page_names_no_family_that_is_not_tried():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.endswith(("| always |", "| slow |"))]) == len(FAMILIES)
