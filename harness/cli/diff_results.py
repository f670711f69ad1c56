"""Two runs side by side on the terminal: flips, changes, what differs, and the verdict then and now."""

from rich.table import Table

from harness.cli.printing import console, say
from harness.decision.words import share, signed_points
from harness.records import ArmChange, Interval, ItemFlip, RunDifference
from harness.visible import one_line

FLIPS = 5  # of an arm
DIFFERENCES = 20
LONGEST = 60  # characters of a text
_MORE = "--json lists all"


def print_difference(found: RunDifference) -> None:
    """Print the flips first and the verdicts last, where they are read."""
    for note in found.notes:
        say(f"- {note}")
    for arm in found.arms:
        _print_flips(arm)
    say("")
    console().print(_table(found))
    for arm in found.arms:
        if arm.why:
            say(f"- {arm.name}: {arm.why}")
    _print_differences(found)
    say(f"\nthen: {found.before.sentence}")
    say(f"now:  {found.after.sentence}")


def _print_flips(arm: ArmChange) -> None:
    if not arm.flips:
        return
    say(f"\n{arm.name}: items that flipped")
    for flip in arm.flips[:FLIPS]:
        say(f"  {_flip(flip)}")
    if len(arm.flips) > FLIPS:
        say(f"  and {len(arm.flips) - FLIPS} more ({_MORE})")


def _flip(flip: ItemFlip) -> str:
    before, after = ("nothing" if said is None else f"'{_cut(said)}'" for said in (flip.before, flip.after))
    word = "lost" if flip.is_loss else "won"
    return f"{word} {flip.item}: {_cut(flip.question)} (right: '{_cut(flip.target)}'; then {before}, now {after})"


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _table(found: RunDifference) -> Table:
    title = f"{found.metric}: then and now on all items, the change on the {found.items.shared} shared ones"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("arm", overflow="fold")
    for name in ("then", "now", "change", "95% CI", "lost", "won"):
        table.add_column(name, justify="right", no_wrap=True)
    for arm in found.arms:
        table.add_row(arm.name, _score(arm.before_score), _score(arm.after_score), *_change(arm, found.items.shared))
    return table


def _score(score: Interval | None) -> str:
    return "none" if score is None else share(score.estimate)


def _change(arm: ArmChange, shared: int) -> tuple[str, str, str, str]:
    if arm.change is None or not shared:
        return "not measured", "", "", ""
    counts = str(arm.change.losses), str(arm.change.wins)
    moved = arm.change.difference
    if moved is None:
        return "no claim", "", *counts
    bounds = f"{100 * moved.low:+.1f} to {100 * moved.high:+.1f}"
    return signed_points(moved.estimate).removesuffix(" points"), bounds, *counts


def _print_differences(found: RunDifference) -> None:
    if not found.differences:
        say("\nTask, data, model and versions are the same.")
        return
    say("\nWhat differs:")
    for one in found.differences[:DIFFERENCES]:
        say(f"  {one.area}: {one.what}: {_cut(one.before) or 'none'} → {_cut(one.after) or 'none'}")
    if len(found.differences) > DIFFERENCES:
        say(f"  and {len(found.differences) - DIFFERENCES} more ({_MORE})")
