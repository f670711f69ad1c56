"""Texts that begin alike, laid out so that what they share is computed once.

Sorted texts are a tree: each branches off from the one before it where the two first differ. A row holds such a tree in
the order of a walk through it. What a token may see are its ancestors, and the columns below a token are one interval,
so a mask needs one number a column: where that interval ends.

    texts      a b c d      a b c e      a b f
    columns    a b c d e f          a b f is  a, b, f:  e is no ancestor of f, as e ends at column 5
    positions  0 1 2 3 3 2
    ends       6 6 5 4 5 6

A tree that is too large for one row is cut below a trunk: a beginning that is computed once, before the rows that hold
the branches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

ROW = 256  # columns that a row is filled up to; attention inside a row costs with their square
WIDEST = 2 * ROW  # of a tree that is kept together, so that what it shares is not computed again; or a text and a row
LEAST_TRUNK = 32  # tokens; a shorter beginning is cheaper computed again than in a pass of its own
FEW = 8  # tokens; less is not worth keeping texts together

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A text whose last part is scored, as token ids."""

    context: Ids  # at least one token
    continuation: Ids  # at least one token

    @property
    def inputs(self) -> Ids:
        """What the model reads: the last token is only predicted."""
        return self.context + self.continuation[:-1]


@dataclass(frozen=True, slots=True)
class Row:
    """A tree of texts without its trunk; what is of columns has one value each."""

    texts: tuple[int, ...]  # numbers of the texts
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)  # counted from the end of the trunk
    ends: list[int] = field(default_factory=list)  # the first column that is not below a token
    scored: list[list[int]] = field(default_factory=list)  # of each text, the columns that predict its continuation

    @property
    def predictors(self) -> set[int]:
        """The columns whose predictions are asked for."""
        return {column for columns in self.scored for column in columns}


@dataclass(frozen=True, slots=True)
class Grove:
    """Rows that stand behind one trunk."""

    trunk: Ids
    rows: tuple[Row, ...]


def groves(texts: Sequence[ScoredText]) -> Iterator[Grove]:
    """Lay out texts; groves whose trunks begin alike follow each other."""
    order = sorted(range(len(texts)), key=lambda number: texts[number].inputs)
    inputs = [texts[number].inputs for number in order]
    alike = [0, *(shared(one, before) for before, one in zip(inputs, inputs[1:], strict=False))]
    found: dict[Ids, list[tuple[range, int]]] = {}
    for trunk, places in _branches(inputs, alike, [len(texts[number].context) - 1 for number in order]):
        found.setdefault(inputs[places[0]][:trunk], []).append((places, _width(inputs, alike, places, trunk)))
    for tokens, branches in found.items():
        rows = (laid_out([order[place] for place in places], texts, len(tokens)) for places in _filled(branches))
        yield Grove(tokens, tuple(rows))


def shared(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two texts begin with alike."""
    length = min(len(first), len(second))
    return next((i for i in range(length) if first[i] != second[i]), length)


def _branches(inputs: Sequence[Ids], alike: Sequence[int], last: Sequence[int]) -> Iterator[tuple[int, range]]:
    """Yield the length of a trunk and the places of texts behind it that fit one row together, in order.

    Args:
        inputs: The texts, sorted.
        alike: How many tokens each has in common with the one before it.
        last: How many tokens of each a trunk may hold: none that predicts, as trunks are computed without predictions.
    """
    waiting = [(0, range(len(inputs)))] if inputs else []
    while waiting:
        trunk, places = waiting.pop()
        width = _width(inputs, alike, places, trunk)
        if len(places) == 1 or width <= ROW:
            yield trunk, places
            continue
        depth = min(alike[place] for place in places[1:])
        deeper = min(depth, *(last[place] for place in places)) - trunk
        if deeper >= FEW and width <= max(WIDEST, len(inputs[places[0]]) - trunk + ROW):
            yield trunk, places
            continue
        starts = [places[0], *(place for place in places[1:] if alike[place] == depth), places[-1] + 1]
        parts = [range(start, end) for start, end in zip(starts, starts[1:], strict=False)]
        rows = min(len(parts), -(-(width - deeper) // max(ROW - deeper, 1)))  # that would each hold the beginning
        is_trunk = deeper >= LEAST_TRUNK and deeper * (rows - 1) >= ROW
        if not is_trunk and deeper >= FEW:
            parts = _merged(parts, inputs, alike, trunk)
        waiting.extend((trunk + deeper if is_trunk else trunk, part) for part in reversed(parts))


def _merged(parts: Sequence[range], inputs: Sequence[Ids], alike: Sequence[int], trunk: int) -> list[range]:
    """Join neighbours as long as a row holds them, so that what they share stands in as few rows as possible."""
    merged: list[range] = []
    for part in parts:
        joined = range(merged[-1].start, part.stop) if merged else part
        if merged and _width(inputs, alike, joined, trunk) <= ROW:
            merged[-1] = joined
        else:
            merged.append(part)
    return merged


def _width(inputs: Sequence[Ids], alike: Sequence[int], places: range, trunk: int) -> int:
    """Return how many columns neighbouring texts take in one row behind a trunk."""
    rest = sum(len(inputs[place]) - max(alike[place], trunk) for place in places[1:])
    return len(inputs[places[0]]) - trunk + rest


def _filled(branches: Sequence[tuple[range, int]]) -> list[list[int]]:
    """Put branches, with their widths, into few rows: each into the first that has room, widest first."""
    rows: list[list[int]] = []
    room: list[int] = []
    for places, width in sorted(branches, key=lambda branch: (-branch[1], branch[0].start)):
        row = next((number for number, free in enumerate(room) if free >= width), len(rows))
        if row == len(rows):
            rows.append([])
            room.append(ROW)
        rows[row] += places
        room[row] -= width
    return [sorted(row) for row in rows]


def laid_out(numbers: Sequence[int], texts: Sequence[ScoredText], trunk: int = 0, *, apart: bool = False) -> Row:
    """Lay out texts as one row.

    Args:
        numbers: Of the texts, in the order in which their inputs sort.
        texts: All that there are.
        trunk: Tokens that stand in front of the row.
        apart: Whether every column predicts for one text alone.
    """
    row = Row(tuple(numbers))
    path: list[int] = []  # the columns of the text at hand
    before: Ids = ()
    for number in numbers:
        tokens = texts[number].inputs[trunk:]
        alike = shared(before, tokens)
        if apart:
            alike = min(alike, len(texts[number].context) - 1 - trunk)
        _end(row, path[alike:])
        del path[alike:]
        for depth, token in enumerate(tokens[alike:], start=alike):
            path.append(len(row.tokens))
            row.tokens.append(token)
            row.positions.append(depth)
            row.ends.append(0)
        row.scored.append(path[len(texts[number].context) - 1 - trunk :])
        before = tokens
    _end(row, path)
    return row


def _end(row: Row, columns: Sequence[int]) -> None:
    """Say of columns that what follows is not below them."""
    for column in columns:
        row.ends[column] = len(row.tokens)
