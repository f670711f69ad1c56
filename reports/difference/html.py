"""diff.html: two runs side by side in one file that opens from disk, holds no script and fetches nothing."""

from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from harness.contract import Rendered
from harness.records import RunDifference
from reports.difference.view import (
    BOUNDS,
    LONGEST,
    arms_table,
    differences_table,
    flips_table,
    items_line,
    left_out,
    sides_table,
    verdict_word,
)

MOST_FLIPS = 400  # of an arm: a page of some hundred kilobytes; the others are in diff.json, and counted here
CHIPS = {"rethink": "bad", "undecided": "unsure"}  # the looks of report.css; a recommendation is good


def render(difference: RunDifference, environment: Environment, policy: str) -> Rendered:
    """Draw the difference with the report's own style sheet, under the policy that allows nothing else."""
    style = (files("reports") / "templates" / "report.css").read_text(encoding="utf-8")
    text = environment.get_template("difference.html.jinja").render(
        name=difference.after.name,
        sides=[
            (when, verdict_word(side), "" if side.is_fast else CHIPS.get(side.action, "good"), side)
            for when, side in (("Then", difference.before), ("Now", difference.after))
        ],
        verdicts=sides_table(difference),
        notes=(*difference.notes, items_line(difference)),
        arms=arms_table(difference),
        bounds=BOUNDS,
        flips=[
            (flips_table(arm, MOST_FLIPS, LONGEST), left_out(arm, MOST_FLIPS)) for arm in difference.arms if arm.flips
        ],
        differences=differences_table(difference.differences),
        style=Markup(style),
        policy=policy,
    )
    return Rendered("diff.html", text)
