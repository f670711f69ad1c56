"""Encyclopaedia passages as three disjoint pools: texts to predict, beginnings to continue, words to guess.

Both benchmarks are made for small bases, which can continue a text long before they can answer questions: every
base has something to lose on them. One article feeds one pool, and in it either the gate or selection.

`continuation`: which of four ends belongs to this beginning? The others belong to passages of the same pool and use,
begin a sentence as the right one does, and are as long as it is, within a few characters.

`next_word`: what word comes next, after 30 to 50 words? Only a word that stands in these words already is asked for,
so that the context tells it and not knowledge of the subject (as most words of LAMBADA do, arXiv 1606.06031).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.general.pools import rank, uses_of

TEXTS, CONTINUATION, NEXT_WORD = "held_out_texts", "continuation", "next_word"
Row = dict[str, Any]

# Of ten articles: four for each benchmark, of which three quarters are long enough.
_POOLS = (TEXTS,) * 2 + (CONTINUATION,) * 4 + (NEXT_WORD,) * 4
_CONTEXT = range(30, 71)  # words before a continuation; it begins a sentence
_ENOUGH = 40  # words before it, where a sentence ends behind so many
_CONTINUATION = range(12, 19)  # words of a continuation; up to a sentence's end where one is so near
_USUAL = 15  # words of it where none is
_OPTIONS = 4
_BEFORE = range(30, 51)  # words before one to guess
_SENTENCE_END = re.compile(r"[a-z0-9)\]]{2}[.!?][\"')]*$")
_PLAIN_WORD = re.compile(r"([a-z]{4,})[.,;:!?]?$")


@dataclass(frozen=True, slots=True)
class HeldOutText:
    """One passage of an article."""

    id: str
    text: str  # as it is published: 'Title -- body'

    @property
    def article(self) -> str:
        """The article's title; where there is none, the text."""
        return self.text.partition(" -- ")[0]

    @property
    def words(self) -> list[str]:
        """The body's words."""
        return (self.text.partition(" -- ")[2] or self.text).split()


def rows_of(passages: Sequence[HeldOutText]) -> dict[str, list[Row]]:
    """Return the rows of each pool, in the passages' order; a passage too short for its pool gives none."""
    return {name: make([p for p in passages if pool_of(p) == name]) for name, make in _MAKERS.items()}


def pool_of(passage: HeldOutText) -> str:
    """Name the pool of a passage; passages of one article are of the same."""
    return _POOLS[int(rank(f"pool:{passage.article}")[:8], 16) % len(_POOLS)]


def _texts(passages: Sequence[HeldOutText]) -> list[Row]:
    uses = uses_of([passage.article for passage in passages])
    return [{"id": p.id, "text": p.text, "use": use} for p, use in zip(passages, uses, strict=True)]


# ---- which end belongs to this beginning? ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _SplitText:
    passage: HeldOutText
    beginning: str
    end: str


def _continuations(passages: Sequence[HeldOutText]) -> list[Row]:
    splits = [part for passage in passages if (part := _split(passage))]
    uses = uses_of([part.passage.article for part in splits])
    rows: list[Row] = []
    for wanted in ("gate", "selection"):
        group = [part for part, use in zip(splits, uses, strict=True) if use == wanted]
        places = {part.passage.id: place for place, part in enumerate(sorted(group, key=_by_rank))}
        for part in group:
            others = _others(part, group)
            if len(others) < _OPTIONS - 1:
                continue
            gold = places[part.passage.id] % _OPTIONS
            choices = [*others[:gold], part.end, *others[gold:]]
            row = {"question": part.beginning, "passage": "", "choices": choices, "gold": gold, "use": wanted}
            rows.append({"id": f"{CONTINUATION}-{part.passage.id}"} | row)
    return rows


def _split(passage: HeldOutText) -> _SplitText | None:
    """Part a passage at a sentence's end; None where it has none in reach."""
    words = passage.words
    cuts = [n for n in _CONTEXT if n + _CONTINUATION.start <= len(words) and _ends_sentence(words, n)]
    if not cuts:
        return None
    cut = next((n for n in cuts if n >= _ENOUGH), cuts[-1])
    rest = words[cut:]
    ends = [n for n in _CONTINUATION if n <= len(rest) and _ends_sentence(rest, n)]
    length = ends[-1] if ends else _USUAL
    return _SplitText(passage, " ".join(words[:cut]), " ".join(rest[:length]))


def _ends_sentence(words: Sequence[str], count: int) -> bool:
    """Whether the first `count` words end a sentence: a stop, and a capital letter (or nothing) behind it."""
    follows = words[count][0].isupper() if count < len(words) else True
    return follows and bool(_SENTENCE_END.search(words[count - 1]))


def _others(part: _SplitText, group: Sequence[_SplitText]) -> list[str]:
    """Return the ends of other articles that are nearest in length."""
    found: dict[str, str] = {}  # by article: one end each
    for other in sorted(group, key=lambda other: (abs(len(other.end) - len(part.end)), _by_rank(other))):
        if other.passage.article != part.passage.article and other.end != part.end:
            found.setdefault(other.passage.article, other.end)
        if len(found) == _OPTIONS - 1:
            break
    return sorted(found.values(), key=rank)


def _by_rank(part: _SplitText) -> str:
    return rank(part.passage.id)


# ---- what word comes next? ------------------------------------------------------------------


def _next_words(passages: Sequence[HeldOutText]) -> list[Row]:
    uses = uses_of([passage.article for passage in passages])
    rows = []
    for passage, use in zip(passages, uses, strict=True):
        words = passage.words
        asked = [n for n in _BEFORE if n < len(words) and _is_told(words, n)]
        if asked:
            place = asked[int(rank(passage.id)[:8], 16) % len(asked)]
            word = words[place].rstrip(".,;:!?")
            row = {"question": " ".join(words[:place]), "passage": "", "answer": word, "use": use}
            rows.append({"id": f"{NEXT_WORD}-{passage.id}"} | row)
    return rows


def _is_told(words: Sequence[str], place: int) -> bool:
    """Whether a word of at least four small letters stands in the words before it too."""
    found = _PLAIN_WORD.match(words[place])
    return found is not None and any(_bare(word) == found[1] for word in words[:place])


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


_MAKERS: Mapping[str, Callable[[Sequence[HeldOutText]], list[Row]]] = {
    TEXTS: _texts,
    CONTINUATION: _continuations,
    NEXT_WORD: _next_words,
}
