"""The words and tables of two runs side by side."""

from collections.abc import Callable, Sequence

from harness.decision.words import VERDICTS
from harness.records import ArmChange, Difference, Interval, ItemFlip, RunDifference, RunSide
from reports import numbers
from reports.text import clip, one_line
from reports.view.shapes import Cell, Mood, Table, metric_name, table

AREAS = {"task": "Task", "data": "Data", "model": "Model", "versions": "Versions"}
BOUNDS = "Bounds: 95%, paired on the items that both runs measured."
SHORTEST, LONGEST = 60, 600  # characters of a text in a table's cell, in Markdown and in HTML


def verdict_word(side: RunSide) -> str:
    """Say in a few words what a run concluded; a smoke run concludes nothing."""
    if side.is_fast:
        return "Smoke run"
    word = VERDICTS[side.action]
    return f"{word}: {side.arm}" if side.arm else word


def sides_table(difference: RunDifference) -> Table:
    """Set both verdicts beside each other."""
    rows = [
        [name, side.folder, verdict_word(side), side.sentence]
        for name, side in (("then", difference.before), ("now", difference.after))
    ]
    return table("Verdict then and now", ("When", "Run", "Verdict", "In words"), rows)


def arms_table(difference: RunDifference) -> Table:
    """Return a row for each arm: both figures, the paired change, and how many items flipped."""
    headings = ("Arm", "Then", "Now", "Change, points", "Items lost", "Items won", "Items compared")
    caption = f"{metric_name(difference.metric)} of each arm"
    return table(
        caption, headings, [_arm_row(arm, difference.items.shared) for arm in difference.arms], numbers=range(1, 7)
    )


def _arm_row(arm: ArmChange, shared: int) -> list[Cell | str]:
    scores = [_score(arm.before_score), _score(arm.after_score)]
    if arm.change is None or arm.change.difference is None:
        is_empty = arm.change is None or not shared
        lost = (
            [numbers.NOT_MEASURED] * 2
            if is_empty or arm.change is None
            else [str(arm.change.losses), str(arm.change.wins)]
        )
        return [arm.name, *scores, Cell(numbers.NOT_MEASURED, arm.why, mood="absent"), *lost, numbers.NOT_MEASURED]
    found = arm.change.difference
    change = Cell(numbers.points(found.estimate), numbers.point_bounds(found), mood=_mood(found))
    return [arm.name, *scores, change, str(arm.change.losses), str(arm.change.wins), numbers.count(found.n)]


def _mood(found: Interval) -> Mood:
    return "bad" if found.high < 0 else "good" if found.low > 0 else ""


def _score(score: Interval | None) -> Cell | str:
    if score is None:
        return numbers.NOT_MEASURED
    return Cell(numbers.percent(score.estimate), f"{numbers.bounds(score)}, n = {numbers.count(score.n)}")


def flips_table(arm: ArmChange, most: int, longest: int) -> Table:
    """List the items of an arm that flipped, losses first, `most` at most, each text cut at `longest` characters."""
    rows = [
        [flip_word(flip), flip.item, *(str(clip(one_line(text), longest)) for text in _texts(flip))]
        for flip in arm.flips[:most]
    ]
    caption = f"{arm.name}: {flip_count(arm)}"
    return table(caption, ("Flip", "Item", "Question", "Right answer", "Then", "Now"), rows)


def _texts(flip: ItemFlip) -> tuple[str, str, str, str]:
    before, after = ("(nothing read)" if said is None else said for said in (flip.before, flip.after))
    return flip.question, flip.target, before, after


def flip_word(flip: ItemFlip) -> str:
    """Say whether an item was lost or won, and by how much where that is not the whole item."""
    size = abs(flip.after_score - flip.before_score)
    word = "lost" if flip.is_loss else "won"
    return word if size == 1.0 else f"{word} {numbers.plain(size, 2)}"


def flip_count(arm: ArmChange) -> str:
    """Count the flips: '3 items lost, 9 won'."""
    losses = sum(flip.is_loss for flip in arm.flips)
    return f"{numbers.plural(losses, 'item')} lost, {numbers.count(len(arm.flips) - losses)} won"


def left_out(arm: ArmChange, most: int) -> str:
    """Say how many flips are not listed; '' when all are."""
    rest = len(arm.flips) - most
    return f"{numbers.count(rest)} more are in diff.json." if rest > 0 else ""


def differences_table(found: Sequence[Difference], write: Callable[[str], str] = one_line) -> Table:
    """List what is not the same."""
    rows = [[AREAS[one.area], one.what, write(one.before) or "–", write(one.after) or "–"] for one in found]
    return table("Task, data, model and versions", ("Part", "What", "Then", "Now"), rows)


def items_line(difference: RunDifference) -> str:
    """Say on how many items the runs can be compared."""
    return f"{numbers.plural(difference.items.shared, 'test item')} shared."
