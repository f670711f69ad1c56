"""All arms side by side, one row each, the missing ones with their reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.decision.words import asked_words
from harness.records import UNCORRECTED, Evidence, Interval, Missing, Run
from reports import numbers
from reports.charts import arms as chart
from reports.view.gates import FORGETTING
from reports.view.lookup import by_score, gate_of, is_tuned, items_words, recommended, score_of
from reports.view.names import option_name
from reports.view.shapes import Cell, Mood, Table, metric_name, table

STATUS: dict[str, tuple[str, Mood]] = {
    "ok": ("ran", ""),
    "failed": ("failed", "bad"),
    "skipped": ("skipped", "unsure"),
    "invalid": ("invalid", "bad"),
    "unfinished": ("unfinished", "unsure"),
}


@dataclass(frozen=True, slots=True)
class ArmsSection:
    """The arms, and the finding over them."""

    finding: str
    arms: Table
    missing: tuple[Missing, ...]  # arms that cannot be judged
    warnings: tuple[str, ...]
    asked: tuple[str, ...]  # how many items of each arm, and why no more; empty where all were asked all


def arms_section(run: Run) -> ArmsSection:
    """Build the table of all arms."""
    warnings = [f"{evidence.arm}: {warning}" for evidence in run.evidence for warning in evidence.warnings]
    asked = tuple(f"{asked_words(one)}." for one in run.decision.asked)
    return ArmsSection(_finding(run), arms_table(run), run.decision.missing, tuple(warnings), asked)


def _finding(run: Run) -> str:
    finished = [evidence for evidence in run.evidence if evidence.status == "ok"]
    ran = f"{len(finished)} of {numbers.plural(len(run.evidence), 'arm')} gave a result."
    scored = by_score(run)
    if not scored:
        return f"No arm has a figure; {ran}"
    best = scored[0]
    text = f"{best.arm} scores highest: {numbers.rate(score_of(run, best.arm))}."
    others = [evidence for evidence in scored if evidence.family != best.family]
    if others:
        text += f" The highest of another kind is {others[0].arm}: {numbers.rate(score_of(run, others[0].arm))}."
    if run.decision.constant is not None:
        text += f" Always giving train's most frequent answer would score {numbers.percent(run.decision.constant)}."
    return f"{text} {ran}"


def arms_table(run: Run) -> Table:
    """Return one row per arm, in the order of the task file."""
    rows = run.manifest.get("rows") or {}
    names = [evidence.arm for evidence in run.evidence]
    has_others = any(_others(run, evidence) for evidence in run.evidence)
    return table(
        f"Every arm {items_words(run)}",
        (
            "Arm",
            f"{metric_name(run.primary_metric)}{', corrected' * (run.decision.basis is not None)}",
            "0 to 100%",
            *(["Other metrics"] if has_others else []),
            "Forgetting",
            f"On dev, n = {numbers.count(rows['dev'])}" if "dev" in rows else "On dev",
            "Training",
            "Each answer",
            "Peak memory",
        ),
        [_row(run, evidence, has_others=has_others) for evidence in run.evidence],
        chosen=names.index(chosen) if (chosen := recommended(run)) in names else None,
    )


def _row(run: Run, evidence: Evidence, *, has_others: bool) -> Sequence[Cell | str]:
    score = score_of(run, evidence.arm)
    if evidence.status != "ok":
        reason = evidence.reason or "no reason was recorded"
        return (arm_cell(run, evidence), Cell(f"{numbers.NOT_MEASURED}: {reason}", mood="absent", span=7 + has_others))
    return (
        arm_cell(run, evidence),
        score_cell(score),
        Cell("", picture=chart.strip(evidence.family, score, run.limits.goal)) if score else "",
        *([_metrics(run, evidence)] if has_others else []),
        ability_cell(run, evidence),
        numbers.percent(evidence.dev_score),
        _training(evidence),
        _each(evidence),
        numbers.megabytes(evidence.cost.peak_memory_mb if evidence.cost else None),
    )


def arm_cell(run: Run, evidence: Evidence) -> Cell:
    """Name an arm, with its kind and, unless it simply ran, its status."""
    status, mood = STATUS[evidence.status]
    note = evidence.arm
    if evidence.status != "ok":
        note += f", {status}"
    elif evidence.arm == recommended(run):
        note += ", recommended"
    return Cell(option_name(run, evidence.arm), note, mood)


def score_cell(score: Interval | None) -> Cell | str:
    """Show a share with its interval and n."""
    if score is None or not numbers.is_measured(score.estimate):
        return numbers.NOT_MEASURED
    return Cell(numbers.percent(score.estimate), f"{numbers.bounds(score)}, n = {numbers.count(score.n)}")


def _others(run: Run, evidence: Evidence) -> list[tuple[str, float]]:
    return [(name, value) for name, value in evidence.aggregates.items() if name != run.primary_metric]


def _metrics(run: Run, evidence: Evidence) -> Cell | str:
    others = _others(run, evidence)
    if not others:
        return numbers.NOT_MEASURED
    score = score_of(run, evidence.arm)
    counted = score.n if score else max((len(scores) for scores in evidence.scores.values()), default=0)
    judges = {found.metric for found in run.judging}
    lines = [
        f"{metric_name(name)} {numbers.percent(value)}{f' ({UNCORRECTED})' * (name in judges)}"
        for name, value in others
    ]
    return Cell("", "\n".join([*lines, f"n = {numbers.count(counted)}"]))


def ability_cell(run: Run, evidence: Evidence) -> Cell | str:
    """Show what tuning left of the model's general ability."""
    if not is_tuned(evidence):
        return "none: weights untouched"
    gate = gate_of(run, evidence.arm)
    if gate is None or gate.state == "not_measured":
        return numbers.NOT_MEASURED
    word, mood = FORGETTING[gate.state]
    kept = gate.retention
    notes = ["share retained not measurable"]
    if kept is not None and numbers.is_share(kept):
        notes = [f"{numbers.percent(kept.estimate)} retained", f"{numbers.bounds(kept)}, n = {numbers.count(kept.n)}"]
    if not gate.blocks and gate.state != "pass":
        notes.append("does not block")
    return Cell(word, "\n".join(notes), mood)


def _training(evidence: Evidence) -> Cell | str:
    if not is_tuned(evidence):
        return "none"
    return numbers.seconds(evidence.cost.train_seconds if evidence.cost else None)


def _each(evidence: Evidence) -> Cell | str:
    cost = evidence.cost
    if cost is None or not numbers.is_measured(cost.seconds_per_item):
        return numbers.NOT_MEASURED
    tokens = f"{numbers.count(cost.prompt_tokens_per_item)} + {numbers.count(cost.completion_tokens_per_item)} tokens"
    return Cell(numbers.seconds(cost.seconds_per_item), f"alone {numbers.seconds(cost.latency_seconds)}\n{tokens}")
