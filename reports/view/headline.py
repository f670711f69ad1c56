"""The verdict in plain sentences: one figure and one interval each."""

from harness.decision.smoke import NO_VERDICT
from harness.records import Comparison, Evidence, Gate, Interval, Run
from reports import numbers
from reports.view.gates import basis_words, probes_words
from reports.view.lookup import comparison_of, gate_of, is_tuned, leading, score_of
from reports.view.names import option_name
from reports.view.shapes import join, metric_title


def headline(run: Run) -> tuple[str, ...]:
    """Say what was found, the most important first."""
    if run.is_fast:
        return (NO_VERDICT,)
    lead = leading(run)
    if not run.decision.scores:
        return ("No option gave a figure, so there is nothing to choose from.",)
    if lead is None:
        return (f"Every option scores {numbers.percent(0.0)} by {metric_title(run.primary_metric)}.", _goal(run))
    if run.decision.arm is None:
        return (_score(run, lead, "The highest score is that of "), *_open(run))
    return tuple(filter(None, (_score(run, lead), _gain(run, lead), _goal(run), _forgetting(run, lead))))


def interval_words(found: Interval, bounds: str) -> str:
    """Write bounds and n the same way everywhere: '(95% interval 93.2 to 98.2, n = 200)'."""
    if found.is_uncorrected:
        return f"({bounds}, n = {numbers.count(found.n)})"
    return f"(95% interval {bounds}, n = {numbers.count(found.n)})"


def closest(run: Run, arm: str) -> Comparison | None:
    """Return the cheaper arm that is hardest to beat, as the ladder compared them; else the best prompt."""
    rungs = [rung for rung in run.decision.rungs if rung.candidate == arm]
    compared = [found for rung in rungs for found in rung.comparisons if found.difference is not None]
    if compared:
        return min(compared, key=lambda found: found.difference.estimate if found.difference else 0.0)
    found = comparison_of(run, arm)
    return found if found and found.difference and found.against != arm else None


def _score(run: Run, lead: Evidence, before: str = "") -> str:
    score = score_of(run, lead.arm)
    name = option_name(run, lead.arm)
    metric = metric_title(run.primary_metric)
    if score is None:
        return f"{before}{name}: {metric} {numbers.NOT_MEASURED}."
    told = f"{numbers.percent(score.estimate)} by {metric} {interval_words(score, numbers.bounds(score))}"
    return f"{before}“{name}”: {told}." if before else f"“{name}” scores {told}."


def _gain(run: Run, lead: Evidence) -> str:
    found = closest(run, lead.arm)
    if found is None or found.difference is None:
        return ""
    bounds = interval_words(found.difference, numbers.point_bounds(found.difference))
    against = option_name(run, found.against)
    return (
        f"That is {numbers.points(found.difference.estimate)} points against “{against}”, the cheaper option that is"
        f" hardest to beat {bounds}."
    )


def _goal(run: Run) -> str:
    goal = f"The goal of at least {numbers.percent(run.limits.goal)}"
    if run.decision.goal == "met":
        return f"{goal} is met: the whole interval lies above it."
    lead = leading(run)
    score = score_of(run, lead.arm) if lead else None
    if run.decision.goal == "missed" and score is not None:
        return f"{goal} is missed by {numbers.size(run.limits.goal - score.estimate)} points."
    if run.decision.goal == "missed":
        return f"{goal} is missed."
    if score is None or score.low < run.limits.goal:
        return f"{goal} is not shown to be met: the interval reaches below it."
    if lead is not None and lead.family == "prompt":
        return (
            f"{goal} is not shown to be met: each of several prompts is held to a stricter bound than its interval's."
        )
    return f"{goal} is not shown to be met by an option that can be recommended."


def _forgetting(run: Run, lead: Evidence) -> str:
    if not is_tuned(lead):
        return "Nothing is trained, so the model forgets nothing."
    gate = gate_of(run, lead.arm)
    if gate is None or gate.state == "not_measured":
        return "What training made the model forget was not measured."
    if gate.state == "fail":
        where = f"Forgetting is shown by {probes_words(gate.failed)}" if gate.failed else "Forgetting is shown"
        return f"{where}; it does not block, as only this task's inputs reach the model."
    return _not_failed(run, gate)


def _not_failed(run: Run, gate: Gate) -> str:
    limit = numbers.size(run.limits.max_drop)
    if gate.state == "cannot_judge":
        return "Forgetting cannot be judged on this base: it is too near blind guessing on the benchmarks."
    if gate.state == "pass":
        return f"Forgetting beyond {limit} points is excluded{_change(gate)}."
    needed = (
        f"; about {numbers.plural(gate.items_needed, 'benchmark item')} would settle it" if gate.items_needed else ""
    )
    return f"Forgetting beyond {limit} points is not excluded{_change(gate)}{needed}."


def _change(gate: Gate) -> str:
    change = gate.change or gate.pooled
    if change is None:
        return ""
    fell = f"fell by at most {numbers.size(-change.low)} points" if change.low < 0 else "did not fall"
    return f": {basis_words(gate)} {fell} (one-sided 95%, n = {numbers.count(change.n)})"


def _open(run: Run) -> tuple[str, ...]:
    """Say why nothing is recommended."""
    decision, goal = run.decision, _goal(run)
    if decision.action == "rethink":
        return (goal, "A gain from documents or training that would matter is ruled out.")
    if decision.undecided == "gate":
        failed = [gate for gate in decision.gates if gate.state == "fail"]
        names = join([f"“{option_name(run, gate.arm)}”" for gate in failed])
        probes = dict.fromkeys(probe for gate in failed for probe in gate.failed)
        by = f" by {probes_words(tuple(probes))}" if probes else ""
        return (f"It cannot be recommended: forgetting is shown for {names}{by}, and people also ask it other things.",)
    if decision.undecided == "arms_missing":
        gone = [f"“{option_name(run, item.arm)}” {item.why}" for item in decision.missing if item.matters]
        return (f"Options without a figure could be better: {join(gone)}.",) if gone else (_unfinished(run),)
    if decision.undecided == "margin":
        smallest = numbers.size(run.limits.smallest_gain)
        return (
            goal,
            f"No option beats every cheaper one by more than {smallest} points; more test items would not change that.",
        )
    if decision.undecided == "few_labels":
        return (goal, "People's labels do not tell yet what the judge's scores of these answers are worth.")
    if decision.labels_needed is not None:
        needed = numbers.count(decision.labels_needed)
        return (goal, f"At these figures, about {needed} test items in all would settle it.")
    return (goal, "There are too few test items, or too few groups of them, for a claim.")


def _unfinished(run: Run) -> str:
    growing = [e.arm for e in run.evidence if e.training is not None and e.training.undertrained]
    if growing:
        names = join([f"“{option_name(run, arm)}”" for arm in growing])
        return f"Training ended while {names} still improved."
    return "An option that it has to be compared with was not in the run."
