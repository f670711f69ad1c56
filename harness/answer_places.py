"""Where in the documents an answer stands, so that a search can be judged by the passage that holds it.

An answer is looked for word for word, in one line: a sentence, a row of a table, an item of a list. A short one stands
in many, as the price of one part is the stock of another; of those the question is about the one that shares its rare
words: a word counts by log(lines / lines that have it), with those of the headings over the line and of the document's
id. A passage holds the answer where it has it in a line that shares as much.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.answer_reading import Reader
from harness.chat.turns import without_thought
from harness.records import Document, Example, Passage
from harness.words import words_of

AS_MUCH = 0.9  # of what the best line shares with the question: the end of a cut sentence may lack a little
WRAPPED = 60  # characters; a shorter line of prose ends there, and is not continued by the next
MOST_LINES = 0.05  # an answer in more of all lines than this is a common word, unless the row names its document
FEW_LINES = 5  # nor is it one that stands in no more than so many
_NO_LOOKUP = frozenset({"yes", "no", "true", "false", "none", "unknown"})  # said of what is written, not written there
_HEADING = re.compile(r"#{1,6}\s")
_ALONE = re.compile(r"\s*(?:\||#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s)")  # begins a line of its own
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class _Line:
    document: str
    words: str  # with a space between them and around
    context: frozenset[str]  # of the headings and the document's id


class AnswerPlaces:
    """The lines of a task's documents, to look answers up in."""

    def __init__(self, documents: Sequence[Document], reader: Reader | None = None) -> None:
        """Take the documents, and how the task reads the result out of its targets, where it says so."""
        self._documents = documents
        self._reader = reader or Reader()
        self._ids = {document.id for document in documents}

    def results(self, example: Example) -> list[str]:
        """Return the words of each right answer, with a space between them and around."""
        said = (without_thought(answer).strip() or answer for answer in (example.target, *example.accepted))
        read = (self._reader.read(answer) or answer for answer in said)
        return list(dict.fromkeys(_spaced(words) for answer in read if (words := words_of(answer))))

    def knows(self, example: Example) -> bool:
        """Whether an answer stands in a line that the question may be about; else no passage can be judged by it."""
        return any(self._best(example, result) is not None for result in self.results(example))

    def holds(self, example: Example, passage: Passage) -> bool:
        """Whether a passage has an answer where the question is about it; False where `knows` is."""
        lines = list(_lines(passage.document, passage.text))
        return any(self._is_held(example, result, lines) for result in self.results(example))

    def stands(self, example: Example) -> bool:
        """Whether some line has an answer word for word, whatever the question is about."""
        return any(True for result in self.results(example) for _ in self._candidates(result, ()))

    def stands_in_evidence(self, example: Example) -> bool:
        """Whether a document that the row names has an answer; so it is where none of these is known."""
        known = self._ids.intersection(example.evidence)
        return not known or any(True for result in self.results(example) for _ in self._candidates(result, known))

    def _is_held(self, example: Example, result: str, lines: Sequence[_Line]) -> bool:
        best = self._best(example, result)
        if best is None:
            return False
        asked = _asked(example, result)
        return any(self._shared(line, asked) >= AS_MUCH * best for line in lines if result in line.words)

    def _best(self, example: Example, result: str) -> float | None:
        """Return what the line that the question is about shares with it."""
        if not _is_lookup(result):
            return None
        found = list(self._candidates(result, example.evidence))
        if not example.evidence and len(found) > max(FEW_LINES, MOST_LINES * len(self._all)):
            return None
        asked = _asked(example, result)
        best = max((self._shared(line, asked) for line in found), default=0.0)
        return best if best > 0 or len(found) == 1 else None

    def _candidates(self, result: str, documents: Collection[str]) -> Iterator[_Line]:
        words = result.split()
        if not all(word in self._having for word in words):
            return
        rarest = min(words, key=lambda word: len(self._having[word]))
        for number in self._having[rarest]:
            line = self._all[number]
            if result in line.words and (not documents or line.document in documents):
                yield line

    def _shared(self, line: _Line, asked: Iterable[str]) -> float:
        own = line.context.union(line.words.split())
        return sum(self._weight(word) for word in asked if word in own)

    def _weight(self, word: str) -> float:
        return math.log((1 + len(self._all)) / max(1, len(self._having.get(word, ()))))

    @cached_property
    def _all(self) -> list[_Line]:
        return [line for document in self._documents for line in _lines(document.id, document.text)]

    @cached_property
    def _having(self) -> Mapping[str, Sequence[int]]:
        """The lines that have a word, by their number."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self._all):
            for word in set(line.words.split()):
                found.setdefault(word, []).append(number)
        return found


def lines_of(document: Document) -> list[str]:
    """Return the lines of a document as answers are looked up in them, each as its words."""
    return [words for line in _lines(document.id, document.text) if (words := line.words.strip())]


def _asked(example: Example, result: str) -> list[str]:
    return sorted(set(words_of(example.question.text)) - set(result.split()))


def _is_lookup(result: str) -> bool:
    word = result.strip()
    is_letter = len(word) == 1 and word.isascii() and word.isalpha()
    return not is_letter and word not in _NO_LOOKUP


def _lines(document: str, text: str) -> Iterator[_Line]:
    path: dict[int, str] = {}
    named = context = frozenset(words_of(document))
    for line in _unwrapped(text):
        if _HEADING.match(line):
            level = len(line) - len(line.lstrip("#"))
            path = {other: title for other, title in path.items() if other < level} | {level: line}
            context = named.union(*(words_of(title) for title in path.values()))
        for sentence in _SENTENCE_END.split(line) if not _ALONE.match(line) else [line]:
            yield _Line(document, _spaced(words_of(sentence)), context)


def _unwrapped(text: str) -> Iterator[str]:
    """Yield the lines that are one to a reader: those of a wrapped paragraph together."""
    current = ""
    last = 0
    for line in text.splitlines():
        plain = line.strip()
        if current and plain and last >= WRAPPED and not _ALONE.match(plain) and not _HEADING.match(current):
            current = f"{current} {plain}"
        else:
            if current:
                yield current
            current = plain
        last = len(plain)
    if current:
        yield current


def _spaced(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "
