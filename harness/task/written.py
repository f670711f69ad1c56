"""Lists and objects that a text writes, as tables have to hold them: in JSON's, Python's or NumPy's spelling."""

import ast
import json
import re
from typing import Any

_LONGEST = 100_000  # characters of a value in Python's spelling
# Quoted texts or numbers with blanks between them: an array as NumPy prints it, which Python reads as one long text.
_ITEM = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d+(?:\.\d*)?"
_ARRAY = re.compile(rf"\[\s*(?:{_ITEM})(?:\s+(?:{_ITEM}))+\s*\]", re.DOTALL)
_TYPED_ARRAY = re.compile(r"array\((\[.*\])(?:,\s*dtype=\w+)?\)", re.DOTALL)


def literal(text: str) -> Any:
    """Return the value that a text writes; None where it writes none."""
    if typed := _TYPED_ARRAY.fullmatch(text.strip()):
        text = typed[1]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return _python_value(text.strip()) if len(text) <= _LONGEST else None
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return None


def written_turns(value: Any) -> Any:
    """Return the list of objects that a text writes, as chats stand in tables; any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    found = literal(value)
    is_chat = isinstance(found, list) and bool(found) and all(isinstance(turn, dict) for turn in found)
    return found if is_chat else value


def _python_value(text: str) -> Any:
    if _ARRAY.fullmatch(text):
        return [ast.literal_eval(item) for item in re.findall(_ITEM, text, re.DOTALL)]
    return ast.literal_eval(text)
