"""Preference pairs with their question in `messages`, which often ends in the better answer."""

import json
import re

import pytest
from draft_files import Row, drafted, rows_of, save, text

from harness.drafting import draft_task
from harness.errors import TaskFileError
from harness.task import load_task


def asked(n: int) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"{text(n, 6)}?"}]


def answer(words: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": words}]


FORMS = {  # what stands in `messages`, `chosen` and `rejected`
    "question": lambda n, good, bad: (asked(n), good, bad),
    "whole chat": lambda n, good, bad: ([*asked(n), *answer(good)], good, bad),
    "third answer": lambda n, good, bad: ([*asked(n), *answer(f"{good} {bad}")], answer(good), answer(bad)),
    "dialogues": lambda n, good, bad: (
        [*asked(n), *answer(good)],
        [*asked(n), *answer(good)],
        [*asked(n), *answer(bad)],
    ),
}


@pytest.mark.parametrize(
    ("form", "has_prompt"), [*((form, False) for form in FORMS), ("question", True), ("whole chat", True)]
)
def test_messages_beside_pairs_are_their_question_and_never_show_the_answer(tmp_path, form, has_prompt):
    def row(n: int) -> Row:
        named = zip(("messages", "chosen", "rejected"), FORMS[form](n, text(f"a{n}", 4), text(f"b{n}", 4)), strict=True)
        return dict(named) | ({"prompt": f"{text(n, 6)}?"} if has_prompt else {})

    draft = draft_task(save(tmp_path / "rows.jsonl", rows_of(row, 120)), tmp_path / "out")
    task = load_task(draft.folder / "task.yaml")
    right = {f"{text(n, 6)}?": text(f"a{n}", 4) for n in range(120)}
    for item in (*task.test, *task.study.preferences):
        assert [message.role for message in item.messages] in (["user"], ["system", "user"])
    assert {item.question.text.partition("\n")[0]: item.target for item in task.test}.items() <= right.items()
    assert not any("--input" in one for one in (*draft.notes, *draft.doubts))


def test_flags_that_bring_an_unused_column_into_the_question_keep_what_stands_there(tmp_path):
    def row(n: int) -> Row:
        asked = {"context": text(f"c{n}", 20), "question": f"{text(n, 6)}?"}
        return {**asked, "answer": text(f"a{n}", 1), "note": text(f"n{n}", 9)}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    notes = "\n".join(draft_task(file, tmp_path / "first").notes)
    inputs = re.findall(r"--input (\w+)", notes)
    shown = [item.question.text for item in drafted(file, inputs=inputs).test]
    whole = {f"context: {r['context']}\nquestion: {r['question']}\nnote: {r['note']}" for r in rows_of(row, 120)}
    assert set(shown) <= whole


def test_column_beside_pairs_is_not_put_into_the_question_by_a_flag_that_ends_the_pairs(tmp_path):
    rows = rows_of(
        lambda n: {"prompt": text(n, 6), "chosen": text(f"a{n}", 4), "rejected": "No.", "shop": f"s{n}"}, 120
    )
    notes = draft_task(save(tmp_path / "rows.jsonl", rows), tmp_path / "out").notes
    said = (
        "column 'shop' is not used (rows.jsonl 120 rows): write what the question needs into the question, in 'prompt'"
    )
    assert said in notes


PAIRS = [
    ("chosen_response", "rejected_response"),
    ("Chosen", "Rejected"),
    ("win", "lose"),
    ("better_answer", "worse_answer"),
    ("response_0", "response_1"),
    ("completion_a", "completion_b"),
    ("Output 1", "Output 2"),
]


@pytest.mark.parametrize("names", PAIRS)
def test_pairs_under_other_names_are_refused_with_the_names_that_are_read(tmp_path, names):
    rows = rows_of(lambda n: {"prompt": f"{text(n, 6)}?", **{name: text((n, name), 5) for name in names}}, 120)
    with pytest.raises(TaskFileError, match="'chosen' and 'rejected', with the question in 'prompt'"):
        drafted(save(tmp_path / "rows.jsonl", rows))
    named = [dict(zip(("prompt", "chosen", "rejected"), row.values(), strict=True)) for row in rows]
    assert len(drafted(save(tmp_path / "named.jsonl", named)).study.preferences) > 0


def test_pairs_of_turns_under_other_names_are_refused_with_the_names_that_are_read(tmp_path):
    def row(n: int) -> Row:
        question = {"messages": asked(n), "tools": []}
        outputs = {name: answer(text((n, name), 4)) for name in ("preferred_output", "non_preferred_output")}
        return {"input": question, **outputs}

    with pytest.raises(TaskFileError, match="columns 'preferred_output' and 'non_preferred_output' may be a better"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


def test_doubt_about_the_answer_names_what_asks_last(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 6), "one": text(f"a{n}", 5), "two": text(f"b{n}", 5)}, 120)
    with pytest.raises(TaskFileError, match="such as --target one$"):
        drafted(save(tmp_path / "rows.jsonl", rows))


def test_mark_of_two_questions_that_are_judged_together_is_the_answer(tmp_path):
    cells = "id,qid1,qid2,question1,question2,is_duplicate\n"
    for n in range(120):
        cells += f"{n},{2 * n},{2 * n + 1},{text(n, 6)}?,{text(f'b{n}', 6)}?,{n * n % 7 % 2}\n"
    file = tmp_path / "rows.csv"
    file.write_text(cells)
    task = drafted(file)
    assert {item.target for item in task.test} == {"0", "1"}
    assert all(re.fullmatch("question1: .*\nquestion2: .*", item.question.text) for item in task.test)


def test_prompt_of_a_dialogue_that_ends_where_the_answer_begins_is_its_turns(tmp_path):
    def row(n: int) -> Row:
        before = f"\n\nHuman: {text(f'h{n}', 4)}\n\nAssistant: Yes." if n % 2 else ""
        prompt = f"{before}\n\nHuman: {text(n, 6)}?\n\nAssistant:"
        return {"prompt": prompt, "chosen": f" {text(f'a{n}', 4)}", "rejected": " No."}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    for item in (*task.test, *task.study.preferences):
        assert [message.role for message in item.messages] in (["user"], ["user", "assistant", "user"])
        assert not any("Human:" in message.content for message in item.messages)


def test_pairs_with_answers_in_json_are_read_as_they_stand(tmp_path):
    def calls(n: int, name: str) -> str:
        return json.dumps([{"name": name, "arguments": {"place": text(n, 1)}}])

    rows = rows_of(lambda n: {"prompt": text(n, 6), "chosen": calls(n, "find"), "rejected": calls(n, "lose")}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {(item.question.text, item.target) for item in items} == {(row["prompt"], row["chosen"]) for row in rows}
    assert all(pair.rejected == pair.chosen.replace("find", "lose") for pair in task.study.preferences)


def test_pairs_of_equal_answers_are_one_reason(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 6), "chosen": text(n, 4), "rejected": text(n - n % 3, 4)}, 120)
    with pytest.raises(TaskFileError, match="line 1 and 39 more: 'chosen' and 'rejected' are both") as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert str(caught.value).count("are both") == 1


def test_two_answers_to_one_question_are_refused_with_the_flag_that_takes_one(tmp_path):
    rows = rows_of(lambda n: {"prompt": f"{text(n, 7)}?", "response_0": text(n, 9), "response_1": text(-n - 1, 9)}, 120)
    file = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(TaskFileError, match="if 'response_0' alone is the answer, give --target response_0"):
        drafted(file)
    assert {item.target for item in drafted(file, target="response_0").test} <= {text(n, 9) for n in range(120)}
