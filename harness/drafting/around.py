"""What stands around all answers and is no part of what they say: code fences, and marks at the end."""

import re
from collections.abc import Sequence

from harness.drafting.values import NEARLY_ALL

_LAST_BLOCK = re.compile(r"```[^\n`]*\n.*?\n?[ \t]*```\s*\Z", re.DOTALL)
_INSIDE = r"(?s)```[^\n]*\n(.*?)\n?```"  # its last match is the last block
# What stands at an answer's end to stop a model: a word in capitals, signs, a tag that closes nothing.
_STOP = re.compile(r"(?<=\s)[!-/:-`{-~]{3,}\Z|[#*=~|@$%^&+-]{3,}\Z|<[^<>\s/][^<>\s]*>\Z|\[\|?[A-Za-z_]+\|?\]\Z")
_LONGEST_STOP = 40  # characters
# Tags of HTML that nothing need close.
_OPEN_TAG = re.compile(r"<(?:br|hr|img|wbr|p|li|dt|dd|tr|td|th|option|input)\b[^<>]*>\Z", re.IGNORECASE)


def doubted_fences(targets: Sequence[str]) -> list[str]:
    """Say that nearly all answers end with a block of code, CSV or the like, which counts with its fence."""
    if sum(_LAST_BLOCK.search(target) is not None for target in targets) < NEARLY_ALL * len(targets):
        return []
    said = "nearly all answers end with a code block, and its fence is learnt and compared with what stands in it"
    return [f"{said}; answer: {{pattern: '{_INSIDE}'}} scores what stands in it alone"]


def shared_end(targets: Sequence[str]) -> list[str]:
    """Say that all answers end in one word in capitals or marks, as those have that were written for a stop word."""
    stripped = [target.rstrip() for target in targets]
    last = stripped[0][-_LONGEST_STOP:]
    tag = _OPEN_TAG.search(last)
    found = tag or _STOP.search(last)
    if not found or not all(target.endswith(found[0]) and target != found[0] for target in stripped):
        return []
    if doubted_fences(targets):
        return []
    said = f"every answer ends in '{found[0]}', which is learnt and scored with it"
    if tag:
        return [f"{said}; it is HTML: take it off where it only lays the text out"]
    return [f"{said}; take it off where it marks the end"]
