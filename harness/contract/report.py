"""What a report format keeps."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.records import Regression, Run, RunDifference


@dataclass(frozen=True, slots=True)
class Rendered:
    """One report, ready to be written."""

    file_name: str  # e.g. 'report.html'
    text: str
    beside: "tuple[Rendered, ...]" = ()  # files that belong to it and lie beside it


class ReportFormat(Protocol):
    """One report format. Its entry point is a callable that returns it, without arguments."""

    name: str

    def render(self, run: Run) -> Rendered:
        """Draw the run; equal runs give equal bytes."""


@runtime_checkable
class RegressionReport(Protocol):
    """A report format that draws a regression check too (`harness regress`)."""

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw the check; equal checks give equal bytes. `is_strict`: what is inconclusive counts as failed."""


@runtime_checkable
class DifferenceReport(Protocol):
    """A report format that draws two runs side by side too (`harness diff`)."""

    def render_difference(self, difference: RunDifference) -> Rendered:
        """Draw the difference; equal differences give equal bytes."""
