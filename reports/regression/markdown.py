"""regression.md: a summary for a pull request, the verdict on its first line."""

from collections.abc import Callable

from harness.contract import Rendered
from harness.records import Regression
from reports.regression.view import WORDS, flip_count, rows
from reports.view.shapes import benchmark_name

MOST_FLIPS = 20
MARKS = {"kept": "kept", "lost": "**lost**", "open": "not excluded", "absent": "not measured", "beside": "not judged"}


def render(regression: Regression, escape: Callable[[str], str]) -> Rendered:
    """Draw the check; `escape` makes a text one line that formats nothing."""
    lines = [f"**{WORDS[regression.verdict][0]}**: {escape(regression.sentence.partition(': ')[2])}", ""]
    lines += [f"`{escape(regression.tuned)}` against `{escape(regression.base)}`", ""]
    lines += [f"- {escape(note)}" for note in regression.notes]
    lines += ["", "| What | Result | Change | Limit |", "| --- | --- | --- | --- |"]
    for row in rows(regression):
        figure = escape(f"{row.figure} ({row.note})" if row.note else row.figure)
        lines.append(f"| {escape(row.name)} | {MARKS[row.state]} | {figure} | {escape(row.limit)} |")
    lines += ["", f"{flip_count(regression)}.", ""]
    losses = [flip for flip in regression.flips if flip.is_loss]
    if losses:
        named = ", ".join(escape(f"{benchmark_name(flip.task)} {flip.item}") for flip in losses[:MOST_FLIPS])
        more = f" and {len(losses) - MOST_FLIPS} more (regression.json)" if len(losses) > MOST_FLIPS else ""
        lines += [f"Lost: {named}{more}", ""]
    return Rendered("regression.md", "\n".join(lines))
