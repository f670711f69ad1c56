"""Answers that are JSON, in one text."""

import json

from harness.metrics.json_reading import FENCE


def parsed(text: str) -> object:
    """Return the JSON list or object that a text is, alone or in one code fence; None of any other."""
    text = text.strip()
    if fenced := FENCE.fullmatch(text):
        text = fenced[1].strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
