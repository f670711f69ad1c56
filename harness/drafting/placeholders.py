"""What files put where a row has no answer: 'N/A', 'nan', '-1' beside other whole numbers."""

from collections.abc import Iterator, Mapping

_WORDS = {
    "n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", "unknown", "unlabeled", "unlabelled",
}  # fmt: skip
_FEWEST = 2  # rows; one answer may be such a word


def placeholders(counts: Mapping[str, int], what: str) -> Iterator[str]:
    """Name answers that may say that a row has none.

    Args:
        counts: The answers with their rows.
        what: They are called.
    """
    are_classes = all(name.isdigit() for name in counts if name != "-1")
    found = [name for name in counts if name.casefold() in _WORDS or (name == "-1" and are_classes)]
    rows = sum(counts[name] for name in found)
    if found and rows >= _FEWEST and len(counts) > len(found) + 1:
        listed = ", ".join(f"'{name}'" for name in sorted(found))
        yield f"{listed} is {what} of {rows} rows; where it says that a row has none, take these rows out"
