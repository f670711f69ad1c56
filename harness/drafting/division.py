"""Deals items out to train, dev and test: by content and seed, never by row order; what belongs together stays so."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.checking.near_duplicates import near_duplicates
from harness.records import Example
from harness.words import words_of

FEWEST_ROWS = 60
MANY_ROWS = 300  # from here on test has 100 rows at least
MOST_TEST, LEAST_TEST = 200, 100
MOST_DEV, LEAST_DEV = 100, 20
NEARLY = 0.7  # weighted Jaccard index of two questions that stay together, as `harness check` judges them
MOST_COMPARED = 20_000  # questions; more take minutes
FEWEST_WORDS = 4  # shorter questions are alike by chance
LARGEST = 0.2  # of the rows: what is larger cannot be dealt out evenly
FEWEST_IN_SPLIT = 10  # rows
FEWEST_TEST_GROUPS = 5  # from fewer, `compare` claims nothing

SPLITS = ("test", "dev", "train")  # the order in which they are filled


def divide(items: Sequence[Example], seed: int) -> tuple[dict[str, list[int]], list[str]]:
    """Return the positions of each split's items, in their order, and what is to be known about the split.

    Items of one group, with the same words in their question, or nearly the same, stand on one side.

    Raises:
        ValueError: If there are too few items, or too few that can be kept apart.
    """
    if len(items) < FEWEST_ROWS:
        raise ValueError(
            f"{len(items)} usable rows are too few to learn from and to test on; give {FEWEST_ROWS} at least, better "
            f"{MANY_ROWS} or more"
        )
    doubts: list[str] = []
    bundles = _bundles(items, doubts)
    drawn = [bundles[name] for name in sorted(bundles, key=lambda name: _draw(name, seed))]
    splits = _dealt(drawn, _sizes(len(items)))
    for name, members in splits.items():
        if len(members) < FEWEST_IN_SPLIT:
            has_groups = any(item.group for item in items)
            why = "are of one group or ask the same" if has_groups else "ask the same or nearly the same"
            remedy = "rows, or leave the group column out" if has_groups else "rows with other questions"
            raise ValueError(
                f"rows that {why} stay together and make {len(bundles)} bundles, which leave {len(members)} rows to "
                f"{name}; give more {remedy}"
            )
    groups = {items[position].group for position in splits["test"]}
    if None not in groups and len(groups) < FEWEST_TEST_GROUPS:
        doubts.append(
            f"the test rows are of few groups ({len(groups)}), and nothing can be claimed from fewer than "
            f"{FEWEST_TEST_GROUPS}; give rows of more groups"
        )
    if len(splits["test"]) < LEAST_TEST:
        doubts.append(f"{len(splits['test'])} test rows give wide intervals; label more: 100 to 200 are usual")
    return {name: sorted(members) for name, members in splits.items()}, doubts


def _dealt(bundles: Sequence[list[int]], sizes: Mapping[str, int]) -> dict[str, list[int]]:
    """Fill test and dev with whole bundles while they fit, and train with the largest one and the rest.

    Where none fits, the smallest one is taken: three bundles are enough for three splits.
    """
    largest = max(reversed(bundles), key=len)
    others = [bundle for bundle in bundles if bundle is not largest]
    rows = sum(map(len, others))
    rooms = {name: min(size, rows // 2) for name, size in sizes.items()} | {"train": rows}
    dealt: dict[str, list[list[int]]] = {name: [] for name in SPLITS}
    for bundle in others:
        into = next(name for name in SPLITS if len(bundle) <= rooms[name])
        rooms[into] -= len(bundle)
        dealt[into].append(bundle)
    for name in sizes:
        if not dealt[name] and dealt["train"]:
            smallest = min(dealt["train"], key=len)
            dealt["train"].remove(smallest)
            dealt[name].append(smallest)
    dealt["train"].append(largest)
    return {name: [position for bundle in own for position in bundle] for name, own in dealt.items()}


def _sizes(rows: int) -> dict[str, int]:
    test = min(MOST_TEST, max(LEAST_TEST, rows // 5)) if rows >= MANY_ROWS else rows // 3
    return {"test": test, "dev": min(MOST_DEV, max(LEAST_DEV, (rows - test) // 5))}


def _draw(bundle: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{bundle}".encode()).hexdigest()


def _bundles(items: Sequence[Example], doubts: list[str]) -> dict[str, list[int]]:
    """Return what stays together, by a name that depends on content alone."""
    words = [words_of(_asked(item)) for item in items]
    keys = [" ".join(own) or _asked(item) for own, item in zip(words, items, strict=True)]
    links = [
        [f"words {key}", *([f"group {item.group}"] if item.group else [])]
        for key, item in zip(keys, items, strict=True)
    ]
    exact = _joined(links)
    distinct = {
        key: position for position, key in reversed(list(enumerate(keys))) if len(words[position]) >= FEWEST_WORDS
    }
    positions = sorted(distinct.values(), key=lambda position: keys[position])
    if len(positions) > MOST_COMPARED:
        doubts.append(f"near duplicates were not looked for, in more than {MOST_COMPARED:,} questions; the check does")
        return exact
    for pair in near_duplicates([words[position] for position in positions], NEARLY).pairs:
        first, second = positions[pair.first], positions[pair.second]
        links[first].append(f"words {keys[second]}")
    near = _joined(links)
    if max(map(len, near.values())) <= max(LARGEST * len(items), max(map(len, exact.values()))):
        merged = len(exact) - len(near)
        if merged:
            doubts.append(f"questions that are nearly the same are kept on one side of the split ({merged} joined)")
        return near
    doubts.append("many questions are nearly the same as others: near duplicates may stand on both sides of the split")
    return exact


def _joined(links: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    """Return the positions whose links meet, directly or over others, by the least of their links."""
    parent: dict[str, str] = {}

    def root(link: str) -> str:
        while parent.setdefault(link, link) != link:
            parent[link] = parent[parent[link]]
            link = parent[link]
        return link

    for own in links:
        for link in own[1:]:
            one, other = sorted((root(own[0]), root(link)))
            parent[other] = one
    found: dict[str, list[int]] = {}
    for position, own in enumerate(links):
        found.setdefault(root(own[0]), []).append(position)
    return found


def _asked(item: Example) -> str:
    return "\n".join(message.content for message in item.messages if message.role != "system")


def missing_labels(items: Sequence[Example], splits: Mapping[str, Sequence[int]]) -> list[str]:
    """Return the answers of test that train never shows, most frequent first."""
    shown = {items[position].target for position in splits["train"]}
    asked = Counter(items[position].target for position in splits["test"])
    return [target for target, _ in asked.most_common() if target not in shown]
