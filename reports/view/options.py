"""All options on page one: what each reaches, and what it costs, in the fewest figures that a choice needs."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.records import Evidence, Run
from reports import numbers
from reports.charts import arms as chart
from reports.view import costs
from reports.view.gates import FORGETTING
from reports.view.lookup import (
    by_score,
    comparison_of,
    gate_of,
    is_tuned,
    items_words,
    recommended,
    reference_prompt,
    score_of,
)
from reports.view.names import nearest_examples, option_names
from reports.view.shapes import Cell, metric_title


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its names, and a cell for each heading."""

    name: str
    arm: str
    is_recommended: bool
    picture: Markup | None  # the score on the range from 0 to 100%; None without a figure
    cells: tuple[Cell, ...]
    why_absent: str  # why it has no figure; empty where it has one


@dataclass(frozen=True, slots=True)
class Options:
    """The list, the recommended one first, then by score."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[Option, ...]


def options(run: Run) -> Options:
    """List every option, those without a figure last and with the reason."""
    names, chosen = option_names(run), recommended(run)
    scored = sorted(by_score(run), key=lambda evidence: evidence.arm != chosen)
    others = [evidence for evidence in run.evidence if evidence not in scored]
    caption = f"All options, by {metric_title(run.primary_metric)} {items_words(run)}"
    if against := reference_prompt(run):
        caption += f"; gains are against “{names.get(against, against)}”"
    rows = tuple(_option(run, evidence, names[evidence.arm]) for evidence in (*scored, *others))
    thousand = f"1,000 answers, {costs.currency(run) or 'your currency'}"
    headings = ("Score", "Gain, points", "Forgetting", "Each answer", thousand, "Rows used")
    return Options(f"{caption}.", headings, rows)


def _option(run: Run, evidence: Evidence, name: str) -> Option:
    score = score_of(run, evidence.arm)
    if score is None:
        why = evidence.reason or "no reason was recorded"
        return Option(name, evidence.arm, False, None, (), f"{evidence.status}: {why}")
    price = costs.per_thousand(run, evidence)
    return Option(
        name=name,
        arm=evidence.arm,
        is_recommended=evidence.arm == recommended(run),
        picture=chart.strip(evidence.family, score, run.limits.goal),
        cells=(
            Cell(numbers.percent(score.estimate), numbers.bounds(score)),
            _gain(run, evidence),
            _forgetting(run, evidence),
            _time(evidence),
            Cell("no price given" if price is None else numbers.money(price), _a_month(run, price)),
            Cell(_rows(evidence)),
        ),
        why_absent="",
    )


def _a_month(run: Run, price: float | None) -> str:
    """Say what the task's requests of a month cost, where it names their number."""
    requests = (run.task.get("cost") or {}).get("requests_per_month")
    return "" if price is None or not requests else f"{numbers.money(price * requests / 1000)} a month"


def _gain(run: Run, evidence: Evidence) -> Cell:
    if evidence.arm == reference_prompt(run):
        return Cell("the reference")
    found = comparison_of(run, evidence.arm)
    if found is None or found.difference is None:
        return Cell(numbers.NOT_MEASURED, mood="absent")
    return Cell(numbers.points(found.difference.estimate), numbers.point_bounds(found.difference))


def _forgetting(run: Run, evidence: Evidence) -> Cell:
    if not is_tuned(evidence):
        return Cell("none", "weights untouched")
    gate = gate_of(run, evidence.arm)
    word, mood = FORGETTING[gate.state if gate else "not_measured"]
    return Cell(word, "" if gate is None or gate.blocks else "does not block", mood)


def _time(evidence: Evidence) -> Cell:
    cost = evidence.cost
    if cost is None:
        return Cell(numbers.NOT_MEASURED, mood="absent")
    alone = [f"alone {numbers.seconds(cost.latency_seconds)}"] if numbers.is_measured(cost.latency_seconds) else []
    if numbers.is_measured(cost.latency_p95_seconds):
        alone.append(f"p95 {numbers.seconds(cost.latency_p95_seconds)}")
    return Cell(numbers.seconds(cost.seconds_per_item), ", ".join(alone))


def _rows(evidence: Evidence) -> str:
    if evidence.training is not None:
        return f"{numbers.count(evidence.training.rows)} trained on"
    if nearest := nearest_examples(evidence):
        return f"all: the {numbers.count(nearest)} nearest are shown"
    shots = (evidence.program.get("prompt") or {}).get("shots") or ()
    return f"{numbers.count(len(shots))} shown" if shots else "none"
