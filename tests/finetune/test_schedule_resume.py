"""A schedule resumed after a death: nothing is judged twice, nothing is forgotten, nothing differs."""

import json

import pytest
from fit_ground import study
from inner_process import Death, InnerProcess, answers, spec_in

from baselines.finetune.progress import JUDGED, OUTCOME
from baselines.finetune.schedule import Outcome, Schedule
from baselines.prompt.zero import zero_shot_program
from harness.contract import Budget, DevScore
from harness.records import Forgetting, Weights
from harness.store.files import hash_file

DROPPED = {"tuner_options": {"rank": 4, "alpha": 8.0, "dropout": 0.1}}
# Worse, better, then no gain twice: with a patience of two the third judgement ends the run.
SCORES = {2: (0.1, 8, 2.0), 4: (0.5, 8, 1.0), 6: (0.4, 8, 1.0), 8: (0.4, 8, 1.0), 10: (0.9, 8, 0.1)}


class Dev:
    """Scores by the checkpoint's step, and counts how often each was asked for; dies when told to."""

    def __init__(self):
        self.asked: list[int] = []
        self.dies_at: int | None = None

    def __call__(self, program, examples, *, with_loss=False):
        step = int(program.weights.adapter.rsplit("-", 1)[1])
        self.asked.append(step)
        if step == self.dies_at:
            raise Death
        return DevScore(*SCORES[step])


@pytest.fixture
def context(make_context):
    context = make_context("arm")
    context.score = Dev()
    return context


def schedule_of(context, process, **changes) -> Schedule:
    given = {"patience": 2, "stage": "training", **changes}
    return Schedule(context, process, zero_shot_program(study(), context), study().dev, **given)


def spec_at(context, name="sft", **changes):
    return spec_in(context.folder / name, steps=10, evaluate_at=(2, 4, 6, 8, 10), **DROPPED, **changes)


def process_of(context) -> InnerProcess:
    return InnerProcess(context.folder, Weights(context.base.model))


def told(outcome: Outcome) -> dict[str, object]:
    """All that must not depend on deaths."""
    result = outcome.result
    return {
        "losses": outcome.losses,
        "checkpoints": outcome.checkpoints,
        "best": outcome.best.name,
        "adapter": hash_file(outcome.best / "adapter_model.safetensors"),
        "result": (result.steps, result.stopped, result.trainable_parameters, result.total_parameters),
        "warnings": outcome.warnings,
    }


@pytest.fixture
def uninterrupted(context):
    done = told(schedule_of(context, process_of(context)).run(spec_at(context, "whole")))
    assert (done["best"], done["result"][:2]) == ("checkpoint-4", (8, "early"))
    context.score.asked.clear()
    context.lines.clear()
    return done


def cut(context, spec, event=None, step=None) -> None:
    process = process_of(context)
    process.dies = lambda kind, values: (kind, values.get("step")) == (event, step)
    with pytest.raises(Death):
        schedule_of(context, process).run(spec)


def test_a_death_while_a_checkpoint_is_judged_costs_that_judgement_alone(context, uninterrupted):
    context.score.dies_at = 4
    cut(context, spec_at(context))
    context.score.dies_at = None
    assert told(schedule_of(context, process_of(context)).run(spec_at(context))) == uninterrupted
    assert context.score.asked == [2, 4, 4, 6, 8]
    assert "training: continuing from step 4" in context.lines


def test_a_death_between_evaluations_costs_no_judgement(context, uninterrupted):
    cut(context, spec_at(context), "step", 7)
    assert told(schedule_of(context, process_of(context)).run(spec_at(context))) == uninterrupted
    assert context.score.asked == [2, 4, 6, 8]


def test_an_early_stop_that_was_not_heard_is_said_again_without_judging(context, uninterrupted):
    process = process_of(context)
    process.dies = lambda kind, values: kind == "done"
    with pytest.raises(Death):
        schedule_of(context, process).run(spec_at(context))
    again = process_of(context)
    assert told(schedule_of(context, again).run(spec_at(context))) == uninterrupted
    assert context.score.asked == [2, 4, 6, 8]


def test_a_finished_schedule_is_not_run_again(context, uninterrupted):
    schedule_of(context, process_of(context)).run(spec_at(context))
    process = process_of(context)
    again = schedule_of(context, process).run(spec_at(context))
    assert told(again) == uninterrupted
    assert process.runs == []
    assert again.earlier_seconds > 0


def test_a_finished_schedule_leaves_its_outcome_and_its_best_adapter_alone(context):
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    assert sorted(path.name for path in (context.folder / "sft").iterdir()) == ["checkpoint-4", OUTCOME]
    assert outcome.best == context.folder / "sft" / "checkpoint-4"


def test_a_death_before_the_tidying_leaves_nothing_behind(context, uninterrupted, monkeypatch):
    def die(*_):
        raise Death

    monkeypatch.setattr(Schedule, "_tidy", die)
    with pytest.raises(Death):
        schedule_of(context, process_of(context)).run(spec_at(context))
    monkeypatch.undo()
    assert told(schedule_of(context, process_of(context)).run(spec_at(context))) == uninterrupted
    assert sorted(path.name for path in (context.folder / "sft").iterdir()) == ["checkpoint-4", OUTCOME]


def test_seconds_of_an_earlier_attempt_are_told(context):
    cut(context, spec_at(context), "step", 7)
    resumed = schedule_of(context, process_of(context)).run(spec_at(context))
    assert resumed.earlier_seconds > 0
    assert schedule_of(context, process_of(context)).run(spec_at(context, "new")).earlier_seconds == 0


def change_a_figure(path) -> None:
    """Make a record say something else that can be read as well."""
    text = path.read_text()
    path.write_text(text.replace('"dev_loss":', '"dev_loss":9', 1))
    assert path.read_text() != text


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / JUDGED).write_text("{"),
        lambda folder: (folder / JUDGED).unlink(),
        lambda folder: change_a_figure(folder / JUDGED),
        lambda folder: (folder / "checkpoint-4" / "adapter_config.json").unlink(),
        lambda folder: (folder / "resume-6" / "state.json").unlink(),
    ],
)
def test_damaged_remains_are_trained_and_judged_again_and_end_the_same(context, uninterrupted, damage):
    cut(context, spec_at(context), "step", 7)
    damage(context.folder / "sft")
    context.lines.clear()
    assert told(schedule_of(context, process_of(context)).run(spec_at(context))) == uninterrupted
    assert context.lines[0].startswith("training: ")
    assert "training: starting again" in context.lines
    assert context.score.asked == [2, 4, 6, 2, 4, 6, 8]


def test_a_judgement_is_taken_up_to_the_first_damaged_adapter(context, uninterrupted):
    cut(context, spec_at(context), "step", 7)
    folder = context.folder / "sft"
    record = json.loads((folder / JUDGED).read_text().split("\n")[1])  # behind its seal
    assert [judged["folder"] for judged in record["judged"]] == ["checkpoint-2", "checkpoint-4", "checkpoint-6"]
    (folder / "checkpoint-6" / "adapter_model.safetensors").write_bytes(b"")
    assert told(schedule_of(context, process_of(context)).run(spec_at(context))) == uninterrupted
    # the point of step 6 holds what was lost: it is judged again, and nothing before it
    assert context.score.asked == [2, 4, 6, 6, 8]


def test_a_damaged_outcome_is_not_believed(context, uninterrupted):
    schedule_of(context, process_of(context)).run(spec_at(context))
    weights = context.folder / "sft" / "checkpoint-4" / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    process = process_of(context)
    assert told(schedule_of(context, process).run(spec_at(context))) == uninterrupted
    assert len(process.runs) == 1
    assert any("checkpoint-4 is damaged" in line for line in context.lines)


@pytest.mark.parametrize(
    ("in_spec", "in_schedule"),
    [({"learning_rate": 2e-2}, {}), ({"rows": answers(9)}, {}), ({}, {"patience": 3})],
)
def test_what_another_schedule_left_is_not_taken_up(context, in_spec, in_schedule):
    schedule_of(context, process_of(context)).run(spec_at(context))
    process = process_of(context)
    schedule_of(context, process, **in_schedule).run(spec_at(context, **in_spec))
    assert len(process.runs) == 1
    assert any(f"{OUTCOME} belongs to another training" in line for line in context.lines)


# ---- what checkpoints forget -----------------------------------------------------------------


class Probe:
    """Says by the checkpoint's step what share of the budget is spent, and which were asked; dies when told to."""

    def __init__(self, **spent: float):
        self.spent = {int(name.removeprefix("at_")): share for name, share in spent.items()}
        self.asked: list[int] = []
        self.dies_at: int | None = None

    def __call__(self, weights):
        step = int(weights.adapter.rsplit("-", 1)[1])
        self.asked.append(step)
        if step == self.dies_at:
            raise Death
        return Forgetting(0.0, 0.0, None, self.spent[step])


def forgotten_by(outcome: Outcome) -> dict[int, float | None]:
    return {point.step: point.forgetting and point.forgetting.spent for point in outcome.checkpoints}


def test_the_best_checkpoint_is_measured_first_and_alone_where_it_is_inside(context):
    context.forgotten = Probe(at_4=1.0)
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    assert forgotten_by(outcome) == {2: None, 4: 1.0, 6: None, 8: None}
    assert outcome.best == outcome.boldest == context.folder / "sft" / "checkpoint-4"


def test_the_best_inside_the_budget_is_kept_beside_the_best_on_the_task(context):
    context.forgotten = Probe(at_4=1.5, at_6=0.9)
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    assert context.forgotten.asked == [4, 6]  # of equals the earlier, and then no more
    assert (outcome.best.name, outcome.boldest.name) == ("checkpoint-6", "checkpoint-4")
    left = sorted(path.name for path in (context.folder / "sft").iterdir())
    assert left == ["checkpoint-4", "checkpoint-6", OUTCOME]
    assert schedule_of(context, process_of(context)).run(spec_at(context)).best == outcome.best
    assert context.forgotten.asked == [4, 6]


@pytest.mark.parametrize("spent", [3.0, float("nan"), float("inf")])
def test_where_none_is_inside_the_one_that_spends_least_is_kept_and_clearly_worse_ones_are_not_asked(context, spent):
    context.forgotten = Probe(at_4=spent, at_6=2.5, at_8=2.0)
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    # 0.5 on eight rows is uncertain by 0.18: 0.4 is near it, and the 0.1 of step 2 is not
    assert context.forgotten.asked == [4, 6, 8]
    assert (outcome.best.name, outcome.boldest.name) == ("checkpoint-8", "checkpoint-4")


def test_a_death_while_forgetting_is_measured_judges_nothing_again(context):
    context.forgotten = Probe(at_4=1.5, at_6=0.9)
    context.forgotten.dies_at = 6
    cut(context, spec_at(context))
    context.forgotten.dies_at = None
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    assert (outcome.best.name, outcome.boldest.name) == ("checkpoint-6", "checkpoint-4")
    assert context.score.asked == [2, 4, 6, 8]


def test_a_smoke_run_measures_nothing(context):
    context.forgotten, context.budget = Probe(), Budget(is_fast=True)
    outcome = schedule_of(context, process_of(context)).run(spec_at(context))
    assert forgotten_by(outcome) == dict.fromkeys((2, 4, 6, 8))
    assert outcome.best.name == "checkpoint-4"
