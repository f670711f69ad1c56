"""Answers that are several labels each, in one text: how they are written, and whether they are that."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.closed_set import ROWS_PER_LABEL, is_closed_set
from harness.drafting.json_text import parsed
from harness.drafting.names import LABEL_SETS, SEVERAL, WANTED, shown_name, words_of_name
from harness.metrics.label_sets import AND, SEPARATORS, split_labels

# What people put between labels and the metrics do not split a target at: they split it at a plus between spaces alone,
# and only an answer at an 'and'.
_OTHERWISE = {
    "'+'": r"\+",
    "'/'": r"/",
    "'&'": r"&",
    "'and'": rf"\s{AND}\s",
}

# What people put between several right answers, beside bars; commas are in names and places too.
_SEPARATING = {"semicolons": "[;；]", "slashes": r"\s/\s", "line breaks": r"\n", "the words 'or'": r"\sor\s"}
_LONGEST_NAME = 4  # words
_ENTITY = re.compile(r"&#?\w{1,8};")  # of HTML, whose semicolon separates nothing


def are_label_sets(counts: Mapping[str, int]) -> bool:
    """Whether answers are labels with commas or the like between them, from a small stock."""
    return _are_joined(counts, map(members_of, counts))


def joined_otherwise(counts: Mapping[str, int]) -> list[str]:
    """Say that a sign which the metrics do not split at joins labels from a small stock, so that their order counts."""
    for sign, pattern in _OTHERWISE.items():
        if _are_joined(counts, ([part.strip() for part in re.split(pattern, text)] for text in counts)):
            said = f"the answers look like several labels with {sign} between them, and are compared as one text"
            return [f"{said}; write commas between them, and any order is right"]
    if _are_tagged(counts) or _are_spaced(counts):
        said = "the answers look like several labels with no comma between them, and are compared as one text"
        return [f"{said}; write commas between them, and any order is right"]
    barred = sum(count for text, count in counts.items() if "|" in text and "\n" not in text)
    if 2 * barred > sum(counts.values()):
        return [
            "bars in the answers are compared as they stand; where they separate right answers, write lists of them"
        ]
    return []


def _are_tagged(counts: Mapping[str, int]) -> bool:
    """Whether all texts are words in angle brackets, and several rows have more than one: '<python><sql>'."""
    several = sum(count for text, count in counts.items() if text.count("<") > 1)
    return several >= ROWS_PER_LABEL and all(re.fullmatch(r"(?:<[^<>/\s]+>\s*)+", text) for text in counts)


def _are_spaced(counts: Mapping[str, int]) -> bool:
    """Whether texts are words from a small stock, some of them in several orders: 'cs.LG stat.ML'."""
    orders = Counter(frozenset(text.split()) for text in counts)
    return max(orders.values()) > 1 and _are_joined(counts, (text.split() for text in counts))


def separable(counts: Mapping[str, int], name: str) -> list[str]:
    """Say that short answers have a sign that may separate several right ones, and are compared as they stand.

    Most of them have it, or a tenth has commas and the name of the column says that there are several.
    """
    plain = [(_ENTITY.sub("", text), count) for text, count in counts.items()]
    for sign, pattern in _SEPARATING.items():
        if 2 * sum(count for text, count in plain if re.search(pattern, text)) > sum(counts.values()):
            said = f"{sign} in the answers are compared as they stand"
            return [f"{said}; where they separate right answers, write lists of them"]
    listed = [text for text in counts if _lists_names(text)]
    is_named = not words_of_name(name).isdisjoint((*SEVERAL, *LABEL_SETS, *WANTED))
    if is_named and 10 * sum(counts[text] for text in listed) >= sum(counts.values()):
        said = f"commas in {shown_name(name)}, such as '{listed[0]}', are compared as they stand"
        return [f"{said}; where they separate right answers or labels, write lists of them"]
    return []


def _lists_names(text: str) -> bool:
    """Whether commas stand between a few words each."""
    parts = re.split(r",\s+|[，、]\s*", text.strip())
    return len(parts) > 1 and all(0 < len(part.split()) <= _LONGEST_NAME for part in parts)


def _are_joined(counts: Mapping[str, int], split: Iterable[Sequence[str]]) -> bool:
    """Whether the parts of texts are a closed set, of fewer than the texts, and several rows have more than one."""
    parts: Counter[str] = Counter()
    several = 0
    for count, members in zip(counts.values(), split, strict=True):
        parts.update({member: count for member in members})
        several += count * (len(members) > 1)
    return several >= ROWS_PER_LABEL and len(parts) < len(counts) and is_closed_set(parts) and "" not in parts


def form_of(targets: Sequence[str]) -> str:
    """Say how answers list their labels."""
    if any(isinstance(parsed(target), list) for target in targets):
        return "as a JSON list"
    signs = ("\n", *"".join(SEPARATORS), " + ", " #", " __label__")
    marks = Counter(sign for target in targets for sign in signs if sign in target)
    mark = marks.most_common(1)[0][0].strip(" ") if marks else ","
    if mark == "\n":
        return "one a line"
    if mark in ("#", "__label__"):
        return f"each behind '{mark}'"
    return "with commas between them" if mark == "," else f"with '{mark}' between them"


def members_of(target: str) -> list[str]:
    """Return the labels of an answer, cut at no sign inside brackets; a list of other things than texts is one."""
    found = parsed(target)
    if isinstance(found, list):
        return found if all(isinstance(one, str) for one in found) else [target]
    members: list[str] = []
    for part in filter(None, map(str.strip, split_labels(target))):
        if members and _is_open(members[-1]):
            members[-1] += f", {part}"
        else:
            members.append(part)
    return [target] if not members or _is_open(members[-1]) else members


def _is_open(text: str) -> bool:
    """Whether a bracket has no other that closes it."""
    return any(text.count(left) != text.count(right) for left, right in ("()", "[]", "{}"))
