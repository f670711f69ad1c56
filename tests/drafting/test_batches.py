"""Requests of a batch are chats where the file holds their answers too, and else one sentence says what is missing."""

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from harness.errors import TaskFileError

SYSTEM = {"role": "system", "content": "Be brief."}


def openai_request(n: int) -> Row:
    body = {"model": "m", "messages": [SYSTEM, {"role": "user", "content": f"{text(n, 6)}?"}], "max_tokens": 9}
    return {"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def openai_answer(n: int) -> Row:
    message = {"role": "assistant", "content": text(f"a{n}", 4), "refusal": None}
    body = {"id": f"c{n}", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    failed = {"status_code": 500, "body": {"error": "overloaded"}}
    response = failed if n == 5 else {"status_code": 200, "body": body}
    return {"id": f"b{n}", "custom_id": f"r{n}", "response": response, "error": None}


def anthropic_request(n: int) -> Row:
    asked = [{"role": "user", "content": f"{text(n, 6)}?"}]
    return {"custom_id": f"r{n}", "params": {"model": "m", "max_tokens": 9, "system": "Be brief.", "messages": asked}}


def anthropic_answer(n: int) -> Row:
    message = {"id": "m", "role": "assistant", "content": [{"type": "text", "text": text(f"a{n}", 4)}]}
    result = {"type": "errored", "error": {}} if n == 5 else {"type": "succeeded", "message": message}
    return {"custom_id": f"r{n}", "result": result}


APIS = [(openai_request, openai_answer), (anthropic_request, anthropic_answer)]


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_requests_with_the_lines_of_their_answers_are_chats(tmp_path, request_of, answer_of):
    rows = [*rows_of(request_of, 120), *reversed(rows_of(answer_of, 120))]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.id: item.target for item in items} == {f"r{n}": text(f"a{n}", 4) for n in range(120) if n != 5}
    assert {item.question.text for item in items} == {f"{text(n, 6)}?" for n in range(120) if n != 5}
    assert 'system: "Be brief."' in said(task)


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_requests_and_answers_in_one_line_each_are_chats(tmp_path, request_of, answer_of):
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: answer_of(n) | request_of(n), 120)))
    assert {item.target for item in task.test} <= {text(f"a{n}", 4) for n in range(120)}


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_requests_or_answers_alone_are_refused_in_one_sentence_that_says_what_is_missing(
    tmp_path, request_of, answer_of
):
    with pytest.raises(TaskFileError) as caught:
        drafted(save(tmp_path / "requests.jsonl", rows_of(request_of, 120)))
    assert [fault.partition("; ")[0] for fault in caught.value.faults] == [
        "requests.jsonl: holds requests of a batch without their answers, which are in its output file"
    ]
    with pytest.raises(TaskFileError, match="holds answers of a batch without the chats that were asked"):
        drafted(save(tmp_path / "answers.jsonl", rows_of(answer_of, 120)))
