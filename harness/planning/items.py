"""What so many test items can show, found by judging simulated worlds with the decision's own rules.

Power is 80% throughout: of a hundred runs with these true rates, eighty would say so.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from harness.checking.sizes import items_to_show
from harness.decision.arms import FEWEST_ITEMS
from harness.decision.intervals import exact, grouped_mean
from harness.decision.power import MOST_ITEMS, POWER, least_right
from harness.planning.record import Scenario, SmallestGain
from harness.planning.worlds import Floats, PlannedArm, Setting, World, judge_answers, prompt_tail
from harness.records import Action, Family

FEW_WORLDS, MANY_WORLDS = 20, 60  # of all arms; few where a test set is large, so that a plan takes seconds
WORLD_ITEMS = 12_000  # of all worlds together, where that leaves a number between
LARGEST = 2_000  # items of a simulated test set; a larger one shows a little more
SCENARIO_SHARE = 0.5  # of the worlds, for each scenario
AIM = 0.81  # in groups, so that the error of a simulated power leaves it above 78% and below 84%
ROUGH_WORLDS, MOST_WORLDS = 200, 1_500  # of one arm, to find the range and to count: errors of 3 and 1 points of power
DRAWN = 1_000_000  # items of all these worlds, at most
MOST_SIMULATED = 20_000  # items of a test set in groups; more take too long to draw
BASES = (0.25, 0.50, 0.75)  # true rates of the cheaper arms; the middle one is the hardest
SEED = 20_261_128
TEETH = 3  # of the saw, each 1 / (1 - goal) items wide, below a number that is enough: smaller ones are tried there
# Of a number of items that is about enough; the power is interpolated between them.
SIZES = (0.6, 0.72, 0.86, 1.0, 1.16)
_STEPS = 7  # halvings of the gain: to less than a point


# ---- the smallest gain ----------------------------------------------------------------------


def smallest_gain(setting: Setting, candidate: PlannedArm, base: float) -> SmallestGain:
    """Find the true gain over all cheaper arms with which the candidate is recommended in 80% of runs.

    Args:
        setting: The run.
        candidate: An arm above the prompts.
        base: True rate of every cheaper arm.

    Returns:
        A gain of None where even an arm that is always right would not be recommended so often.
    """
    judged_arms = capped(_contenders(setting, candidate))
    random = np.random.default_rng(SEED)
    worlds = [World.draw(judged_arms, random) for _ in range(worlds_of(judged_arms.items))]

    def climbers(gain: float, among: Sequence[int]) -> set[int]:
        rates = [*[base] * (len(judged_arms.arms) - 1), base + gain]
        return {number for number in among if _recommends(worlds[number], rates, candidate)}

    gain = _least(climbers, 1.0 - base, len(worlds))
    return SmallestGain(candidate.name, base, gain)


def _contenders(setting: Setting, candidate: PlannedArm) -> Setting:
    """Return the run of a candidate, as its last arm, and all arms that are cheaper."""
    return setting.only([*(arm for arm in setting.arms if arm.rank < candidate.rank), candidate])


def capped(setting: Setting) -> Setting:
    """Return the setting with at most `LARGEST` items."""
    return setting.resized(LARGEST) if setting.items > LARGEST else setting


def worlds_of(items: int) -> int:
    """Return how many worlds of so many items are judged."""
    return min(MANY_WORLDS, max(FEW_WORLDS, WORLD_ITEMS // max(1, items)))


def _recommends(world: World, rates: Sequence[float], arm: PlannedArm) -> bool:
    chosen = world.verdict(rates).arm
    return chosen is not None and chosen.name == arm.name


def _least(climbers: Callable[[float, Sequence[int]], set[int]], most: float, worlds: int) -> float | None:
    """Return the smallest gain at which 80% of the worlds climb; None where fewer do at `most`.

    A world that climbs at one gain climbs at every larger one, so only those whose answer is open are judged again.
    """
    always, undetermined = 0, climbers(most, range(worlds))
    if len(undetermined) < POWER * worlds:
        return None
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = climbers(middle, sorted(undetermined))
        if always + len(found) >= POWER * worlds:
            high, undetermined = middle, found  # the others climb at no smaller gain
        else:
            low, always, undetermined = middle, always + len(found), undetermined - found
    return high


# ---- items for the goal ---------------------------------------------------------------------


def contest_of(setting: Setting) -> Setting:
    """Return the run of the prompts alone: the goal is theirs to reach first; without one, of the first arm."""
    prompts = [arm for arm in setting.arms if arm.family == "prompt"]
    return setting.only(prompts or [replace(setting.arms[0], family="prompt")])


def shows_goal(contest: Setting, right: Floats, tail: float) -> bool:
    """Whether the first arm's lower bound reaches the goal.

    Args:
        contest: The run of the prompts.
        right: 1 where an item is right, else 0; shape (items,).
        tail: One-sided chance of error at which the rung tests its candidate (`prompt_tail`).
    """
    if right.size < FEWEST_ITEMS:
        return False
    if contest.is_grouped:
        return grouped_mean(right, contest.labels, tail).low >= contest.limits.goal
    return exact(float(right.sum()), right.size, tail).low >= contest.limits.goal


def items_for_goal(setting: Setting, rate: float) -> int | None:
    """Return how many items show in 80% of runs that an arm of this true rate reaches the goal.

    The arm is the prompt that dev names, or the first arm where the task has no prompt.

    Returns:
        None where more than `MOST_ITEMS` would be needed, or `MOST_SIMULATED` in groups.
    """
    if rate <= setting.limits.goal:
        return None
    contest = contest_of(setting)
    tail = prompt_tail(contest)
    return _grouped_items(contest, rate, tail) if contest.is_grouped else _independent_items(contest, rate, tail)


def _independent_items(contest: Setting, rate: float, tail: float) -> int | None:
    """Count exactly: the verdict depends on the number of right answers alone, which is binomial.

    With the items the power rises in a saw's teeth; the first tooth that reaches 80% is taken.
    """

    def is_enough(items: int) -> bool:
        least = least_right(items, contest.limits.goal, tail)
        return least is not None and float(special.bdtrc(least - 1, items, rate)) >= POWER

    found = first_enough(is_enough, items_to_show(rate, contest.limits.goal))
    if found is None:
        return None
    teeth = range(max(FEWEST_ITEMS, found - math.ceil(TEETH / (1 - contest.limits.goal))), found)
    return next(filter(is_enough, teeth), found)


def first_enough(is_enough: Callable[[int], bool], guess: int) -> int | None:
    """Return a number that is enough while one less is not, from a guess on; None above `MOST_ITEMS`."""
    low, high = 1, max(2, min(guess, MOST_ITEMS))
    while not is_enough(high):
        if high >= MOST_ITEMS:
            return None
        low, high = high, min(MOST_ITEMS, math.ceil(1.25 * high))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _grouped_items(contest: Setting, rate: float, tail: float) -> int | None:
    """Find the items by simulated runs: doubled until they are enough, then read off a curve of the power."""
    guess = max(8, items_to_show(rate, contest.limits.goal))
    if guess > MOST_SIMULATED:
        return None
    while _power(contest.resized(guess), rate, tail, ROUGH_WORLDS) < POWER:
        guess = math.ceil(1.5 * guess)
        if guess > MOST_SIMULATED:
            return None
    sizes = [math.ceil(share * guess) for share in SIZES]
    powers = [_power(contest.resized(items), rate, tail, MOST_WORLDS) for items in sizes]
    probits = special.ndtri(np.clip(powers, 0.001, 0.999))
    # more items never show less: what the draws say otherwise is smoothed, so that the curve can be inverted
    return math.ceil(float(np.interp(special.ndtri(AIM), np.maximum.accumulate(probits), sizes)))


def _power(contest: Setting, rate: float, tail: float, most: int) -> float:
    """Return the share of worlds in which an arm of this rate is shown to reach the goal."""
    one, random = contest.only(contest.arms[:1]), np.random.default_rng(SEED)
    worlds = min(most, max(FEW_WORLDS, DRAWN // contest.items))
    return sum(shows_goal(contest, World.draw(one, random).answers([rate])[0], tail) for _ in range(worlds)) / worlds


# ---- the largest gain -------------------------------------------------------------------------


def can_climb(setting: Setting, candidate: PlannedArm) -> bool:
    """Whether a candidate that is always right, where all cheaper arms are always wrong, would be recommended."""
    judged_arms = _contenders(setting, candidate)
    answers = np.zeros((len(judged_arms.arms), judged_arms.items))
    answers[-1] = 1.0
    chosen = judge_answers(judged_arms, answers, answers.mean(axis=1)).arm
    return chosen is not None and chosen.name == candidate.name


# ---- what the run would say -------------------------------------------------------------------


def scenarios(setting: Setting) -> tuple[Scenario, ...]:
    """Judge the run in worlds that it could tell apart, each with a right answer, and count how often that is given."""
    goal = setting.limits.goal
    families = {arm.family for arm in setting.arms}
    low, near = goal / 2, (1 + goal) / 2
    found = []
    if "prompt" in families:
        found.append(
            _scenario(setting, f"a prompt is right {100 * near:.4g}% of the time", "prompt", "prompt", near, low)
        )
    higher: tuple[tuple[Family, Action, str], ...] = (
        ("rag", "rag", "RAG"),
        ("tune", "fine_tune", "tuning"),
        ("combine", "combine", "RAG with tuning"),
    )
    for family, action, words in higher:
        if family in families:
            text = f"{words} gains 20 points on {100 * low:.4g}%"
            found.append(_scenario(setting, text, action, family, min(1.0, low + 0.20), low))
    if families & {"tune", "combine"}:
        found.append(_scenario(setting, f"nothing helps: all arms {100 * low:.4g}%", "rethink", "prompt", low, low))
    return tuple(found)


def _scenario(setting: Setting, text: str, right: Action, family: Family, rate: float, low: float) -> Scenario:
    """Judge worlds in which the first arm of a rung has one rate and all other arms another."""
    first = next((number for number, arm in enumerate(setting.arms) if arm.family == family), None)
    rates = [rate if number == first else low for number in range(len(setting.arms))]
    setting, random = capped(setting), np.random.default_rng(SEED)
    runs = round(SCENARIO_SHARE * worlds_of(setting.items))
    said = [World.draw(setting, random).verdict(rates).action for _ in range(runs)]
    return Scenario(text, right, said.count(right) / runs, said.count("undecided") / runs, runs)
