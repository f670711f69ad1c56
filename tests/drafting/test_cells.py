"""Cells that are easily misread: numbers with commas, control characters, flags beside texts, system turns, marks."""

import json
import random
from fractions import Fraction

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from baselines.prompt.few import FewShot
from baselines.prompt.options import FewShotOptions
from harness.checking import read_material
from harness.cli.init import _number
from harness.drafting import draft_task
from harness.drafting.numbers import decimal_mark_of, numbers_in, read_in_two_ways
from harness.errors import TaskFileError
from harness.records import Message
from harness.task import Task


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["45,000", "1,200"], [45000, 1200]),
        (["1,234,567"], [1234567]),
        (["3,5", "1.234"], [Fraction("3.5"), 1234]),  # the column's decimal mark is a comma
        (["1.234,5", "7"], [Fraction("1234.5"), 7]),
        (["3.5", "1,234"], [Fraction("3.5"), 1234]),
        (["$1,200", "15%"], [1200, 15]),
        (["1 200", "-4"], [1200, -4]),
        (["\u0664\u0665"], [45]),
        ([1.5, 2], [Fraction(3, 2), 2]),
        (["5 kg"], None),
        (["\u20ac5/kg"], None),
        (["10115", "08502"], None),  # a leading zero is a code's
        (["10", "0", "0.5"], [10, 0, Fraction(1, 2)]),
        (["A4"], None),
        (["2024-05-01"], None),
        (["4", "four"], None),
        ([True], None),
        ([float("inf")], None),
    ],
)
def test_numbers_of_a_column_are_read_as_the_metrics_read_them(values, numbers):
    assert numbers_in(values) == numbers


def test_unit_behind_a_number_is_known_where_it_may_stand():
    assert numbers_in(["5 kg", "1,5 km"], units=True) == [5, Fraction(3, 2)]
    assert decimal_mark_of(["5 kg", "1,5 km"]) == ","


@pytest.mark.parametrize(
    ("values", "mark", "unsure"),
    [
        (["9,512 kg", "2,239 kg"], ".", "9,512 kg"),
        (["4.277", "6.226"], ".", "4.277"),
        (["4.277", "850"], ".", "4.277"),
        (["1,200", "850"], ".", ""),  # a number below a thousand has no comma
        (["1,200", "2,45"], ",", ""),
        (["1,200", "2.5"], ".", ""),
        (["4.277", "1.234.567"], ",", ""),
        (["1,234", "1,234,567"], ".", ""),
        ([1.234, 5], ".", ""),
    ],
)
def test_decimal_mark_that_nothing_tells_is_unsure(values, mark, unsure):
    assert (decimal_mark_of(values), read_in_two_ways(values)) == (mark, unsure)


@pytest.mark.parametrize(("name", "metric"), [("antwort", "number"), ("score", "within_tolerance")])
def test_numbers_that_may_be_read_in_two_ways_are_doubted_with_the_option_that_says(tmp_path, name, metric):
    draws = random.Random(8)
    rows = rows_of(lambda n: {"frage": text(n, 9), name: f"{draws.randint(1, 9)}.{draws.randint(101, 999)}"})
    written = said(drafted(save(tmp_path / "rows.jsonl", rows), target=name))
    assert f"give {metric}'s option decimal_mark: ','" in written


@pytest.mark.parametrize(
    ("form", "days", "option"),
    [
        ("{month:02d}/{day:02d}/{year}", 28, {"date": {"day_first": False}}),
        ("{day:02d}/{month:02d}/{year}", 28, {"date": {"day_first": True}}),
        ("{day:02d}/{month:02d}/{year}", 12, {}),
    ],
)
def test_dates_say_by_their_large_numbers_which_number_is_the_day(tmp_path, form, days, option):
    def row(n: int) -> Row:
        return {
            "question": f"{text(n, 6)}?",
            "date": form.format(month=n % 12 + 1, day=n * 5 % days + 1, year=1900 + n),
        }

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target="date")
    assert (task.primary_metric, task.metric_options) == ("date", option)
    assert ("date's option day_first says which number is the day" in said(task)) is (not option)


def test_log_of_requests_and_responses_is_refused_with_the_form_of_a_row(tmp_path):
    def row(n: int) -> Row:
        asked = {"model": "x", "messages": [{"role": "user", "content": text(n, 6)}]}
        said_back = {"role": "assistant", "content": text(f"a{n}", 2)}
        return {"id": str(n), "body": asked, "response": {"body": {"choices": [{"message": said_back}]}}}

    with pytest.raises(TaskFileError, match='holds a chat\'s turn inside an object; write each row as {"messages"'):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


def test_objects_with_a_role_and_content_that_are_no_turns_stay_answers(tmp_path):
    rows = rows_of(lambda n: {"question": text(n, 6), "answer": {"role": "editor", "content": text(f"a{n}", 2)}})
    assert drafted(save(tmp_path / "rows.jsonl", rows)).primary_metric == "json_fields"


@pytest.mark.parametrize(
    ("end", "is_said"),
    [
        (" END", True),
        ("\n###", True),
        ("###", True),
        ("<stop>", True),
        (" delivery", False),
        (" E", False),
        ("!", False),
    ],
)
def test_word_that_ends_all_answers_is_doubted_where_it_looks_like_a_stop_word(tmp_path, end, is_said):
    rows = rows_of(lambda n: {"question": text(n, 6), "answer": f"{text(n, 2)}{end}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert ("every answer ends in '" in said(task)) is is_said


def test_answers_with_thousands_and_with_decimal_commas_are_scored_by_their_value(tmp_path):
    draws = random.Random(1)
    rows = rows_of(lambda n: {"description": text(n, 9), "salary": f"{draws.randint(20, 90)},{draws.randint(1, 9)}00"})
    assert drafted(save(tmp_path / "rows.jsonl", rows)).primary_metric == "number"
    german = tmp_path / "german"
    german.mkdir()
    rows = rows_of(lambda n: {"frage": text(n, 9), "antwort": f"{n % 40},{n % 9 + 1}" if n % 2 else f"1.{100 + n}"})
    assert drafted(save(german / "rows.jsonl", rows)).metric_options == {"number": {"decimal_mark": ","}}


def test_scores_with_decimal_commas_keep_their_scale(tmp_path):
    rows = rows_of(lambda n: {"sentence1": text(n, 5), "sentence2": text(f"b{n}", 5), "score": f"{n % 5},{n % 9 + 1}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.metric_options["within_tolerance"] == {"tolerance": 0.5, "decimal_mark": ","}
    assert "a number from 0.1 to 4.9" in task.study.system


@pytest.mark.parametrize(
    ("given", "value"), [("45,000", 45000), ("2,50", 2.5), ("1.234,50", 1234.5), ("1 000", 1000), ("", None)]
)
def test_interview_reads_a_number_with_separators(given, value):
    assert _number(given, "price") == value


@pytest.mark.parametrize("given", ["-1", "many", "1e12", "2 or 3"])
def test_interview_refuses_what_is_no_number(given):
    with pytest.raises(TaskFileError, match="give a number such as 50000"):
        _number(given, "price")


@pytest.mark.parametrize("mark", ["\x85", "\x7f", "\x9f", "\u2028"])
def test_labels_with_control_characters_make_a_task_that_loads(tmp_path, mark):
    rows = rows_of(lambda n: {"text": text(n, 8), "label": [f"a{mark}b", "c"][n % 2]})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert f"a{mark}b" in task.study.system
    assert {item.target for item in task.test} == {f"a{mark}b", "c"}


def test_fault_of_the_drafted_task_names_the_file_of_rows_and_no_file_that_is_gone(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 8), "label": ["a\x01b", "c"][n % 2]})
    with pytest.raises(TaskFileError, match="rows.jsonl: 1 problem\n.*control character") as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert ".part" not in str(caught.value)


def chat(n: int, system: str = "") -> Row:
    own = [{"role": "system", "content": system}] if system else []
    turns = [{"role": "user", "content": text(n, 6)}, {"role": "assistant", "content": ["buy", "sell"][n % 2]}]
    return {"messages": [*own, *turns]}


def test_one_row_with_a_system_turn_leaves_the_prompt_to_the_others(tmp_path):
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: chat(n, "Be brief." if n == 5 else ""))))
    systems = [item.messages[0].content for item in (*task.study.train, *task.study.dev, *task.test)]
    assert sorted(map(systems.count, set(systems))) == [1, len(systems) - 1]
    assert systems.count("Answer with one of these labels and nothing else: buy, sell.") == len(systems) - 1
    assert f"1 of {len(systems)} rows have a system turn of their own" in said(task)


@pytest.mark.parametrize(
    ("system", "prompt"),
    [("", "Answer with one of these labels and nothing else: buy, sell."), ("Be brief.", "Be brief.")],
)
def test_prompt_stands_in_the_task_where_the_rows_have_no_system_turn_or_all_the_same(tmp_path, system, prompt):
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: chat(n, system))))
    assert task.study.system == prompt
    assert {item.messages[0].role for item in task.test} == {"user"}
    assert {turn.content for turn in examples_shown(task) if turn.role == "system"} == {prompt}


def test_system_turns_that_differ_stay_with_their_rows_and_examples_are_shown_without(tmp_path):
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: chat(n, f"You are desk {n}."))))
    assert task.study.system is None
    assert {item.messages[0].role for item in task.test} == {"system"}
    first, *shown = examples_shown(task)
    assert first == task.study.dev[0].messages[0]
    assert [turn.role for turn in shown] == ["user", "assistant"] * 2 + ["user"]


def test_marks_of_turns_stay_on_their_turns_where_the_system_turn_is_taken_off(tmp_path):
    def marked(n: int) -> Row:
        earlier = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi", "weight": 0}]
        system, question, answer = chat(n, "Be brief.")["messages"]
        return {"messages": [system, *earlier, question, answer]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(marked)))
    assert task.study.system == "Be brief."
    [row, *_] = (json.loads(line) for line in (task.file.parent / "train.jsonl").read_text().splitlines())
    assert [turn.get("weight", 1) for turn in row["messages"]] == [1, 0, 1, 1]


def examples_shown(task: Task) -> tuple[Message, ...]:
    """What `few_shot` would put to a model with two examples."""
    return FewShot(FewShotOptions(shots=(2,))).preview(task.study).messages


def test_remedy_of_rows_that_belong_together_names_a_group_column_only_where_there_is_one(tmp_path):
    rows = [{"text": text(n % 2, 8), "label": str(n % 3)} for n in range(90)]
    with pytest.raises(TaskFileError, match="give more rows with other questions") as alike:
        drafted(save(tmp_path / "alike.jsonl", rows), target="label")
    assert "group" not in str(alike.value)


PASSAGES = [
    lambda n: {"is_selected": [1, 0], "passage_text": [text(f"p{n}", 9), text(f"q{n}", 9)]},
    lambda n: [{"is_supporting": True, "text": text(f"p{n}", 9)}, {"is_supporting": False, "text": text(f"q{n}", 9)}],
    lambda n: [{"score": 0.9, "text": text(f"p{n}", 9)}, {"score": 0.1, "text": text(f"q{n}", 9)}],
    lambda n: [{"text": text(f"p{n}", 9), "meta": {"has_answer": True}}, {"text": text(f"q{n}", 9), "meta": {}}],
]


@pytest.mark.parametrize("passages", PASSAGES)
def test_what_marks_the_right_passage_is_kept_out_of_the_question(tmp_path, passages):
    rows = rows_of(lambda n: {"query": f"{text(n, 5)}?", "answer": text(f"a{n}", 2), "passages": passages(n)})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    wanted = {f"{text(f'p{n}', 9)}\n{text(f'q{n}', 9)}\n\n{text(n, 5)}?" for n in range(360)}
    assert {item.question.text for item in task.test} < wanted
    assert "may give the answer away and is left out of the prompt" in said(task)


def test_tables_and_numbers_that_are_content_stay_in_the_question(tmp_path):
    def row(n: int) -> Row:
        table = [["year", "score"], ["2019", str(n)]]
        return {"question": f"{text(n, 5)}?", "answer": text(f"a{n}", 2), "table": table}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert all(item.question.text.startswith("year | score\n2019 | ") for item in task.test)


@pytest.mark.parametrize("flag", ["is_correct", "correct", "gold"])
@pytest.mark.parametrize("column", ["options", "answers"])
def test_choice_that_a_flag_calls_right_is_the_answer_and_the_flag_is_not_shown(tmp_path, flag, column):
    def row(n: int) -> Row:
        choices = [{"id": "xyz"[k], "text": text(f"{n} {k}", 2), flag: k == n % 3} for k in range(3)]
        return {"question": f"{text(n, 5)}?", column: choices}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    by_question = {f"{text(n, 5)}?": n for n in range(360)}
    for item in task.test:
        asked, _, shown = item.question.text.partition("\n\n")
        n = by_question[asked]
        assert shown == "\n".join(f"{'ABC'[k]}. {text(f'{n} {k}', 2)}" for k in range(3))
        assert item.target == "ABC"[n % 3]


def test_init_says_the_same_of_unused_columns_as_check_does_of_the_same_rows(tmp_path):
    def row(n: int) -> Row:
        beside = {
            "weight": n % 2,
            "tools": ["get"],
            "thought": text(f"t{n}", 9),
            "remark": text(f"r{n}", 9),
        }
        return {"question": f"{text(n, 7)}?", "answer": text(f"a{n}", 2), **beside}

    source = save(tmp_path / "rows.jsonl", rows_of(row))
    draft = draft_task(source, tmp_path / "out", target="answer", inputs=["question"])
    settings = {"version": 1, "name": "own", "arms": ["zero_shot"]}
    data = {"train": source.name, "test": source.name, "columns": {"input": "question", "target": "answer"}}
    (tmp_path / "task.yaml").write_text(json.dumps({**settings, "data": data}))
    asides = read_material(tmp_path / "task.yaml").content.data.asides
    said_by_init = "\n".join((*draft.doubts, *draft.notes))
    names = ("weight", "tools", "thought", "remark")
    assert {aside.what for aside in asides} >= {f"column '{name}' is not used" for name in names}
    for aside in asides:
        assert aside.what in said_by_init
        assert any(line.startswith(aside.what) for line in draft.doubts) is (aside.severity == "warning")


def test_column_of_marks_is_no_rival_of_the_answer(tmp_path):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "answer": text(f"a{n}", 2), "weight": n % 2})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.test[0].target in {text(f"a{n}", 2) for n in range(360)}
    assert "column 'weight' is not used (rows.jsonl 360 rows): all rows count alike" in said(task)


@pytest.mark.parametrize(
    ("answer", "metric"),
    [
        (lambda n: f"{n + 1}.{n % 10}00,{n % 9}0 €", "number"),
        (lambda n: f"{n % 100}.5%", "number"),
        (lambda n: f"{n % 50} km/h", "number"),
        (lambda n: f"{n % 28 + 1:02d}.0{n % 9 + 1}.2024", "date"),
        (lambda n: f"2024-0{n % 9 + 1}-{n % 28 + 1:02d}", "date"),
        (lambda n: f"{n % 28 + 1}. {('Januar', 'Mai', 'Oktober')[n % 3]} 2024", "date"),
        (lambda n: json.dumps({"name": "get", "arguments": {"q": n}}), "tool_call"),
        (lambda n: f"<think>we add {n} and one more</think> {n + 1}", "number"),
        (lambda n: f"First we take {n} of them, so \\boxed{{{n},000}} is it.", "number"),
    ],
)
def test_answers_of_one_kind_get_the_metric_that_reads_their_value(tmp_path, answer, metric):
    rows = rows_of(lambda n: {"question": f"{text(n, 6)}?", "output_wanted": answer(n)})
    assert drafted(save(tmp_path / "rows.jsonl", rows), target="output_wanted").primary_metric == metric


@pytest.mark.parametrize("mark", ["Antwort:", "Respuesta:", "Risposta finale:", "Ответ:", "答案："])
def test_result_behind_a_mark_of_another_language_is_scored_alone(tmp_path, mark):
    rows = rows_of(lambda n: {"problem": text(n, 6), "solution": f"Zuerst {n} und dann {n + 1} dazu.\n{mark} {2 * n}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "number" and task.study.answer.reader.marker.casefold() == mark.casefold()


@pytest.mark.parametrize(
    ("solution", "result", "metric"),
    [
        ("First {n}.\nThen {n} more.\n<answer>{m}</answer>", "{m}", "number"),
        ("<reasoning>\nI count {n}.\n</reasoning>\n<answer>\n{m}\n</answer>", "{m}", "number"),
        ("\u9996\u5148\u6709{n}\u4e2a\uff0c\u53c8\u6765{n}\u4e2a\u3002\n\u7b54\u6848\uff1a{m}", "{m}", "number"),
        ("{n}+{n}\n\u7b54\u3048\uff1a{m}\u500b", "{m}\u500b", "number"),
        ("First {n}.\nThen {n} more.\n=> {m}", "{m}", "number"),
        ("{n} plus {n}.\nHence the result is {m}.", "{m}.", "number"),
        ("First {n}.\nThen {n} more.\n{m}", "{m}", "number"),
        ("First {n}, then {n} more.\n\n**Answer:** {m} nuts", "{m} nuts", "number"),
        ("We add, so it is $\\boxed{{\\text{{{m} nuts}}}}$.", "\\text{{{m} nuts}}", "number"),
        ("We divide. The final answer is \\(\\frac{{{m}}}{{99}}\\).", "\\(\\frac{{{m}}}{{99}}\\).", "number"),
        ("It is {m}.\nThe correct option is ({letter}).", "({letter}).", "choice"),
        ("We take {n}.\nThen {n} more.\n### {m}", "{m}", "number"),
        ("We take {n}.\nThen {n} more.\nA: {m}", "{m}", "number"),
        ("We take {n}.\nThen {n} more.\nans = {m}", "{m}", "number"),
        ("It is {n}, as we saw. Hence, option {letter} is correct.", "{letter}", "choice"),
        ("He was in town on day {n}.\nVerdict: kind-{letter}", "kind-{letter}", "exact_match"),
        ("先有{n}个，再加{n}个，所以答案是{m}。", "{m}", "number"),
        ("We add {n} and {n}.\nFinal Answer: The final answer is ${m}$. I hope it is correct.", "{m}", "number"),
        ("We add {n} and {n}. The final answer is {m}.5. I hope it is correct.", "{m}.5", "number"),
        ("It is {m} by hand, as we saw.\n<answer>red {letter}</answer>", "red {letter}", "exact_match"),
    ],
)
def test_result_behind_its_working_is_scored_wherever_it_stands(tmp_path, solution, result, metric):
    values = [{"n": n, "m": 2 * n, "letter": "ABC"[n % 3]} for n in range(200)]
    rows = rows_of(lambda n: {"problem": text(n, 6), "solution": solution.format(**values[n])}, 200)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == metric
    expected = {result.format(**value) for value in values}
    assert {task.study.answer.reader.read(item.target) for item in task.test} <= expected


@pytest.mark.parametrize(
    ("answer", "is_said"),
    [
        ("We count what is there today.\nTotal {n}", True),
        ("We thank you for what you wrote.\nSigned: {name}", True),
        ("It is sent back within a week.\nSource: {n}", True),
        ("We thank you for what you wrote.\nBest regards, {name}", False),
        ("We look into it and write to you.\nTicket: {n}", True),
        ("We look into it and write to you.\nAnswered by: Anna{n}", True),
        ("Vendor: {name}\nCity of the vendor: Bergen\nSum: {n}", False),
    ],
)
def test_end_that_may_be_a_result_and_may_be_none_is_doubted(tmp_path, answer, is_said):
    rows = rows_of(lambda n: {"question": text(n, 6), "solution": answer.format(n=n, name=text(("name", n), 1))})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.study.answer is None
    assert ("and something short; if that is the result, answer: {after:" in said(task)) is is_said


@pytest.mark.parametrize("answer", ["{n}\n{m}\n{m}", "Main street of the town\nno {n}, Bergen"])
def test_lists_of_numbers_and_other_last_lines_are_no_results(tmp_path, answer):
    rows = rows_of(lambda n: {"question": text(n, 6), "solution": answer.format(n=n, m=2 * n)})
    assert drafted(save(tmp_path / "rows.jsonl", rows)).study.answer is None


def test_results_that_number_cannot_compare_are_counted(tmp_path):
    results = [f"{n}" if n % 20 else f"{n}, {n + 1}" for n in range(200)]
    rows = rows_of(lambda n: {"problem": text(n, 6), "solution": f"We count what is there.\n#### {results[n]}"}, 200)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "exact_match"
    assert "10 results do not say one number, such as '0, 1'" in said(task)


@pytest.mark.parametrize("end", ["", ".0"])
def test_labels_that_pandas_wrote_with_a_point_are_whole_numbers(tmp_path, end):
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"{text(n, 9)},{n * n % 7 % 4}{end}\n" for n in range(120)))
    task = drafted(file)
    assert {item.target for item in task.test} == {"0", "1", "2"}  # the remainders of squares by 7, by 4
    assert "the labels are numbers, which say nothing" in said(task)
    assert ("'.0' is removed from the numbers in 'label'" in said(task)) is (end == ".0")


@pytest.mark.parametrize("names", [("prompt", "completion"), ("question", "answer")])
def test_only_the_answers_of_a_table_lose_the_point_behind_whole_numbers(tmp_path, names):
    question, answer = names
    file = tmp_path / "rows.csv"
    rows = (f"{text(n, 9)},{n % 9}.0,{n * n % 7 % 4}.0\n" for n in range(120))
    file.write_text(f"{question},version,{answer}\n" + "".join(rows))
    task = drafted(file, inputs=[question, "version"], target=answer)
    versions = {item.question.text.partition("version: ")[2] for item in task.study.train}
    assert versions == {f"{version}.0" for version in range(9)}
    assert {item.target for item in task.test} == {"0", "1", "2"}


@pytest.mark.parametrize("end", ["", ".0"])
@pytest.mark.parametrize("name", ["answer", "correct", "cop"])
def test_number_of_a_choice_in_a_table_may_have_a_point(tmp_path, name, end):
    file = tmp_path / "rows.csv"
    rows = (",".join(text((n, at), 2) for at in range(5)) + f",{n * n % 7 % 4}{end}\n" for n in range(120))
    file.write_text(f"question,A,B,C,D,{name}\n" + "".join(rows))
    task = drafted(file)
    right = {text((n, 0), 2): text((n, 1 + n * n % 7 % 4), 2) for n in range(120)}
    for item in task.test:
        question, _, listed = item.question.text.partition("\n\n")
        assert dict(line.split(". ", 1) for line in listed.splitlines())[item.target] == right[question]


def test_choice_of_a_table_that_is_a_whole_number_keeps_its_point_as_the_answer_does(tmp_path):
    file = tmp_path / "rows.csv"
    rows = (f"{text(n, 9)},0.0,{n}.5,2.0,3.5,{'0.0' if n % 2 else '2.0'}\n" for n in range(120))
    file.write_text("question,A,B,C,D,answer\n" + "".join(rows))
    task = drafted(file)
    assert task.primary_metric == "choice"
    assert {(item.target, item.question.text.splitlines()[2]) for item in task.test} == {
        ("A", "A. 0.0"),
        ("C", "A. 0.0"),
    }


def test_fractions_of_a_table_keep_their_point(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(
        "sentence1,sentence2,score\n" + "".join(f"{text(n, 6)},{text(-n, 6)},{n % 9 / 2}\n" for n in range(120))
    )
    assert {"1.0", "1.5"} <= {item.target for item in drafted(file).study.train}


def test_labels_that_are_all_the_same_to_the_metric_are_refused(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": ["Yes", "yes", "yes "][n * n % 7 % 3]}, 120)
    with pytest.raises(TaskFileError, match="every row has the answer 'Yes'; a task needs two answers at least"):
        drafted(save(tmp_path / "rows.jsonl", rows))


def test_labels_that_are_the_same_to_the_metric_are_named_once_in_their_usual_spelling(tmp_path):
    spelt = ["Bug", "bug", "praise", "Bug", "praise "]
    rows = rows_of(lambda n: {"text": text(n, 9), "label": spelt[n % 5]}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert 'system: "Answer with one of these labels and nothing else: Bug, praise."' in said(task)


@pytest.mark.parametrize(("stand_in", "count", "is_said"), [("nan", 12, True), ("N/A", 12, True), ("nan", 1, False)])
def test_word_for_no_answer_among_free_texts_is_a_doubt_where_it_comes_again(tmp_path, stand_in, count, is_said):
    rows = rows_of(lambda n: {"question": f"{text(n, 6)}?", "answer": stand_in if n < count else text(n, 2)}, 120)
    doubt = f"'{stand_in}' is an answer of {count} rows; where it says that a row has none, take these rows out"
    assert (doubt in said(drafted(save(tmp_path / "rows.jsonl", rows)))) is is_said


@pytest.mark.parametrize(
    "form",
    [
        lambda columns: columns,
        lambda columns: {name: dict(zip(map(str, range(9)), cells, strict=True)) for name, cells in columns.items()},
        lambda columns: {
            "columns": list(columns),
            "index": list(range(9)),
            "data": list(zip(*columns.values(), strict=True)),
        },
    ],
)
def test_columns_in_one_object_are_refused_with_how_pandas_writes_rows(tmp_path, form):
    columns = {name: [text((n, name), 4) for n in range(9)] for name in ("question", "answer")}
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(form(columns)))
    with pytest.raises(
        TaskFileError, match=r"a column under each key; write a list of rows, .* to_json\(orient='records'\)"
    ):
        drafted(file)
