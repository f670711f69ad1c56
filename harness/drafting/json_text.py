"""Answers that are JSON, in one text."""

import json


def parsed(text: str) -> object:
    """Return the JSON list or object that a text is; None of any other."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
