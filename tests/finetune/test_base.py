"""A base under a tuning that cannot be put on it: whose fault it is."""

from types import SimpleNamespace

import pytest
import torch
from inner_process import spec_in
from peft import LoraConfig

import baselines.finetune.base
from baselines.finetune.base import Base
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.tuners.lora import Lora


class RefusedByPeft(Lora):
    """Has options that PEFT checks by itself and refuses with a TypeError."""

    def config(self, model, spec):
        return LoraConfig(target_parameters="weight")


class WronglyCalled(Lora):
    """Gives PEFT an option that there is not."""

    def config(self, model, spec):
        return LoraConfig(no_such_option=5)


@pytest.fixture
def put_on(tmp_path, monkeypatch):
    """Put a tuner on a model of one layer."""
    model = torch.nn.Linear(2, 2)
    model.config = SimpleNamespace(model_type="one_layer")

    def put(tuner):
        monkeypatch.setattr(baselines.finetune.base, "tuner_of", lambda name: tuner)
        with Base(model, None, 6).tuned(spec_in(tmp_path)):
            pass

    return put


def test_type_error_of_peft_says_that_the_model_cannot_be_tuned(put_on):
    with pytest.raises(TrainingFailure, match="LoRA cannot be put on a model of type one_layer: .*target_parameters"):
        put_on(RefusedByPeft())


class Mistaken(Lora):
    """Has a fault of its own that is an error of the same kind as a library's."""

    def __init__(self, fault):
        self.fault = fault

    def config(self, model, spec):
        raise self.fault


@pytest.mark.parametrize("fault", [ValueError("unequal"), NotImplementedError("to do"), TypeError("no number")])
def test_error_that_no_library_raised_is_a_programming_fault(put_on, fault):
    with pytest.raises(type(fault), match=str(fault)):
        put_on(Mistaken(fault))


def test_value_error_of_peft_says_that_the_model_cannot_be_tuned(put_on):
    class Unplaced(Lora):
        def config(self, model, spec):
            return LoraConfig(target_modules=["no_such_layer"])

    with pytest.raises(TrainingFailure, match="LoRA cannot be put on .* of type one_layer: No modules were targeted"):
        put_on(Unplaced())


def test_type_error_of_a_wrong_call_is_a_programming_fault(put_on):
    with pytest.raises(TypeError, match="no_such_option"):
        put_on(WronglyCalled())


@pytest.mark.parametrize("broken", ["adapter_config.json", "adapter_model.safetensors"])
def test_adapter_that_cannot_be_read_is_a_training_failure(tiny_model, tmp_path, broken):
    base = Base.load(str(tiny_model), None)
    with base.tuned(spec_in(tmp_path)) as model:
        model.save_pretrained(tmp_path / "adapter")
    spec = spec_in(tmp_path, start=str(tmp_path / "adapter"))
    with base.tuned(spec):
        pass  # whole, it can be continued
    file = tmp_path / "adapter" / broken
    if broken == "adapter_config.json":
        file.write_text("{")
    else:
        file.unlink()
    with pytest.raises(TrainingFailure, match="LoRA cannot be put on a model of type"), base.tuned(spec):
        pass
