"""Groups that a split tears, that are written in two ways, or that some rows lack."""

from collections.abc import Iterator, Mapping

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.reading import LABELLED, SIDES, Material, Record, by_value, places
from harness.checking.shown import quoted
from harness.task.turns import shown

MEANT = 0.5  # above this share of a file's rows, rows without a group are how the file is meant

Groups = Mapping[str, list[Record]]  # rows by the name of their group


def find_torn_groups(material: Material) -> list[Finding]:
    """Find groups with rows on both sides of a split, also where the two sides write them differently."""
    groups = {
        split: by_value((r.example.group, r) for r in material.records_read(split) if r.example.group is not None)
        for split in LABELLED
    }
    hits = [
        Hit((groups[held][name][0].place, *places(rows)), f"group {quoted(name)}", places(rows))
        for held, learnt in SIDES
        for name, rows in groups[learnt].items()
        if name in groups[held]
    ]
    remedy = "keep a group on one side only; --fix leaves the train or dev rows out"
    found = gathered("torn_group", "error", "groups that stand on both sides of a split", remedy, hits)
    alike = [hit for held, learnt in SIDES for hit in _alike(groups[held], groups[learnt])]
    title = "groups on both sides of a split that differ in case or space alone"
    remedy = "write each group one way; if these are one, keep it on one side only"
    return found + gathered("group_spelling", "warning", title, remedy, alike)


def _alike(held: Groups, learnt: Groups) -> Iterator[Hit]:
    spelt: dict[str, list[str]] = {}
    for name in held:
        spelt.setdefault(_plain(name), []).append(name)
    for name, rows in learnt.items():
        for other in spelt.get(_plain(name), ()):
            if other != name:
                yield Hit((held[other][0].place, *places(rows)), f"group {shown(other)} and {shown(name)}")


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def find_rows_without_group(material: Material) -> list[Finding]:
    """Find rows without a group in files where most rows have one."""
    hits: list[Hit] = []
    for rows in by_value((record.place.file, record) for record in material.records()).values():
        without = [record for record in rows if record.example.group is None]
        if len(without) <= MEANT * len(rows):
            hits += [Hit((record.place,), quoted(record.example.question.text)) for record in without]
    remedy = "give each its group; without one, only an equal question keeps rows on one side of a split"
    return gathered("no_group", "warning", "rows without a group in files where most have one", remedy, hits)
