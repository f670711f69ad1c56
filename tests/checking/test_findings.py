import json
import shutil
from pathlib import Path

import pytest

from harness.checking import examine, read_material
from harness.checking.near_duplicates import is_slip, near_duplicates
from harness.errors import TaskFileError
from harness.records import Message
from harness.task import load_task
from harness.words import length_in_words, words_of


@pytest.fixture
def plain_task(task_folder):
    """Forty training, twenty dev and forty test rows whose questions share no word that counts."""
    task_folder.settings["data"]["columns"] = {}
    for split, count in (("train", 40), ("dev", 20), ("test", 40)):
        rows = [{"id": f"{split}{n}", "input": f"{split} asks about {n}", "target": "yes"} for n in range(count)]
        task_folder.write_rows(f"{split}.jsonl", rows)
    return task_folder


def change(folder, split, number, **values):
    file = folder.folder / f"{split}.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[number - 1] |= values
    folder.write_rows(file.name, rows)


def report_of(folder, model=None):
    return examine(read_material(folder.save()), lambda source: model)


def found(folder, kind):
    """The rows of each case of a kind, by split and number."""
    report = report_of(folder)
    hits = [hit for finding in report.findings if finding.kind == kind for hit in finding.hits]
    return [{(place.split, place.number) for place in hit.rows} for hit in hits]


def worse_than_notes(report):
    return [finding.kind for finding in report.findings if finding.severity != "note"]


def test_clean_task_has_nothing_worse_than_notes_but_one_label(plain_task):
    report = report_of(plain_task)
    assert worse_than_notes(report) == ["label_balance"]  # every answer is 'yes'
    assert report.exit_code == 0


def test_duplicate_ids_and_empty_targets_keep_the_task_from_being_read(plain_task):
    change(plain_task, "train", 3, id="train0")
    change(plain_task, "train", 5, target=" ")
    report = report_of(plain_task)
    assert [(fault.file, fault.line) for fault in report.faults] == [("train.jsonl", 3)]
    [left_out] = [finding for finding in report.findings if finding.kind == "left_out"]
    assert [(hit.rows[0].number, hit.detail.split(";")[0]) for hit in left_out.hits] == [(5, "'target' is empty")]
    assert report.exit_code == 2


def test_bad_template_is_one_fault_among_the_others_with_its_place(plain_task):
    plain_task.settings |= {"prompt": {"template": "{{ question }}"}, "metrc": 1}
    key, template = report_of(plain_task).faults
    lines = plain_task.save().read_text().splitlines()
    assert (lines[template.line - 1][template.column - 1 :], template.text.split(" (")[0]) == (
        "template: '{{ question }}'",
        "prompt.template names 'question', which is not a column of the rows",
    )
    assert (lines[key.line - 1], key.text.split(" (")[0]) == ("metrc: 1", "unknown key 'metrc'")


def test_template_that_comes_to_no_end_is_one_fault(plain_task):
    plain_task.settings["prompt"] = {"template": "{{ input }}{{ 'x'|center(2000000000) }}"}
    [fault] = report_of(plain_task).faults
    assert "takes more than 1 GB of memory" in fault.text


def test_whatever_load_refuses_is_a_fault_or_an_error(plain_task):
    change(plain_task, "train", 3, input="TEST  asks about 4")
    with pytest.raises(TaskFileError):
        load_task(plain_task.save())
    assert report_of(plain_task).exit_code == 1
    assert found(plain_task, "leak") == [{("train", 3), ("test", 5)}]


def test_leak_says_that_the_answers_differ(plain_task):
    change(plain_task, "train", 3, input="test asks about 4", target="no")
    [hit] = next(finding for finding in report_of(plain_task).findings if finding.kind == "leak").hits
    assert "with two answers: 'yes' and 'no'" in hit.detail


def test_sums_with_other_signs_are_no_leak(plain_task):
    change(plain_task, "train", 1, input="3 + 4 =", target="7")
    change(plain_task, "test", 1, input="3 * 4 =", target="7")
    assert found(plain_task, "leak") == found(plain_task, "near_leak") == []


def test_label_spelt_two_ways_names_the_rare_spelling(plain_task):
    change(plain_task, "dev", 2, target="Yes.")
    assert found(plain_task, "label_spelling") == [{("dev", 2)}]


def test_label_that_train_lacks_is_named(plain_task):
    change(plain_task, "test", 7, target="no")
    assert found(plain_task, "unseen_label") == [{("test", 7)}]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_split_that_cannot_be_read_is_one_fault_and_leads_to_no_warning(plain_task, split):
    for number in range(1, 21):
        for other in ("train", "dev", "test"):
            change(plain_task, other, number, target="no")
    plain_task.settings["data"][split] = "absent.jsonl"
    report = report_of(plain_task)
    assert [(fault.file, fault.text.split(":")[0]) for fault in report.faults] == [("task.yaml", f"data.{split}")]
    assert [kind for kind in worse_than_notes(report) if kind != "label_balance"] == []


def test_answers_much_longer_in_one_split(plain_task):
    for number in range(1, 41):
        change(plain_task, "test", number, target=f"a long answer of many words, number {number}")
    assert "answer_length" in worse_than_notes(report_of(plain_task))


def test_ids_shared_by_all_rows_are_numbers_and_no_finding(plain_task):
    for split, count in (("train", 40), ("test", 40)):
        for number in range(1, count + 1):
            change(plain_task, split, number, id=str(number))
    assert found(plain_task, "shared_id_test_train") == []


def test_near_copies_of_one_group_are_known_to_their_owner(plain_task):
    text = "the blue kettle whistles long before its water boils"
    change(plain_task, "train", 2, input=text)
    change(plain_task, "train", 3, input=text.replace("blue", "green"))
    assert found(plain_task, "near_copy_train") == [{("train", 2), ("train", 3)}]
    change(plain_task, "train", 2, group="kettle")
    change(plain_task, "train", 3, group="kettle")
    assert found(plain_task, "near_copy_train") == []


def grouped(folder, **others):
    """Give every row a group of its own, but for `others`: the group by split and row, as in train_3."""
    for split, count in (("train", 40), ("dev", 20), ("test", 40)):
        for number in range(1, count + 1):
            change(folder, split, number, group=others.get(f"{split}_{number}", f"{split} {number}"))


def test_group_written_in_another_case_or_with_other_spaces_is_named(plain_task):
    grouped(plain_task, train_3="e5 ", train_4="E5", test_7="E5")
    assert found(plain_task, "torn_group") == [{("test", 7), ("train", 4)}]
    assert found(plain_task, "group_spelling") == [{("test", 7), ("train", 3)}]
    [finding] = [one for one in report_of(plain_task).findings if one.kind == "group_spelling"]
    assert (finding.severity, finding.hits[0].detail) == ("warning", "group 'E5' and 'e5 '")


def test_rows_without_a_group_where_most_have_one_are_named(plain_task):
    assert found(plain_task, "no_group") == []
    grouped(plain_task, train_3=None, train_9="", test_2=None)
    assert found(plain_task, "no_group") == [{("train", 3)}, {("train", 9)}, {("test", 2)}]


def test_few_rows_with_a_group_do_not_make_the_others_lack_one(plain_task):
    change(plain_task, "train", 3, group="one")
    assert found(plain_task, "no_group") == []


def test_copies_without_ids_share_a_hash_and_no_id(task_folder):
    asked = {"question": "train question 3", "answer": "answer 3"}
    task_folder.write_rows("test.jsonl", [asked, *({"question": f"t{n}", "answer": "a"} for n in range(5))])
    assert found(task_folder, "leak") == [{("test", 1), ("train", 4)}]
    assert found(task_folder, "shared_id_test_train") == []


def test_one_shared_id_is_named(plain_task):
    change(plain_task, "train", 2, id="test6")
    assert found(plain_task, "shared_id_test_train") == [{("test", 7), ("train", 2)}]


@pytest.mark.parametrize(
    "odd", ["a\x07b", "zero\u200bwidth", "\ufeffmark", "lost \ufffd one", "caf\u00c3\u00a9", "line\r\nend"]
)
def test_odd_characters_are_named_by_row(plain_task, odd):
    change(plain_task, "train", 4, input=f"train asks {odd}")
    assert found(plain_task, "odd_text") == [{("train", 4)}]


@pytest.mark.parametrize("text", ["naïve café", "Ça va ?", "你好，世界", "👩‍👩‍👧", "Âge d'or", "a\tb\nc", "می‌خواهم"])
def test_text_of_any_language_is_not_odd(plain_task, text):
    change(plain_task, "train", 4, input=text)
    assert found(plain_task, "odd_text") == []


def test_file_with_mark_and_windows_line_ends_is_noted(plain_task):
    file = plain_task.folder / "train.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    report = report_of(plain_task)
    [hit] = next(finding for finding in report.findings if finding.kind == "file_marks").hits
    assert hit.detail == "has a byte order mark and Windows line ends"


def test_evidence_without_a_document_is_an_error(plain_task):
    plain_task.settings["data"]["documents"] = "pages"
    plain_task.write("pages/one.md", "The answer is yes.")
    change(plain_task, "test", 2, evidence=["two"])
    assert found(plain_task, "unknown_evidence") == [{("test", 2)}]


def test_answer_that_no_document_holds_is_named(plain_task):
    plain_task.settings["data"]["documents"] = "pages"
    plain_task.write("pages/one.md", "The answer is yes.")
    change(plain_task, "test", 2, target="perhaps not")
    assert found(plain_task, "missing_answer") == [{("test", 2)}]


def test_answer_outside_its_own_evidence_is_named(plain_task):
    plain_task.settings["data"]["documents"] = "pages"
    plain_task.write("pages/one.md", "The answer is yes.")
    plain_task.write("pages/two.md", "Nothing here.")
    change(plain_task, "test", 2, evidence="two")
    change(plain_task, "test", 3, evidence="one")
    assert found(plain_task, "missing_answer") == [{("test", 2)}]


def test_pairs_that_say_the_same_or_are_turned_round(plain_task):
    plain_task.settings["data"]["preferences"] = "pairs.jsonl"
    pairs = [("a", "good", "bad"), ("b", "Fine.", "fine"), ("a", "bad", "good")]
    plain_task.write_rows("pairs.jsonl", [{"prompt": p, "chosen": c, "rejected": r} for p, c, r in pairs])
    assert found(plain_task, "equal_pair") == [{("preferences", 2)}]
    assert found(plain_task, "turned_pair") == [{("preferences", 1), ("preferences", 3)}]


def test_broken_json_among_json_answers_is_named(plain_task):
    for split, count in (("train", 40), ("dev", 20), ("test", 40)):
        for number in range(1, count + 1):
            change(plain_task, split, number, target=json.dumps({"of": split, "is": number}))
    change(plain_task, "train", 6, target='{"of": "train", "is":')
    assert found(plain_task, "broken_json") == [{("train", 6)}]


def test_answers_in_most_questions_are_the_nature_of_the_task(plain_task):
    for split, count in (("train", 40), ("dev", 20), ("test", 40)):
        for number in range(1, count + 1):
            answer = f"number {number} of {split}"
            change(plain_task, split, number, input=f"Which of them? It was {answer} that won.", target=answer)
    assert found(plain_task, "given_away") == []


def test_preview_shows_the_prompt_and_what_is_learnt(plain_task):
    plain_task.settings |= {"arms": ["zero_shot", "few_shot", "lora_sft"], "prompt": {"system": "Say yes or no."}}
    seen = {one.arm: one for one in report_of(plain_task).seen}
    assert seen["zero_shot"].prompt == "system: Say yes or no.\nuser: dev asks about 0\nassistant: "
    assert seen["few_shot"].prompt.count("assistant: ") == 3  # two shots and the question
    assert (seen["lora_sft"].prompt, seen["lora_sft"].learnt) == (
        "system: Say yes or no.\nuser: train asks about 0\nassistant: ",
        "yes<end>",
    )


def test_preview_of_rag_shows_the_evidence(plain_task):
    plain_task.settings |= {"arms": ["rag", "rag_lora_sft"]}
    plain_task.settings["data"]["documents"] = "pages"
    plain_task.write("pages/one.md", "Not this page. yes")
    plain_task.write("pages/two.md", "The page that says yes.")
    change(plain_task, "dev", 1, evidence="two")
    seen = {one.arm: one for one in report_of(plain_task).seen}
    assert "[1] The page that says yes." in seen["rag"].prompt
    assert "the row's evidence (two)" in seen["rag"].note
    assert "the first document (one)" in seen["rag_lora_sft"].note


def test_arm_without_a_preview_says_so(plain_task):
    assert [(one.arm, one.note) for one in report_of(plain_task).seen] == [("echo", "this arm has no preview")]


def test_slips_are_one_word_and_numbers_are_not():
    assert is_slip("machine", "mahcine")
    assert not is_slip("machine", "grinder")
    assert not is_slip("2018", "2019")


def test_words_leave_out_case_accents_and_punctuation_but_not_signs():
    assert words_of("Café, Straße: “A+B” ＡＢＣ") == ["cafe", "strasse", "a", "+", "b", "abc"]


def test_scripts_without_spaces_and_marks_are_words_too():
    assert words_of("你好，世界") == ["你", "好", "世", "界"]
    assert len(words_of("हिन्दी में लिखा")) == 3
    assert words_of("می‌خواهم") == words_of("میخواهم")
    questions = ["今天北京会下雪吗？", "机器显示错误代码怎么办？", "我的订单什么时候到货？"]
    texts = [words_of(text) for text in [*questions, "请问今天北京会下雪吗？"]]
    assert [(pair.first, pair.second) for pair in near_duplicates(texts, 0.7).pairs] == [(0, 3)]


LABELS_WITHOUT_SPACES = ("アカウント管理", "のちの調査", "การจัดการบัญชี", "电子账户管理问题")


@pytest.mark.parametrize("is_closed", [True, False])
def test_label_of_any_script_is_not_given_away(plain_task, is_closed):
    for split in ("train", "dev", "test"):
        for number in range(1, 41 if split != "dev" else 21):
            label = LABELS_WITHOUT_SPACES[number % 4]
            target = label if is_closed or number % 2 else f"said of {split} {number}"
            change(plain_task, split, number, input=f"{split} {number}: {label}?", target=target)
    assert found(plain_task, "answer_in_train") == []


@pytest.mark.parametrize(
    ("answer", "is_long"),
    [
        ("the third river of the north", True),
        ("the third river", False),
        ("北方第三大河流的名字叫长江", True),
        ("北方第三大河流", False),
        ("แม่นํ้าสายที่สามของภาคเหนือตอนบน", True),
        ("แม่นํ้าสายที่สาม", False),
    ],
)
def test_answer_is_long_by_its_words_in_any_script(plain_task, answer, is_long):
    for number in range(1, 41):
        change(plain_task, "train", number, target=f"said of {number}")
    change(plain_task, "train", 3, input=f"Somebody said: {answer}, is that so?")
    change(plain_task, "test", 7, target=answer)
    assert found(plain_task, "answer_in_train") == [{("train", 3), ("test", 7)}] * is_long


def test_length_in_words_counts_signs_of_scripts_without_spaces_as_parts():
    lengths = [length_in_words(words_of(text)) for text in ("two words", "北京", "北京 has", "ทดสอบ", "한국어 문장")]
    assert lengths == [2, 2 / 2, 2 / 2 + 1, 5 / 4, 2]


def test_long_texts_are_alike_by_whole_words():
    import random

    rng = random.Random(0)
    texts = [[f"w{rng.randrange(5000)}" for _ in range(200)] for _ in range(300)]
    copy = [*texts[7]]
    copy[::20] = ["changed"] * 10  # 190 of 200 words are left
    assert [(pair.first, pair.second) for pair in near_duplicates([*texts, copy], 0.7).pairs] == [(7, 300)]


def test_crowded_questions_are_counted_and_said(plain_task):
    rows = [{"input": f"open the valve called {name}", "target": "yes"} for name in "abcdefghijklmnop"]
    plain_task.write_rows("dev.jsonl", rows)
    [hit] = next(finding for finding in report_of(plain_task).findings if finding.kind == "crowded").hits
    assert 8 < int(hit.detail.split()[0]) <= 16  # of 16 that differ in one letter, each has 15 like it


def test_what_the_whole_corpus_repeats_makes_no_texts_alike():
    cities = "paris rome oslo bern lima cairo delhi quito sofia tunis".split()
    texts = [words_of(f"What is the name of the country whose capital is {city}?") for city in cities]
    assert near_duplicates(texts, 0.7).pairs == []
    assert [(pair.first, pair.second) for pair in near_duplicates([*texts, texts[3][::-1]], 0.7).pairs] == [(3, 10)]


def test_rows_beyond_the_window_are_an_error(plain_task, tiny_model):
    change(plain_task, "train", 9, input="far too long " * 600)
    report = report_of(plain_task, tiny_model)
    [finding] = [finding for finding in report.findings if finding.kind == "too_long"]
    assert (finding.severity, [hit.rows[0].number for hit in finding.hits]) == ("error", [9])


@pytest.fixture
def two_models(plain_task, tiny_model, tmp_path):
    """A task whose second arm stands on a model with a window of 64 tokens and another chat template."""
    small = tmp_path / "small"
    shutil.copytree(tiny_model, small, ignore=shutil.ignore_patterns("*.safetensors"))
    config = json.loads((small / "config.json").read_text())
    (small / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 64}))
    (small / "chat_template.jinja").write_text("{% for message in messages %}[{{ message.content }}]{% endfor %}")
    other = {"name": "other", "baseline": "zero_shot", "model": "small"}
    plain_task.settings |= {"model": str(tiny_model), "arms": ["zero_shot", other, {**other, "name": "third"}]}
    return plain_task, small


def test_every_model_of_the_arms_has_lengths_and_prompts_of_its_own(two_models, tiny_model):
    folder, small = two_models
    change(folder, "train", 9, input="rather long " * 30)
    change(folder, "train", 12, input="far too long " * 600)
    report = examine(read_material(folder.save()), Path)
    long = {finding.title: finding.hits for finding in report.findings if finding.kind == "too_long"}
    assert {title: [hit.rows[0].number for hit in hits] for title, hits in long.items()} == {
        f"rows that do not fit the window of {tiny_model}": [12],
        f"rows that do not fit the window of {small}": [9, 12],
    }
    [lengths] = [finding for finding in report.findings if finding.kind == "record_length"]
    assert [hit.detail.split(":")[0] for hit in lengths.hits] == [
        f"train in tokens of {tiny_model}",
        f"train in tokens of {small}",
    ]
    prompts = {one.arm: one.prompt for one in report.seen}
    assert prompts["other"] == prompts["third"] == "[dev asks about 0]"
    assert prompts["zero_shot"].startswith("<|im_start|>system")


def test_model_that_is_not_here_is_the_one_that_is_estimated(two_models, tiny_model):
    folder, small = two_models
    report = examine(read_material(folder.save()), lambda source: tiny_model if source == str(tiny_model) else None)
    assert report.lengths == (
        f"{tiny_model}: counted by the model's tokenizer; "
        f"{small}: estimated at 4 characters a token: the model's tokenizer is not here"
    )


def test_counts_and_prompts_are_those_of_the_model(tiny_model):
    from transformers import AutoTokenizer

    from harness.checking.model_text import ModelText

    theirs, ours = AutoTokenizer.from_pretrained(tiny_model), ModelText(tiny_model)
    messages = (Message("system", "Be brief."), Message("user", "Is it snowing?\nReally?"))
    turns = [{"role": message.role, "content": message.content} for message in messages]
    assert ours.prompt(messages) == theirs.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert ours.counts(["Is it snowing?"]) == [len(theirs.encode("Is it snowing?", add_special_tokens=False))]
    assert ours.window == 512
    assert ours.ending() == "<|im_end|>"


@pytest.fixture
def templated(tiny_model, tmp_path):
    """Return a function that copies the model's tokenizer with another chat template."""

    def copy(template):
        shutil.copytree(tiny_model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
        (tmp_path / "model" / "chat_template.jinja").write_text(template)
        return tmp_path / "model"

    return copy


def test_generation_block_of_a_chat_template_is_rendered_as_transformers_does(templated):
    from transformers import AutoTokenizer

    from harness.checking.model_text import ModelText

    folder = templated(
        "{% set said = 'none' %}"
        "{% for message in messages %}<|im_start|>{{ message.role }}\n"
        "{% if message.role == 'assistant' %}\n"
        "    {% generation %}{% set said = 'some' %}{{ message.content }}<|im_end|>{% endgeneration %}\n"
        "{% else %}{{ message.content }}<|im_end|>{% endif %}\n"
        "{% endfor %}{{ said }}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    messages = (Message("user", "Is it snowing?"), Message("assistant", "No."), Message("user", "Now?"))
    turns = [{"role": message.role, "content": message.content} for message in messages]
    theirs, ours = AutoTokenizer.from_pretrained(folder), ModelText(folder)
    assert ours.prompt(messages) == theirs.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert ours.ending() == "<|im_end|>"


@pytest.mark.parametrize(
    "template",
    ["{% for message in messages %}{{ message.content }}", "{{ messages + 1 }}", "{{ messages | length / 0 }}"],
)
def test_chat_template_that_jinja_cannot_read_or_render_leaves_plain_role_names(templated, template):
    from harness.checking.model_text import ModelText

    text = ModelText(templated(template))
    assert text.prompt((Message("user", "Is it snowing?"),)) == "user: Is it snowing?\nassistant: "


LAST_TURN = "<|im_start|>{{ messages[-1].role }}\n{{ messages[-1].content }}<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("template", "lost"),
    [(LAST_TURN, ["few_shot"]), ("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: ", [])],
)
def test_examples_that_a_chat_template_leaves_out_are_said_to_reach_no_model(plain_task, templated, template, lost):
    folder = templated(template)
    plain_task.settings["arms"] = ["zero_shot", "few_shot"]
    for number in range(1, 41):
        change(plain_task, "train", number, target=f"answer {number}")
    report = examine(read_material(plain_task.save()), lambda source: folder)
    hits = [hit.detail for one in report.findings if one.kind == "lost_examples" for hit in one.hits]
    assert [detail.partition(":")[0] for detail in hits] == lost
    assert [one.arm for one in report.seen if not one.prompt] == lost
    assert [one.severity for one in report.findings if one.kind == "lost_examples"] == ["warning"] * len(lost)
