"""What nearly all answers begin their last line or sentence with, and end it with: the places around a result."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.drafting.values import NEARLY_ALL
from harness.metrics.normalisation import tokens

# Behind a point stands a space; signs of Chinese and Japanese have none behind them, and clauses are separated too.
_BREAK = re.compile(r"(?<=[.!?])\s+|(?<=[。！？，；])")
_TRIED = 5  # answers, as some may end otherwise
SHORT_RESULT = 8  # words; a longer result is not a result
_MOST_DROPPED = 2  # sentences behind the result that are the same in all
_LONGEST = 200  # characters of what may be shared
_FIELD = re.compile(r"\W*\w[^:：]{0,30}[:：]")
_PART = re.compile(r"[A-Za-z\u00c0-\u024f\d.,+'-]+\Z")  # what may belong to the result
_POINTS = ".!。！"
_SIGNS = ("#", ":", "：", "=", ">")


@dataclass(frozen=True, slots=True)
class Ending:
    """What stands around the results of nearly all answers."""

    before: str
    behind: str  # '' where the result ends its line, but for a point
    mark: str  # of the sentence that the result ends; '' where there is none, or where more stands behind the result
    results: tuple[str, ...]

    @property
    def has_sign(self) -> bool:
        """Whether the result stands behind a sign, such as a colon."""
        return self.before.endswith(_SIGNS)

    @property
    def pattern(self) -> str:
        """A regular expression whose group is the result."""
        before, behind, mark = (re.escape(one).replace("\\ ", " ") for one in (self.before, self.behind, self.mark))
        end = rf"{mark}(?:\s|$)" if mark.isascii() else mark
        return rf"{before}\s*(.+?)\s*{behind}" if behind else rf"(?m){before}\s*(.+?)\s*(?:{end}|$)"


def ending_of(targets: Sequence[str]) -> Ending | None:
    """Return what stands around a short result at the end of nearly all answers; None where nothing does."""
    sentences = [_BREAK.split(target.strip().rpartition("\n")[2].strip()) for target in targets]
    sentences = [[part for part in parts if part.strip()] for parts in sentences]
    dropped = 0
    while dropped < _MOST_DROPPED and (same := _last_of_all(sentences)):
        dropped += 1
        sentences = [parts[:-1] if parts[-1:] == [same] else parts for parts in sentences]
    last = [parts[-1].strip() if parts else "" for parts in sentences]
    before = _PART.sub("", _shared(last, str.startswith, lambda text, size: text[:size])).rstrip()
    if not re.search(r"\S", before):
        return None
    rests = [text[len(before) :].strip() for text in last if text.startswith(before)]
    behind = _shared(rests, str.endswith, lambda text, size: text[len(text) - size :] if size else "")
    behind = re.sub(r"\A[A-Za-z\d.,]*[A-Za-z\d]", "", behind) if not behind.startswith(" ") else behind
    results = [text.removesuffix(behind).strip() for text in rests]
    results = [text for text in results if text]
    is_short = bool(results) and median(len(tokens(text)) for text in results) <= SHORT_RESULT
    if not is_short or len(set(results)) < 2 or len(results) < NEARLY_ALL * len(targets):
        return None
    words = behind.strip().rstrip(_POINTS)
    mark = "" if words or not (dropped or not behind.isascii()) else behind.strip()[:1]
    return Ending(before, words, mark, tuple(results)) if _has_working(targets, before) else None


def _last_of_all(sentences: Sequence[Sequence[str]]) -> str:
    """Return the last sentence that nearly all have in common behind others; '' where there is none."""
    counts = Counter(parts[-1] for parts in sentences if len(parts) > 1)
    common = counts.most_common(1)
    return common[0][0] if common and common[0][1] >= NEARLY_ALL * len(sentences) else ""


def _shared(texts: Sequence[str], has: Callable[[str, str], bool], cut: Callable[[str, int], str]) -> str:
    """Return the longest beginning, or end, of one of the first texts that nearly all have."""
    found = ""
    for text in texts[:_TRIED]:
        low, high = 0, min(len(text), _LONGEST)
        while low < high:
            size = (low + high + 1) // 2
            part = cut(text, size)
            is_shared = sum(has(one, part) for one in texts) >= NEARLY_ALL * len(texts)
            low, high = (size, high) if is_shared else (low, size - 1)
        found = max(found, cut(text, low), key=len)
    return found


def _has_working(targets: Sequence[str], before: str) -> bool:
    """Whether words stand before the last mark, and they are no fields of a record, each with its own name."""
    workings = [target.rpartition(before)[0].strip() for target in targets]
    lines = [[line for line in text.splitlines() if line.strip()] for text in workings]
    fields = [sum(_is_field(line) for line in own) / len(own) for own in lines if own]
    return median(len(tokens(text)) for text in workings) > 2 and bool(fields) and median(fields) <= 0.5


def _is_field(line: str) -> bool:
    return _FIELD.match(line) is not None and len(line.split()) <= SHORT_RESULT
