"""report.md: the verdict, one table and the caveats, for a pull request or a chat.

Text that is not ours is escaped so that it can neither format, link, mention nor break a table; long
texts and tables are cut with a count of what is left out. The whole stays under 60 KB.
"""

from collections.abc import Sequence

from harness.contract import Rendered
from harness.decision.words import IN_ROUNDS
from harness.records import Regression, Run, RunDifference
from harness.visible import markdown
from reports import numbers
from reports.difference import markdown as difference_markdown
from reports.minus import typeset_difference, typeset_regression, typeset_run
from reports.regression import markdown as regression_markdown
from reports.text import clip, one_line
from reports.view.arms import ability_cell, arm_cell, arms_section, score_cell
from reports.view.costs import cost_section
from reports.view.forgetting import forgetting_section
from reports.view.frontier import strength_section
from reports.view.gain import gain_section
from reports.view.gates import gate_line
from reports.view.judging import judge_parts
from reports.view.lookup import comparison_of, reference_prompt
from reports.view.outcomes import outcomes_section
from reports.view.page import facts
from reports.view.shapes import Cell, Table, metric_name, table
from reports.view.training import training_section
from reports.view.verdict import verdict

LARGEST = 58_000  # bytes
# Characters of one sentence, name or reason; tried in this order until the summary fits.
TEXT_LIMITS = (600, 240, 60)
LIST_LIMIT = 12  # lines of one list
ARM_LIMIT = 30  # rows of the table


class MarkdownReport:
    """The report for pull requests."""

    name = "markdown"

    def render(self, run: Run) -> Rendered:
        """Draw the run; equal runs give equal bytes."""
        run, text = typeset_run(run), ""
        for limit in TEXT_LIMITS:
            text = _Writer(run, limit).text()
            if len(text.encode("utf-8")) <= LARGEST:
                break
        return Rendered("report.md", text)

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw a regression check; equal checks give equal bytes."""
        return regression_markdown.render(typeset_regression(regression), lambda text: escape(text, TEXT_LIMITS[0]))

    def render_difference(self, difference: RunDifference) -> Rendered:
        """Draw two runs side by side; equal differences give equal bytes."""
        return difference_markdown.render(typeset_difference(difference), lambda text: escape(text, TEXT_LIMITS[0]))


class _Writer:
    """One attempt at the summary, with every foreign text cut at `limit` characters."""

    def __init__(self, run: Run, limit: int) -> None:
        self.run = run
        self.limit = limit

    def text(self) -> str:
        run = self.run
        escape = self.escape
        head = verdict(run)
        blocks = [f"## {escape(head.label.text)}: {escape(run.name)}"]
        if run.is_fast:
            blocks.append("**Smoke run: do not decide on this.**")
        blocks.append(" ".join(escape(sentence) for sentence in head.sentences))
        blocks.append(" · ".join(escape(text) for text in (*(mark.text for mark in head.marks), *facts(run))))
        blocks.append(self.arms())
        blocks += self.section("Next step", (head.next_step,))
        blocks += self.section("What would change this verdict", head.changes)
        blocks += self.section("What could overturn it", (head.caveat,) if head.caveat else ())
        blocks += self.section("Keep in mind", head.more_caveats)
        blocks += self.section("Why", head.reasons)
        findings = (section.finding for section in (gain_section(run), forgetting_section(run), cost_section(run)))
        blocks += self.section("Found", [*findings, training_section(run).finding])
        blocks += self.section("General ability of the tuned arms", [gate_line(gate) for gate in run.decision.gates])
        strengths = [f"{arm}: {sentence}" for arm, sentence in strength_section(run).sentences]
        blocks += self.section("Strength at which each adapter is applied", strengths)
        missing = [f"{gone.arm} {gone.why}; {gone.meaning}" for gone in run.decision.missing]
        blocks += self.section("Arms without a figure, and what that means", missing)
        ended = outcomes_section(run)
        blocks += [f"**{ended.outcomes.caption}**", self.table(ended.outcomes)]
        blocks += [self.escape(ended.errors_note)] if ended.errors_note else []
        blocks += [f"**{ended.forms.caption}**", self.table(ended.forms)] if ended.forms else []
        for part in judge_parts(run):
            blocks += [*self.section(part.title, part.sentences), self.table(part.table)]
        blocks += self.section("Items that each arm was asked", arms_section(run).asked)
        blocks += [self.escape(IN_ROUNDS)] if run.limits.is_adaptive else []
        blocks += self.section("Warnings", [f"{e.arm}: {warning}" for e in run.evidence for warning in e.warnings])
        blocks += self.section("How the rows were read", run.notes)
        return "\n\n".join(blocks) + "\n"

    def escape(self, text: str) -> str:
        return escape(text, self.limit)

    def section(self, title: str, texts: Sequence[str]) -> list[str]:
        if not texts:
            return []
        lines = [f"- {self.escape(text)}" for text in texts[:LIST_LIMIT]]
        if len(texts) > LIST_LIMIT:
            lines.append(f"- … {len(texts) - LIST_LIMIT} more in report.html")
        return [f"**{title}**", "\n".join(lines)]

    def arms(self) -> str:
        run = self.run
        headings = (
            "Arm",
            f"{metric_name(run.primary_metric)}{', corrected' * (run.decision.basis is not None)}",
            "Against the best prompt, points",
            "General ability",
            "Each answer",
        )
        rows = []
        for evidence in run.evidence:
            compared = comparison_of(run, evidence.arm)
            gained: Cell | str = numbers.NOT_MEASURED
            if evidence.arm == reference_prompt(run):
                gained = "the reference"
            elif compared and compared.difference:
                gained = Cell(numbers.points(compared.difference.estimate), numbers.point_bounds(compared.difference))
            rows.append(
                (
                    arm_cell(run, evidence),
                    score_cell(run.decision.scores.get(evidence.arm)),
                    gained,
                    ability_cell(run, evidence),
                    numbers.seconds(evidence.cost.seconds_per_item if evidence.cost else None),
                )
            )
        return self.table(table("", headings, rows))

    def table(self, data: Table) -> str:
        notes = data.notes or [""] * len(data.headings)
        headings = [self.cell(Cell(heading, note)) for heading, note in zip(data.headings, notes, strict=True)]
        lines = [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
        for row in data.rows[:ARM_LIMIT]:
            texts = [text for value in row for text in (self.cell(value), *[""] * (value.span - 1))]
            lines.append(f"| {' | '.join(texts)} |")
        if len(data.rows) > ARM_LIMIT:
            lines.append(f"\n… {len(data.rows) - ARM_LIMIT} more arms in report.html")
        return "\n".join(lines)

    def cell(self, value: Cell) -> str:
        note = value.note.replace("\n", ", ")
        return self.escape(f"{value.text} ({note})" if note else value.text)


def escape(text: str, limit: int) -> str:
    """Return one line of Markdown that shows the text and does nothing else."""
    return markdown(str(clip(one_line(text), limit)))
