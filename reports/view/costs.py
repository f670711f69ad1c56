"""Cost and latency, and the volume at which training pays for itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Evidence, Interval, Run
from reports import numbers
from reports.charts.cost import CostLine, break_even, frontier
from reports.view.lookup import by_score, cheaper_candidates, evidence_of, is_tuned, score_of
from reports.view.shapes import Cell, Figure, Table, join, table


@dataclass(frozen=True, slots=True)
class CostSection:
    """Cost against quality, and the break-even where prices are known."""

    finding: str
    costs: Table
    frontier: Figure | None
    money: str
    pays_back: Table | None
    break_even: Figure | None


@dataclass(frozen=True, slots=True)
class PayBack:
    """One tuned arm against one cheaper candidate."""

    tuned: CostLine
    cheaper: CostLine

    @property
    def saving(self) -> float:
        """What each request saves; negative when the tuned arm costs more."""
        return self.cheaper.each - self.tuned.each

    @property
    def requests(self) -> float | None:
        """Requests until training is paid; None when it never is."""
        return self.tuned.fixed / self.saving if self.saving > 0 else None


def cost_section(run: Run) -> CostSection:
    """Build the section on cost."""
    timed = _timed(run)
    backs = [] if run.is_fast else _pay_backs(run)
    return CostSection(
        finding=_finding(timed),
        costs=_costs(run),
        frontier=None if run.is_fast else _frontier(timed),
        money=_money(run, backs),
        pays_back=_pay_back_table(run, backs) if backs else None,
        break_even=_break_even(run, backs),
    )


def gpu_hour(run: Run) -> float | None:
    """Return the price of an hour of the machine, or None when the task names none."""
    price = (run.task.get("cost") or {}).get("gpu_hour")
    return float(price) if price is not None else None


def price_words(run: Run, value: float | None) -> str:
    """Write an amount with its currency; without a price nothing is said in money."""
    if value is None:
        return "no price given"
    return (
        f"{numbers.money(value)} {currency(run)}" if currency(run) else f"{numbers.money(value)} (currency not named)"
    )


def currency(run: Run) -> str:
    """Return the name of the task's currency; empty where it has none."""
    return str((run.task.get("cost") or {}).get("currency") or "")


def per_thousand(run: Run, evidence: Evidence) -> float | None:
    """Return what 1,000 answers cost at the price of the machine, or None without price or time."""
    price = gpu_hour(run)
    each = evidence.cost.seconds_per_item if evidence.cost else None
    return 1000 * each * price / 3600 if price is not None and each is not None else None


def _timed(run: Run) -> list[tuple[Evidence, Interval, float]]:
    found = []
    for evidence in by_score(run):
        score = score_of(run, evidence.arm)
        each = evidence.cost.seconds_per_item if evidence.cost else None
        if score and each is not None and numbers.is_measured(each):
            found.append((evidence, score, each))
    return found


def _finding(timed: Sequence[tuple[Evidence, Interval, float]]) -> str:
    if not timed:
        return "No arm's time was measured."
    quickest = min(timed, key=lambda item: item[2])
    slowest = max(timed, key=lambda item: item[2])
    asked = f"n = {numbers.count(quickest[1].n)}"
    if quickest[0].arm == slowest[0].arm:
        return f"{quickest[0].arm} takes {numbers.seconds(quickest[2])} for each answer ({asked})."
    return (
        f"{quickest[0].arm} is quickest at {numbers.seconds(quickest[2])} for each answer,"
        f" {slowest[0].arm} slowest at {numbers.seconds(slowest[2])} ({asked})."
    )


def _costs(run: Run) -> Table:
    rows: list[list[Cell | str]] = []
    for evidence in run.evidence:
        cost = evidence.cost
        if cost is None:
            rows.append([evidence.arm, Cell(f"{numbers.NOT_MEASURED}: {evidence.status}", mood="absent", span=8)])
            continue
        rows.append(
            [
                evidence.arm,
                numbers.seconds(cost.seconds_per_item),
                numbers.seconds(cost.latency_seconds),
                numbers.seconds(cost.latency_p95_seconds),
                numbers.money(price) if (price := per_thousand(run, evidence)) is not None else "no price given",
                numbers.count(cost.prompt_tokens_per_item),
                numbers.count(cost.completion_tokens_per_item),
                numbers.seconds(cost.fit_seconds),
                numbers.megabytes(cost.peak_memory_mb),
            ]
        )
    headings = (
        "Arm", "Each answer", "Median alone", "p95 alone", f"1,000 answers, {currency(run) or 'your currency'}",
        "Tokens in", "Tokens out", "Set-up and training", "Peak memory",
    )  # fmt: skip
    return table("Time, tokens and memory of each arm", headings, rows, numbers=range(1, 9))


def _frontier(timed: Sequence[tuple[Evidence, Interval, float]]) -> Figure | None:
    if len(timed) < 2:
        return None
    dominated = frozenset(
        evidence.arm
        for evidence, score, each in timed
        if any(
            other.estimate >= score.estimate and time <= each and (other.estimate, time) != (score.estimate, each)
            for _, other, time in timed
        )
    )
    kept = [evidence.arm for evidence, _, _ in timed if evidence.arm not in dominated]
    named = join(kept) if len(kept) <= 4 else f"{len(kept)} of {len(timed)} arms"
    title = f"No other arm is as good as {named} in less time"
    rows = [
        (
            evidence.arm,
            numbers.seconds(each),
            Cell(numbers.percent(score.estimate), f"{numbers.bounds(score)}, n = {numbers.count(score.n)}"),
            "slower and no better" if evidence.arm in dominated else "yes",
        )
        for evidence, score, each in timed
    ]
    return Figure(
        title,
        frontier(timed, dominated),
        "Up and to the left is better. Hollow marks are slower and no better than another arm; intervals overlap, so"
        " the line is a guide.",
        table("Score and time", ("Arm", "Each answer", "Score", "On the line"), rows, numbers=(1,)),
    )


def _line(run: Run, evidence: Evidence | None) -> CostLine | None:
    price = per_thousand(run, evidence) if evidence else None
    hour = gpu_hour(run)
    if evidence is None or evidence.cost is None or price is None or hour is None:
        return None
    trained = evidence.cost.train_seconds
    if is_tuned(evidence) and trained is None:
        return None
    return CostLine(evidence, (trained or 0.0) * hour / 3600, price / 1000)


def _pay_backs(run: Run) -> list[PayBack]:
    found = []
    for evidence in run.evidence:
        tuned = _line(run, evidence) if is_tuned(evidence) else None
        for name in cheaper_candidates(run, evidence.family) if tuned else []:
            cheaper = _line(run, evidence_of(run, name))
            if tuned and cheaper and not is_tuned(cheaper.evidence):
                found.append(PayBack(tuned, cheaper))
    return found


def _money(run: Run, backs: Sequence[PayBack]) -> str:
    hour = gpu_hour(run)
    if run.is_fast:
        return "Smoke run: no verdict, and no break-even from a few training steps."
    if hour is None:
        return "No price was given (cost.gpu_hour in the task file), so nothing is said about money."
    assumed = (
        f"Assumed: an hour of this machine costs {price_words(run, hour)}; it is busy"
        " with this work alone, at the measured speed; training once is the only fixed cost. Labelling, upkeep and"
        " idle hours are not counted."
    )
    if not backs:
        return f"{assumed} No tuned arm could be set against a cheaper one, so there is no break-even."
    paying = [back for back in backs if back.requests is not None]
    if not paying:
        return (
            f"No tuned arm answers more cheaply than a cheaper rung: training never pays back in time saved. {assumed}"
        )
    shown = _telling(run, backs)
    after = f"after {numbers.count(shown.requests)} requests" if shown.requests is not None else "never"
    return (
        f"{shown.tuned.evidence.arm} pays for its training {after}, compared with {shown.cheaper.evidence.arm}, the"
        f" cheaper candidate with the highest score. {assumed}"
    )


def _telling(run: Run, backs: Sequence[PayBack]) -> PayBack:
    """Return the recommended tuned arm, else the best one, against the best cheaper candidate."""

    def rank(back: PayBack) -> tuple[bool, float, float]:
        tuned, cheaper = (score_of(run, line.evidence.arm) for line in (back.tuned, back.cheaper))
        is_chosen = back.tuned.evidence.arm == run.decision.arm
        return is_chosen, tuned.estimate if tuned else 0.0, cheaper.estimate if cheaper else 0.0

    return max(backs, key=rank)


def _pay_back_table(run: Run, backs: Sequence[PayBack]) -> Table:
    monthly = (run.task.get("cost") or {}).get("requests_per_month")
    rows = []
    for back in backs:
        if back.requests is None:
            after = Cell("never", "each answer costs more")
        elif monthly:
            after = Cell(f"{numbers.count(back.requests)} requests", _duration(back.requests / monthly))
        else:
            after = Cell(f"{numbers.count(back.requests)} requests")
        rows.append(
            (
                back.tuned.evidence.arm,
                back.cheaper.evidence.arm,
                numbers.money(back.tuned.fixed),
                numbers.money(1000 * back.tuned.each),
                numbers.money(1000 * back.cheaper.each),
                after,
            )
        )
    headings = ("Tuned arm", "Instead of", "Training once", "Its 1,000 answers", "The other's 1,000", "Pays back after")
    caption = f"When training pays for itself, in {currency(run) or 'the currency of the task file'}"
    return table(caption, headings, rows, numbers=(2, 3, 4))


def _duration(months: float) -> str:
    days = 30 * months
    return f"{months:.1f} months" if months >= 2 else f"{days:.0f} days" if days >= 1 else "less than a day"


def _break_even(run: Run, backs: Sequence[PayBack]) -> Figure | None:
    shown = _telling(run, backs) if backs else None
    if shown is None or not shown.requests:
        return None
    requests = 2.0 * shown.requests
    lines = (shown.cheaper, shown.tuned)
    rows = [
        (line.evidence.arm, numbers.money(line.fixed), numbers.money(line.fixed + line.each * requests))
        for line in lines
    ]
    return Figure(
        f"The lines cross at {numbers.count(shown.requests)} requests",
        break_even(lines, requests),
        "Cumulative cost at the price given; computing time only.",
        table(
            "Cost at both ends",
            ("Arm", "At the start", f"After {numbers.count(requests)} requests"),
            rows,
            numbers=(1, 2),
        ),
    )
