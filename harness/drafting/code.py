"""Answers that are code: programs, queries and commands, told by their column's name or by what they look like."""

import re
from collections.abc import Sequence

from harness.drafting.names import usual
from harness.drafting.values import NEARLY_ALL

_LANGUAGES = {"sql", "sparql", "cypher", "bash", "shell", "cmd", "regex"}
_PROGRAMS = {"query", "queries", "command", "commands", "statement", "script", "pattern", "code", "output", "answer"}
_HALF = 0.5
# Lines that only code has. 'y = 2(x - 3)', 'Select it from the menu.' and clauses with semicolons are none.
_LINES = (
    r"\s*def \w+\(.*", r"\s*function\b.*\(.*", r"\s*class \w+\s*[:({].*", r"\s*import [\w.]+(?: as \w+)?;?\s*",
    r"\s*from [\w.]+ import .*", r"\s*print\(.*", r"(?:#include|#!/|<\?php).*", r"\s*(?:const|let|var) \w+ ?=.*",
    r"\s*for \w+ in [^,]+:.*", r"\s*while [^,]+:\s*", r"\s*(?:for|if) ?\(.*\)\s*[{:]?\s*", r"\s+return\b.*",
    r"\s*\w+ ?= ?[A-Za-z_]\w*\.\w+\(.*", r".*(?:\)|=.*);\s*", r".*[\w)] ?\{\s*",
    r"\s*(?:select|SELECT)(?:\s*|\b[^'\"\n]*\b(?:from|FROM) (?!(?:the|an?|your|this|these|each)\b).*)",
    r"\s*(?:with|WITH) \w+ (?:as|AS)\s*\(.*", r"\s*(?i:insert into \w+[ (]|update \w+ set \w+ ?=|create table \w+).*",
    r"\s*(?i:delete from \w+(?:;?\s*| where\b.*))",
)  # fmt: skip
_CODE = re.compile(rf"^(?:{'|'.join(_LINES)})$", re.MULTILINE)
SAID = "the answers are programs or queries, which nothing here runs: they are compared as texts"
SYSTEM = "Answer with the code and nothing else."


def are_code(targets: Sequence[str], name: str) -> bool:
    """Whether answers are code.

    Args:
        targets: The answers.
        name: Of their column; under a name of code half of the answers need look like it, as 'E11.9' does not.
    """
    words = usual(name).split("_")
    if not _LANGUAGES.isdisjoint(words) and words[-1] in _LANGUAGES | _PROGRAMS:
        return True
    needed = _HALF if words[-1] == "code" else NEARLY_ALL
    return sum(_CODE.search(target) is not None for target in targets) >= needed * len(targets)
