"""The arms of a run as a frame."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from harness.records import Cost, Evidence, Interval, Run

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("dev_score", "score", "low", "high", "gain", "gain_low", "gain_high")
_UNKNOWN: dict[str, object] = dict.fromkeys((field.name for field in fields(Cost)), None)


def arms_frame(run: Run) -> "pd.DataFrame":
    """Return a row for each fit, in the task's order of arms and then of seeds.

    What was not measured is missing. An interval, a gain and a gate are those of the fit that an arm is judged by.
    """
    import pandas as pd

    rows = [_row(run, fit, judged) for judged in run.evidence for fit in _fits(run, judged)]
    types = dict.fromkeys((*_NUMBERS, *_UNKNOWN), "float64") | {"n": "Int64"}  # also where every value is missing
    return pd.DataFrame(rows).astype(types)


def _fits(run: Run, judged: Evidence) -> Iterator[Evidence]:
    """Yield an arm's fits; the judged one as it is judged, on the items that all arms measured."""
    for fit in run.fits.get(judged.arm, (judged,)):
        yield judged if fit.fit == judged.fit else fit


def _row(run: Run, evidence: Evidence, judged: Evidence) -> dict[str, object]:
    others = {name: value for name, value in evidence.aggregates.items() if name != run.primary_metric}
    return {
        **evidence.fit.dimensions,
        "is_judged": evidence is judged,
        "baseline": evidence.baseline,
        "family": evidence.family,
        "status": evidence.status,
        "reason": evidence.reason,
        "dev_score": evidence.dev_score,
        "score": evidence.aggregates.get(run.primary_metric),
        **(_judgement(run, evidence.arm) if evidence is judged else _UNJUDGED),
        **(asdict(evidence.cost) if evidence.cost else _UNKNOWN),
        **{f"also_{name}": value for name, value in others.items()},
    }


_UNJUDGED: dict[str, object] = dict.fromkeys(
    ("low", "high", "n", "gain", "gain_low", "gain_high", "against", "gate"), None
)


def _claimed(interval: Interval | None) -> Interval | None:
    """Leave out what a judge says and nothing corrects."""
    return None if interval is None or interval.is_uncorrected else interval


def _judgement(run: Run, arm: str) -> dict[str, object]:
    score = _claimed(run.decision.scores.get(arm))
    against = next((found for found in run.decision.comparisons if found.arm == arm), None)
    gain = _claimed(against.difference) if against else None
    gate = next((gate for gate in run.decision.gates if gate.arm == arm), None)
    return {
        "low": score.low if score else None,
        "high": score.high if score else None,
        "n": score.n if score else None,
        "gain": gain.estimate if gain else None,
        "gain_low": gain.low if gain else None,
        "gain_high": gain.high if gain else None,
        "against": against.against if against else None,
        "gate": gate.state if gate else None,
    }
