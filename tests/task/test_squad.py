"""The file in which SQuAD is published."""

import json

import pytest

from harness.task.faults import Faults
from harness.task.rows import rows_in
from harness.task.squad import squad_rows


def squad(*answers: list[str], **beside: str) -> dict:
    qas = [
        {"id": f"q{n}", "question": f"Question {n}?", "answers": [{"text": text, "answer_start": 0} for text in texts]}
        for n, texts in enumerate(answers)
    ]
    return {"version": "1.1", "data": [{**beside, "paragraphs": [{"context": "A text.", "qas": qas}]}]}


def test_each_question_is_a_row_with_its_text_and_all_answers():
    faults = Faults()
    found = rows_in(json.dumps(squad(["1", "one"], ["two"], title="Keys")), ".json", "squad.json", faults)
    assert faults.count == 0
    assert [row.values for row in found] == [
        {"id": "q0", "title": "Keys", "context": "A text.", "question": "Question 0?", "answers": ["1", "one"]},
        {"id": "q1", "title": "Keys", "context": "A text.", "question": "Question 1?", "answers": ["two"]},
    ]


def test_title_may_be_missing_and_a_question_without_an_answer_stays_to_be_named():
    [row] = squad_rows(squad([]))
    assert "title" not in row and row["answers"] == []


@pytest.mark.parametrize(
    "values", [{}, {"data": 3}, {"data": [3]}, {"data": [{"paragraphs": [{}]}]}, {"data": [{"rows": []}]}, [1], "a"]
)
def test_another_form_is_left_to_be_refused(values):
    assert not squad_rows(values)


def test_object_of_another_form_is_still_one_fault():
    faults = Faults()
    assert rows_in(json.dumps({"data": [{"rows": []}]}), ".json", "rows.json", faults) == []
    assert faults.count == 1
