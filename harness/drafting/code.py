"""Answers that are code: programs, queries and commands, told by their column's name or by what they look like."""

import re
from collections.abc import Sequence

from harness.drafting.names import usual, words_of_name
from harness.drafting.values import NEARLY_ALL

_NAMES = {"sql", "sparql", "cypher", "bash", "shell", "cmd", "regex"}
_SOME = 0.5
# Lines that only code has: how statements begin and end.
_CODE = re.compile(
    r"^\s*(?:def |class |import |from [\w.]+ import |return\b|print\(|#include|#!/|<\?php|package |public |private "
    r"|function\b.*\(|(?:const|let|var) \w+ ?=|for \w+ in [^,]+:|while [^,]+:\s*$|for ?\(|if ?\(|\w+ ?= ?[\w.]+\()"
    r"|[;{]\s*$"
    r"|^\s*(?i:select\b[^'\"\n]*\bfrom\b|select\s*$|with \w+ as\b|insert into |update \w+ set )"
    r"|^\s*(?i:delete from |create table )",
    re.MULTILINE,
)
SAID = "the answers are programs or queries, which nothing here runs: they are compared as texts"
SYSTEM = "Answer with the code and nothing else."


def are_code(targets: Sequence[str], name: str) -> bool:
    """Whether answers are code.

    Args:
        targets: The answers.
        name: Of their column; under a name of code half of the answers need look like it, as 'E11.9' does not.
    """
    if not words_of_name(name).isdisjoint(_NAMES):
        return True
    needed = _SOME if usual(name).split("_")[-1] == "code" else NEARLY_ALL
    return sum(_CODE.search(target) is not None for target in targets) >= needed * len(targets)
