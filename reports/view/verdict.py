"""Page one: the verdict, why, what could be wrong with it, and what to do next."""

from dataclasses import dataclass

from harness.records import Gate, Run
from reports import numbers
from reports.view import costs
from reports.view.gates import DOES_NOT_BLOCK, GATE_WORDS, basis_words, off_task_words
from reports.view.lookup import comparison_of, evidence_of, gate_of, is_tuned, leading, score_of
from reports.view.shapes import ACTIONS, Mood, metric_name

GOALS = {"met": "Goal met", "not_shown": "Goal not shown", "missed": "Goal missed"}


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure."""

    name: str
    value: str
    lines: tuple[str, ...]
    mood: Mood = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a manager reads."""

    action: str  # the record's own word, for styling
    chip: str
    goal: str
    ability: str  # what is known of the recommended arm's general ability; empty where its weights are the base's
    ability_mood: Mood
    sentence: str
    reasons: tuple[str, ...]
    caveat: str
    more_caveats: tuple[str, ...]
    next_step: str
    tiles: tuple[Tile, ...]


def verdict(run: Run) -> Verdict:
    """Draw the decision's own words together with four headline figures."""
    decision = run.decision
    caveat = decision.caveats[0] if decision.caveats else "None was recorded."
    ability, mood = _ability(run)
    return Verdict(
        action=decision.action,
        chip=ACTIONS[decision.action],
        goal=f"{GOALS[decision.goal]}: at least {numbers.percent(run.limits.goal)}",
        ability=ability,
        ability_mood=mood,
        sentence=decision.sentence,
        reasons=decision.reasons,
        caveat=caveat,
        more_caveats=decision.caveats[1:],
        next_step=decision.next_step,
        tiles=(_quality(run), _forgetting(run), _cost(run), _labels(run)),
    )


def _ability(run: Run) -> tuple[str, Mood]:
    """Say beside the recommendation what the gate found, so that a gate that was not passed never looks passed."""
    chosen = evidence_of(run, run.decision.arm)
    if chosen is None or not is_tuned(chosen):
        return "", ""
    gate = gate_of(run, chosen.arm)
    word, mood = GATE_WORDS[gate.state if gate else "not_measured"]
    return f"General ability {word}", mood


def _quality(run: Run) -> Tile:
    lead = leading(run)
    score = score_of(run, lead.arm) if lead else None
    if lead is None or score is None:
        return Tile("Quality", numbers.NOT_MEASURED, ("No arm gave a figure.",), "absent")
    lines = [
        lead.arm if run.decision.arm else f"{lead.arm}: highest measured, not a recommendation",
        f"{numbers.bounds(score)}, n = {numbers.count(score.n)}",
    ]
    compared = comparison_of(run, lead.arm)
    if compared and compared.difference and compared.against != lead.arm:
        lines.append(
            f"{numbers.points(compared.difference.estimate)} points against {compared.against}"
            f" ({numbers.point_bounds(compared.difference)})"
        )
    return Tile(f"Quality: {metric_name(run.primary_metric).lower()}", numbers.percent(score.estimate), tuple(lines))


def _forgetting(run: Run) -> Tile:
    name = "General ability"
    lead = leading(run)
    if lead is None:
        return Tile(name, numbers.NOT_MEASURED, ("No arm gave a figure.",), "absent")
    if not is_tuned(lead):
        return Tile(name, "untouched", (f"{lead.arm} leaves the model as it is.",), "good")
    gate = gate_of(run, lead.arm)
    if gate is None or gate.state == "not_measured":
        reasons = gate.reasons if gate else ()
        return Tile(name, numbers.NOT_MEASURED, reasons or ("No benchmark was run on this arm.",), "absent")
    return Tile(name, GATE_WORDS[gate.state][0], _gate_lines(gate), GATE_WORDS[gate.state][1])


def _gate_lines(gate: Gate) -> tuple[str, ...]:
    lines = []
    if (change := gate.change or gate.pooled) is not None:
        lines.append(
            f"{numbers.points(change.estimate)} points by {basis_words(gate)}, at least {numbers.points(change.low)}"
            f" (one-sided 95%, n = {numbers.count(change.n)})"
        )
    if gate.retention:
        lines.append(f"{numbers.percent(gate.retention.estimate)} retained ({numbers.bounds(gate.retention)})")
    if asked := off_task_words(gate):
        lines.append(asked)
    lines += gate.warnings
    if not gate.blocks and gate.state != "pass":
        lines.append(DOES_NOT_BLOCK)
    return tuple(lines)


def _cost(run: Run) -> Tile:
    lead = leading(run)
    cost = lead.cost if lead else None
    if lead is None or cost is None:
        return Tile("Cost and latency", numbers.NOT_MEASURED, ("No arm's cost was recorded.",), "absent")
    lines = [f"one question alone: {numbers.seconds(cost.latency_seconds)}"]
    trained = f"training: {numbers.seconds(cost.train_seconds)}" if is_tuned(lead) else "no training"
    lines.append(trained)
    price = costs.per_thousand(run, lead)
    if price is not None:
        lines.append(f"{numbers.money(price)} per 1,000 answers")
    mood: Mood = "" if numbers.is_measured(cost.seconds_per_item) else "absent"
    value = numbers.seconds(cost.seconds_per_item)
    return Tile("Cost and latency", f"{value} an answer" if not mood else value, tuple(lines), mood)


def _labels(run: Run) -> Tile:
    decision = run.decision
    used = f"{numbers.plural(len(run.examples), 'test item')} used"
    trained = evidence_of(run, decision.arm)
    lines = [used]
    if trained and trained.training:
        lines.append(f"{numbers.plural(trained.training.rows, 'training row')} used")
    if decision.labels_needed is not None:
        lines.insert(0, "test items would settle it")
        return Tile("Labels still needed", f"about {numbers.count(decision.labels_needed)}", tuple(lines), "unsure")
    if decision.action == "undecided":
        value = {"few_items": "more", "margin": "more would not settle it"}.get(decision.undecided, "not known")
        return Tile("Labels still needed", value, tuple(lines), "unsure")
    return Tile("Labels still needed", "none", tuple(lines), "good")
