"""What rows hold that no arm sees as it stands there, and rows that cannot be used."""

from harness.checking.findings import Finding, Hit, Place, gathered
from harness.checking.reading import Material
from harness.task.row import Row
from harness.task.unused import LeftOut


def find_left_out(material: Material) -> list[Finding]:
    """Find rows that were left out: they cannot be used and are few, or are marked as not to be learnt from."""
    left_out = material.content.data.left_out
    unusable, marked = ([_hit(one) for one in left_out if one.is_marked is said] for said in (False, True))
    remedy = "fix them, or leave them out; --fix leaves those of train and dev out of the copy"
    found = gathered("left_out", "warning", "rows that cannot be used, and are left out", remedy, unusable)
    title, remedy = "chats that are left out by their own marks", "nothing to do: the marks are followed"
    return [*found, *gathered("left_out", "note", title, remedy, marked)]


def find_unused(material: Material) -> list[Finding]:
    """Find columns, fields and turns that are not used, or not as they stand there."""
    splits = {written: split for split, written in material.files().items()}
    return [
        Finding(
            "unused",
            aside.severity,
            aside.what,
            aside.remedy,
            (Hit((_place(splits.get(aside.first.file, ""), aside.first),), f"the first of {aside.counted}"),),
        )
        for aside in material.content.data.asides
    ]


def _hit(one: LeftOut) -> Hit:
    return Hit((_place(one.split, one.row),), one.reason)


def _place(split: str, row: Row) -> Place:
    return Place(split, row.file, row.number, row.unit)
