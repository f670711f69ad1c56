"""Answers that are code: programs, queries and commands, told by their column's name or by what they look like."""

import re
from collections.abc import Sequence

from harness.drafting.names import usual
from harness.drafting.values import NEARLY_ALL

_LANGUAGES = {"sql", "sparql", "cypher", "bash", "shell", "cmd", "regex"}
_ABOUT = {  # with one of these at its end a name is about code
    "explanation", "description", "comment", "meaning", "type", "kind", "dialect", "version", "name", "id", "result",
    "results", "output", "error", "prompt", "question", "topic", "level", "difficulty", "complexity", "schema", "words",
}  # fmt: skip
_HALF = 0.5
# Lines that only code has. 'y = f(x)', 'Select it from the menu.' and clauses with semicolons are prose.
_ARTICLE = r"(?!(?:the|an?|your|this|these|each)\b)"
_SQL = (
    r"(?:SELECT|FROM|WHERE|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|MATCH|WITH)\b.*",
    rf"(?i:select)\b[^'\"]*\b(?i:from) {_ARTICLE}[^.]*(?:\.\w[^.]*)*", r"(?i:select)",
    rf"(?i:insert into|delete from|create table|drop table|alter table|update) {_ARTICLE}[\w.`\"]+(?:[ (;].*)?[^.]",
    r"(?i:with) \w+ (?i:as)\s*\(.*",
)  # fmt: skip
_STATEMENTS = (
    r"def \w+\(.*", r"function\s*\w*\s*\([^)]*\)\s*\{.*", r"class \w+(?:\(.*\))?\s*[:{].*", r"#include.*",
    r"(?:#!/|<\?php).*",
    r"import [\w.]+(?:\.\*|, ?[\w.]+)*(?: as \w+)?;?(?:\s*#.*)?", r"import .* from ['\"].*", r"from [\w.]+ import .*",
    r"package [\w.]+;", r"(?:public|private|protected)\b.*[;{}]", r"print\(.*", r"(?:const|var) \w+ ?=.*",
    r"let \w+ ?= ?\S+;?", r"for \w+ in [^,]+:.*", r"while [^,]+:", r"(?:for|if) ?\(.*\)\s*[{:]?",
    r"return\b.*[-+*/%=<>([{\"'].*",
    r"\w+ ?= ?(?:[A-Za-z_]\w*\.\w+|(?!(?:sin|cos|tan|log|exp|sqrt|max|min)\b)[A-Za-z_]\w{2,})\(.*",
)  # fmt: skip
_ENDS = (r"[^(){}=\"]*[(){}=\"].*;", r".*[\w)] ?\{")
_CODE = re.compile("|".join((*_SQL, *_STATEMENTS, *_ENDS)))
_RETURN = re.compile(r"[ \t]+return\b")  # of a function's body
_LONGEST = 2_000  # characters of a line that are looked at
SAID = "the answers are programs or queries, which nothing here runs: they are compared as texts"
SYSTEM = "Answer with the code and nothing else."


def are_code(targets: Sequence[str], name: str) -> bool:
    """Whether answers are code.

    Args:
        targets: The answers.
        name: Of their column; under a name of code half of the answers need look like it, as 'E11.9' does not.
    """
    words = usual(name).split("_")
    if not _LANGUAGES.isdisjoint(words) and words[-1] not in _ABOUT:
        return True
    needed = _HALF if words[-1] == "code" else NEARLY_ALL
    return sum(any(map(_is_code, target.splitlines())) for target in targets) >= needed * len(targets)


def _is_code(line: str) -> bool:
    return _CODE.fullmatch(line[:_LONGEST].strip()) is not None or _RETURN.match(line[:_LONGEST]) is not None
