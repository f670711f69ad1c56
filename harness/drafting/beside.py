"""The column beside question and answer that says which rows belong together."""

from collections import Counter

from harness.drafting.division import FEWEST_IN_SPLIT, LARGEST, SPLITS
from harness.drafting.names import GROUP, GROUPS, first, shown_name, usual
from harness.drafting.values import Values, distinct, is_empty

FEWEST_GROUPS = 15  # fewer cannot be dealt out to three splits evenly


def find_group(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    """Return the column whose equal values belong together, where whole groups can be dealt out to three splits."""
    named = first(names, GROUPS)
    if named is None:
        for name in names:
            if _divides_evenly(rows, name):
                text = f"{len(distinct(rows, name))} values in {len(rows)} rows"
                doubts.append(f"if rows with one value of {shown_name(name)} ({text}) belong together, name it 'group'")
        return None
    is_meant = usual(named) == GROUP
    if _divides(rows, named) if is_meant else _divides_evenly(rows, named):
        doubts.append(f"rows with one value of {shown_name(named)} are kept on one side of the split")
        return named
    said = f"column {shown_name(named)} ({len(distinct(rows, named))} values in {len(rows)} rows)"
    if is_meant:
        doubts.append(
            f"{said} is not used: whole groups in three splits take {len(SPLITS)} groups, and "
            f"{2 * FEWEST_IN_SPLIT} rows beside the largest; rows were split one by one"
        )
    elif len(sizes := _group_sizes(rows, named)) < sum(sizes):
        few = len(sizes) < FEWEST_GROUPS or max(sizes) <= LARGEST * len(rows)
        why = f"is not one of {FEWEST_GROUPS} or more of several rows" if few else f"one has {max(sizes)} of the rows"
        doubts.append(
            f"{said} may be a group, but {why}; rows were split one by one; name it 'group' if its rows belong together"
        )
    return None


def _divides(rows: Values, name: str) -> bool:
    """Whether whole groups can make three splits; a row without a group is one of its own."""
    sizes = _group_sizes(rows, name)
    alone = len(rows) - sum(sizes)
    return bool(sizes) and len(sizes) + alone >= len(SPLITS) and len(rows) - max(sizes) >= 2 * FEWEST_IN_SPLIT


def _divides_evenly(rows: Values, name: str) -> bool:
    """Whether the values look like groups, and make splits of the usual sizes."""
    sizes = _group_sizes(rows, name)
    repeats = sum(sizes) >= 1.5 * len(sizes)
    return FEWEST_GROUPS <= len(sizes) and repeats and max(sizes) <= LARGEST * len(rows)


def _group_sizes(rows: Values, name: str) -> list[int]:
    """Return how many rows each value has; nothing for lists and objects."""
    if any(isinstance(row.get(name), list | dict) for row in rows):
        return []
    return list(Counter(str(row[name]) for row in rows if not is_empty(row, name)).values())
