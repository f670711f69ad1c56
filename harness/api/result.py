"""What a comparison came to, for notebooks and scripts."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.records import Decision, Run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Result:
    """A run's evidence and verdict. The frames are made again each time, so that what is done to one stays there."""

    run: Run  # all that was measured, as reports see it
    folder: Path

    @property
    def verdict(self) -> Decision:
        """What to do, how sure that is, and what it rests on; `verdict.sentence` says it."""
        return self.run.decision

    @property
    def arms(self) -> "pd.DataFrame":
        """A row a fit, with score, interval, gain, gate and cost (columns: docs/python.md)."""
        from harness.api.frames import arms_frame

        return arms_frame(self.run)

    @property
    def items(self) -> "pd.DataFrame":
        """A row an answer to a test item, as in items.parquet."""
        from harness.evidence.outputs import items_table

        return items_table(self.run, self.folder)

    @property
    def benchmarks(self) -> "pd.DataFrame":
        """A row a benchmark item, held-out text or unrelated question of each weights, as in benchmarks.parquet."""
        from harness.evidence.outputs import benchmarks_table

        return benchmarks_table(self.run)

    @property
    def report_html(self) -> str:
        """The whole report: one HTML document without script, the content of report.html.

        Raises:
            PluginError: If no installed package brings the report format 'html'.
        """
        from harness.evidence.outputs import rendered

        return rendered("html", self.run).text

    def __repr__(self) -> str:
        """Name the run and its verdict; the evidence would fill pages."""
        return f"<Result {self.folder}: {self.verdict.sentence}>"

    def _repr_html_(self) -> str:
        """Show the verdict and a table of the arms in a notebook."""
        from harness.api.notebook import summary

        return summary(self.run, self.folder)
