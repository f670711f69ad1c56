"""Answers that are calls of tools: as JSON, behind a mark of a model's format, or as `tool_call` does not read them."""

import re

from harness.drafting.json_text import parsed
from harness.metrics.json_search import find_json
from harness.tool_calls import calls_in

_TAG = re.compile(r"<(?:tool_call|function_call)>")
# Calls as Python writes them, as ReAct does, and behind a mark or in keys of a call where they are no JSON.
_OTHER = re.compile(
    r"\A\s*\[?\s*[A-Za-z_][\w.]*\(\s*[A-Za-z_]\w*\s*=.*\)\s*\]?\s*\Z|^Action Input:"
    r"|\A\s*[<\[][^<>\[\]\s]{0,20}(?:tool|call|function|python_tag)[^<>\[\]\s]{0,20}[>\]]"
    r"|\A[^{}\n]{0,30}\{\s*[\"']name[\"']\s*:.{0,200}[\"'](?:arguments|parameters)[\"']\s*:",
    re.S | re.M | re.I,
)


def may_call(target: str) -> bool:
    """Whether an answer looks like a call of a tool that the metric may not read."""
    return _OTHER.search(target) is not None


def is_calls(target: str) -> bool:
    """Whether an answer is calls of tools that the metric reads: as JSON, in tags, or behind a mark."""
    if _TAG.search(target):
        return any(calls_in(value) for value in find_json(target))
    found = parsed(target)
    if found is None:
        return _is_marked(target)
    calls = found if isinstance(found, list) else [found]
    return bool(calls) and all(isinstance(call, dict) and {"name", "arguments"} <= call.keys() for call in calls)


def _is_marked(target: str) -> bool:
    """Whether JSON that makes calls stands behind a mark such as '[TOOL_CALLS]' or '<functioncall>', and no words."""
    head, tail = target.partition("{")[0].rstrip("[ \n"), target.rpartition("}")[2].strip("] \n")
    if not head or head[0] not in "<[" or len(head.split()) > 1 or len(tail.split()) > 1:
        return False
    found = find_json(target)
    return bool(found) and all(calls_in(value, takes_names=False) for value in found)
