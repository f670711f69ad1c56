"""What the form of answers costs: wrong ones that hold the right value, counted as if they were right."""

from collections.abc import Sequence

from harness.decision.arms import Arm, JudgedArms, MetricKind, MetricSpec
from harness.decision.words import points, share, signed_points
from harness.records import Action, FormMisses

# Of an arm's items; fewer change no decision that anybody makes.
WORTH_SAYING = 0.05
MUCH = 0.1  # so much more would make another task of one that no arm does
REMEDY = "say how results are read (answer and metric in the task file), or show the form in the prompt"


def form_misses(judged_arms: JudgedArms, metric_spec: MetricSpec) -> tuple[FormMisses, ...]:
    """Count every judged arm's wrong answers that hold the right value; none where a judge says which are wrong."""
    if metric_spec.correction is not None:
        return ()
    return tuple(_of(arm, metric_spec.kind) for arm in judged_arms.judged)


def _of(arm: Arm, kind: MetricKind) -> FormMisses:
    missed = [arm.scores[item] for item in arm.evidence.form_misses if item in arm.scores]
    total, n = sum(score.value for score in arm.scores.values()), len(arm.scores)
    wrong = sum(score.value < 0.5 for score in arm.scores.values())
    with_them = None if kind == "aggregate" else (total + sum(1 - score.value for score in missed)) / n
    return FormMisses(arm.name, len(missed), wrong, n, None if with_them is None else total / n, with_them)


def form_words(found: FormMisses) -> str:
    """Say what the form costs an arm."""
    text = f"{found.count} of {found.arm}'s {found.wrong} wrong answers hold the right value in another form"
    if found.figure is None or found.with_them is None:
        return text
    return f"{text}; were they right, it would have {share(found.with_them)} instead of {share(found.figure)}"


def caveats(
    found: Sequence[FormMisses], arms: Sequence[Arm], chosen: Arm | None, goal: float
) -> tuple[list[str], list[str]]:
    """Say of each arm what its answers' form costs it, where that is worth saying; the most costly first.

    Args:
        found: Of every judged arm.
        arms: These arms.
        chosen: The recommended one, if there is one.
        goal: The task's.

    Returns:
        What could overturn the verdict, since the arm would be the best, or a cheaper one that reaches the goal; and
        the rest.
    """
    worth = [one for one in found if one.count and one.count >= WORTH_SAYING * one.n]
    against = [one.figure for one in found if one.figure is not None and (chosen is None or one.arm == chosen.name)]
    best = max(against, default=None)
    cheaper = {arm.name for arm in arms if chosen is None or arm.rank < chosen.rank}
    turning: list[str] = []
    others: list[str] = []
    for one in sorted(worth, key=lambda one: -one.count):
        is_chosen = chosen is not None and one.arm == chosen.name
        could_turn = not is_chosen and _could_turn(one, best, goal, is_cheaper=one.arm in cheaper)
        (turning if could_turn else others).append(form_words(one))
    return turning, others


def _could_turn(one: FormMisses, best: float | None, goal: float, *, is_cheaper: bool) -> bool:
    if one.figure is None or one.with_them is None or best is None:
        return True  # how much it costs is not known
    return one.with_them > best or (is_cheaper and one.figure < goal <= one.with_them)


def reasons(found: Sequence[FormMisses], chosen: Arm | None, prompt: Arm | None) -> list[str]:
    """Say how much of the chosen arm's gain over the prompt is form alone."""
    told = {one.arm: one for one in found}
    if not found or chosen is None or prompt is None or chosen is prompt:
        return []
    ours, theirs = told[chosen.name], told[prompt.name]
    if ours.figure is None or ours.with_them is None or theirs.figure is None or theirs.with_them is None:
        return []
    gain, kept = ours.figure - theirs.figure, ours.with_them - theirs.with_them
    if gain - kept < WORTH_SAYING:
        return []
    text = f"of its {signed_points(gain)} over {prompt.name}, {points(gain - kept)} are the form of answers alone"
    return [f"{chosen.name}: {text}: right values in another form counted as right, it gains {signed_points(kept)}"]


def step(found: Sequence[FormMisses], arms: Sequence[Arm], goal: float, action: Action) -> str:
    """Say what to do first where form keeps an arm from the goal, or from being tried at all; else ''.

    An arm that would still be behind one of the same or a cheaper rung that has the goal is not what is at fault.
    """
    if action == "prompt":
        return ""
    ranks = {arm.name: arm.rank for arm in arms}
    least = MUCH if action in ("rethink", "undecided") else 1.0
    for one in sorted(found, key=lambda one: -one.count):
        if one.figure is None or one.with_them is None:
            continue
        better = max(goal, one.with_them)
        if any((other.figure or 0.0) >= better and ranks[other.arm] <= ranks[one.arm] for other in found):
            continue
        if one.figure < goal <= one.with_them or one.count >= least * one.n:
            return f"The form is at fault before the model is ({form_words(one)}): {REMEDY}."
    return ""
