"""Requests of a batch and their answers, as OpenAI and Anthropic have them: lines that `custom_id` ties together.

A file of both, such as the output's lines below those of the requests, holds chats.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.task.faults import Faults
from harness.task.row import Row

_ID = "custom_id"
_JOIN = "write the lines of both files into one: they are matched by 'custom_id'"
_OF_BATCH = 0.9  # share of the lines; else they are of another form
_READ = ("system", "tools", "functions")  # of a request: columns that chats have
_UNREAD = ("tool_choice", "response_format", "metadata")  # of a request: columns that are named as unused
_OTHER_APIS = {"output": "/v1/responses", "data": "/v1/embeddings", "results": "/v1/moderations"}  # by a key of answers
_FORM = (_ID, "method", "url", "body", "params", "response", "result", "error")  # columns of a batch, used up
_RESULTS = ("succeeded", "errored", "canceled", "expired")  # Anthropic's
# Why an answer ended before it was whole, or was refused; and why a whole one does. Other servers have other words.
_CUT = ("length", "content_filter", "max_tokens", "refusal", "pause_turn", "model_context_window_exceeded")
_WHOLE = ("", "none", "stop", "end_turn", "stop_sequence", "tool_calls", "tool_use", "function_call")
_ENVELOPE = ("type", "model", "stop_reason", "stop_sequence", "usage", "container")  # of Anthropic's messages


def batch_rows(rows: Sequence[Row], file: str, faults: Faults) -> list[Row]:
    """Return a chat for each request of a batch, with its answer as the last turn; rows of another form as they are.

    Args:
        rows: Of one file.
        file: Its name, for a fault.
        faults: Told where requests or answers are missing, or an id does not tell which belong together.
    """
    odd = [row for row in rows if not _is_of_batch(row)]
    if not rows or len(odd) > (1 - _OF_BATCH) * len(rows):
        return list(rows)
    for row in odd:
        faults.add(
            file, "the line is neither a request nor an answer of a batch; fix or remove it", row.number, row.unit
        )
    if odd:
        return []
    requests = [row for row in rows if _request(row)]
    results = [row for row in rows if _result(row)]
    answered = {_id(row): row for row in results if _whole_answers(row)}
    missing = _missing(requests, results, answered)
    if fault := _fault(rows, requests, results, missing):
        faults.add(file, fault)
        return []
    before = faults.count
    _refuse_repeated(requests, "requests", file, faults)
    _refuse_repeated([row for row in results if _whole_answers(row)], "answers", file, faults)
    if faults.count > before:
        return []
    if any(missing.values()):
        faults.guess(file, f"requests without a whole answer have none to learn or to score ({_listed(missing)})")
    if unasked := len(answered.keys() - set(map(_id, requests))):
        faults.guess(file, f"answers without a request in this file are left out: {unasked} of {len(answered)}")
    if any(len(_whole_answers(row)) > 1 for row in answered.values()):
        faults.guess(file, "requests have several answers each, of which the first whole one is taken")
    if ends := sorted({end for row in results for _, end in _answers(row)} - {*_CUT, *_WHOLE}):
        faults.guess(file, f"answers that ended with {', '.join(map(repr, ends))} are taken for whole ones")
    return [_chat(row, answered.get(_id(row))) for row in requests]


def _fault(rows: Sequence[Row], requests: Sequence[Row], results: Sequence[Row], missing: Mapping[str, int]) -> str:
    """Say why no chat can be made of a batch's lines; '' where one can."""
    if api := next(filter(None, map(_other_api, rows)), ""):
        remedy = "write each chat as 'messages', with the answer as its last turn"
        return f"holds a batch of {api}, which is not read; {remedy}"
    if not requests:
        return f"holds answers of a batch without the chats that were asked; {_JOIN}"
    if not results:
        return f"holds requests of a batch without their answers, which are in its output file; {_JOIN}"
    if sum(missing.values()) == len(requests):
        remedy = "give the output that has them"
        return f"holds a batch of which no request has a whole answer ({_listed(missing)}); {remedy}"
    return ""


def _is_of_batch(row: Row) -> bool:
    return _ID in row.values and bool(_request(row) or _result(row) or _other_api(row))


def _id(row: Row) -> str:
    return str(row.values[_ID])


def _request(row: Row) -> dict[str, Any]:
    """Return what was asked, where it is a chat."""
    asked = _object(row.values.get("body")) or _object(row.values.get("params"))
    return asked if isinstance(asked.get("messages"), list) else {}


def _result(row: Row) -> dict[str, Any]:
    """Return what became of a request."""
    response, result, error = (row.values.get(name) for name in ("response", "result", "error"))
    if isinstance(response, dict) and not response.keys().isdisjoint(("status_code", "body")):
        return response
    if isinstance(result, dict) and result.get("type") in _RESULTS:
        return result
    return {"error": error} if isinstance(error, dict) and "response" in row.values and response is None else {}


def _other_api(row: Row) -> str:
    """Return the address that a batch without chats goes to; '' for any other row."""
    url = row.values.get("url")
    if isinstance(url, str) and url.startswith("/v1/") and isinstance(row.values.get("body"), dict):
        return "" if _request(row) else url
    body = _object(_result(row).get("body"))
    if body.get("object") == "text_completion":
        return "/v1/completions"
    if "choices" in body:
        return ""
    return next((api for key, api in _OTHER_APIS.items() if key in body), "")


def _answers(row: Row) -> list[tuple[dict[str, Any], str]]:
    """Return the answers' turns, each with why it ended; none where a request failed."""
    result = _result(row)
    choices = _object(result.get("body")).get("choices")
    choices = [_object(choice) for choice in choices] if isinstance(choices, list) else []
    message = _object(result.get("message"))
    turns = [(choice.get("message"), choice.get("finish_reason")) for choice in choices]
    turns.append(({key: held for key, held in message.items() if key not in _ENVELOPE}, message.get("stop_reason")))
    return [(turn, str(end or "").casefold()) for turn, end in turns if isinstance(turn, dict) and turn]


def _whole_answers(row: Row) -> list[dict[str, Any]]:
    return [turn for turn, end in _answers(row) if end not in _CUT and not turn.get("refusal")]


def _refuse_repeated(rows: Sequence[Row], what: str, file: str, faults: Faults) -> None:
    """Note each row with the id of an earlier one: ids are unique only within one batch."""
    seen: set[str] = set()
    for row in rows:
        if _id(row) in seen:
            remedy = (
                f"give each request an id of its own, and its answer the same one, or remove {what} that stand twice"
            )
            faults.add(
                file, f"'{_ID}' is {_id(row)!r}; it has several {what} in this file: {remedy}", row.number, row.unit
            )
        seen.add(_id(row))


def _missing(requests: Sequence[Row], results: Sequence[Row], answered: Collection[str]) -> dict[str, int]:
    """Count the requests without a whole answer by what became of them."""
    ended = {_id(row) for row in results}
    cut = {_id(row) for row in results if _answers(row)}
    left = [_id(row) for row in requests if _id(row) not in answered]
    return {
        "failed": sum(one in ended - cut for one in left),
        "cut off or refused, as 'finish_reason' or 'stop_reason' says": sum(one in cut for one in left),
        "not in this file": sum(one not in ended for one in left),
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what}: {count}" for what, count in counts.items() if count)


def _chat(row: Row, answer: Row | None) -> Row:
    """Return a request as a chat, beside the columns that stand in its line and in its answer's."""
    request, lines = _request(row), {**(answer.values if answer else {}), **row.values}
    columns = {name: held for name, held in lines.items() if name not in _FORM}
    told = {name: request[name] for name in _READ if request.get(name)}
    kept = {name: request[name] for name in _UNREAD if request.get(name)}
    said = _whole_answers(answer)[:1] if answer else []
    return replace(
        row, values={**kept, **columns, "id": row.values[_ID], "messages": [*request["messages"], *said], **told}
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
