"""regression.md: a summary for a pull request, the verdict on its first line."""

from collections.abc import Callable

from harness.contract import Rendered
from harness.records import Flip, Regression
from reports import numbers
from reports.regression.view import BOUNDS, WORDS, flip_count, flip_name, rows

MOST_FLIPS = 20
MARKS = {
    "kept": "kept",
    "quiet": "no loss shown",
    "lost": "**lost**",
    "open": "loss not excluded",
    "absent": "not measured",
    "beside": "not judged",
}


def render(regression: Regression, escape: Callable[[str], str]) -> Rendered:
    """Draw the check; `escape` makes a text one line that formats nothing."""
    lines = [f"**{WORDS[regression.verdict][0]}**: {escape(regression.sentence.partition(': ')[2])}", ""]
    lines += [f"Tuned: {escape(regression.tuned)}. Base: {escape(regression.base)}.", ""]
    lines += [f"- {escape(text)}" for text in regression.remarks]
    lines += ["", "| What | Result | Change | Limit |", "| --- | --- | --- | --- |"]
    for row in rows(regression):
        figure = escape(f"{row.figure} ({row.note})" if row.note else row.figure)
        lines.append(f"| {escape(row.name)} | {MARKS[row.state]} | {figure} | {escape(row.limit)} |")
    lines += ["", f"{BOUNDS}", "", f"{flip_count(regression)}.", ""]
    if losses := [flip for flip in regression.flips if flip.is_loss]:
        lines += ["Lost (probability of the right answer, base to tuned):", ""]
        lines += [f"- {escape(_flip(flip))}" for flip in losses[:MOST_FLIPS]]
        if len(losses) > MOST_FLIPS:
            lines.append(f"- {len(losses) - MOST_FLIPS} more, all in regression.json")
        lines.append("")
    return Rendered("regression.md", "\n".join(lines))


def _flip(flip: Flip) -> str:
    before, after = numbers.percent(flip.base_probability), numbers.percent(flip.tuned_probability)
    return f"{flip_name(flip)}: {before} to {after}"
