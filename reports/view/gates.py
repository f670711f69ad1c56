"""What the gate found for each tuned arm: its word, its figures, and what it rests on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Evidence, Gate, Interval, Probe, Run
from reports import numbers
from reports.view.lookup import gate_of, is_tuned
from reports.view.shapes import Cell, Mood, Table, join, table

# Of each state of a gate: what is said of forgetting, everywhere, and how it feels. It is the gate's word, so that a
# figure beside it (a share retained, a rate of off-task answers) explains it and never contradicts it.
FORGETTING: dict[str, tuple[str, Mood]] = {
    "pass": ("excluded", "good"),
    "fail": ("loss shown", "bad"),
    "inconclusive": ("not excluded", "unsure"),
    "cannot_judge": ("cannot be judged on this base", "unjudged"),
    "not_measured": (numbers.NOT_MEASURED, "absent"),
}
PROBES: dict[Probe, str] = {
    "benchmarks": "benchmarks",
    "one_benchmark": "one benchmark",
    "kept": "the share of ability retained",
    "texts": "loss on texts",
    "alone": "unrelated questions asked alone",
    "prompted": "unrelated questions under the task's prompt",
}
DOES_NOT_BLOCK = "does not block: only this task's inputs reach the adapter (general.deployment: routed)"
NEAR_CHANCE = "near chance, not judged"
ONE_SIDED = "one-sided 95%"
HEADINGS = (
    ("Arm", ""),
    ("Forgetting", ""),
    ("Judged, points", ONE_SIDED),
    ("Score, points", ONE_SIDED),
    ("Probability, points", "given to right answers"),
    ("Retained", "above chance"),
    ("Text loss", "nats a token"),
    ("Off-task, alone", "turned by tuning"),
    ("Off-task, prompt", "under the task's own"),
)


@dataclass(frozen=True, slots=True)
class GateWords:
    """What the gate says of one arm."""

    arm: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def gates_table(run: Run) -> Table:
    """Return one row for each tuned arm."""
    tuned = [evidence for evidence in run.evidence if is_tuned(evidence)]
    return table(
        "General ability of each tuned arm against the weights it started from, on the judged benchmarks",
        [heading for heading, _ in HEADINGS],
        [_row(evidence, gate_of(run, evidence.arm)) for evidence in tuned],
        notes=[note for _, note in HEADINGS],
    )


def gate_words(run: Run) -> tuple[GateWords, ...]:
    """Return the reasons and warnings of every gate that has any."""
    found = [GateWords(gate.arm, gate.reasons, gate.warnings) for gate in run.decision.gates]
    return tuple(words for words in found if words.reasons or words.warnings)


def forgetting_counts(run: Run) -> str:
    """Count the tuned arms by what is said of their forgetting: 'Forgetting of 3 tuned arms: shown for 1, ...'."""
    tuned = [evidence.arm for evidence in run.evidence if is_tuned(evidence)]
    states: Counter[str] = Counter(gate.state if (gate := gate_of(run, arm)) else "not_measured" for arm in tuned)
    parts = [f"{word} for {states[state]}" for state, (word, _) in FORGETTING.items() if states[state]]
    return f"Forgetting of {numbers.plural(len(tuned), 'tuned arm')}: {join(parts)}"


def basis_words(gate: Gate) -> str:
    """Name the measure that the claim rests on: 'the probability of right answers'."""
    return gate.basis or "the score"


def gate_line(gate: Gate) -> str:
    """Say in one line what was found: the word, the judged change, texts, and unrelated questions both ways."""
    parts = [f"forgetting {FORGETTING[gate.state][0]}"]
    change = gate.change or gate.pooled
    if change is not None:
        parts.append(f"{numbers.gain(change)} by {basis_words(gate)}")
    if (loss := gate.text_loss_change) is not None:
        parts.append(f"text loss {numbers.change(loss.estimate)} nats a token")
    if asked := off_task_words(gate):
        parts.append(asked)
    parts += gate.warnings
    if not gate.blocks and gate.state != "pass":
        parts.append(DOES_NOT_BLOCK)
    return f"{gate.arm}: {'; '.join(parts)}"


def probes_words(probes: Sequence[Probe]) -> str:
    """Name what a gate looked at: 'benchmarks and loss on texts'."""
    return join([PROBES[probe] for probe in probes])


def off_task_words(gate: Gate) -> str:
    """Give the two rates of unrelated questions: asked alone, and under the task's prompt."""
    asked = (("alone", gate.off_task_rate), ("under the task's prompt", gate.prompted_off_task_rate))
    found = [f"{numbers.percent(rate.estimate)} {how}" for how, rate in asked if rate is not None]
    return f"off-task answers {join(found)}" if found else ""


def _row(evidence: Evidence, gate: Gate | None) -> Sequence[Cell | str]:
    against = "against the 4-bit base" if evidence.reference == "base_nf4" else f"against {evidence.reference}"
    if gate is None:
        return (Cell(evidence.arm, against), Cell(numbers.NOT_MEASURED, mood="absent", span=len(HEADINGS) - 1))
    return (
        Cell(evidence.arm, against),
        _result(gate),
        _judged(gate),
        _points(gate, gate.pooled),
        _points(gate, gate.probability_change),
        _retained(gate),
        _text_loss(gate),
        _off_task(gate, gate.off_task_rate, "alone"),
        _off_task(gate, gate.prompted_off_task_rate, "prompted"),
    )


def _result(gate: Gate) -> Cell:
    word, mood = FORGETTING[gate.state]
    notes = []
    if gate.failed:
        notes.append(f"by {probes_words(gate.failed)}")
    if gate.items_needed is not None:
        notes.append(f"about {numbers.plural(gate.items_needed, 'item')}\nwould settle it")
    if not gate.blocks:
        notes.append("does not block")
    return Cell(word, "\n".join(notes), mood)


def _judged(gate: Gate) -> Cell | str:
    if (change := gate.change) is None:
        return _absent(gate)
    short = basis_words(gate).removeprefix("the ").removesuffix(" of right answers")
    note = f"{numbers.point_bounds(change)}\nby {short}\nn = {numbers.count(change.n)}"
    return Cell(numbers.points(change.estimate), note, _mood(gate, "benchmarks"))


def _retained(gate: Gate) -> Cell | str:
    if (kept := gate.retention) is None:
        return _absent(gate)
    if not numbers.is_share(kept):
        return Cell("not measurable", "too near chance", "absent")
    note = f"{numbers.bounds(kept)}\nn = {numbers.count(kept.n)}"
    return Cell(numbers.percent(kept.estimate), note, _mood(gate, "kept"))


def _points(gate: Gate, found: Interval | None) -> Cell | str:
    if found is None:
        return _absent(gate) if gate.pooled is None else numbers.NOT_MEASURED
    return Cell(numbers.points(found.estimate), f"{numbers.point_bounds(found)}\nn = {numbers.count(found.n)}")


def _absent(gate: Gate) -> Cell | str:
    """Say why a figure over the judged benchmarks is missing: nothing was measured, or nothing could be judged."""
    return Cell("not judged", "too near chance", "absent") if gate.tasks else numbers.NOT_MEASURED


def _text_loss(gate: Gate) -> Cell | str:
    change = gate.text_loss_change
    if change is None:
        return numbers.NOT_MEASURED
    note = f"{numbers.plain_bounds(change)}\n{numbers.plural(change.n, 'text')}"
    return Cell(numbers.change(change.estimate), note, _mood(gate, "texts"))


def _off_task(gate: Gate, found: Interval | None, probe: Probe) -> Cell | str:
    if found is None:
        return Cell("not asked", mood="absent")
    note = f"{numbers.bounds(found)}\nn = {numbers.count(found.n)}"
    return Cell(numbers.percent(found.estimate), note, _mood(gate, probe))


def _mood(gate: Gate, probe: Probe) -> Mood:
    """Return how a probe's figure should feel: it shows harm, or keeps the arm from a pass."""
    if probe in gate.failed:
        return "bad"
    return "unsure" if probe in gate.doubted and gate.state != "cannot_judge" else ""
