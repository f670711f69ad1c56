"""What selection sees, the gate never uses."""

import json

from pytest import fixture, mark

from baselines.finetune.rows import TEXTS as GENERAL
from harness.evidence.selection import QUESTIONS
from harness.general.measure import TEXT_COUNT, texts_for
from harness.general.off_task import all_questions, questions_for
from harness.general.pools import uses_of

ROOMY = 10_000  # more than there is


@fixture(scope="module")
def own_file(tmp_path_factory):
    """Forty questions; every second row repeats the one before it."""
    file = tmp_path_factory.mktemp("own") / "plus.jsonl"
    rows = [{"question": f"{i // 2} plus one is", "answer": str(i // 2 + 1)} for i in range(40)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def both(measured, **asked):
    return [measured(**asked, limit=ROOMY, answers=["billing"], use=use) for use in ("gate", "selection")]


def test_core_shares_no_item_text_or_question_between_gate_and_selection(measured):
    gate, selection = both(measured)
    items = [{(item.task, item.item) for item in side.items} for side in (gate, selection)]
    assert (len(items[0]), len(items[1]), items[0] & items[1]) == (7 * 8, 7 * 2, set())
    texts = [{text.item for text in side.texts} for side in (gate, selection)]
    assert (len(texts[0]), len(texts[1]), texts[0] & texts[1]) == (40, 16, set())
    questions = [{answer.question for answer in side.off_task} for side in (gate, selection)]
    assert (len(questions[0]), len(questions[1]), questions[0] & questions[1]) == (128, QUESTIONS, set())


def test_a_user_s_task_file_shares_no_item_between_gate_and_selection(measured, tasks_folder):
    gate, selection = both(measured, tasks=("own_choice", "own_free"), include_path=tasks_folder)
    items = [{item.item for item in side.items} for side in (gate, selection)]  # both tasks read the same rows
    assert (len(items[0]), len(items[1]), items[0] & items[1]) == (12, 3, set())


def test_an_own_file_shares_no_question_between_gate_and_selection(measured, own_file):
    gate, selection = both(measured, tasks=(str(own_file),))
    asked = [{(int(item.item) - 1) // 2 for item in side.items} for side in (gate, selection)]
    assert (len(asked[0]), len(asked[1]), asked[0] & asked[1]) == (16, 4, set())
    assert len(gate.items) == 32  # both rows of a question


@mark.parametrize("use", ["gate", "selection"])
def test_a_sample_stays_inside_its_pool_whatever_limit_and_seed(measured, tasks_folder, own_file, use):
    tasks = {"tasks": ("own_choice", str(own_file)), "include_path": tasks_folder}
    pool = {(item.task, item.item) for item in measured(**tasks, limit=ROOMY, use=use).items}
    for limit, seed in ((4, 0), (5, 1), (7, 2)):
        items = measured(**tasks, limit=limit, seed=seed, use=use).items
        assert len(items) == limit
        assert {(item.task, item.item) for item in items} <= pool


def test_selection_takes_some_benchmarks_where_it_has_fewer_items_than_there_are(measured):
    assert len({item.task for item in measured(limit=3, use="selection").items}) == 3


def test_a_benchmark_too_small_to_share_is_the_gate_s_alone(measured, tmp_path):
    rows = [{"question": f"{i} is", "answer": str(i)} for i in range(4)]
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    gate, selection = both(measured, tasks=(str(tmp_path / "few.jsonl"),))
    assert (len(gate.items), len(selection.items)) == (4, 0)


def test_texts_are_of_their_own_pool_whatever_the_seed(cache):
    for use, count in TEXT_COUNT.items():
        texts = [text for seed in range(5) for text in texts_for(use, ROOMY, seed)]
        assert len(texts) == 5 * count
        assert {text["use"] for text in texts} == {use}


def test_a_fifth_of_the_keys_is_for_selection_and_equal_keys_go_together():
    uses = uses_of([str(n // 2) for n in range(200)])
    assert uses.count("selection") == 40
    assert uses[::2] == uses[1::2]


def test_use_of_a_key_does_not_depend_on_the_order():
    keys = [str(n) for n in range(50)]
    assert uses_of(keys[::-1]) == uses_of(keys)[::-1]


def test_no_question_is_asked_twice_and_the_gate_has_120_of_eight_kinds():
    learnt = {row["question"] for row in map(json.loads, GENERAL.read_text().splitlines()) if "question" in row}
    assert not learnt & {question.question for question in all_questions()}  # the penalty's own are not asked
    assert len({question.question.casefold() for question in all_questions()}) == len(all_questions())
    gate, selection = (questions_for(use, ROOMY) for use in ("gate", "selection"))
    assert (len(gate) >= 120, len(selection)) == (True, QUESTIONS)
    assert len({question.kind for question in gate}) == len({question.kind for question in selection}) == 8


def test_the_first_questions_are_of_all_kinds():
    assert len({question.kind for question in questions_for("gate", 8)}) == 8


def test_selection_asks_more_questions_than_benchmark_items(measured):
    found = measured(limit=3, answers=["billing"], use="selection", questions=QUESTIONS)
    assert (len(found.items), len(found.off_task)) == (3, QUESTIONS)
