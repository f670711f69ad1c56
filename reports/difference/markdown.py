"""diff.md: two runs side by side for a pull request."""

from collections.abc import Callable

from harness.contract import Rendered
from harness.records import ArmChange, RunDifference
from reports.difference.view import (
    BOUNDS,
    SHORTEST,
    arms_table,
    differences_table,
    flips_table,
    items_line,
    left_out,
    verdict_word,
)
from reports.text import clip
from reports.view.shapes import Table

MOST_FLIPS = 10  # of an arm
MOST_ARMS = 30
MOST_DIFFERENCES = 40

Escape = Callable[[str], str]


def render(difference: RunDifference, escape: Escape) -> Rendered:
    """Draw the difference; `escape` makes a text one line that formats nothing."""
    then, now = difference.before, difference.after
    lines = [f"## {escape(now.name)}: {escape(verdict_word(then))} → {escape(verdict_word(now))}", ""]
    lines += [f"Then ({escape(then.folder)}): {escape(then.sentence)}", ""]
    lines += [f"Now ({escape(now.folder)}): {escape(now.sentence)}", ""]
    lines += [f"- {escape(note)}" for note in (*difference.notes, items_line(difference))]
    lines += ["", *_table(arms_table(difference), escape, MOST_ARMS), "", BOUNDS, ""]
    for arm in difference.arms[:MOST_ARMS]:
        lines += _flips(arm, escape)
    rows = differences_table(difference.differences, lambda text: str(clip(text, SHORTEST)))
    lines += ["**What differs**", "", *(_table(rows, escape, MOST_DIFFERENCES) if rows.rows else ["Nothing."]), ""]
    return Rendered("diff.md", "\n".join(lines))


def _flips(arm: ArmChange, escape: Escape) -> list[str]:
    if not arm.flips:
        return []
    found = flips_table(arm, MOST_FLIPS, SHORTEST)
    head = f"<details><summary>{escape(found.caption)}</summary>"
    return [head, "", *_table(found, escape, MOST_FLIPS), "", left_out(arm, MOST_FLIPS), "</details>", ""]


def _table(data: Table, escape: Escape, most: int) -> list[str]:
    lines = [f"| {' | '.join(data.headings)} |", f"|{' --- |' * len(data.headings)}"]
    for row in data.rows[:most]:
        cells = (escape(f"{cell.text} ({cell.note})" if cell.note else cell.text) for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    if len(data.rows) > most:
        lines += ["", f"{len(data.rows) - most} more rows are in diff.json."]
    return lines
