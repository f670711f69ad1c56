"""What is odd about the documents: copies, versions that contradict each other, pages without text, huge ones."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.answer_places import lines_of
from harness.checking.findings import Finding, Hit, Place, gathered
from harness.checking.near_duplicates import near_duplicates
from harness.checking.reading import Material
from harness.checking.shown import quoted
from harness.records import Document
from harness.words import words_of

HUGE = 15_000  # words: about a hundred passages
VERSIONS = 0.5  # weighted Jaccard index of the words; pages of one template on other things have other headings
MOSTLY_EQUAL = 0.5  # of the lines, for one other word to be a contradiction; other numbers always are
LEAST_WORDS = 3  # beside its numbers, for a line to say something that another may contradict
_SIGN = re.compile(r"[\W_]+")
_HEADING = re.compile(r"^#{1,6}\s")
# Words by which versions of one page are named.
_VERSION = re.compile(r"\d+|v\d+|v|version|old|new|draft|copy|archive|archived|legacy|deprecated|updated|final|rev")


def find_odd_documents(material: Material) -> list[Finding]:
    """Find pages that say the same, versions that contradict each other, and pages with too little or too much text."""
    documents = material.content.data.documents
    words = [words_of(document.text) for document in documents]
    remedy = "keep one of each; copies take the places of other passages in a prompt"
    found = gathered("document_copy", "warning", "documents that say the same", remedy, _copies(documents, words))
    remedy = "remove the stale ones, or the search may show either; what is right for both is not a contradiction"
    title = "versions of one document that contradict each other"
    found += gathered("document_versions", "warning", title, remedy, _contradictions(documents, words))
    bare = [Hit((_place(one),), "a heading alone") for one in documents if not _has_text(one)]
    remedy = "give them text or leave them out; they can be found and answer nothing"
    found += gathered("document_without_text", "note", "documents without text below their headings", remedy, bare)
    huge = [Hit((_place(d),), f"{len(own)} words") for d, own in zip(documents, words, strict=True) if len(own) > HUGE]
    remedy = f"split what is longer than {HUGE} words by its chapters, so that evidence can name one of them"
    return found + gathered("huge_document", "note", "huge documents", remedy, huge)


def _place(document: Document) -> Place:
    return Place("documents", document.source, id=document.id)


def _has_text(document: Document) -> bool:
    return any(words_of(line) for line in document.text.splitlines() if not _HEADING.match(line))


def _copies(documents: Sequence[Document], words: Sequence[Sequence[str]]) -> list[Hit]:
    same: dict[str, list[Document]] = {}
    for document, own in zip(documents, words, strict=True):
        if own:
            same.setdefault(" ".join(own), []).append(document)
    return [Hit(tuple(map(_place, group)), quoted(group[0].text)) for group in same.values() if len(group) > 1]


def _contradictions(documents: Sequence[Document], words: Sequence[Sequence[str]]) -> list[Hit]:
    hits = []
    for pair in near_duplicates(words, VERSIONS).pairs:
        first, second = documents[pair.first], documents[pair.second]
        if _subject(first) != _subject(second):
            continue
        said = list(_differing(lines_of(first), lines_of(second)))
        if said:
            one, other = said[0]
            more = f", and {len(said) - 1} more" if len(said) > 1 else ""
            hits.append(Hit((_place(first), _place(second)), f"{quoted(one)} against {quoted(other)}{more}"))
    return hits


def _subject(document: Document) -> tuple[str, ...]:
    """Return the words of the first heading that do not name a version; none where there is no heading."""
    heading = next(filter(_HEADING.match, document.text.splitlines()), "")
    return tuple(word for word in words_of(heading) if not _VERSION.fullmatch(word) and not _SIGN.fullmatch(word))


def _differing(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of lines that say the same but for their numbers, or for one word."""
    equal = set(first) & set(second)
    own, other = ([line for line in lines if line not in equal] for lines in (first, second))
    by_number = _once((_without_numbers(line), line) for line in other)
    is_mostly_equal = len(equal) >= MOSTLY_EQUAL * min(len(set(first)), len(set(second)))
    by_word = _once((key, line) for line in other for key in _with_gaps(line)) if is_mostly_equal else {}
    mine = _once((_without_numbers(line), line) for line in own)
    for line in own:
        key = _without_numbers(line)
        if key in by_number and key in mine:
            yield line, by_number[key]
        elif near := next((by_word[gap] for gap in _with_gaps(line) if gap in by_word), None):
            yield line, near


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the lines by key, but for keys that several have."""
    listed = [pair for pair in pairs if pair[0]]
    counts = Counter(key for key, _ in listed)
    return {key: line for key, line in listed if counts[key] == 1}


def _without_numbers(line: str) -> str:
    """Return what a line says beside its numbers; '' where that is too little, or there are none."""
    words = line.split()
    plain = [word for word in words if not word.isdigit()]
    is_enough = sum(not _SIGN.fullmatch(word) for word in plain) >= LEAST_WORDS
    return " ".join("#" if word.isdigit() else word for word in words) if is_enough and len(plain) < len(words) else ""


def _with_gaps(line: str) -> Iterator[str]:
    words = line.split()
    if LEAST_WORDS < len(words) <= 60:
        yield from (" ".join([*words[:at], "_", *words[at + 1 :]]) for at in range(len(words)))
