"""Requests of a batch and their answers, as OpenAI and Anthropic have them: lines that `custom_id` ties together.

A file of both, such as the output's lines below those of the requests, holds chats.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.task.faults import Faults
from harness.task.row import Row

_ID = "custom_id"
_JOIN = "write the lines of both files into one: they are matched by 'custom_id'"


def batch_rows(rows: Sequence[Row], file: str, faults: Faults) -> list[Row]:
    """Return a chat for each request of a batch, with its answer as the last turn; rows of another form as they are.

    Args:
        rows: Of one file.
        file: Its name, for a fault.
        faults: Told where requests or answers are missing.
    """
    if not rows or not all(_ID in row.values and (_request(row) or _result(row)) for row in rows):
        return list(rows)
    requests = [row for row in rows if isinstance(_request(row).get("messages"), list)]
    answers = {str(row.values[_ID]): found for row in rows if (found := _answers(row))}
    if not requests:
        faults.add(file, f"holds answers of a batch without the chats that were asked; {_JOIN}")
        return []
    if not answers:
        faults.add(file, f"holds requests of a batch without their answers, which are in its output file; {_JOIN}")
        return []
    if any(len(found) > 1 for found in answers.values()):
        faults.guess(file, "requests have several answers each, of which the first is taken")
    return [_chat(row, answers.get(str(row.values[_ID]), [])) for row in requests]


def _request(row: Row) -> dict[str, Any]:
    return _object(row.values.get("body")) or _object(row.values.get("params"))


def _result(row: Row) -> dict[str, Any]:
    return _object(row.values.get("response")) or _object(row.values.get("result"))


def _answers(row: Row) -> list[dict[str, Any]]:
    """Return the answers' turns, the first one first; none where a request failed."""
    result = _result(row)
    choices = _object(result.get("body")).get("choices")
    turns = [_object(choice).get("message") for choice in choices] if isinstance(choices, list) else []
    return [turn for turn in (*turns, result.get("message")) if isinstance(turn, dict)]


def _chat(row: Row, answers: Sequence[dict[str, Any]]) -> Row:
    request = _request(row)
    beside = {name: request[name] for name in ("system", "tools") if request.get(name)}
    said = [{key: turn[key] for key in ("role", "content", "tool_calls") if turn.get(key)} for turn in answers[:1]]
    return replace(row, values={"id": row.values[_ID], "messages": [*request["messages"], *said], **beside})


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
