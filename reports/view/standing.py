"""What a verdict is called, and how strong it is: the one source for every label, mark and colour."""

from dataclasses import dataclass

from harness.decision.words import VERDICTS
from harness.records import Run, UndecidedKind
from reports import numbers
from reports.view.gates import FORGETTING
from reports.view.lookup import evidence_of, gate_of, is_tuned
from reports.view.shapes import Mood

SMOKE = "No verdict: smoke run"
UNDECIDED: dict[UndecidedKind, str] = {
    "few_items": "Undecided: too few test items",
    "few_labels": "Undecided: people's labels do not bear out the judge",
    "margin": "Undecided: no option is clearly better",
    "arms_missing": "Undecided: options are missing",
    "gate": "Undecided: blocked by forgetting",
    "": "Undecided",
}
NOTHING_RAN = "Undecided: no option gave a figure"


@dataclass(frozen=True, slots=True)
class Mark:
    """A short statement, and how it should feel."""

    text: str
    mood: Mood = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict's label, and what its strength rests on."""

    label: Mark
    marks: tuple[Mark, ...]  # goal and forgetting; none where there is no verdict


def standing(run: Run) -> Standing:
    """Call the verdict by what is the case. A smoke run has none, in no colour."""
    if run.is_fast:
        return Standing(Mark(SMOKE), ())
    decision = run.decision
    goal = _goal(run)
    if decision.action == "rethink":
        return Standing(Mark("Rethink: no option works", "bad"), (goal,))
    if decision.action == "undecided":
        label = UNDECIDED[decision.undecided] if decision.scores else NOTHING_RAN
        return Standing(Mark(label, "unsure"), (goal,) if decision.scores else ())
    forgetting = _forgetting(run)
    marks = (goal, forgetting) if forgetting else (goal,)
    return Standing(Mark(VERDICTS[decision.action], _strength(marks)), marks)


def _strength(marks: tuple[Mark, ...]) -> Mood:
    """Only what is shown on every side looks sure."""
    moods = {mark.mood for mark in marks}
    return "bad" if "bad" in moods else "good" if moods == {"good"} else "unsure"


def _goal(run: Run) -> Mark:
    goal = f"Goal of {numbers.percent(run.limits.goal)}"
    if run.decision.goal == "met":
        return Mark(f"{goal} met", "good")
    return Mark(f"{goal} missed", "bad") if run.decision.goal == "missed" else Mark(f"{goal} not shown", "unsure")


def _forgetting(run: Run) -> Mark | None:
    """Say what is known of the recommended arm's general ability; None where its weights are the base's."""
    chosen = evidence_of(run, run.decision.arm)
    if chosen is None or not is_tuned(chosen):
        return None
    gate = gate_of(run, chosen.arm)
    word, mood = FORGETTING[gate.state if gate else "not_measured"]
    return Mark(f"Forgetting {word}", mood)
