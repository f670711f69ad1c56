"""How a plan is printed: what can be shown first, then what it takes, in 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence

import psutil

from harness.cli.printing import marked, say
from harness.decision.words import duration, points, share
from harness.planning.memory import PUBLISHED
from harness.planning.record import ArmCost, GateItems, GoalItems, Plan, Probe, SmallestGain

WIDTH = 80
MB_PER_GB = 1e9 / 2**20  # a plan counts in 2^20 bytes, and GB are 10^9 as published figures are
ANSWERS = {
    "yes": "This run can answer its question.",
    "partly": "This run can answer a part of its question.",
    "no": "This run cannot answer its question, whatever the arms do.",
}


def print_plan(plan: Plan) -> None:
    """Print the plan."""
    groups = f" in {plan.groups} groups" if plan.groups is not None else ""
    _say(f"{plan.task}: {plan.items} test items{groups}; model {plan.model}")
    for note in plan.notes:
        _say(note, indent=2)
    _head(ANSWERS[plan.answerable.state])
    for reason in plan.answerable.reasons:
        _item(reason)
    _head("What the test items can show (80% power, 95% intervals)")
    for line in (*_goal(plan.goal), *_gains(plan.gains)):
        _item(line)
    _head("What the run would say")
    for world in plan.scenarios:
        right = f"{world.right.replace('_', '-')} in {share(world.share)}"
        _item(f"{world.text}: {right}, undecided in {share(world.undecided)} of {world.runs} runs")
    if plan.gate is not None:
        _head("General ability")
        _item(_gate(plan.gate))
    _memory(plan)
    _costs(plan)
    if plan.probe is not None:
        _probe(plan.probe)
    _head("Assumed")
    for text in plan.assumed:
        _item(text)


def _goal(goal: GoalItems) -> Iterator[str]:
    if not goal.is_reachable:
        yield f"goal {goal.goal:.4g}: not even a perfect score shows it on {goal.items} items; give {goal.remedy}"
    if goal.goal >= 1 or "of every label" in goal.remedy:
        return
    arm = f"an arm that is truly right {100 * goal.rate:.4g}% of the time"
    if goal.items_for_rate is None:
        yield f"{arm}: no number of items that can be labelled shows that it reaches {goal.goal:.4g}"
    elif goal.items_for_rate <= goal.items:
        enough = f"{goal.items_for_rate:,} items are enough, {goal.items:,} are there"
        yield f"{arm} is shown to reach {goal.goal:.4g}: {enough}"
    else:
        yield f"{arm} needs {goal.items_for_rate:,} items to be shown at {goal.goal:.4g}; {goal.items:,} are there"


def _gains(gains: Sequence[SmallestGain]) -> Iterator[str]:
    for gain in gains:
        start = f"smallest gain of {gain.arm} over cheaper arms at {share(gain.base)}"
        if gain.gain is None:
            yield f"{start}: none; not even an arm that is always right is shown"
        else:
            yield f"{start}: {points(gain.gain)}"


def _gate(gate: GateItems) -> str:
    few, many = (f"{count:,}" if count is not None else "more than 20,000" for count in (gate.few, gate.many))
    low, high = map(share, sorted(gate.passes))
    least, most = map(share, gate.flips)
    return (
        f"{few} to {many} benchmark items, on which the base is clearly above chance, let a tuning that lost nothing "
        f"pass the gate; the range is that of answers that flip ({least} to {most}). The "
        f"task asks for {gate.limit:,}: {low} to {high} of such tunings would pass"
    )


def _memory(plan: Plan) -> None:
    _head("Memory, at the peak")
    for note in plan.memory_notes:
        _say(note, indent=2)
    here = psutil.virtual_memory().total / 1e9
    for arm in plan.memory:
        size = arm.total_mb / MB_PER_GB
        parts = ", ".join(f"{name} {mb / MB_PER_GB:.1f}" for name, mb in arm.parts_mb.items())
        is_too_much = arm.device == "cpu" and size > here
        more = f"; MORE than the {here:.0f} GB of this machine" if is_too_much else ""
        _row(arm.arm, f"{size:6.1f} GB", f"{parts}{more}")
    scale = ", ".join(f"{size}B {gb} GB" for size, gb in PUBLISHED)
    _say(f"For scale, as published, full-precision training of all weights: {scale}.", indent=2)


def _costs(plan: Plan) -> None:
    _head("Time and money, at most")
    if plan.speed is None:
        _say(
            "No speed is known: no finished run of this model is here. Give --tokens-per-second, or --probe.", indent=2
        )
    else:
        _say(f"{plan.speed.asked:,.0f} tokens a second, by {plan.speed.source}", indent=2)
    for cost in plan.costs:
        time = duration(cost.seconds) if cost.seconds is not None else "?"
        _row(cost.arm, f"{time:>13}", f"{_tokens(cost)}{_money(cost, plan)}")
    seconds = [cost.seconds for cost in plan.costs if cost.seconds is not None]
    if seconds:
        money = sum(cost.money or 0.0 for cost in plan.costs)
        _row("all arms", f"{duration(sum(seconds)):>13}", f"{money:.2f} in all" if plan.gpu_hour is not None else "")
    if plan.gpu_hour is None:
        _say("No price is known: set cost.gpu_hour in the task file.", indent=2)


def _tokens(cost: ArmCost) -> str:
    trained = f", {_short(cost.trained_tokens)} trained" if cost.trained_tokens else ""
    return f"{_short(cost.asked_tokens)} tokens asked{trained}"


def _money(cost: ArmCost, plan: Plan) -> str:
    money = f"; {cost.money:.2f}" if cost.money is not None else ""
    if cost.monthly is None:
        return money
    return f"{money}; {cost.monthly:.2f} a month for {_short(plan.requests_per_month or 0)} requests"


def _short(number: int) -> str:
    """Write a count in three digits or so: 950, 12k, 3.4M."""
    if number < 1000:
        return str(number)
    return f"{number / 1e3:.0f}k" if number < 1e6 else f"{number / 1e6:.1f}M"


def _probe(probe: Probe) -> None:
    _head("Dry run: two training steps and a batch of prompts")
    for arm in probe.arms:
        if arm.measured_mb is None:
            _item(f"{arm.arm}: {arm.reason}")
            continue
        share = arm.foretold_mb / arm.measured_mb - 1
        _item(
            f"{arm.arm}: {arm.measured_mb / MB_PER_GB:.2f} GB measured, {arm.foretold_mb / MB_PER_GB:.2f} predicted "
            f"for the dry run ({share:+.0%}), {duration(arm.seconds)}"
        )


def _head(text: str) -> None:
    say("\n", marked(_wrapped(text), bold=True))


def _say(text: str, indent: int = 0) -> None:
    say(_wrapped(text, " " * indent))


def _item(text: str) -> None:
    say(_wrapped(text, "  - "))


def _row(name: str, figure: str, text: str) -> None:
    """Print a line of a table: a name, a figure, and what it is made of."""
    say(_wrapped(text, f"  {name:<18} {figure}  "))


def _wrapped(text: str, start: str = "") -> str:
    """Break a text into lines that begin below one another; options and names stay whole."""
    if not text:
        return start.rstrip()
    below = " " * len(start)
    return textwrap.fill(text, WIDTH, initial_indent=start, subsequent_indent=below, break_on_hyphens=False)
