"""One minus sign: U+2212 in reports for people, as their figures have it; '-' on terminals and in files of programs."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from harness.records import Regression, Run, RunDifference
from reports.numbers import MINUS

Record = TypeVar("Record")
_WRITTEN = re.compile(r"(?<![^\s(])-(?=\d)")  # before a number, not inside a name, a date or a quotation


def typeset(value: Record) -> Record:
    """Return a record with true minus signs in its sentences; single words, which are names, stay as they are."""
    found: Any = value
    if isinstance(value, str):
        found = _WRITTEN.sub(MINUS, value) if " " in value else value
    elif isinstance(value, Mapping):
        found = {key: typeset(part) for key, part in value.items()}
    elif isinstance(value, tuple):
        found = tuple(typeset(part) for part in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
        changed = {name: new for name, old in parts.items() if (new := typeset(old)) is not old and new != old}
        found = dataclasses.replace(value, **changed) if changed else value
    return cast("Record", found)


def typeset_run(run: Run) -> Run:
    """Return a run with true minus signs in what was said of it; what its rows and answers say stays as it is."""
    decision = dataclasses.replace(typeset(dataclasses.replace(run.decision, slices=())), slices=run.decision.slices)
    evidence = tuple(
        dataclasses.replace(
            found, reason=typeset(found.reason), warnings=typeset(found.warnings), training=typeset(found.training)
        )
        for found in run.evidence
    )
    return dataclasses.replace(run, decision=decision, evidence=evidence)


def typeset_regression(regression: Regression) -> Regression:
    """Return a regression check with true minus signs in what was said of it."""
    return dataclasses.replace(
        regression,
        sentence=typeset(regression.sentence),
        notes=typeset(regression.notes),
        gate=typeset(regression.gate),
    )


def typeset_difference(difference: RunDifference) -> RunDifference:
    """Return a difference of two runs with true minus signs in what was said of them."""
    before, after = (
        dataclasses.replace(side, sentence=typeset(side.sentence)) for side in (difference.before, difference.after)
    )
    return dataclasses.replace(difference, before=before, after=after, notes=typeset(difference.notes))


def plain(text: str) -> str:
    """Return a text for a program, with '-' for minus."""
    return text.replace(MINUS, "-")
