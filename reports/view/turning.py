"""What would change the verdict: read off the figures it rests on, never guessed."""

from harness.records import Evidence, Run
from reports import numbers
from reports.view.headline import closest
from reports.view.lookup import evidence_of, gate_of, is_tuned, leading, recommended
from reports.view.names import option_name


def would_change(run: Run) -> tuple[str, ...]:
    """List what would turn the verdict; a smoke run has none to turn."""
    if run.is_fast:
        return ()
    chosen = evidence_of(run, recommended(run))
    found = _of_a_recommendation(run, chosen) if chosen else _of_an_open_run(run)
    return (*found, *_missing(run), *_lost(run))


def _of_a_recommendation(run: Run, chosen: Evidence) -> list[str]:
    found = []
    compared = closest(run, chosen.arm)
    smallest = numbers.size(run.limits.smallest_gain)
    if compared and compared.difference and run.decision.action != "prompt":
        found.append(
            f"A cheaper option that comes within {smallest} points of it. “{option_name(run, compared.against)}” is"
            f" {numbers.size(max(0.0, compared.difference.low))} points behind at the low end."
        )
    bound = _goal_bound(run, chosen.arm)
    if bound is not None and run.decision.goal == "met":
        found.append(f"A goal above {numbers.percent(bound)}, the lower bound that is held against it.")
    elif bound is not None:
        found.append(f"A goal of {numbers.percent(bound)} or less would be met with these figures.")
    return [*found, *_of_training(run, chosen)]


def _goal_bound(run: Run, arm: str) -> float | None:
    """Return the lower bound that the ladder holds against the goal; of several prompts it is stricter than 95%."""
    return next((rung.goal_bound for rung in run.decision.rungs if rung.candidate == arm), None)


def _of_training(run: Run, chosen: Evidence) -> list[str]:
    if not is_tuned(chosen):
        return []
    found = []
    gate = gate_of(run, chosen.arm)
    if gate is not None and gate.blocks and gate.state != "fail":
        found.append(f"Forgetting beyond {numbers.size(run.limits.max_drop)} points, shown on more benchmark items.")
    if not any(recipe.arm == chosen.arm for recipe in run.decision.recipes):
        found.append("Another training run that comes out worse: one seed was measured.")
    return found


def _of_an_open_run(run: Run) -> list[str]:
    decision = run.decision
    lead = leading(run)
    found = []
    if decision.labels_needed is not None:
        more = decision.labels_needed - max((score.n for score in decision.scores.values()), default=0)
        found.append(
            f"About {numbers.count(more)} more test items ({numbers.count(decision.labels_needed)} in all), if the"
            " figures stay as they are."
        )
    if decision.undecided == "gate":
        found.append("A gentler training that passes the gate of general ability.")
        found.append("Only this task's inputs reaching the tuned model (general.deployment: routed): no gate blocks.")
    bound = _goal_bound(run, lead.arm) if lead else None
    if lead is not None and bound and lead.family == "prompt":  # every arm reaches a goal of 0
        found.append(f"A goal of {numbers.percent(bound)} or less: “{option_name(run, lead.arm)}” would reach it.")
    if decision.action == "rethink":
        found.append("A more capable model, other inputs or other documents; not more training of this kind.")
    if decision.undecided == "margin":
        found.append(f"A smallest gain below {numbers.size(run.limits.smallest_gain)} points, or a better option.")
    return found


def _missing(run: Run) -> list[str]:
    return [
        f"A result of “{option_name(run, gone.arm)}”, which {gone.why}."
        for gone in run.decision.missing
        if gone.matters
    ]


def _lost(run: Run) -> list[str]:
    others = run.decision.other_verdicts
    return (
        [f"The items that were lost, counted as right or wrong: it could be {' or '.join(others)}."] if others else []
    )
