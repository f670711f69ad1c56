"""A training process that runs out of memory, or is killed."""

import errno
import os
import signal

import pytest
from fit_ground import study
from inner_process import InnerProcess, answers, spec_in

from baselines.finetune import loop, process
from baselines.finetune.kto import JudgedRow
from baselines.finetune.objectives import SUPERVISED
from baselines.finetune.process import OutOfMemory, TrainingProcess
from baselines.finetune.schedule import Schedule
from baselines.prompt.zero import zero_shot_program
from harness.contract import DevScore
from harness.engine.faults import is_out_of_memory
from harness.errors import ArmError, StoreError
from harness.records import Weights

# In the training process alone: from the third step on, more than `most` rows at once ask the real allocator for
# more than there is.
NO_ROOM = """
import torch
from baselines.finetune.objectives import supervised

def compute_loss(self, model, inputs, *rest, plain=supervised.AnswerTrainer.compute_loss, **others):
    if self.state.global_step >= 2 and len(inputs["input_ids"]) > {most}:
        {fault}
    return plain(self, model, inputs, *rest, **others)

supervised.AnswerTrainer.compute_loss = compute_loss
"""


@pytest.fixture
def context(make_context):
    context = make_context("arm")
    context.score = lambda program, examples, *, with_loss=False: DevScore(0.5, 8, 1.0)
    return context


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """Put Python code into every training process that starts from now on."""

    def put(code: str) -> None:
        (tmp_path / "sitecustomize.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    return put


def run(context, process, folder="sft", **changes):
    spec = spec_in(context.folder / folder, **changes)
    schedule = Schedule(context, process, zero_shot_program(study(), context), study().dev, 9, "training")
    return schedule.run(spec)


def started(context, name="training", **changes) -> TrainingProcess:
    return TrainingProcess(context.folder / name, Weights(context.base.model), **changes)


@pytest.fixture
def whole(context):
    return run(context, InnerProcess(context.folder, Weights(context.base.model)), "whole")


def assert_same_training(outcome, whole):
    """The batch and its rows are the same; sums of fewer rows at a time are rounded otherwise."""
    assert [point.step for point in outcome.losses] == [point.step for point in whole.losses]
    assert [p.loss for p in outcome.losses] == pytest.approx([p.loss for p in whole.losses], abs=1e-5)


def finite(outcome) -> bool:
    from safetensors.torch import load_file

    tensors = load_file(outcome.best / "adapter_model.safetensors")
    return all(bool(tensor.isfinite().all()) for tensor in tensors.values())


def test_out_of_memory_halves_the_rows_at_once_and_keeps_the_batch(context, fault, whole):
    fault(NO_ROOM.format(most=2, fault="torch.empty(2**60, dtype=torch.uint8)"))
    with started(context) as process:
        outcome = run(context, process)
    assert_same_training(outcome, whole)
    assert finite(outcome)
    assert any("2 of a batch's 4 rows went through at once" in warning for warning in outcome.warnings)
    (halving,) = (line for line in context.lines if "continuing with" in line)
    assert "allocate" in halving
    assert halving.endswith("continuing with 2 rows at once instead of 4")
    assert (
        "training: continuing from step 3" in context.lines
    )  # the batch of step 3 has two rows, and that of step 4 four


@pytest.mark.slow
@pytest.mark.parametrize("is_for_memory", [True, False])
def test_a_kill_by_the_system_halves_too_and_one_by_somebody_does_not(context, whole, monkeypatch, is_for_memory):
    monkeypatch.setattr("baselines.finetune.process.was_for_memory", lambda before: is_for_memory)
    process = started(context)
    killed = []

    def kill_once(stage, done, total):
        if done == 5 and not killed:
            killed.append(process._process.pid)
            os.kill(process._process.pid, signal.SIGKILL)

    context.progress = kill_once
    with process:
        outcome = run(context, process)
        assert process._process.pid not in killed
    assert_same_training(outcome, whole)
    halved = [warning for warning in outcome.warnings if "2 of a batch's 4 rows went through at once" in warning]
    assert len(halved) == is_for_memory
    if not is_for_memory:  # somebody killed it: the same training, to the last bit
        weights = "adapter_model.safetensors"
        assert (outcome.best / weights).read_bytes() == (whole.best / weights).read_bytes()


class Killed(InnerProcess):
    """Is killed, and not for memory, as often as `times` says; then it trains."""

    times = 1

    def run(self, *given, **named):
        if self.times:
            self.times -= 1
            raise process.Killed("the training process was killed by signal 9")
        return super().run(*given, **named)


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_somebody_killed_is_started_again_once(context, whole, times):
    killed = Killed(context.folder, Weights(context.base.model))
    killed.times = times
    if times == 1:
        assert run(context, killed).losses == whole.losses
        assert [spec.micro_tokens for spec in killed.runs] == [None]
    else:
        with pytest.raises(process.OutOfMemory, match="killed by signal 9"):  # while it loaded the base
            run(context, killed)


class Starving(InnerProcess):
    """Runs out of memory at the third step as long as more than `most` rows go through at once."""

    most = 1

    def run(self, spec, on_step, on_checkpoint, on_begun=lambda begun: None, latest=None):
        rows = [0]

        def begin(begun):
            rows[0] = begun.rows_at_once
            on_begun(begun)

        def step(point):
            on_step(point)
            if point.step == 3 and rows[0] > self.most:
                raise OutOfMemory("no memory")

        return super().run(spec, step, on_checkpoint, begin, latest)


def starving(context, most=1) -> Starving:
    process = Starving(context.folder, Weights(context.base.model))
    process.most = most
    return process


def test_a_schedule_whose_batches_go_through_whole_warns_of_nothing(context):
    process = starving(context, most=9)
    process.micro_tokens = 10_000  # an earlier schedule, of longer rows, came to this
    assert run(context, process).warnings == ()


def test_a_device_that_takes_fewer_rows_anyway_is_no_lack_of_memory(context, monkeypatch):
    monkeypatch.setattr(loop, "MICRO_TOKENS", {"cpu": 16, "cuda": 16})  # two of the rows of eight tokens
    process = starving(context, most=9)
    process.micro_tokens = 1000  # an earlier schedule, of longer rows, came to this
    assert run(context, process).warnings == ()
    process.micro_tokens = 8  # and to this
    assert [line.partition(";")[0].partition(",")[0] for line in run(context, process, "shorter").warnings] == [
        "memory ran out with more"
    ]


def test_memory_that_one_row_exceeds_is_an_arm_error_that_says_so(context):
    process = starving(context, most=0)
    with pytest.raises(ArmError, match="one row at a time is the least.*longest takes 8 tokens.*max_length"):
        run(context, process)
    assert [spec.micro_tokens for spec in process.runs] == [None, 16, 8]  # the longest row: 6 + 2 tokens


def test_objective_that_must_take_two_rows_ends_at_two_and_says_so(context):
    process = starving(context, most=0)
    rows = tuple(JudgedRow(row.id, row.prompt, row.answer, n < 4) for n, row in enumerate(answers(8)))
    changes = {"objective": "baselines.finetune.kto:KTO", "rows": rows}
    with pytest.raises(ArmError, match="2 rows at a time are the least that can go through.*max_length"):
        run(context, process, batch_size=8, steps=3, **changes)
    longest = process.runs[0].longest
    assert [spec.micro_tokens for spec in process.runs] == [None, 4 * longest, 2 * longest]


@pytest.mark.parametrize(
    ("objective", "batch", "rows", "fewer"),
    [
        (SUPERVISED, 8, 8, 4),
        (SUPERVISED, 12, 3, 1),
        (SUPERVISED, 7, 7, 1),
        (SUPERVISED, 8, 1, 0),
        ("baselines.finetune.kto:KTO", 6, 3, 2),  # half of it would be one, which its loss cannot be made of
        ("baselines.finetune.kto:KTO", 8, 2, 0),
        ("baselines.finetune.kto:KTO", 5, 5, 0),
    ],
)
def test_rows_that_follow_when_memory_runs_out_divide_the_batch(tmp_path, objective, batch, rows, fewer):
    assert loop.fewer_rows(spec_in(tmp_path, objective=objective, batch_size=batch), rows) == fewer


def test_what_fitted_is_kept_for_the_runs_that_follow_and_after_a_death(context):
    first = starving(context, most=2)
    run(context, first, "trial")
    run(context, first)
    assert [spec.micro_tokens for spec in first.runs] == [None, 16, 16]
    again = starving(context, most=2)
    assert run(context, again, "trial").warnings
    run(context, again, "another")
    assert [spec.micro_tokens for spec in again.runs] == [16]


def test_a_run_that_never_lacked_memory_warns_of_nothing(whole):
    assert whole.warnings == ()


def test_lack_of_memory_is_told_from_other_faults():
    import torch

    with pytest.raises(RuntimeError) as real:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(real.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(OSError(errno.ENOMEM, "Cannot allocate memory"))
    assert not is_out_of_memory(OSError(errno.ENOSPC, "No space left on device"))
    assert not is_out_of_memory(RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"))


@pytest.mark.slow
def test_a_full_disk_is_said_by_the_process_and_ends_the_run_not_the_arm(context, fault, whole):
    fault(
        """
import resource
from baselines.finetune import loop

def save(*given, plain=loop.save):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    plain(*given)

loop.save = save
"""
    )
    with started(context) as process, pytest.raises(StoreError, match="cannot be written"):
        run(context, process)
    fault("")
    with started(context) as process:
        assert run(context, process).losses == whole.losses


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 4, 6])
def test_a_killed_process_and_parent_end_as_the_uninterrupted_run_byte_for_byte(context, whole, step):
    class Death(BaseException):
        pass

    process = started(context)

    def kill(stage, done, total):
        if done == step:
            os.kill(process._process.pid, signal.SIGKILL)
            raise Death

    context.progress = kill
    with pytest.raises(Death), process:
        run(context, process)
    context.progress = lambda *_: None
    with started(context) as process:
        outcome = run(context, process)
    weights = "adapter_model.safetensors"
    assert outcome.losses == whole.losses
    assert (outcome.best / weights).read_bytes() == (whole.best / weights).read_bytes()
