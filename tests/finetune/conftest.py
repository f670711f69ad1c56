"""Fixtures of the tuned arms' tests: one training process and one finished arm for them all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fit_ground import OPTIONS, SmallContext, study  # noqa: E402
from inner_process import train_here  # noqa: E402

import baselines.finetune  # noqa: E402
from baselines.finetune.dpo import lora_dpo  # noqa: E402
from baselines.finetune.process import TrainingProcess  # noqa: E402
from harness.contract import Budget, Fitted  # noqa: E402
from harness.records import Weights  # noqa: E402


@pytest.fixture(scope="session")
def engine(tiny_model):
    from harness.engine.transformers_engine import TransformersEngine

    return TransformersEngine(str(tiny_model))


@pytest.fixture(scope="session")
def process(tiny_model, tmp_path_factory):
    with TrainingProcess(tmp_path_factory.mktemp("process"), Weights(str(tiny_model))) as process:
        yield process


@pytest.fixture(scope="session")
def make_context(tiny_model, engine, tmp_path_factory):
    def make(arm: str, shared: Path | None = None, budget: Budget | None = None) -> SmallContext:
        root = tmp_path_factory.mktemp("run")
        folder = root / arm
        folder.mkdir()
        return SmallContext(engine, Weights(str(tiny_model)), folder, shared or root / "shared", budget or Budget())

    return make


@pytest.fixture
def trained_here(monkeypatch):
    """Let arms train inside the test; one that does so in a process of its own is `tuned`."""
    train_here(monkeypatch)


@pytest.fixture(scope="session")
def tuned(make_context) -> tuple[Fitted, SmallContext]:
    """`lora_sft` fitted once on the tiny model, by a training process."""
    context = make_context("lora_sft")
    return baselines.finetune.lora_sft(OPTIONS).fit(study(), context), context


@pytest.fixture(scope="session")
def preferred(tuned, make_context) -> tuple[Fitted, SmallContext]:
    """`lora_dpo` fitted in the same run, after `lora_sft`."""
    context = make_context("lora_dpo", shared=tuned[1].shared)
    with pytest.MonkeyPatch.context() as patch:
        train_here(patch)
        return lora_dpo(OPTIONS).fit(study(), context), context
