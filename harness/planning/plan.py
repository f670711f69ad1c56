"""The plan as a whole: what the test items can show, what the gate needs, and what the arms will take."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.checking.model_text import ModelText
from harness.contract import Local, Metric
from harness.decision.intervals import FEWEST_GROUPS
from harness.decision.power import POWER
from harness.decision.words import join
from harness.errors import TaskFileError
from harness.evidence.models import engine_kind
from harness.planning.cost import TRAINING_PASSES, arm_costs, judge_cost
from harness.planning.demands import Demand, demands
from harness.planning.gate import FLIPS, gate_items
from harness.planning.items import BASES, can_climb, scenarios, smallest_gain
from harness.planning.judges import judge_demands
from harness.planning.memory import Device, arm_memory
from harness.planning.perfect import bound_words, goal_items, perfect_score, setting_of
from harness.planning.record import Answerable, ArmCost, ArmMemory, GoalItems, Plan, Scenario, SmallestGain, Speed
from harness.planning.shape import read_shape
from harness.planning.worlds import BETWEEN, SHARED, WITHIN, PlannedArm, Setting
from harness.records import Family, Interval
from harness.task.scoring import task_metric
from harness.task.skipping import skip_reason
from harness.task.task import Task

FolderOf = Callable[[str], Path | None]

HIGHER: tuple[Family, ...] = ("rag", "tune", "combine")
RUNGS = {"rag": "RAG", "tune": "tuning", "combine": "RAG with tuning"}


def make_plan(task: Task, folder_of: FolderOf, device: Device, speed: Speed | None) -> Plan:
    """Plan a run; no weights are loaded.

    Args:
        task: What would be compared.
        folder_of: Gives a model's folder, where it is on this machine: its sizes and tokenizer are read.
        device: Where it would run.
        speed: Tokens a second, if anybody knows.

    Raises:
        ModelError: If a folder holds no readable model.
        TaskFileError: If every arm would be skipped.
    """
    task, left_out = _without_skipped(task)
    text = ModelText(folder_of(task.model.source))
    asked = demands(task, text)
    metric = task_metric(task.primary_metric, task.metric_options, task.study.answer)
    arms = tuple(PlannedArm(demand.arm, demand.family) for demand in asked)
    setting = setting_of(task.test, arms, task.limits, metric)
    prompts = sum(arm.family == "prompt" for arm in arms)
    perfect = perfect_score(task.test, prompts, task.limits, metric, task.study.answer)
    goal, gains, worlds = goal_items(setting, perfect, metric), _gains(setting), scenarios(setting)
    memory, notes = _memory(task, asked, folder_of, device)
    return Plan(
        task=task.name,
        model=join([model.source for model in task.models]),
        notes=(*task.notes, f"tokens {text.how}", *left_out),
        items=setting.items,
        groups=len(setting.sizes) if setting.is_grouped else None,
        answerable=_answerable(setting, goal, worlds, perfect),
        goal=goal,
        gains=gains,
        scenarios=worlds,
        gate=gate_items(task.limits, task.general.limit) if _tuned(arms) else None,
        memory=memory,
        memory_notes=notes,
        costs=(*arm_costs(asked, task.general.limit, task.cost, speed), *_judging(task, folder_of, speed)),
        speed=speed,
        gpu_hour=task.cost.gpu_hour,
        requests_per_month=task.cost.requests_per_month,
        assumed=_assumed(
            setting, metric, asked, has_speed=speed is not None, is_judged=task.primary_metric in task.judges
        ),
    )


def _without_skipped(task: Task) -> tuple[Task, list[str]]:
    """Return the task without the arms that a run would skip, and why each is left out."""
    reasons = {arm.name: skip_reason(arm) for arm in task.arms}
    said = [f"{arm} will be skipped: {reason}" for arm, reason in reasons.items() if reason]
    if len(said) == len(task.arms):
        raise TaskFileError(str(task.file), said)
    return replace(task, arms=tuple(arm for arm in task.arms if not reasons[arm.name])), said


def _judging(task: Task, folder_of: FolderOf, speed: Speed | None) -> Iterator[ArmCost]:
    """Predict what each judge takes."""
    for one in judge_demands(task, folder_of):
        yield judge_cost(one.metric, one.answers, one.tokens, task.cost, speed)


def _tuned(arms: Sequence[PlannedArm]) -> list[PlannedArm]:
    return [arm for arm in arms if arm.family in ("tune", "combine")]


def _gains(setting: Setting) -> tuple[SmallestGain, ...]:
    """Return the smallest gain of the first tuned arm (or of RAG) for several rates of the cheaper arms."""
    prompts = any(arm.family == "prompt" for arm in setting.arms)
    candidates = [arm for family in ("tune", "rag", "combine") for arm in setting.arms if arm.family == family]
    if not candidates or not prompts:
        return ()
    # A prompt at the goal would stop the ladder, so that no gain over it is asked for.
    bases = [base for base in BASES if base < setting.limits.goal]
    return tuple(smallest_gain(setting, candidates[0], base) for base in bases)


def _memory(
    task: Task, asked: Sequence[Demand], folder_of: FolderOf, device: Device
) -> tuple[tuple[ArmMemory, ...], tuple[str, ...]]:
    """Predict the arms of each model, which has processes of its own; say what each model was taken for."""
    memory: list[ArmMemory] = []
    notes: list[str] = []
    for model in task.models:
        if not isinstance(engine_kind(model.engine), Local):
            notes.append(f"{model.source}: not predicted, the engine {model.engine} loads no files of a model here")
            continue
        folder = folder_of(model.source)
        if folder is None:
            why = "its files are not on this machine; fetch them (`harness setup`, or a run)"
            notes.append(f"{model.source}: not predicted, {why}")
            continue
        shape = read_shape(folder)
        memory += arm_memory([demand for demand in asked if demand.model == model.name], shape, device)
        notes.append(f"{model.source}: {shape.parameters / 1e6:,.0f}M parameters, {shape.source}")
    return tuple(memory), tuple(notes)


def _answerable(setting: Setting, goal: GoalItems, worlds: Sequence[Scenario], perfect: Interval | None) -> Answerable:
    """Say what the run cannot say however it goes, and in which likely worlds it would mostly end undecided."""
    reasons = _obstacles(setting)
    if not goal.is_reachable:
        reasons.append(
            f"the goal of {goal.goal:.4g} cannot be shown, not even by a perfect score: of {setting.items} items all "
            f"right, {bound_words(perfect)}; give {goal.remedy}"
        )
    climbing = {family: arm for family in HIGHER for arm in reversed(setting.arms) if arm.family == family}
    blocked = [RUNGS[family] for family, arm in climbing.items() if not can_climb(setting, arm)]
    if blocked:
        reasons.append(f"no gain of {' or '.join(blocked)} can be shown, not even from 0% to 100%")
    if not goal.is_reachable and len(blocked) == len(climbing):
        return Answerable("no", tuple(reasons))
    weak = [world for world in worlds if world.share < POWER]
    if weak:
        reasons.append(f"in {len(weak)} of the {len(worlds)} worlds below, fewer than 80% of runs would say what is so")
    return Answerable("partly" if reasons else "yes", tuple(reasons))


def _obstacles(setting: Setting) -> list[str]:
    """Name what rules out a verdict whatever the arms answer."""
    found = []
    families = {arm.family for arm in setting.arms}
    if setting.items < 2:
        found.append(f"{setting.items} test item: nothing can be judged from fewer than 2")
    if setting.is_grouped and len(setting.sizes) < FEWEST_GROUPS:
        found.append(
            f"the test items come in {len(setting.sizes)} groups, and nothing is claimed of fewer than "
            f"{FEWEST_GROUPS}: add groups, not rows"
        )
    if "prompt" not in families:
        found.append("no prompt arm: without one there is nothing to gain over, so no dearer arm can be recommended")
    if not families & {"tune", "combine"}:
        found.append("no tuned arm: `rethink` cannot be said, as tuning was not tried")
    return found


def _assumed(
    setting: Setting, metric: Metric, asked: Sequence[Demand], *, has_speed: bool, is_judged: bool
) -> tuple[str, ...]:
    found = [f"{SHARED:.0%} of what decides an answer is shared by all arms on an item; dev names the best arm"]
    if setting.is_grouped:
        found.append(f"{WITHIN:.0%} is an arm's own in a group, {BETWEEN:.0%} all arms' in a group")
    if any(demand.model for demand in asked):
        found.append(
            "arms on other models are timed at the speed of the task's own, and their tokens counted as it does: a "
            "larger model takes longer"
        )
    if metric.kind != "rate":
        found.append(f"{metric.name} is simulated as right or wrong; its real spread may differ")
    if is_judged:
        found.append(f"{metric.name} is simulated as if it never erred; what people's labels leave open comes on top")
    if _tuned(setting.arms):
        few, many = FLIPS
        found.append(f"a harmless tuning flips {few:.0%} to {many:.0%} of answers; the base is right in half of them")
        if has_speed:
            found.append(f"training a token costs {TRAINING_PASSES:.0f} times asking it")
    return (*found, *(f"{demand.arm}: {text}" for demand in asked for text in demand.assumed))
