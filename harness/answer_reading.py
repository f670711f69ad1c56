"""How an answer is read out of a completion, and its result out of an answer and a target, by a stated rule.

Nothing of this package is imported: an export takes this file with it, so that its `answer.py` reads as the run did.
Patterns are matched by `regex`, which comes with transformers and can be stopped; Python's own cannot.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Take = Literal["whole", "first_line", "last_line", "last_number", "letter", "json", "pattern"]
Ignored = Literal["accents", "digits", "punctuation", "spaces"]

# A sign belongs to a number unless something stands right before it: '10-5' ends in 5. 'A4' and 'covid-19' hold none;
# letters of scripts without spaces may touch a number.
_NUMBER = re.compile(
    r"(?<![A-Za-z\u00c0-\u024f\d_.,])(?<![^\W\d_]-)[-+\u2212]?[$\u00a2-\u00a5\u20a0-\u20cf]?"
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'\u2019]\d+)*|\.\d+)(?:\ ?%)?"
)
_LETTER = re.compile(
    r"\W*(?:(?:the )?(?:correct |right )?(?:answer|option|choice)\b\W*(?:is\b\W*)?){0,2}"
    r"([A-Z])(?:\W*$|[)\]]|[.:](?!\w)|\s-\s)",
    flags=re.IGNORECASE,
)
_OBJECT = re.compile(r'\{\s*"[^"]*"\s*:')
PATTERN_SECONDS = 1.0  # of processor time for one text: some patterns take years over a line
_MOST_STARTS = 200  # brackets tried in one text; each may cost a pass over it


@dataclass(frozen=True, slots=True)
class Reader:
    r"""A stated rule by which something is read out of a text.

    `whole` is all of it, `first_line` and `last_line` its first and last that is not empty, `last_number` its last
    number as it stands there, `letter` the label of a choice that its first line begins with ('B', '(b)', 'Option B',
    'B) Danube'), `json` its last JSON object, else its last list, `pattern` the group of a regular expression's last
    match, or nothing where it takes more than a second over a text. Outer white space is removed, and so
    is one half of an emphasis that the marker stands in ('**Answer:** 42', '**Answer: 42**').
    """

    rule: Take = "whole"
    marker: str = ""  # only what stands behind its last occurrence is read, case ignored; '' for the whole text
    pattern: str = ""  # of the rule `pattern`
    then: "Reader | None" = None  # reads what this one has read

    def read(self, text: str) -> str | None:
        """Return what the rule finds, or None when it finds nothing or its pattern is stopped."""
        try:
            return self.find(text)
        except TimeoutError:
            return None

    def find(self, text: str) -> str | None:
        """Return what the rule finds, or None when it finds nothing.

        Raises:
            TimeoutError: If its pattern takes longer than PATTERN_SECONDS, and is stopped.
        """
        behind = self._behind_marker(text)
        found = None if behind is None else self._taken(behind).strip() or None
        if found and found.count("**") % 2 and self._stands_in_emphasis(text):
            found = (found[2:] if found.startswith("**") else found.removesuffix("**")).strip() or None
        return self.then.find(found) if self.then and found else found

    def is_complete(self, text: str) -> bool:
        """Whether what is read is whole although the text was cut."""
        behind = self._behind_marker(text)
        if behind is None or self.read(text) is None:
            return False
        if self.rule == "json":
            return True  # it is closed
        if self.rule == "whole" and self.then:
            return self.then.is_complete(behind)
        lines = behind.lstrip().splitlines(keepends=True)
        return self.rule in ("first_line", "letter") and lines[0].endswith(("\n", "\r"))

    def ends_in(self, last: "Reader") -> bool:
        """Whether `last` is the rule, or what the rule ends in."""
        return self == last or (self.then is not None and self.then.ends_in(last))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Reader":
        """Read what `dataclasses.asdict` made."""
        return cls(data["rule"], data["marker"], data["pattern"], cls.from_dict(data["then"]) if data["then"] else None)

    def _behind_marker(self, text: str) -> str | None:
        if not self.marker:
            return text
        found = list(re.finditer(re.escape(self.marker), text, flags=re.IGNORECASE))
        return text[found[-1].end() :] if found else None

    def _stands_in_emphasis(self, text: str) -> bool:
        """Whether '**' is open behind the marker, in its line."""
        behind = self._behind_marker(text) if self.marker else None
        if behind is None:
            return False
        return text[: len(text) - len(behind)].rpartition("\n")[2].count("**") % 2 == 1

    def _taken(self, text: str) -> str:
        lines = [line for line in text.splitlines() if line.strip()] or [""]
        if self.rule in ("first_line", "last_line"):
            return lines[0 if self.rule == "first_line" else -1]
        if self.rule == "last_number":
            return _last(match[0] for match in _NUMBER.finditer(text))
        if self.rule == "letter":
            match = _LETTER.match(lines[0])
            return match[1].upper() if match else ""
        if self.rule == "json":
            found = list(containers(text, STRICT_JSON))
            return _last([written for value, written in found if isinstance(value, dict)] or [one for _, one in found])
        return last_group(self.pattern, text) if self.rule == "pattern" else text


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """How a task says that the result is read out of targets and answers, and what of it does not count."""

    reader: Reader = Reader()
    ignore: tuple[Ignored, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether it says where a result stands; else each arm reads its answers as it would without a rule."""
        return self.reader != Reader()

    def plain(self, result: str) -> str:
        """Return a result without what does not count."""
        if "accents" in self.ignore:
            result = unicodedata.normalize("NFC", "".join(filter(_is_no_accent, unicodedata.normalize("NFD", result))))
        if "digits" in self.ignore:
            result = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in result)
        if "punctuation" in self.ignore:  # but for marks that touch a digit: 1.5 is not 15, and -5 is not 5
            result = re.sub(r"(?<!\d)[^\w\s](?!\d)", lambda match: "" if _is_mark(match[0]) else match[0], result)
        return "".join(result.split()) if "spaces" in self.ignore else result


def last_group(pattern: str, text: str) -> str:
    """Return the group of a pattern's last match in a text; '' where there is none.

    Raises:
        TimeoutError: If it takes longer than PATTERN_SECONDS.
    """
    import regex

    try:
        return _last(match[1] or "" for match in regex.finditer(pattern, text, timeout=PATTERN_SECONDS))
    except TimeoutError:
        raise TimeoutError(f"the pattern {pattern!r} was stopped after {PATTERN_SECONDS:g} s over one text") from None


def elect(answers: Sequence[str | None], ignore: Iterable[Ignored]) -> tuple[int, int]:
    """Vote over several answers to one question (self-consistency, arXiv 2203.11171).

    Case, white space and what the task's rule ignores do not separate results; an answer without a result has no vote.

    Returns:
        The place of the first answer with the most frequent result, and its votes; 0 and 0 where none has a result.
    """
    rule = AnswerRule(ignore=tuple(ignore))
    results = [" ".join(rule.plain(answer or "").casefold().split()) for answer in answers]
    counts = Counter(filter(None, results))
    if not counts:
        return 0, 0
    winner, votes = counts.most_common(1)[0]
    return results.index(winner), votes


def _is_no_accent(character: str) -> bool:
    return unicodedata.category(character) != "Mn"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _last(found: Iterable[str]) -> str:
    *_, last = ("", *found)
    return last


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an object says a key twice, of {sorted(found)}")
    return found


# NaN, Infinity and objects that repeat a key are not JSON.
STRICT_JSON = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_object)


def containers(text: str, decoder: json.JSONDecoder) -> Iterator[tuple[Any, str]]:
    """Yield the outermost JSON objects and lists of a text, as they are and as they are written, in order.

    It ends at the first object that is damaged or cut off: what stands inside it is not the answer.
    """
    place = 0
    for _ in range(_MOST_STARTS):
        start = re.compile(r"[{\[]").search(text, place)
        if start is None:
            return
        try:
            value, place = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            if _OBJECT.match(text, start.start()):
                return
            place = start.end()
        else:
            yield value, text[start.start() : place]
