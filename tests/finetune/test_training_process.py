"""The training process, driven directly on the tiny model."""

import hashlib
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from fit_ground import example
from inner_process import Parent, base_of

from baselines.finetune.objectives import PREFERENCE, SUPERVISED, preference, supervised
from baselines.finetune.process import TrainingProcess
from baselines.finetune.rows import Renderer, answer_rows
from baselines.finetune.spec import AnswerRow, PairRow, RunSpec
from baselines.finetune.tuners import LORA
from harness.errors import ArmError
from harness.program import Program, Prompt
from harness.records import GenerationSettings, Weights

BATCH = 8


@pytest.fixture(scope="module")
def rows(tiny_model, engine) -> tuple[AnswerRow, ...]:
    program = Program(Weights(str(tiny_model)), Prompt(), GenerationSettings(4))
    examples = [replace(example(n), target=("Paris", "It is snowing today.")[n % 2]) for n in range(BATCH)]
    return answer_rows(Renderer(str(tiny_model), engine), program, examples, [()] * BATCH)


@pytest.fixture
def spec(rows, tmp_path) -> RunSpec:
    return RunSpec(
        objective=SUPERVISED,
        folder=str(tmp_path / "sft"),
        rows=rows,
        steps=3,
        evaluate_at=(3,),
        learning_rate=1e-2,
        schedule="linear",
        warmup_steps=0,
        batch_size=BATCH,
        seed=0,
        tuner=LORA,
        tuner_options={"rank": 4, "alpha": 8.0, "dropout": 0.0},
        objective_options={"beta": 0.1},
    )


def drive(process: TrainingProcess, spec: RunSpec, *continues: bool):
    """Run a spec; returns steps, checkpoint folders and the result."""
    Path(spec.folder).mkdir(parents=True, exist_ok=True)
    steps, folders, answers = [], [], iter(continues)

    def on_checkpoint(step, epoch, folder):
        folders.append(folder)
        return next(answers, True)

    result = process.run(spec, steps.append, on_checkpoint)
    return steps, folders, result


def losses_of(parent: Parent) -> list[float]:
    return [point.loss for point in parent.losses]


def sha(folder: Path) -> str:
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


def test_the_first_loss_is_the_bases_own_loss_on_the_answers_alone(process, spec, rows, tiny_model):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    total = 0.0
    for row in rows:  # one row at a time: no padding, every logit, the answer's positions by hand
        logits = model(input_ids=torch.tensor([[*row.prompt, *row.answer]])).logits[0].detach()
        predicted = logits[len(row.prompt) - 1 : -1].log_softmax(-1)
        total -= float(predicted[range(len(row.answer)), list(row.answer)].sum())
    # a fresh adapter has B = 0, and the batch holds every row
    steps, _, _ = drive(process, spec)
    assert steps[0].loss == pytest.approx(total / sum(len(row.answer) for row in rows), abs=1e-4)
    assert steps[2].loss < steps[0].loss


def test_the_same_seed_gives_the_same_adapter_byte_for_byte(process, spec, tmp_path):
    other = replace(spec, folder=str(tmp_path / "again"))
    _, first, _ = drive(process, spec)
    _, second, _ = drive(process, other)
    _, third, _ = drive(process, replace(spec, folder=str(tmp_path / "seed"), seed=1))
    assert sha(first[0]) == sha(second[0])
    assert sha(first[0]) != sha(third[0])


def test_the_parents_no_ends_the_run_at_that_checkpoint(process, spec):
    steps, folders, result = drive(process, replace(spec, steps=9, evaluate_at=(2, 4, 9)), True, False)
    assert [folder.name for folder in folders] == ["checkpoint-2", "checkpoint-4"]
    assert (result.steps, result.stopped, len(steps)) == (4, "early", 4)


def test_time_that_is_spent_ends_the_run_with_a_checkpoint(process, spec):
    _, folders, result = drive(process, replace(spec, steps=500, evaluate_at=(500,), seconds=0.0))
    assert (result.steps, result.stopped) == (1, "budget")
    assert folders[0].name == "checkpoint-1"


def test_a_loss_that_is_not_finite_fails_the_run_and_the_process_lives(process, spec, tmp_path):
    with pytest.raises(ArmError, match=r"FAILED: (loss|grad_norm) became non-finite at step [23]"):
        drive(process, replace(spec, steps=9, evaluate_at=(9,), learning_rate=1e30))
    _, _, result = drive(process, replace(spec, folder=str(tmp_path / "after")))
    assert result.stopped == "end"


def test_an_update_that_spoils_the_adapter_fails_the_run_at_that_step(spec, tiny_model, monkeypatch):
    from baselines.finetune import loop
    from baselines.finetune.failure import TrainingFailure

    class Damaged(supervised.AnswerTrainer):
        """Loss and gradient stay finite: they are taken before the update."""

        def create_optimizer(self, *given):
            optimizer = super().create_optimizer(*given)
            tensor = optimizer.param_groups[0]["params"][-1]
            optimizer.register_step_post_hook(lambda *_: tensor.data.fill_(float("inf")))
            return optimizer

    monkeypatch.setattr(supervised.Supervised, "trainer", Damaged)
    spec = replace(spec, steps=1, evaluate_at=(1,))
    with pytest.raises(TrainingFailure, match="FAILED: .*lora_.* became non-finite at step 1"):
        loop.train(base_of(Weights(str(tiny_model))), spec, Parent(), 1)
    assert not list(Path(spec.folder).glob("*/"))


def pairs(rows: tuple[AnswerRow, ...]) -> tuple[PairRow, ...]:
    """Each row's own answer against its neighbour's."""
    return tuple(
        PairRow(row.id, row.prompt, row.answer, other.answer)
        for row, other in zip(rows, rows[1:] + rows[:1], strict=True)
    )


def test_dpo_starts_at_ln_2_with_its_start_policy_as_reference(process, spec, rows, tmp_path):
    _, folders, _ = drive(process, spec)
    # margin 0 at the start: loss = -log sigmoid(0) = ln 2; the process itself refuses anything else
    dpo = replace(spec, objective=PREFERENCE, folder=str(tmp_path / "dpo"), rows=pairs(rows), start=str(folders[0]))
    steps, tuned, _ = drive(process, dpo)
    assert steps[0].loss == pytest.approx(0.693147, abs=1e-3)
    assert steps[2].loss < steps[0].loss
    assert sha(tuned[0]) != sha(folders[0])


def test_dpo_whose_reference_is_not_its_start_is_refused(process, spec, rows, tmp_path, tiny_model, monkeypatch):
    from baselines.finetune import loop
    from baselines.finetune.failure import TrainingFailure

    class WrongReference(preference.PairTrainer):
        def __init__(self, *, model, **others):
            super().__init__(model=model, **others)
            for name, tensor in model.named_parameters():
                if ".ref." in name:
                    tensor.data.zero_()  # the bare base instead of the start

    _, folders, _ = drive(process, spec)
    dpo = replace(spec, objective=PREFERENCE, folder=str(tmp_path / "dpo"), rows=pairs(rows), start=str(folders[0]))
    monkeypatch.setattr(preference.Preference, "trainer", WrongReference)
    with pytest.raises(TrainingFailure, match="not at ln 2 and 0; the reference is not the start policy"):
        loop.train(base_of(Weights(str(tiny_model))), dpo, Parent(), dpo.steps)


def test_dpo_continues_from_the_adapter_it_is_given(process, spec, rows, tmp_path):
    from safetensors.torch import load_file

    _, folders, _ = drive(process, spec)
    dpo = replace(
        spec,
        objective=PREFERENCE,
        folder=str(tmp_path / "dpo"),
        rows=pairs(rows),
        start=str(folders[0]),
        learning_rate=1e-9,
    )
    _, tuned, _ = drive(process, dpo)
    before, after = (load_file(f / "adapter_model.safetensors") for f in (folders[0], tuned[0]))
    assert before.keys() == after.keys()
    assert max(float((before[name] - after[name]).abs().max()) for name in before) < 1e-6


def test_an_adapter_with_other_tensors_is_refused(tiny_model, spec, tmp_path, process):
    from safetensors.torch import load_file, save_file

    _, folders, _ = drive(process, spec)
    weights = load_file(folders[0] / "adapter_model.safetensors")
    weights.pop(min(weights))
    save_file(weights, folders[0] / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArmError, match="missing or unexpected"):
        drive(process, replace(spec, folder=str(tmp_path / "on"), start=str(folders[0])))


def test_a_killed_process_is_an_arm_error_that_says_how_it_died(tiny_model, spec, tmp_path):
    def kill(point):
        os.kill(process._process.pid, signal.SIGKILL)

    Path(spec.folder).mkdir(parents=True)
    with TrainingProcess(tmp_path / "doomed", Weights(str(tiny_model))) as process:
        with pytest.raises(ArmError, match="killed by signal 9.*trainer.log"):
            process.run(spec, kill, lambda *_: True)
        assert not list(Path(spec.folder).glob("checkpoint-*"))


def test_the_process_ends_in_the_middle_of_a_run_when_its_parent_is_gone(tiny_model, spec, tmp_path):
    Path(spec.folder).mkdir(parents=True)
    with TrainingProcess(tmp_path / "orphan", Weights(str(tiny_model))) as process:
        # a closed pipe is all that a dead parent leaves
        with pytest.raises(ArmError, match="ended with code 0"):
            process.run(
                replace(spec, steps=10**6, evaluate_at=(10**6,)),
                lambda point: process._process._process.stdin.close(),
                lambda *_: True,
            )


@pytest.mark.parametrize("quantization", [None, "nf4"])
def test_the_head_sees_only_answer_positions_and_the_loss_stays_the_same(
    tiny_model, spec, rows, tmp_path, monkeypatch, quantization
):
    from trl.trainer import utils

    from baselines.finetune import loop
    from baselines.finetune.base import Base

    monkeypatch.setattr(utils, "_use_triton", utils._use_triton)  # put back after the test
    base = Base.load(str(tiny_model), quantization)
    kernel, seen = utils._ChunkedLogProbFunction, []

    class Spy:
        @staticmethod
        def apply(hidden, *rest):
            seen.append(hidden.shape[0])
            return kernel.apply(hidden, *rest)

    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", Spy)
    skipped, whole = Parent(), Parent()
    loop.train(base, spec, skipped, spec.steps)
    assert set(seen) == {sum(len(row.answer) for row in rows)}  # the batch holds every row
    seen.clear()
    monkeypatch.setattr(utils, "_use_triton", lambda device: False)
    monkeypatch.setattr(loop, "skip_masked_positions", lambda: None)
    loop.train(base, replace(spec, folder=str(tmp_path / "whole")), whole, spec.steps)
    begun = {row.prompt[:length] for row in rows for length in range(1, len(row.prompt))}
    # as one tree: what prompts begin with alike counts once, and their last tokens and the answers are each row's own
    assert set(seen) == {len(begun) + sum(len(row.answer) for row in rows)}
    assert losses_of(skipped) == pytest.approx(losses_of(whole), abs=1e-5)


def test_smaller_passes_take_the_same_steps_as_one_large_pass(tiny_model, spec, rows, tmp_path, monkeypatch):
    from trl.trainer import utils

    from baselines.finetune import loop
    from baselines.finetune.base import Base

    monkeypatch.setattr(utils, "_use_triton", utils._use_triton)  # put back after the test
    base = Base.load(str(tiny_model), None)
    whole, split = Parent(), Parent()
    longest = max(row.length for row in rows)
    assert loop.rows_at_once(spec, 2 * longest) < spec.batch_size <= loop.rows_at_once(spec, 10**6)
    loop.train(base, spec, whole, spec.steps)
    monkeypatch.setattr(loop, "MICRO_TOKENS", {"cpu": 2 * longest, "cuda": 2 * longest})
    loop.train(base, replace(spec, folder=str(tmp_path / "split")), split, spec.steps)
    assert len(split.losses) == spec.steps
    assert losses_of(split) == pytest.approx(losses_of(whole), abs=1e-4)
