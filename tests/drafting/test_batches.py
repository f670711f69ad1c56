"""Requests of a batch are chats where the file holds their answers too, and else one sentence says what is missing."""

import pytest
from draft_files import Row, drafted, label, rows_of, said, save, sides, text

from harness.drafting import draft_task
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


def expired(n: int) -> Row:
    return {"id": f"b{n}", "custom_id": f"r{n}", "response": None, "error": {"code": "batch_expired", "message": "..."}}


def cut(line: Row, why: str = "") -> Row:
    """The line of an answer that ran into its length limit, or ended for another reason."""
    if "result" in line:
        return line | {
            "result": line["result"] | {"message": line["result"]["message"] | {"stop_reason": why or "max_tokens"}}
        }
    choice = line["response"]["body"]["choices"][0] | {"finish_reason": why or "length"}
    return line | {"response": {"status_code": 200, "body": {"choices": [choice]}}}


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
    items = [*task.study.train, *task.study.dev, *task.test]
    asked_and_said = {(item.question.text, item.target) for item in items}
    assert asked_and_said == {(f"{text(n, 6)}?", text(f"a{n}", 4)) for n in range(120) if n != 5}


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
@pytest.mark.parametrize("twice", ["requests", "answers"])
def test_id_with_two_requests_or_two_answers_is_refused(tmp_path, request_of, answer_of, twice):
    """Ids are unique within a batch alone, so two batches in one file may give a question the other's answer."""
    requests, answers = rows_of(request_of, 60), rows_of(answer_of, 60)
    rows = [*requests, *answers, *(requests[:4] if twice == "requests" else answers[:4])]
    with pytest.raises(TaskFileError) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    (fault,) = caught.value.faults
    assert fault.startswith("rows.jsonl lines 121, 122, 123 and 1 more: 'custom_id' is 'r0'; ")
    assert f"it has several {twice} in this file" in fault


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_request_that_failed_and_was_answered_later_has_that_answer(tmp_path, request_of, answer_of):
    later = answer_of(6) | {"custom_id": "r5"}
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(request_of, 120), *rows_of(answer_of, 120), later]))
    assert len([*task.study.train, *task.study.dev, *task.test]) == 120


def test_columns_beside_requests_stay_and_a_group_is_not_divided(tmp_path):
    rows = [*rows_of(lambda n: openai_request(n) | {"group": f"g{n // 6}"}, 120), *rows_of(openai_answer, 120)]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    group_of = {f"{text(n, 6)}?": n // 6 for n in range(120)}
    train, dev, test = ({group_of[asked] for asked in side} for side in sides(task).values())
    assert not (train & dev or train & test or dev & test)


@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_requests_without_a_whole_answer_and_answers_without_a_request_are_counted(tmp_path, request_of, answer_of):
    answers = [cut(answer) if at in (1, 2) else answer for at, answer in enumerate(rows_of(answer_of, 170)) if at != 9]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(request_of, 120), *answers]))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.id for item in items} == {f"r{n}" for n in range(120)} - {"r1", "r2", "r5", "r9"}
    ended = "failed: 1, cut off or refused, as 'finish_reason' or 'stop_reason' says: 2, not in this file: 1"
    assert f"requests without a whole answer have none to learn or to score ({ended})" in said(task)
    assert "answers without a request in this file are left out: 50 of 166" in said(task)


def test_thoughts_in_an_answer_are_named(tmp_path):
    def thought(n: int) -> Row:
        line = openai_answer(n)
        for choice in line["response"]["body"].get("choices", ()):
            choice["message"]["reasoning_content"] = text(f"t{n}", 9)
        return line

    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *rows_of(thought, 120)]))
    assert "'reasoning_content' of the turns is not used" in said(task)


@pytest.mark.parametrize("rest", [{}, {"stop_reason": "end_turn", "model": "m", "type": "message", "usage": {"in": 3}}])
def test_what_anthropic_says_about_an_answer_is_no_part_of_the_turn(tmp_path, rest):
    def line(n: int) -> Row:
        found = anthropic_answer(n)
        found["result"].get("message", {}).update(rest)
        return found

    draft = draft_task(
        save(tmp_path / "rows.jsonl", [*rows_of(anthropic_request, 120), *rows_of(line, 120)]), tmp_path / "out"
    )
    assert not any("of the turns is not used" in one for one in (*draft.notes, *draft.doubts))


def test_request_that_expired_is_one_that_failed(tmp_path):
    answers = [expired(n) if n < 3 else openai_answer(n) for n in range(120)]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *answers]))
    assert "requests without a whole answer have none to learn or to score (failed: 4)" in said(task)


@pytest.mark.parametrize(
    ("answer_of", "why"),
    [
        (expired, "failed: 40"),
        (lambda n: cut(openai_answer(n + 6)), "cut off or refused, as .* says: 34, not in this file: 6"),
    ],
)
def test_batch_without_any_whole_answer_says_how_its_requests_ended(tmp_path, answer_of, why):
    rows = [*rows_of(openai_request, 40), *rows_of(answer_of, 40)]
    with pytest.raises(TaskFileError, match=rf"no request has a whole answer \({why}"):
        drafted(save(tmp_path / "rows.jsonl", rows))


def test_rows_with_a_custom_id_and_an_object_are_no_batch(tmp_path):
    rows = rows_of(lambda n: {"custom_id": f"r{n}", "body": {"text": text(n, 9)}, "label": label(n)})
    task = drafted(save(tmp_path / "rows.jsonl", rows), inputs=["body.text"], target="label")
    assert task.primary_metric == "label_accuracy" and {item.target for item in task.test} <= {
        label(n) for n in range(7)
    }


@pytest.mark.parametrize("why", ["content_filter", "refusal", "pause_turn", "model_context_window_exceeded"])
@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_answer_that_ended_for_any_reason_but_its_end_is_not_learnt(tmp_path, request_of, answer_of, why):
    answers = [cut(line, why) if at in (1, 2) else line for at, line in enumerate(rows_of(answer_of, 120))]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(request_of, 120), *answers]))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.id for item in items} == {f"r{n}" for n in range(120)} - {"r1", "r2", "r5"}


@pytest.mark.parametrize("why", ["stop", "end_turn", "stop_sequence", "STOP", None])
@pytest.mark.parametrize(("request_of", "answer_of"), APIS)
def test_answer_that_came_to_its_end_is_learnt(tmp_path, request_of, answer_of, why):
    answers = [cut(line, why) if why and at != 5 else line for at, line in enumerate(rows_of(answer_of, 120))]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(request_of, 120), *answers]))
    assert len([*task.study.train, *task.study.dev, *task.test]) == 119


def test_other_words_for_the_end_are_taken_for_it_and_said(tmp_path):
    answers = [cut(line, "eos") if at % 2 and at != 5 else line for at, line in enumerate(rows_of(openai_answer, 120))]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *answers]))
    assert len([*task.study.train, *task.study.dev, *task.test]) == 119
    assert "answers that ended with 'eos' are taken for whole ones" in said(task)


def test_chat_with_a_further_key_is_no_other_kind_of_batch(tmp_path):
    def line(n: int) -> Row:
        found = openai_answer(n)
        found["response"]["body"]["data"] = None
        return found

    answers = [line(n) for n in range(120) if n != 5]
    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *answers]))
    assert len([*task.study.train, *task.study.dev, *task.test]) == 119


def test_answer_with_the_text_of_a_refusal_is_not_learnt(tmp_path):
    def refused(n: int) -> Row:
        line = openai_answer(n)
        if n in (1, 2):
            line["response"]["body"]["choices"][0]["message"] |= {"content": "No.", "refusal": "I cannot help."}
        return line

    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *rows_of(refused, 120)]))
    assert not {"r1", "r2"} & {item.id for item in [*task.study.train, *task.study.dev, *task.test]}


def test_first_whole_answer_of_several_is_taken_and_said(tmp_path):
    def several(n: int) -> Row:
        line = openai_answer(n)
        if choices := line["response"]["body"].get("choices"):
            first = {"message": {"role": "assistant", "content": "half of"}, "finish_reason": "length"}
            last = {"message": {"role": "assistant", "content": "another"}, "finish_reason": "stop"}
            choices[:] = [first, *choices, last]
        return line

    task = drafted(save(tmp_path / "rows.jsonl", [*rows_of(openai_request, 120), *rows_of(several, 120)]))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.id: item.target for item in items} == {f"r{n}": text(f"a{n}", 4) for n in range(120) if n != 5}
    assert "requests have several answers each, of which the first whole one is taken" in said(task)


@pytest.mark.parametrize(("request_of", "part"), [(openai_request, "body"), (anthropic_request, "params")])
def test_what_a_request_asks_beside_its_turns_is_named(tmp_path, request_of, part):
    more = {"metadata": {"desk": "a"}, "response_format": {"type": "json_object"}}
    requests = rows_of(lambda n: request_of(n) | {part: request_of(n)[part] | more}, 120)
    answers = rows_of(openai_answer if part == "body" else anthropic_answer, 120)
    written = said(drafted(save(tmp_path / "rows.jsonl", [*requests, *answers])))
    assert all(f"column '{name}' is not used" in written for name in more)


def test_line_that_belongs_to_no_batch_is_named(tmp_path):
    rows = [*rows_of(openai_request, 60), {"note": "end of requests"}, *rows_of(openai_answer, 60)]
    with pytest.raises(TaskFileError) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    (fault,) = caught.value.faults
    assert fault == "rows.jsonl line 61: the line is neither a request nor an answer of a batch; fix or remove it"


OTHERS = [
    ("/v1/embeddings", {"object": "list", "data": [{"embedding": [0.5]}]}),
    ("/v1/completions", {"object": "text_completion", "choices": [{"text": "yes"}]}),
    ("/v1/moderations", {"results": [{"flagged": False}]}),
]


@pytest.mark.parametrize(("api", "body"), OTHERS)
def test_answers_of_another_kind_of_batch_are_refused_by_its_name(tmp_path, api, body):
    rows = rows_of(lambda n: {"custom_id": f"r{n}", "response": {"status_code": 200, "body": body}}, 60)
    with pytest.raises(TaskFileError, match=f"holds a batch of {api}, which is not read"):
        drafted(save(tmp_path / "rows.jsonl", rows))


def responses_request(n: int) -> Row:
    body = {"model": "m", "input": f"{text(n, 6)}?"}
    return {"custom_id": f"r{n}", "method": "POST", "url": "/v1/responses", "body": body}


def responses_answer(n: int) -> Row:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text(f"a{n}", 4)}]}
    response = {"status_code": 200, "body": {"object": "response", "output": [said]}}
    return {"id": f"b{n}", "custom_id": f"r{n}", "response": response, "error": None}


@pytest.mark.parametrize("lines", [[responses_request], [responses_answer], [responses_request, responses_answer]])
def test_batch_of_responses_is_refused_by_its_name(tmp_path, lines):
    rows = [row for line in lines for row in rows_of(line, 60)]
    with pytest.raises(TaskFileError) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    (fault,) = caught.value.faults
    assert fault.startswith("rows.jsonl: holds a batch of /v1/responses, which is not read; ")


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
