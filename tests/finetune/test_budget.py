"""Whole arms inside a forgetting budget: what is kept, at which strength, and with which penalty."""

from pathlib import Path

import pytest
from fit_ground import study
from inner_process import train_here
from safetensors.torch import load_file

import baselines.finetune
from harness.records import Forgetting

OPTIONS = {"learning_rate": 1e-2, "epochs": 2, "batch_size": 8}


@pytest.fixture
def context(make_context, monkeypatch):
    train_here(monkeypatch)
    return make_context("lora_sft")


def fit(context, spent, **options):
    """Fit `lora_sft` where `spent` says what share of the budget an adapter takes, by its folder."""
    context.forgotten = lambda weights: Forgetting(0.0, 0.0, None, spent(Path(weights.adapter)))
    return baselines.finetune.lora_sft({**OPTIONS, **options}).fit(study(), context).training


def strength_of(folder: Path) -> float:
    return float(folder.name) if folder.parent.name.endswith("-strengths") else 1.0


def test_an_arm_that_leaves_the_budget_ships_its_adapter_at_part_strength(context, monkeypatch):
    whole = {}

    def spent(folder):
        if strength_of(folder) == 1.0 and not whole:  # the best on the task is asked first
            whole.update(load_file(folder / "adapter_model.safetensors"))
        return 2.0 * strength_of(folder)

    history = fit(context, spent, kl_to_base=0.0)
    curve = [(point.strength, point.forgetting.spent) for point in history.frontier]
    assert curve == [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.625, 1.25), (0.75, 1.5), (1.0, 2.0)]
    inside = [point for point in history.frontier if 0 < point.strength <= 0.5]
    best = min(inside, key=lambda point: (-point.dev_score, point.dev_loss))
    assert history.strength == best.strength
    shipped = load_file(context.folder / "adapter" / "adapter_model.safetensors")
    for name, tensor in shipped.items():
        assert (tensor == whole[name] * (best.strength if "lora_B" in name else 1.0)).all()
    card = (context.folder / "adapter" / "README.md").read_text()
    assert f"in the weights already) | {best.strength:g} |" in card
    assert f"| dev score | {best.dev_score:.4f} |" in card
    assert not list((context.folder / "training").rglob("*.safetensors"))  # what was tried on the way is gone


def test_a_heavier_penalty_is_tried_where_the_lighter_one_leaves_nothing_inside(context):
    history = fit(context, lambda folder: 3.0 if "sft-kl-0" in str(folder) else 0.5, kl_to_base=(0.0, 1.0))
    assert history.kl_to_base == 1.0
    assert any("not independent evidence" in warning for warning in history.warnings)


def test_no_other_penalty_is_tried_once_one_is_inside_and_gave_up_nothing(context):
    fitted = fit(context, lambda folder: 0.5, kl_to_base=(0.0, 1.0))
    assert fitted.kl_to_base == 0.0
    assert not any("kl_to_base 1:" in line for line in context.lines)
