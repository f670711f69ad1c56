"""Metrics that ask a model: who is asked, and whether people's labels let the verdict rest on it."""

from collections.abc import Iterable, Mapping, Sequence

from harness.contract import Judging
from harness.errors import PluginError
from harness.plugins import METRICS, plugins, suggest
from harness.records import FEWEST_LABELS, Example
from harness.task.faults import Faults
from harness.task.plugged import make_metric
from harness.task.schema import TaskFile
from harness.task.source import Source

INSTEAD = "or put it into metric.also, where it is shown and does not decide"


def judges_of(names: Iterable[str], options: Mapping[str, Mapping[str, object]]) -> dict[str, Judging]:
    """Return those of some metrics that ask a model, by name; those with faults are left out."""
    found: dict[str, Judging] = {}
    for name in names:
        try:
            metric = make_metric(name, options)
        except (PluginError, ValueError, TypeError):
            continue  # noted already
        if isinstance(metric, Judging):
            found[name] = metric
    return found


def selecting_metric(primary: str, options: Mapping[str, Mapping[str, object]]) -> str:
    """Return the metric by which arms make their choices on dev: the primary one, or what stands in for a judge."""
    metric = make_metric(primary, options)
    return metric.choose_by if isinstance(metric, Judging) else primary


def check_judges(settings: TaskFile, source: Source, held_out: Sequence[Example], faults: Faults) -> None:
    """Note a judge that cannot decide, one whose stand-in is not a metric, and columns of labels that are not there.

    Args:
        settings: The task file.
        source: Where its keys stand.
        held_out: The rows of dev and test.
        faults: Takes what is wrong.
    """
    columns, chosen = settings.data.columns, settings.metric
    if (columns.labelled is None) != (columns.label is None):
        missing, there = ("label", "labelled") if columns.label is None else ("labelled", "label")
        text = f"data.columns.{there} is given and data.columns.{missing} is not; name both"
        source.add_fault(faults, ("data", "columns", there), text)
        return
    labels = [answer.label for example in held_out for answer in example.labelled if answer.text]
    for name, judge in judges_of((chosen.primary, *chosen.also), chosen.options).items():
        if judge.choose_by not in plugins(METRICS) or judge.choose_by == name:
            said = f"option 'choose_by' is '{judge.choose_by}', which is not a metric that scores by itself"
            text = f"metric '{name}': {said}"
            known = {known: known for known in plugins(METRICS) if known != name}
            source.add_fault(faults, ("metric", "options", name), text + suggest(judge.choose_by, known))
        if name == chosen.primary and (text := _why_not(name, labels, is_named=columns.labelled is not None)):
            source.add_fault(faults, ("metric", "primary"), text)
    if held_out and columns.labelled and not labels:
        text = f"no row of dev or test has an answer in '{columns.labelled}' with a label in '{columns.label}'"
        source.add_fault(faults, ("data", "columns", "labelled"), f"{text}; name the columns that have them")


def _why_not(name: str, labels: Iterable[float], *, is_named: bool) -> str:
    """Say why a judge cannot decide; '' where it can."""
    found = list(labels)
    good, bad = sum(label > 0.5 for label in found), sum(label < 0.5 for label in found)
    if not is_named:
        return (
            f"metric '{name}' cannot decide without people's labels, as nothing says how often it errs: name the "
            f"columns with judged answers and their labels in data.columns.labelled and data.columns.label, {INSTEAD}"
        )
    if min(good, bad) < FEWEST_LABELS:
        return (
            f"metric '{name}' cannot decide: of the answers that people judged in dev and test {good} are good and "
            f"{bad} bad, and {FEWEST_LABELS} of each are needed to know how often it errs; label more, {INSTEAD}"
        )
    return ""
