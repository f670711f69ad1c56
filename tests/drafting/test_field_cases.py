"""Files of the field and others of their kinds: `harness init` makes the right task, or says what they lack."""

import csv
import io
import json
from pathlib import Path

import pytest
from draft_files import LABELS, Row, drafted, label, rows_of, said, save, text

from harness.checking import examine, read_material
from harness.drafting import InDoubt, draft_task
from harness.errors import TaskFileError
from harness.task import load_task
from harness.task.splits import normalised

FIELD = Path(__file__).parents[1] / "field"


def copied(case: str, name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes((FIELD / case / name).read_bytes())
    return path


def table(path: Path, header: list[str], rows: list[list[str]], encoding: str) -> Path:
    cells = io.StringIO()
    csv.writer(cells).writerows([header, *rows])
    path.write_bytes(cells.getvalue().encode(encoding))
    return path


# chinese-spreadsheet


@pytest.mark.parametrize("name", ["gb18030.csv", "headers.csv"])
def test_chinese_spreadsheet_is_read_with_its_columns(tmp_path, name):
    task = drafted(copied("chinese-spreadsheet", name, tmp_path))
    assert {item.target for item in task.test} == {"财务", "客服", "技术", "物流"}
    assert all("订单" in item.question.text for item in task.test)
    if name == "gb18030.csv":
        assert "was read as GB18030, in which a row is '订单0的退款有问题，请尽快处理,财务'" in said(task)


def test_japanese_spreadsheet_with_names_of_no_known_language_is_told_by_content(tmp_path):
    rows = [[f"注文{n}の返金について問い合わせたいです", ["経理", "技術", "配送"][n % 3]] for n in range(90)]
    task = drafted(table(tmp_path / "rows.csv", ["内容その一", "担当部署"], rows, "cp932"))
    assert {item.target for item in task.test} == {"経理", "技術", "配送"}
    assert "the answer was taken from column '担当部署', by its content" in said(task)


def test_thai_and_korean_texts_are_no_codes_though_they_have_no_spaces(tmp_path):
    rows = [[f"เมื่อไหร่จะคืนเงินคำสั่งซื้อ{n}", "การเงิน" if n % 2 else "จัดส่ง"] for n in range(90)]
    task = drafted(table(tmp_path / "thai.csv", ["หนึ่ง", "สอง"], rows, "cp874"))
    assert {item.target for item in task.test} == {"การเงิน", "จัดส่ง"}


def test_spreadsheet_of_another_system_is_refused_by_init_as_by_check(tmp_path):
    rows = [[f"Quand serai-je remboursé pour la commande {n}?", "expédition" if n % 2 else "été"] for n in range(90)]
    source = table(tmp_path / "rows.csv", ["question", "answer"], rows, "cp850")
    with pytest.raises(TaskFileError, match="save the file as UTF-8"):
        drafted(source)


# preference-shapes


@pytest.mark.parametrize("name", ["hh.jsonl", "ranking.jsonl"])
def test_pairs_of_the_field_are_read_and_what_they_lack_is_said(tmp_path, name):
    # the field's 40 rows have one answer, the same for all
    with pytest.raises(TaskFileError, match="every row has the answer 'With vinegar, then rinse it.'") as caught:
        drafted(copied("preference-shapes", name, tmp_path))
    assert f"({name}: 40 rows, read as preference pairs" in str(caught.value)


@pytest.mark.parametrize("name", ["hh.jsonl", "ranking.jsonl"])
def test_pairs_like_those_of_the_field_make_a_task(tmp_path, name):
    lines = [json.loads(line) for line in (FIELD / "preference-shapes" / name).read_text().splitlines()]

    def row(n: int) -> Row:
        written = json.dumps(lines[n % len(lines)]).replace("pot ", f"pot {text(n, 2)} ")
        return json.loads(written.replace("With vinegar, then rinse it.", f"With {text(f'a{n}', 2)}."))

    task = drafted(save(tmp_path / name, rows_of(row)))
    assert "lora_dpo" in {arm.name for arm in task.arms}
    assert all(item.target.startswith("With ") for item in task.test)
    assert {pair.rejected for pair in task.study.preferences} == {"No idea."}
    assert all(pair.messages[-1].role == "user" for pair in task.study.preferences)
    assert task.study.preferences[0].messages[0].content.startswith("How do I clean pot ")


def test_several_worse_answers_in_a_row_are_refused(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 6), "chosen": text(f"a{n}", 4), "rejected": [f"No {n}.", "Never."]})
    said_once = r"line 1 and 359 more: 'rejected' is \['No 0.', 'Never.'\]; give one answer, and a row for each pair$"
    with pytest.raises(TaskFileError, match=said_once):
        drafted(save(tmp_path / "rows.jsonl", rows))


def test_history_of_pairs_is_shown_before_the_question(tmp_path):
    def row(n: int) -> Row:
        return {"instruction": text(n, 6), "output": text(f"a{n}", 4), "history": [[f"before {n}", f"said {n}"]]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    numbers = {message.content.removeprefix("before ") for one in task.test for message in one.messages[:1]}
    assert {one.messages[1].content for one in task.test} == {f"said {number}" for number in numbers}
    assert {len(one.messages) for one in task.test} == {3}


def judged(n: int) -> Row:
    turns = [{"role": "user", "content": f"{text(n, 6)}?"}]
    return {"prompt": turns, "completion": [{"role": "assistant", "content": text(f"a{n}", 2)}], "label": n % 3 > 0}


def test_answers_that_were_called_good_or_bad_make_rows_of_the_good_ones_and_feedback(tmp_path):
    task = drafted(save(tmp_path / "kto.jsonl", rows_of(judged)))
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.target for item in items} == {text(f"a{n}", 2) for n in range(360) if n % 3}
    held = {normalised(item) for item in (*task.study.dev, *task.test)}
    # all that was said, but of what dev and test ask
    assert len(task.study.feedback) == 360 - len(held)
    assert sum(not one.is_good for one in task.study.feedback) == 120
    assert held.isdisjoint(map(normalised, task.study.feedback))
    assert "lora_kto" in {arm.name for arm in task.arms}


def test_verdict_that_is_no_verdict_is_asked_about(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 6), "completion": text(f"a{n}", 4), "label": n % 3})
    with pytest.raises(InDoubt) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert caught.value.columns == ("completion", "label")


def test_chat_with_a_label_that_is_no_verdict_is_asked_about(tmp_path):
    def row(n: int) -> Row:
        turns = [{"role": "user", "content": text(n, 6)}, {"role": "assistant", "content": text(f"a{n}", 4)}]
        return {"messages": turns, "label": n % 2}

    source = save(tmp_path / "rows.jsonl", rows_of(row))
    with pytest.raises(InDoubt) as caught:
        drafted(source)
    assert caught.value.columns == ("messages", "label")
    assert drafted(source, target="messages").test[0].target.count(" ") == 3


GOOD_AND_BAD = {
    "feedback": ("good", "bad"),
    "label": ("thumbs_up", "thumbs_down"),
    "rating": ("up", "down"),
    "vote": (1, -1),
}


@pytest.mark.parametrize("column", GOOD_AND_BAD)
@pytest.mark.parametrize("target", [None, "completion"])
def test_words_of_praise_and_blame_are_verdicts_whether_or_not_the_answer_is_named(tmp_path, column, target):
    good, bad = GOOD_AND_BAD[column]

    def row(n: int) -> Row:
        return {"prompt": f"{text(n, 6)}?", "completion": text(f"a{n}", 4), column: good if n % 3 else bad}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target=target)
    items = [*task.study.train, *task.study.dev, *task.test]
    assert {item.target for item in items} == {text(f"a{n}", 4) for n in range(360) if n % 3}
    assert sum(not one.is_good for one in task.study.feedback) == 120


@pytest.mark.parametrize(("good", "bad"), [(1, -1), ("yes", "no")])
def test_label_that_may_be_the_answer_is_a_verdict_once_the_answer_is_known(tmp_path, good, bad):
    def row(n: int) -> Row:
        return {"prompt": f"{text(n, 6)}?", "completion": text(f"a{n}", 4), "label": good if n % 3 else bad}

    rows = rows_of(row)
    source = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InDoubt):
        drafted(source)
    task = drafted(source, target="completion")
    assert len(task.study.train) + len(task.study.dev) + len(task.test) == 240
    assert "not sure: answers that 'label' calls bad are not learnt as right; if it judges none, take it out" in said(
        task
    )


def test_verdict_beside_plain_columns_is_refused_with_the_columns_that_are_read_beside_one(tmp_path):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 6)}?", "answer": text(f"a{n}", 4), "feedback": "good" if n % 3 else "bad"}

    with pytest.raises(TaskFileError, match="'feedback' calls answers good or bad, which is read beside 'prompt'"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


def rated(answer, good, bad):
    """Rows with an answer and a column that may judge it."""

    def row(n: int) -> Row:
        return {"question": f"{text(n, 6)}?", "answer": answer(n), "vote": good if n * n % 5 else bad}

    return rows_of(row)


LEARNT = "if it judges the answers, bad ones are learnt as good ones"


@pytest.mark.parametrize(
    ("answer", "good", "bad"),
    [(label, "like", "dislike"), (label, 1, -1), (lambda n: text(f"a{n}", 4), "yes", "no")],
)
def test_verdict_that_may_be_about_something_else_is_a_doubt(tmp_path, answer, good, bad):
    task = drafted(save(tmp_path / "rows.jsonl", rated(answer, good, bad)))
    assert len(task.study.train) + len(task.study.dev) + len(task.test) == 360
    assert f"not sure: column 'vote' is not used (rows.jsonl 360 rows): {LEARNT}" in said(task)


def test_refused_verdict_is_a_doubt_with_the_flag_that_the_refusal_names(tmp_path):
    source = save(tmp_path / "rows.jsonl", rated(lambda n: text(f"a{n}", 4), "like", "dislike"))
    with pytest.raises(TaskFileError, match="if it judges no answers, give --target answer"):
        drafted(source)
    assert f"column 'vote' is not used (rows.jsonl 360 rows): {LEARNT}" in said(drafted(source, target="answer"))


def test_points_that_may_judge_the_answers_are_said(tmp_path):
    rows = rows_of(lambda n: {"question": f"{text(n, 6)}?", "answer": text(f"a{n}", 4), "score": n % 5})
    task = drafted(save(tmp_path / "rows.jsonl", rows), target="answer")
    remedy = "if it judges the answers, bad ones are learnt as good ones: take their rows out, and the column"
    assert f"not sure: column 'score' is not used (rows.jsonl 360 rows): {remedy}" in said(task)


def test_too_few_good_answers_are_said_to_be_the_good_ones(tmp_path):
    rows = rows_of(judged, 80)
    # 80 rows from 0 on, of which 27 are called bad: 0, 3, ... 78
    with pytest.raises(TaskFileError, match="53 usable rows are too few .* 53 of 80 answers were called good"):
        drafted(save(tmp_path / "kto.jsonl", rows))


# scored-pairs-and-translations


def test_scored_pairs_of_the_field_are_scored_within_a_tolerance(tmp_path):
    task = drafted(copied("scored-pairs-and-translations", "scored.jsonl", tmp_path))
    assert (task.primary_metric, *task.other_metrics) == ("within_tolerance", "spearman", "pearson")
    # scores from 0.2 to 4.9: a tenth of the scale, to one digit
    assert task.metric_options == {"within_tolerance": {"tolerance": 0.5}}
    assert all(item.question.text.startswith("sentence1: A man of group ") for item in task.test)
    assert all("\nsentence2: Somebody of group " in item.question.text for item in task.test)
    assert all(0 <= float(item.target) <= 5 for item in task.test)
    assert examine(read_material(task.file)).exit_code == 0


def test_two_texts_and_a_number_without_a_pairs_names_are_asked_about(tmp_path):
    rows = rows_of(lambda n: {"left": text(n, 6), "right": text(f"r{n}", 6), "closeness": n * 7 % 50 / 10})
    source = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InDoubt, match="a number beside several texts may be the answer"):
        drafted(source)
    task = drafted(source, target="closeness")
    assert task.primary_metric == "within_tolerance"
    assert task.test[0].question.text.startswith("left: ")


@pytest.mark.parametrize("name", ["question", "title"])
def test_question_and_answer_with_a_score_are_asked_about(tmp_path, name):
    rows = rows_of(lambda n: {name: f"{text(n, 6)}?", "answer": text(f"r{n}", 6), "score": n % 9})
    with pytest.raises(InDoubt) as caught:
        drafted(save(tmp_path / "rows.jsonl", rows))
    assert caught.value.columns == ("answer", "score")


def test_translations_of_the_field_are_read_in_their_order_or_turned_round(tmp_path):
    source = copied("scored-pairs-and-translations", "translation.jsonl", tmp_path)
    task = drafted(source)
    assert (task.primary_metric, *task.other_metrics) == ("chrf", "bleu")
    assert all(item.question.text.startswith("Part number ") for item in task.test)
    assert all(item.target.startswith("La pieza ") for item in task.test)
    assert task.study.system == "Translate from English to Spanish. Answer with the translation and nothing else."
    assert examine(read_material(task.file)).exit_code == 0
    draft_task(source, tmp_path / "back", target="translation.en")
    assert "Translate from Spanish to English." in (tmp_path / "back" / "task.yaml").read_text()


def test_translations_into_several_languages_are_refused_with_the_flags_that_pick_two(tmp_path):
    def row(n: int) -> Row:
        return {"translation": {"en": text(n, 6), "de": text(f"d{n}", 6), "fr": text(f"f{n}", 6)}}

    source = save(tmp_path / "rows.jsonl", rows_of(row))
    with pytest.raises(TaskFileError, match="such as --input translation.en --target translation.de"):
        drafted(source)
    item = drafted(source, inputs=["translation.en"], target="translation.de").test[0]
    number = next(n for n in range(360) if text(n, 6) == item.question.text)
    assert item.target == text(f"d{number}", 6)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("en-US", "de-DE", "English to German"),
        ("Japanese", "zh", "Japanese to Chinese"),
        ("x.en", "x.fr", None),
        ("English", "Français", "English to French"),
        ("Deutsch", "Englisch", "German to English"),
        ("kor", "eng", "Korean to English"),
        ("Spanish", "Catalan", "Spanish to Catalan"),
        ("eng_Latn", "fra_Latn", "English to French"),
        ("DE", "EN", "German to English"),
    ],
)
def test_columns_that_are_called_by_languages_are_translations(tmp_path, source, target, said):
    def row(n: int) -> Row:
        texts = {source: text(n, 6), target: text(f"t{n}", 6)}
        return {"x": {name[2:]: one for name, one in texts.items()}, "nr": n} if "." in source else texts

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target=target, inputs=[source])
    assert (task.primary_metric, *task.other_metrics) == ("chrf", "bleu")
    assert f"Translate from {said or 'English to French'}." in task.study.system


@pytest.mark.parametrize(("source", "is_said"), [("English", True), ("Notes", False)])
def test_one_column_that_is_called_by_a_language_is_doubted(tmp_path, source, is_said):
    rows = rows_of(lambda n: {source: text(n, 6), "Quechua": text(f"t{n}", 6)})
    task = drafted(save(tmp_path / "rows.jsonl", rows), target="Quechua")
    assert ("if these are translations, take metric chrf" in said(task)) is is_said


def test_columns_that_say_the_languages_are_in_the_prompt_or_in_the_question_where_they_differ(tmp_path):
    def row(n: int, languages: str) -> Row:
        texts = {"source_text": text(n, 6), "target_text": text(f"t{n}", 6)}
        return {"source_lang": "en", "target_lang": languages.split()[n % 2], **texts}

    one = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: row(n, "fr fr"))))
    assert (one.primary_metric, one.study.system[:34]) == ("chrf", "Translate from English to French. ")
    assert "not used" not in said(one)
    several = tmp_path / "several"
    several.mkdir()
    task = drafted(save(several / "rows.jsonl", rows_of(lambda n: row(n, "fr de"))))
    assert task.primary_metric == "chrf" and "Translate from the language in source_lang" in task.study.system
    assert {item.question.text.partition("source_text: ")[0] for item in task.test} == {
        "source_lang: en\ntarget_lang: fr\n",
        "source_lang: en\ntarget_lang: de\n",
    }


def test_source_and_target_that_name_no_language_are_doubted(tmp_path):
    rows = rows_of(lambda n: {"source": text(n, 6), "target": text(f"t{n}", 6)})
    assert "if these are translations, take metric chrf" in said(drafted(save(tmp_path / "rows.jsonl", rows)))


def test_object_with_two_keys_that_are_no_languages_is_no_translation(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 6), "fields": {"name": text(n, 1), "city": text(f"c{n}", 1)}})
    assert drafted(save(tmp_path / "rows.jsonl", rows)).primary_metric == "json_fields"


# hub-subsets


def test_hub_id_is_drafted_from_its_train_split(tmp_path, monkeypatch):
    # below the working folder `load_dataset` takes a folder for the hub's data set of that name
    place = tmp_path / "owner" / "mail"
    place.mkdir(parents=True)
    save(place / "train.jsonl", rows_of(lambda n: {"text": text(n, 9), "label": label(n)}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    draft = draft_task(Path("owner/mail:default"), tmp_path / "out")
    assert draft.notes[0].startswith("owner/mail:default: 360 rows, read as plain columns (input: text, target: label")
    assert load_task(tmp_path / "out" / "task.yaml").test[0].target in LABELS


def test_hub_id_that_is_not_there_ends_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TaskFileError) as caught:
        draft_task(Path("openai/gsm8k:main"), tmp_path / "out")
    (fault,) = caught.value.faults
    assert fault.startswith("openai/gsm8k: is not a file in the task's folder, and as a hub data set it is not on this")
