"""Which texts are nearly the same: MinHash with LSH bands finds pairs, a weighted Jaccard index judges them.

A text counts as the set of its words, so a copy in another order is found. Rare words weigh more: what a
whole corpus repeats (a template, a greeting) makes no two of its texts alike. Misspelt words count as the
words they are nearest to.
"""

import difflib
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# 33 bands of 3: a pair whose shingles have a Jaccard index of 0.5 shares a band with 99%, one of 0.1 with 3%
# (Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4). Two slips in a short text leave 0.5.
BANDS, ROWS = 33, 3
# Within a band, texts are ordered by their whole signature and each is compared with its next neighbours: what
# thousands of texts share would otherwise give millions of pairs.
NEIGHBOURS = 8
ESTIMATE = 0.35  # least share of equal signature entries for a pair to be looked at
BOILERPLATE = 0.05  # words in more than this share of the texts do not enter the signatures
FEW_TEXTS = 20  # nor is a word boilerplate that stands in no more texts than this
SHORT_WORD = 4  # characters; a slip in fewer makes another word
MISSPELT = 0.75  # least difflib ratio of two words taken for one
SLIPS_FROM = 0.4  # slips are looked for in texts that share this much without them
SHINGLE = 3  # characters
# Short texts are compared by their words' shingles, which survive slips; of long ones all have the same shingles, so
# these are compared by whole words. Those between by both.
SHORT_TEXT, LONG_TEXT = 60, 30  # words

Columns = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two texts, by their position, and how similar they are."""

    first: int
    second: int  # greater than `first`
    jaccard: float  # weighted by rarity, in [0, 1]


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """The near duplicates among some texts."""

    pairs: list[NearDuplicate]
    crowded: int  # texts that have too many like them for each to be compared with each


def near_duplicates(texts: Sequence[Sequence[str]], least: float) -> NearDuplicates:
    """Return the pairs of texts (lists of words) with a weighted Jaccard index of `least` or more.

    Each pair comes once, in order of position. Of texts that share a band with more than `NEIGHBOURS` others,
    only the nearest are compared; they are counted.
    """
    frequency = Counter(word for text in texts for word in set(text))
    weight = {word: math.log(1 + len(texts) / count) for word, count in frequency.items()}
    short = [position for position, text in enumerate(texts) if len(text) <= SHORT_TEXT]
    long = [position for position, text in enumerate(texts) if len(text) >= LONG_TEXT]
    pairs = np.empty(0, dtype=np.int64)  # smaller position * texts + greater position
    crowded: set[int] = set()
    for chosen, features in ((short, _shingles), (long, _whole)):
        near, many = _candidates(*_signatures(texts, chosen, frequency, features))
        pairs = np.union1d(pairs, near[0] * len(texts) + near[1])
        crowded.update(many)
    judged = (
        NearDuplicate(a, b, weighted_jaccard(texts[a], texts[b], weight))
        for a, b in _hopeful(texts, pairs, weight, least)
    )
    return NearDuplicates([pair for pair in judged if pair.jaccard >= least], len(crowded))


def _hopeful(
    texts: Sequence[Sequence[str]], pairs: NDArray[np.int64], weight: Mapping[str, float], least: float
) -> Iterator[tuple[int, int]]:
    """Yield, in order, the pairs that may reach `least`: of the pairs that a template makes most cannot.

    All partners of a text are bounded at once: by what is shared, and by what slips could add to it at best.
    """
    number = {word: place for place, word in enumerate(weight)}
    weights = np.fromiter(weight.values(), dtype=np.float64)
    slips = weights * np.fromiter(map(_can_slip, weight), dtype=np.bool_)
    owned = [np.array(sorted({number[word] for word in text}), dtype=np.int64) for text in texts]
    marked = np.zeros(len(weights), dtype=np.bool_)
    firsts, seconds = np.divmod(pairs, len(texts))
    borders = [*np.flatnonzero(np.diff(firsts, prepend=-1)).tolist(), len(firsts)]
    for begin, end in pairwise(borders):
        first, together = int(firsts[begin]), seconds[begin:end]
        own, others = owned[first], [owned[second] for second in together.tolist()]
        flat, starts = np.concatenate(others), np.cumsum([0, *map(len, others[:-1])])
        marked[own] = True
        both = marked[flat]
        marked[own] = False
        shared, right = (np.add.reduceat(weights[flat] * part, starts) for part in (both, ~both))
        left = weights[own].sum() - shared
        left_slips = slips[own].sum() - np.add.reduceat(slips[flat] * both, starts)
        right_slips = np.add.reduceat(slips[flat] * ~both, starts)
        total = shared + left + right
        best = shared + np.minimum(left_slips, right_slips)
        with_slips = best >= least * (total - np.maximum(left_slips, right_slips))
        is_near = (shared >= least * total) | ((shared >= SLIPS_FROM * total) & with_slips)
        yield from ((first, second) for second in together[is_near].tolist())


def weighted_jaccard(first: Sequence[str], second: Sequence[str], weight: Mapping[str, float]) -> float:
    """Return the weight of the words in both texts over the weight of the words in either."""
    a, b = set(first), set(second)
    shared = sum(map(weight.__getitem__, a & b))
    total = sum(map(weight.__getitem__, a | b))
    if shared >= SLIPS_FROM * total:
        left, right = sorted(filter(_can_slip, a - b)), sorted(filter(_can_slip, b - a))
        for word in left if right else ():
            near = _nearest(word, right)
            if near is not None:
                right.remove(near)
                both = min(weight[word], weight[near])
                shared += both
                total += both - weight[word] - weight[near]
    return shared / total if total else 0.0


def is_slip(word: str, other: str) -> bool:
    """Whether one word may be the other misspelt; numbers never are."""
    return _can_slip(word) and _can_slip(other) and _nearest(word, [other]) is not None


def _nearest(word: str, others: Sequence[str]) -> str | None:
    """The word that `word` may be a slip of."""
    return next(iter(difflib.get_close_matches(word, others, n=1, cutoff=MISSPELT)), None)


def _can_slip(word: str) -> bool:
    return len(word) >= SHORT_WORD and not any(map(str.isdigit, word))


def _signatures(
    texts: Sequence[Sequence[str]],
    chosen: Sequence[int],
    frequency: Mapping[str, int],
    features: Callable[[str], Iterator[bytes]],
) -> tuple[Columns, NDArray[np.int64]]:
    """Return the signatures (rows, BANDS * ROWS) of the chosen texts that have a word of their own, and which they are.

    The signature of a text is the least of its words' at every place, so each word is hashed once.
    """
    most = max(FEW_TEXTS, BOILERPLATE * len(texts))
    number: dict[str, int] = {}
    flat: list[int] = []
    starts: list[int] = []
    positions: list[int] = []
    for position in chosen:
        own = {number.setdefault(word, len(number)) for word in texts[position] if frequency[word] <= most}
        if own:
            starts.append(len(flat))
            positions.append(position)
            flat.extend(own)
    signatures = np.empty((len(positions), BANDS * ROWS), dtype=np.uint32)
    if positions:
        hashes, borders = _hashes(number, features)
        members, begins = np.array(flat), np.array(starts)
        random = np.random.default_rng(0)
        for column in range(signatures.shape[1]):
            factor, shift = random.integers(1, 2**63, size=2, dtype=np.uint64)
            mixed = ((hashes * (factor | np.uint64(1)) + shift) >> np.uint64(32)).astype(np.uint32)
            by_word = np.minimum.reduceat(mixed, borders)
            signatures[:, column] = np.minimum.reduceat(by_word[members], begins)
    return signatures, np.array(positions, dtype=np.int64)


def _hashes(
    words: Iterable[str], features: Callable[[str], Iterator[bytes]]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hashes of all words' features in one row, and where each word's begin."""
    hashes: list[int] = []
    borders: list[int] = []
    for word in words:
        borders.append(len(hashes))
        hashes.extend(map(zlib.crc32, features(word)))
    return np.array(hashes, dtype=np.uint64), np.array(borders)


def _shingles(word: str) -> Iterator[bytes]:
    padded = f" {word} ".encode()
    return (padded[at : at + SHINGLE] for at in range(max(1, len(padded) - SHINGLE + 1)))


def _whole(word: str) -> Iterator[bytes]:
    yield word.encode()


def _candidates(
    signatures: Columns, positions: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], list[int]]:
    """Return the pairs of positions that share a band and enough of the signature, and the crowded positions."""
    found: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    crowded = np.zeros(len(positions), dtype=bool)
    for band in range(BANDS):
        part = signatures[:, band * ROWS : (band + 1) * ROWS]
        following = signatures[:, [(band + 1 + step) % BANDS * ROWS for step in range(3)]]
        order = np.lexsort((*following.T, *part.T))
        ordered = part[order]
        for step in range(1, min(NEIGHBOURS + 1, len(order) - 1) + 1):
            same = (ordered[:-step] == ordered[step:]).all(axis=1)
            if step > NEIGHBOURS:
                crowded[np.concatenate([order[:-step][same], order[step:][same]])] = True
            else:
                found.append(_likely(signatures, order[:-step][same], order[step:][same]))
    chosen = np.unique(np.concatenate(found))
    firsts, seconds = positions[chosen // max(1, len(positions))], positions[chosen % max(1, len(positions))]
    return (firsts, seconds), positions[crowded].tolist()


def _likely(signatures: Columns, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs whose signatures agree enough, each as one number: smaller place * texts + greater place."""
    kept = [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(one), 20_000):  # 20,000 pairs of 400 bytes at a time
        a, b = one[begin : begin + 20_000], other[begin : begin + 20_000]
        agree = (signatures[a] == signatures[b]).mean(axis=1) >= ESTIMATE
        kept.append((np.minimum(a, b) * len(signatures) + np.maximum(a, b))[agree])
    return np.concatenate(kept)
