"""Finds texts that stand word for word inside longer ones."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.words import length_in_words

_PRIME = np.uint64(1_099_511_628_211)  # FNV's


@dataclass(frozen=True, slots=True)
class Runs:
    """A hash of every run of so many words in every text."""

    texts: Sequence[Sequence[str]]
    hashes: NDArray[np.uint64]  # (runs,)
    owners: NDArray[np.int64]  # (runs,): the text's position, ascending


def runs_of(texts: Sequence[Sequence[str]], size: int) -> Runs:
    """Hash the runs of `size` words; texts of fewer words have none, as `length_in_words` counts them."""
    known: dict[str, int] = {}
    flat = np.fromiter(_word_hashes(texts, known), dtype=np.uint64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    count = max(0, len(flat) - size + 1)
    hashes = np.zeros(count, dtype=np.uint64)
    for step in range(size):
        hashes = (hashes * _PRIME) ^ flat[step : step + count]
    owners = np.repeat(np.arange(len(texts)), lengths)
    is_long = np.array([length_in_words(text) >= size for text in texts], dtype=bool)
    is_whole = owners[:count] == owners[size - 1 : size - 1 + count]  # begins and ends in one text
    is_whole &= is_long[owners[:count]]
    return Runs(texts, hashes[is_whole], owners[:count][is_whole])


def _word_hashes(texts: Sequence[Sequence[str]], known: dict[str, int]) -> Iterator[int]:
    for text in texts:
        for word in text:
            value = known.get(word)
            if value is None:
                value = known[word] = zlib.crc32(word.encode("utf-8", "surrogatepass"))
            yield value


def found_inside(needles: Runs, texts: Runs) -> Iterator[tuple[int, int]]:
    """Yield (needle, text) positions where the needle's words stand in the text, in order and unbroken.

    Needles shorter than a run are passed over; a text is not looked for in itself. Each needle is looked up by
    the run that is rarest in the texts; hits are confirmed word by word.
    """
    order = np.argsort(texts.hashes, kind="stable")
    sorted_hashes, sorted_owners = texts.hashes[order], texts.owners[order]
    begins = np.searchsorted(sorted_hashes, needles.hashes, side="left")
    ends = np.searchsorted(sorted_hashes, needles.hashes, side="right")
    borders = np.flatnonzero(np.diff(needles.owners, prepend=-1))
    for first, last in pairwise([*borders.tolist(), len(needles.owners)]):
        rarest = first + int((ends[first:last] - begins[first:last]).argmin())
        number = int(needles.owners[first])
        holders = set(sorted_owners[begins[rarest] : ends[rarest]].tolist())
        if needles is texts:
            holders.discard(number)
        needle = f" {' '.join(needles.texts[number])} " if holders else ""
        for text in sorted(holders):
            if needle in f" {' '.join(texts.texts[text])} ":
                yield number, text
