"""Which column `harness init` takes for the question and the answer, where several may be meant."""

import json
import random
import re

import pytest
from draft_files import LABELS, WORDS, Row, array, drafted, label, rows_of, said, save, text

from harness.drafting import InDoubt, draft_task
from harness.drafting.columns import read_columns
from harness.errors import TaskFileError

ANSWER_COLUMNS = [  # what beside a question and its answer stands in a file, and which column is the answer
    (("question", "model_answer", "gold_answer"), "gold_answer"),
    (("question", "false_answer", "correct_answer"), "correct_answer"),
    (("prompt", "generated_answer", "expected_answer"), "expected_answer"),
    (("question", "answer_a", "answer_b", "correct_option"), "correct_option"),
    (("prompt", "answer_a", "answer_b", "few:winner"), "winner"),
    (("sentence", "target_entity", "few:sentiment"), "sentiment"),
    (("text", "few:topic", "few:target_type"), "topic"),
    (("problem", "code", "few:correct_rate"), "code"),
    (("question", "long_answer", "few:final_decision"), "final_decision"),
    (("question", "Best Answer", "Correct Answers", "Incorrect Answers"), "Best Answer"),
    (("claim", "half:source", "few:label"), "label"),
]


def columns_of(written: tuple[str, ...]) -> list[Row]:
    """Rows of texts; a column marked few has three values, and one marked half is empty in four rows of ten."""

    def cell(n: int, name: str) -> str | float:
        if name.startswith("half:") and n % 10 < 4:
            return ""
        if name.startswith("number:"):
            return n * 7 % 50 / 10
        return random.Random(f"{n}{name}").choice(LABELS[:3]) if name.startswith("few:") else text(f"{n}{name}", 6)

    return [{name.split(":")[-1]: cell(n, name) for name in written} for n in range(60)]


@pytest.mark.parametrize(("written", "answer"), ANSWER_COLUMNS, ids=[" ".join(row[0]) for row in ANSWER_COLUMNS])
def test_answer_is_told_from_what_stands_beside_it(written, answer):
    assert read_columns(columns_of(written), frozenset()).needed["target"] == answer


@pytest.mark.parametrize(
    ("written", "question"),
    [
        (("dialogue", "half:title", "summary"), "dialogue"),
        (("claim", "half:source", "few:label"), "claim"),
        (("system_prompt", "message", "reply"), "message"),
        (("text", "followup_question", "few:label"), "text"),
        (("document", "user_question", "answer"), "user_question"),
    ],
)
def test_question_is_told_from_what_stands_beside_it(written, question):
    rows = [row | {name: row[name] * 9 for name in row if name == "dialogue"} for row in columns_of(written)]
    assert read_columns(rows, frozenset()).needed["input"] == question


IN_DOUBT = [  # what beside a question may be the answer
    (("question", "expected_answer", "few:winner"), ("expected_answer", "winner")),
    (("message", "reply", "few:correct"), ("reply", "correct")),
    (("text", "few:category", "half:answer"), ("answer", "category")),
    (("question", "answer", "few:label"), ("answer", "label")),
    (("text", "few:coarse_label", "few:fine label"), ("coarse_label", "fine label")),
    (("text", "few:mood", "few:urgency"), ("mood", "urgency")),
    (("first", "second"), ("first", "second")),
    (("intent", "snippet"), ("snippet", "intent")),  # sentences under a name of labels
    (("one", "two", "number:closeness"), ("closeness", "one", "two")),
    (("question", "answer", "number:score"), ("answer", "score")),
    (("prompt", "response", "number:rating"), ("response", "rating")),
    (("source", "target", "number:quality"), ("target", "quality")),
    (("headline", "body", "few:stance"), ("headline", "stance")),
    (("question", "answer", "contexts", "ground_truth"), ("ground_truth", "answer")),  # a model's answer beside it
    (("user_input", "response", "reference"), ("reference", "response")),
    (("query", "output", "expected_output"), ("expected_output", "output")),
]


@pytest.mark.parametrize(("written", "meant"), IN_DOUBT, ids=[" ".join(row[0]) for row in IN_DOUBT])
def test_columns_that_may_all_be_the_answer_are_asked_for(written, meant):
    with pytest.raises(InDoubt) as caught:
        read_columns(columns_of(written), frozenset())
    assert (caught.value.flag, caught.value.columns) == ("--target", meant)
    assert f"Say which with --target, such as --target {meant[0]}" in str(caught.value)
    for name in meant:
        assert read_columns(columns_of(written), frozenset(), target=name).needed["target"] == name


def test_reference_beside_an_answer_is_a_text_and_a_ground_truth_alone_is_the_answer():
    reading = read_columns(columns_of(("question", "reference", "answer")), frozenset())
    assert reading.needed["target"] == "answer"
    reading = read_columns(columns_of(("question", "contexts", "ground_truth")), frozenset())
    assert (reading.needed["target"], reading.contexts) == ("ground_truth", ("contexts",))


SOURCES = ["https://example.org/{n}", "www.example.org/{n}", "[{n}]", "doi:10.1/{n}"]
RIGHT = [
    "{}",
    "{n}",
    "It was founded in {} in 1901.",
    "{}. See https://example.org/{n} for more.",
    "{} (p. {n}).",
    "1{n}",
]


@pytest.mark.parametrize(("form", "is_source"), [*((one, True) for one in SOURCES), *((one, False) for one in RIGHT)])
@pytest.mark.parametrize("name", ["reference", "references"])
def test_reference_that_is_more_than_a_source_may_be_the_right_answer(form, is_source, name):
    rows = [
        {"question": f"{text(n, 7)}?", "response": text(-n, 9), name: form.format(text((n, 2), 3), n=n)}
        for n in range(60)
    ]
    if is_source:
        assert read_columns(rows, frozenset()).needed["target"] == "response"
    else:
        with pytest.raises(InDoubt, match=f"'{name}' may say what is right"):
            read_columns(rows, frozenset())


def test_columns_that_say_the_same_are_no_doubt():
    rows = [{"text": text(n, 9), "label": n % 3, "label_text": LABELS[n % 3]} for n in range(60)]
    assert read_columns(rows, frozenset()).needed["target"] == "label_text"


@pytest.mark.parametrize(
    ("number", "words"), [("label", "label_name"), ("intent", "intent name"), ("class", "class_text")]
)
def test_labels_by_number_and_by_name_are_taken_by_name(tmp_path, number, words):
    rows = rows_of(lambda n: {"text": text(n, 9), number: LABELS.index(label(n)), words: label(n)}, 120)
    assert {item.target for item in drafted(save(tmp_path / "rows.jsonl", rows)).test} <= set(LABELS)


def test_files_that_pairs_came_from_are_no_answer():
    rows = [
        {"filename": f"f{n % 3}", "sentence1": text(n, 6), "sentence2": text(f"b{n}", 6), "score": n % 50 / 10}
        for n in range(120)
    ]
    assert read_columns(rows, frozenset()).needed["target"] == "score"


def test_two_texts_under_a_label_make_the_question_and_more_are_asked_for():
    rows = columns_of(("title", "body", "few:label"))
    assert read_columns(rows, frozenset()).question == ("title", "body")
    with pytest.raises(InDoubt) as caught:
        read_columns(columns_of(("title", "body", "notes", "few:label")), frozenset())
    assert (caught.value.flag, set(caught.value.columns)) == ("--input", {"title", "body", "notes"})
    named = read_columns(rows, frozenset(), inputs=["body"])
    assert (named.question, named.unused) == (("body",), ("title",))


def test_query_and_product_are_judged_together_and_wrong_answers_are_no_pair():
    assert read_columns(columns_of(("query", "product", "few:relevance")), frozenset()).question == ("query", "product")
    wrong = ("Question", "few:Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2")
    assert read_columns(columns_of(wrong), frozenset()).question == ("Question",)


@pytest.mark.parametrize("pair", [("sentence1", "sentence2"), ("text_a", "text_b"), ("句子1", "句子2")])
@pytest.mark.parametrize("number", ["score", "similarity", "label", "target", "gold", "answer", "output", "expected"])
def test_number_beside_two_texts_that_are_judged_together_is_a_score(pair, number):
    reading = read_columns(columns_of((*pair, f"number:{number}")), frozenset())
    assert (reading.question, reading.needed["target"]) == (pair, number)
    assert reading.is_score


def test_shares_under_a_score_s_name_beside_a_pair_are_scores_and_amounts_are_not():
    rows = [{"text_1": text(n, 6), "text_2": text(f"b{n}", 6), "similarity": f"{n * 7 % 101}%"} for n in range(120)]
    assert read_columns(rows, frozenset()).is_score
    rows = [{"text_1": row["text_1"], "text_2": row["text_2"], "price": row["similarity"]} for row in rows]
    assert not read_columns(rows, frozenset()).is_score


def test_whole_numbers_beside_a_pair_are_scores_under_a_name_of_any_language_and_else_a_doubt():
    rows = [{"句子1": text(n, 6), "句子2": text(f"b{n}", 6), "相似度": n * 7 % 6} for n in range(60)]
    assert read_columns(rows, frozenset()).is_score
    rows = [{"句子1": row["句子1"], "句子2": row["句子2"], "target": row["相似度"]} for row in rows]
    reading = read_columns(rows, frozenset())
    assert not reading.is_score and "if they are a scale, take within_tolerance" in reading.doubts[-1]


def test_whole_numbers_under_a_score_s_name_are_classes_that_may_be_a_scale():
    rows = [{"text": text(n, 9), "score": n * 7 % 10} for n in range(60)]
    reading = read_columns(rows, frozenset(), target="score")
    assert not reading.is_score and "if they are a scale, take within_tolerance" in reading.doubts[-1]


@pytest.mark.parametrize(
    ("question", "target", "is_score", "is_doubted"),
    [
        (lambda n: ("excerpt", text(n, 30)), "target", True, False),
        (lambda n: ("question", f"{text(n, 9)}?"), "target", False, False),
        (lambda n: ("input", f"Add {n} and 3.5."), "target", False, False),
        (lambda n: ("excerpt", text(n, 30)), "answer", False, True),
    ],
)
def test_fractions_of_one_text_are_scores_where_nothing_is_asked(question, target, is_score, is_doubted):
    rows = [dict([question(n)]) | {target: n * 7 % 50 / 10 - 2.3} for n in range(60)]
    reading = read_columns(rows, frozenset())
    assert reading.is_score is is_score
    assert any("if they are scores, take within_tolerance" in doubt for doubt in reading.doubts) is is_doubted


@pytest.mark.parametrize(
    "beside", ["explanation", "解析", "steps", "prediction", "Incorrect Answer 1", "aliases", "number_of_answer"]
)
def test_column_that_may_tell_the_answer_is_not_proposed_for_the_question(tmp_path, beside):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "answer": text(n, 1), beside: f"it is {text(n, 1)}"})
    written = said(drafted(save(tmp_path / "rows.jsonl", rows), target="answer"))
    assert "--input" not in written


@pytest.mark.parametrize("beside", ["Incorrect Answer 1", "distractor2"])
def test_wrong_answers_in_columns_of_their_own_are_a_doubt(tmp_path, beside):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "Correct Answer": text(n, 1), beside: text(f"b{n}", 1)})
    why = "where the answer is to be chosen, write all answers into lists under 'choices'"
    assert f"not sure: column '{beside}' is not used (rows.jsonl 360 rows): {why}" in said(
        drafted(save(tmp_path / "rows.jsonl", rows))
    )


def test_column_that_repeats_labels_under_another_name_is_not_proposed_for_the_question(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 7), "label": label(n), "desk": LABELS.index(label(n)), "size": n % 5})
    draft = draft_task(save(tmp_path / "rows.jsonl", rows), tmp_path / "out", target="label")
    notes = "\n".join(draft.notes)
    assert "column 'desk' is not used (rows.jsonl 360 rows): it may give the answer away" in notes
    assert "column 'size' is not used (rows.jsonl 360 rows): put what the question needs into the question" in notes


def test_column_beside_a_chat_that_is_the_same_in_all_rows_tells_nothing(tmp_path):
    def row(n: int) -> Row:
        turns = [{"role": "user", "content": text(n, 6)}, {"role": "assistant", "content": text(f"a{n}", 4)}]
        return {"messages": turns, "shop": "north"}

    draft = draft_task(save(tmp_path / "rows.jsonl", rows_of(row)), tmp_path / "out")
    said = "column 'shop' is not used (rows.jsonl 360 rows): write what the question needs into the question's turn"
    assert said in draft.notes


@pytest.mark.parametrize(
    ("target", "question"), [("number:final_answer", ("problem",)), ("few:label", ("problem", "solution"))]
)
def test_solution_stands_in_the_question_only_where_it_is_judged(target, question):
    rows = columns_of(("problem", "solution", target))
    assert read_columns(rows, frozenset(), target=target.partition(":")[2]).question == question


def test_flag_that_answers_a_doubt_can_be_given_to_a_shell():
    with pytest.raises(InDoubt) as caught:
        read_columns(columns_of(("first text", "it's another")), frozenset())
    assert "such as --target 'first text'" in str(caught.value)


@pytest.mark.parametrize("name", ["9.75", "The pump is loud, desk 3."])
def test_name_that_looks_like_a_cell_is_said_with_the_doubt_and_a_question_as_a_name_is_not(tmp_path, name):
    def asked(names: list[str]) -> str:
        cells = [[text(n, 6), text(f"b{n}", 6), f"{n % 50 / 10}"] for n in range(60)]
        source = tmp_path / "rows.tsv"
        source.write_text("\n".join("\t".join(row) for row in [names, *cells]))
        with pytest.raises(InDoubt) as caught:
            draft_task(source, tmp_path / "out")
        return str(caught.value)

    why = "is a number" if name == "9.75" else "is a sentence"
    first = f"the first line looks like a row, not like column names, as '{name}' {why}; if so, put a line of names"
    assert first in asked(["one", "two", name])
    assert "looks like a row" not in asked(["one", "How do you like it?", "three"])


def test_named_column_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="there is no column 'lable'; its columns: 'text', 'label'"):
        read_columns(columns_of(("text", "few:label")), frozenset(), target="lable")


def squad(number: int, titles: int) -> Row:
    answers = {"text": [text(number, 2), f"the {text(number, 2)}"], "answer_start": [number, number]}
    return {
        "id": f"s{number}",
        "title": f"{WORDS[number % titles]} {WORDS[number % titles + 500]}",
        "context": text(f"c{number}", 30),
        "question": text(number, 7),
        "answers": answers,
    }


@pytest.mark.parametrize("titles", [9, 240])  # few enough for labels, and not
def test_answers_as_objects_with_lists_of_texts_are_several_right_ones(tmp_path, titles):
    source = save(tmp_path / "squad.jsonl", rows_of(lambda n: squad(n, titles)))
    task = drafted(source)
    item = task.test[0]
    number = int(item.id[1:])
    assert (item.target, item.accepted) == (text(number, 2), (f"the {text(number, 2)}",))
    assert item.question.text == f"{text(f'c{number}', 30)}\n\n{text(number, 7)}"
    assert "any one of the answers that 'answers' lists is taken for right" in said(task)


def test_answers_as_objects_with_other_lists_are_refused_with_the_remedy(tmp_path):
    rows = rows_of(lambda n: {"question": text(n, 7), "spans": {"start": [n], "words": [text(n, 2)]}})
    with pytest.raises(TaskFileError) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert (
        "column 'spans' holds objects with lists (start, words); write the answer you want into a column 'target' and "
        "run again, or name its column with --target"
    ) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_answer_that_is_an_object_with_other_things_too_is_asked_for(tmp_path):
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": {"value": text(n, 1), "kind": "word"}})
    source = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InDoubt, match="such as --target answer.value") as caught:
        drafted(source)
    assert caught.value.columns == ("answer.value", "answer")
    assert {item.target for item in drafted(source, target="answer.value").test} <= set(WORDS)


@pytest.mark.parametrize(
    ("value", "what"), [(["a", "b"], "lists"), ({"mail": "a"}, "objects (mail)"), ([{"a": 1}], "lists")]
)
def test_answer_is_not_guessed_past_a_column_with_lists_or_objects(tmp_path, value, what):
    rows = rows_of(lambda n: {"review": text(n, 9), "stars": n % 5, "given": value})
    with pytest.raises(TaskFileError, match=re.escape(f"column 'given' holds {what}; write the answer you want into")):
        drafted(save(tmp_path / "rows.jsonl", rows))
    named = save(tmp_path / "named.jsonl", [row | {"target": row["stars"]} for row in rows])
    assert {item.target for item in drafted(named).test} == set("01234")


@pytest.mark.parametrize(("target", "told"), [(None, ""), ("contents", ", under no name that chats have")])
def test_turns_of_a_form_that_is_not_read_are_named_with_the_one_that_is(tmp_path, target, told):
    def row(n: int) -> Row:
        turns = [{"role": "user", "parts": [{"text": text(n, 9)}]}, {"role": "model", "parts": [{"text": text(n, 1)}]}]
        return {"config": {"role": "system", "parts": [{"text": "Be brief."}]}, "contents": turns}

    remedy = 'write each row as {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", '
    with pytest.raises(TaskFileError, match=re.escape(f"column 'contents' holds lists of turns{told}; {remedy}")):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target=target)


def test_turns_under_another_name_are_told_though_the_user_ends_some_chats(tmp_path):
    def row(n: int) -> Row:
        turns = [{"role": "user", "content": text(n, 9)}, {"role": "assistant", "content": text(f"a{n}", 2)}]
        return {"conversation": [*turns, {"role": "user", "content": "thanks"}] if n % 4 == 0 else turns}

    remedy = "lists of turns, under no name that chats have; write each row as {"
    with pytest.raises(TaskFileError, match=re.escape(f"column 'conversation' holds {remedy}")):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


@pytest.mark.parametrize("speaker", ["speaker", "role"])
def test_chats_of_one_turn_a_row_are_refused_with_the_form_of_a_row(tmp_path, speaker):
    def row(n: int) -> Row:
        said = {speaker: ("Customer", "Agent")[n % 2], "message": text(n, 9)}
        return {"conversation_id": n // 4, "turn": n % 4, **said}

    remedy = f"column '{speaker}' says whose turn a row is, and 'conversation_id' of which chat; write each chat as"
    with pytest.raises(TaskFileError, match=re.escape(f"{remedy} one row, such as {{")):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    (tmp_path / "named").mkdir()
    assert drafted(save(tmp_path / "named/rows.jsonl", rows_of(row)), target=speaker).primary_metric == "label_accuracy"
    labelled = [{**row(n), "sentiment": label(n)} for n in range(360)]
    (tmp_path / "labelled").mkdir()
    assert drafted(save(tmp_path / "labelled/rows.jsonl", labelled)).primary_metric == "label_accuracy"


def test_objects_under_any_name_become_json_though_a_key_holds_lists(tmp_path):
    rows = rows_of(lambda n: {"review": text(n, 9), "parsed": {"stars": n % 5, "words": [text(n, 1)]}})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert json.loads(task.test[0].target).keys() == {"stars", "words"}


def test_turns_and_evidence_in_lists_do_not_keep_the_answer_from_being_guessed(tmp_path):
    def row(n: int) -> Row:
        return {"prompt": [{"role": "user", "content": text(n, 9)}], "stars": n % 5, "evidence": [f"page{n}"]}

    assert {item.target for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row))).test} == set("01234")


def test_unused_lists_and_objects_are_said_in_the_task_file(tmp_path):
    def row(n: int) -> Row:
        return {
            "question": text(n, 7),
            "words": [text(f"{n}{i}", 2) for i in range(4)],
            "answer": n % 4,
            "of": {"a": n},
        }

    written = said(drafted(save(tmp_path / "rows.jsonl", rows_of(row))))
    for name in ("words", "of"):
        why = f"the question is asked without it: put it into the question with --input question --input {name}"
        assert f"# not sure: column '{name}' is not used (rows.jsonl 360 rows): {why}" in written


@pytest.mark.parametrize(
    ("names", "answers"),
    [
        (("A", "B", "C"), "ABC"),
        (("option_1", "option_2", "optionC"), "123"),
        (("A_text", "B_text", "C_text"), "ABC"),
        (("option_a_text", "option_b_text", "option_c_text"), "123"),
        (("first choice", "second choice", "third choice"), "123"),
        (tuple(f"Answer {number} - max 75 characters" for number in (1, 2, 3)), "123"),
        (("备选项A", "备选项B", "备选项C"), "ABC"),
        (("甲", "乙", "丙"), "甲乙丙"),
        (("甲", "乙", "丙"), "ABC"),
        (("الخيار أ", "الخيار ب", "الخيار ج"), "أبج"),
        (("Вариант А", "Вариант Б", "Вариант В"), "АБВ"),
        (("보기 ①", "보기 ②", "보기 ③"), "123"),
    ],
)
def test_answers_to_choose_from_stand_in_the_question_and_are_said_in_the_task_file(tmp_path, names, answers):
    def row(n: int) -> Row:
        return {"question": text(n, 7), **{name: text(f"{n}{name}", 1) for name in names}, "answer": answers[n % 3]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert (task.primary_metric, {item.target for item in task.test}) == ("choice", {"A", "B", "C"})
    listed = ", ".join(f"'{name}'" for name in names)
    assert f"the answers to choose from ({listed}) stand below each question, and the answer is a letter" in said(task)
    item = task.test[0]
    number = next(n for n in range(360) if item.question.text.startswith(text(n, 7)))
    choices = "\n".join(f"{letter}. {text(f'{number}{name}', 1)}" for letter, name in zip("ABC", names, strict=True))
    assert item.question.text == f"{text(number, 7)}\n\n{choices}"
    assert item.target == "ABC"[number % 3]


@pytest.mark.parametrize("name", ["answers", "choices"])
@pytest.mark.parametrize("key", ["rank", "score"])
def test_answers_with_a_rank_each_are_preferences_and_no_quiz(tmp_path, name, key):
    def row(n: int) -> Row:
        ranked = [{"text": text(f"{n}{rank}", 4), key: float(rank)} for rank in (1, 2, 3)]
        return {"prompt": text(n, 7), name: ranked[n % 3 :] + ranked[: n % 3]}

    said = f"column '{name}' holds several answers with '{key}' each: write a better and a worse one into columns 'ch"
    with pytest.raises(TaskFileError, match=said):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


def test_column_with_the_users_own_split_is_no_answer_and_is_said_in_the_task_file(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "mood": label(n), "split": "test" if n % 4 == 0 else "train"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert {item.target for item in task.test} <= set(LABELS)
    assert "column 'split' is not used (rows.jsonl 360 rows): rows are not split by it (test, train)" in said(task)


@pytest.mark.parametrize("name", ["correct_answer", "goldAnswer", "the answer", "expected-reply"])
def test_name_with_a_word_for_the_answer_comes_before_the_content_of_others(tmp_path, name):
    def row(n: int) -> Row:
        return {"question": text(n, 7), name: text(n, 1), "answer_type": "ab"[n % 2], "topic": "cd"[n % 2]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert {item.target for item in task.test} <= set(WORDS)
    assert f"not sure: the answer was taken from column '{name}', by a word of its name" in said(task)


def test_context_that_few_rows_have_is_put_before_their_questions(tmp_path):
    def row(n: int) -> Row:
        context = text(f"c{n}", 30) if n % 3 == 0 else ""
        return {"instruction": text(n, 7), "context": context, "response": text(f"r{n}", 5)}

    rows = rows_of(row)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    with_context = [item for item in (*task.study.train, *task.study.dev, *task.test) if "\n\n" in item.question.text]
    assert len(with_context) == 120
    assert "the text in 'context' was put before each question, where there is one (120 rows)" in said(task)


def test_blank_answers_are_empty_ones(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n) if n % 3 else " "}, 360)
    assert "the answer in 'label' is empty in 120 of 360 rows" in said(drafted(save(tmp_path / "rows.jsonl", rows)))


def test_name_with_a_word_for_the_question_comes_before_longer_texts(tmp_path):
    def row(n: int) -> Row:
        return {"document": text(f"d{n}", 30), "user question": text(n, 7), "answer": text(n, 1)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    number = next(n for n in range(360) if task.test[0].question.text.endswith(text(n, 7)))
    assert task.test[0].question.text == f"{text(f'd{number}', 30)}\n\n{text(number, 7)}"
    assert "not sure: the question was taken from column 'user question', by a word of its name" in said(task)


def test_number_under_the_name_of_a_question_is_not_taken_for_it_where_there_is_a_text(tmp_path):
    def row(n: int) -> Row:
        return {"ticket": 1000 + n, "body": text(n, 7), "label": "ab"[n % 2]}

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row))).test[0].question.text.count(" ") == 6


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        (lambda n: [[text(n, 1)], ["or"]], "lists"),
        (lambda n: {"value": [text(n, 1)]}, "objects with lists (value)"),
        (lambda n: {"city": text(n, 1)}, None),
    ],
)
def test_answers_in_lists_are_said_to_be_taken_as_json_text(tmp_path, answer, held):
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": answer(n)})
    written = drafted(save(tmp_path / "rows.jsonl", rows))
    start = "# not sure: the answers in 'answer' are "
    assert (f"{start}{held}, taken as JSON text" in written.file.read_text()) is (held is not None)
    assert (start in written.file.read_text()) is (held is not None)


def test_context_is_put_before_its_question(tmp_path):
    task = drafted(array(tmp_path))
    number = next(n for n in range(360) if task.test[0].question.text.endswith(text(n, 7)))
    assert task.test[0].question.text == f"{text(f'c{number}', 30)}\n\n{text(number, 7)}"


@pytest.mark.parametrize(("name", "cell"), [("email", "user{n}@example.org"), ("request", "https://example.org/{n}")])
def test_name_of_a_question_over_addresses_is_not_preferred_to_a_text(name, cell):
    rows = [{name: cell.format(n=n), "Customer message": text(n, 9), "Desk": label(n)} for n in range(60)]
    assert read_columns(rows, frozenset()).needed["input"] == "Customer message"


def test_column_of_mails_is_the_question_by_its_name():
    rows = [{"Sender": f"user{n}@example.org", "email": text(n, 9), "Desk": label(n)} for n in range(60)]
    assert read_columns(rows, frozenset()).needed["input"] == "email"


def test_addresses_are_the_question_where_nothing_else_is():
    rows = [{"request": f"https://example.org/{text(str(n), 1)}/{n}", "label": label(n)} for n in range(60)]
    assert read_columns(rows, frozenset()).needed["input"] == "request"


def test_labels_in_columns_of_yes_and_no_are_asked_for_with_the_form_that_scores_all(tmp_path):
    names = ("toxic", "threat", "insult")
    rows = rows_of(
        lambda n: {"comment": text(n, 9), **{name: (n * at) % 7 % 2 for at, name in enumerate(names, 2)}}, 120
    )
    with pytest.raises(
        InDoubt, match="to score all, write the names of those that hold into lists in a column 'labels'"
    ):
        drafted(save(tmp_path / "flags.jsonl", rows))
    listed = [{"comment": row["comment"], "labels": [name for name in names if row[name]]} for row in rows]
    assert drafted(save(tmp_path / "listed.jsonl", listed)).primary_metric == "label_set"


def test_first_line_of_sentences_alone_is_said_to_look_like_a_row(tmp_path):
    file = tmp_path / "rows.tsv"
    file.write_text("".join(f"{text(n, 6)}?\t{text(f'a{n}', 5)}\n" for n in range(120)))
    assert "the first line looks like a row, not like column names" in said(drafted(file))


def test_turns_in_a_column_of_several_that_make_the_question_stand_there_as_json(tmp_path):
    def row(n: int) -> Row:
        history = [{"role": "user", "content": text(f"b{n}", 4)}, {"role": "assistant", "content": "Yes."}]
        return {"history": history, "question": f"{text(n, 6)}?", "answer": text(f"a{n}", 2)}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    item = drafted(file, inputs=["history", "question"]).test[0]
    history, _, question = item.question.text.removeprefix("history: ").partition("\nquestion: ")
    assert json.loads(history)[1]["content"] == "Yes." and question.endswith("?")


@pytest.mark.parametrize("name", ["Complex_CoT", "thinking_trajectories", "llm_reasoning"])
@pytest.mark.parametrize("is_list", [True, False])
def test_thoughts_under_longer_names_are_no_part_of_the_question(tmp_path, name, is_list):
    def row(n: int) -> Row:
        thought = text(f"t{n}", 20)
        return {"question": f"{text(n, 6)}?", name: [thought] if is_list else thought, "answer": text(f"a{n}", 2)}

    written = said(drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))))
    assert f"column '{name}' is not used (rows.jsonl 120 rows): put the thoughts in front of the answer" in written


@pytest.mark.parametrize("count", [1, 2])
def test_choices_of_which_no_column_says_the_right_one_are_shown_and_said(tmp_path, count):
    names = ["options"] if count == 1 else ["option_a", "option_b"]

    def row(n: int) -> Row:
        texts = [text((n, at), 2) for at in range(2)]
        held = {"options": texts} if count == 1 else dict(zip(names, texts, strict=True))
        return {"question": f"{text(n, 7)}?", **held, "label": label(n)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    shown = ", ".join(f"'{name}'" for name in names)
    assert f"the question shows {shown} too, behind each column's name" in said(task)
    assert all(f"{name}: " in item.question.text for item in task.test for name in names)


@pytest.mark.parametrize("name", ["gold_passage", "expected_format", "golden_source", "truth_table"])
def test_column_that_says_of_something_else_that_it_is_right_is_no_answer(tmp_path, name):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "answer": text(n, 2), name: text(f"p{n}", 9)}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert {item.target for item in task.test} <= {row["answer"] for row in rows}


@pytest.mark.parametrize("name", ["ground_truth", "Expected Answer", "gold", "idealResponse", "golden_output"])
def test_what_is_right_beside_an_answer_that_may_be_given_is_asked_for(tmp_path, name):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "response": text(n, 2), name: text(f"p{n}", 2)}, 120)
    with pytest.raises(InDoubt) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert caught.value.columns[:2] == (name, "response")


def test_way_of_a_column_into_the_question_of_an_instruction_keeps_its_input(tmp_path):
    def row(n: int) -> Row:
        return {"instruction": text(n, 6), "input": text(-n, 4), "output": text(f"a{n}", 3), "shop": text(f"s{n}", 2)}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    notes = draft_task(file, tmp_path / "noted").notes
    assert any(note.endswith("with --input instruction --input input --input shop") for note in notes), notes
