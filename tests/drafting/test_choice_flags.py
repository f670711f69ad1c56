"""Lists of true and false, or 1 and 0, beside the choices say which of them are right."""

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from harness.drafting import InDoubt
from harness.errors import TaskFileError

NUMBER = 4  # of choices


def asked(n: int) -> tuple[list[str], int]:
    """Four choices and the place of the right one."""
    return [text((n, at), 1 + at % 2) for at in range(NUMBER)], n * 7 % 5 % NUMBER


@pytest.mark.parametrize("name", ["labels", "answer", "is_correct"])
@pytest.mark.parametrize("mark", [bool, int])
def test_list_with_a_yes_for_one_choice_names_it(tmp_path, name, mark):
    def row(n: int) -> Row:
        texts, right = asked(n)
        return {"question": f"{text(n, 7)}?", "choices": texts, name: [mark(at == right) for at in range(NUMBER)]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    right = {f"{text(n, 7)}?": "ABCD"[asked(n)[1]] for n in range(120)}
    assert task.primary_metric == "choice"
    assert all(item.target == right[item.question.text.partition("\n\n")[0]] for item in task.test)


def test_row_with_a_list_of_marks_that_does_not_fit_is_left_out(tmp_path):
    def row(n: int) -> Row:
        texts, right = asked(n)
        marks = [int(at == right) for at in range(NUMBER)]
        return {"question": f"{text(n, 7)}?", "choices": texts, "labels": {3: marks[:3], 4: [0] * NUMBER}.get(n, marks)}

    written = said(drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))))
    assert "'labels' has no flag (true or false, 1 or 0) for each of the 4 answers" in written
    assert "'labels' marks no answer as right" in written


@pytest.mark.parametrize("name", ["votes", "shown", "prediction", "scores", "tags", "ranking", "toxic"])
def test_list_of_flags_under_a_name_that_calls_nothing_right_is_no_answer(tmp_path, name):
    def row(n: int) -> Row:
        texts, right = asked(n)
        flags = [int(at == n % NUMBER) for at in range(NUMBER)]
        return {
            "question": f"{text(n, 7)}?",
            "choices": texts,
            name: flags,
            "labels": [int(at == right) for at in range(NUMBER)],
        }

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    right = {f"{text(n, 7)}?": "ABCD"[asked(n)[1]] for n in range(120)}
    for item in drafted(file).test:
        assert item.target == right[item.question.text.partition("\n\n")[0]]
    alone = [{key: held for key, held in row.items() if key != "labels"} for row in rows_of(row, 120)]
    with pytest.raises(TaskFileError):
        drafted(save(tmp_path / "alone.jsonl", alone))


def test_flags_beside_an_answer_that_is_a_sentence_are_not_learnt(tmp_path):
    def row(n: int) -> Row:
        flags = [int(at == n % NUMBER) for at in range(NUMBER)]
        return {"question": f"{text(n, 7)}?", "choices": asked(n)[0], "tags": flags, "answer": f"{text(-n - 1, 9)}."}

    targets = {item.target for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test}
    assert targets <= {f"{text(-n - 1, 9)}." for n in range(120)}


def test_columns_that_flag_different_choices_are_asked_for(tmp_path):
    def row(n: int) -> Row:
        flags = {
            name: [int(at == (n + more) % NUMBER) for at in range(NUMBER)]
            for name, more in (("label_a", 0), ("label_b", 1))
        }
        return {"question": f"{text(n, 7)}?", "choices": asked(n)[0], **flags}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    with pytest.raises(InDoubt, match="it is not clear which column flags the right choices, as they differ"):
        drafted(file)
    assert drafted(file, target="label_b").primary_metric == "choice"


def test_flags_may_leave_out_choices_that_are_empty(tmp_path):
    def row(n: int) -> Row:
        count = 3 + (n % 4 > 0)
        texts = {f"option_{'abcd'[at]}": text((n, at), 1) if at < count else "" for at in range(4)}
        return {"question": f"{text(n, 7)}?", **texts, "labels": [int(at == n * 7 % 5 % count) for at in range(count)]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    right = {f"{text(n, 7)}?": "ABCD"[n * 7 % 5 % (3 + (n % 4 > 0))] for n in range(120)}
    items = [*task.study.train, *task.study.dev, *task.test]
    assert len(items) == 120
    assert all(item.target == right[item.question.text.partition("\n\n")[0]] for item in items)
