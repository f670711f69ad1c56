"""Preference pairs, feedback and translations in the shapes that data sets are published in."""

import json
from pathlib import Path

import pytest

from harness.records import Message
from harness.task.published import translation_of


def dialogue(*turns):
    speakers = ("Human", "Assistant")
    return "".join(f"\n\n{speakers[n % 2]}: {text}" for n, text in enumerate(turns))


POTS = [Message("user", "How do I clean it?"), Message("assistant", "With water?"), Message("user", "And the lid?")]
ASKED = [Message("user", "How do I clean it?")]
SYSTEM = [Message("system", "Be brief."), *ASKED]
SHAPES = {
    "hh-rlhf": (
        {
            "chosen": dialogue("How do I clean it?", "With water?", "And the lid?", "Rinse."),
            "rejected": dialogue("How do I clean it?", "With water?", "And the lid?", "No idea."),
        },
        POTS,
    ),
    "hh-rlhf, one turn of several lines": (
        {
            "chosen": dialogue("How do I clean it?", "Rinse.\n\nThen dry."),
            "rejected": dialogue("How do I clean it?", "No idea."),
        },
        ASKED,
    ),
    "ranking": (
        {
            "conversations": [{"from": "human", "value": "How do I clean it?"}],
            "chosen": {"from": "gpt", "value": "Rinse."},
            "rejected": {"from": "gpt", "value": "No idea."},
        },
        ASKED,
    ),
    "ranking, answers as lists of one turn": (
        {
            "conversations": [{"from": "human", "value": "How do I clean it?"}],
            "chosen": [{"from": "gpt", "value": "Rinse."}],
            "rejected": [{"from": "gpt", "value": "No idea."}],
        },
        ASKED,
    ),
    "ranking of OpenAI turns": (
        {
            "prompt": [{"role": "user", "content": "How do I clean it?"}],
            "chosen": {"role": "assistant", "content": "Rinse."},
            "rejected": {"role": "assistant", "content": "No idea."},
        },
        ASKED,
    ),
    "OpenAI turns in texts, as tables have them": (
        {
            "prompt": '[{"role": "user", "content": "How do I clean it?"}]',
            "chosen": '[{"role": "assistant", "content": "Rinse."}]',
            "rejected": "[{'role': 'assistant', 'content': 'No idea.'}]",
        },
        ASKED,
    ),
    "alpaca ranking": (
        {"instruction": "How do I", "input": "clean it?", "chosen": "Rinse.", "rejected": "No idea."},
        [Message("user", "How do I\n\nclean it?")],
    ),
    "orca pairs": (
        {"system": "Be brief.", "question": "How do I clean it?", "chosen": "Rinse.", "rejected": "No idea."},
        SYSTEM,
    ),
    "system prompt in parts": (
        {"system": [{"text": "Be brief."}], "prompt": "How do I clean it?", "chosen": "Rinse.", "rejected": "No idea."},
        SYSTEM,
    ),
    "system prompt beside whole dialogues": (
        {
            "system_prompt": "Be brief.",
            "chosen": dialogue("How do I clean it?", "Rinse."),
            "rejected": dialogue("How do I clean it?", "No idea."),
        },
        SYSTEM,
    ),
    "system prompt that the turns repeat": (
        {
            "system": "Be brief.",
            "prompt": [{"role": turn.role, "content": turn.content} for turn in SYSTEM],
            "chosen": "Rinse.",
            "rejected": "No idea.",
        },
        SYSTEM,
    ),
    "orca pairs without a system prompt": (
        {"system": "", "question": "How do I clean it?", "chosen": "Rinse.", "rejected": "No idea."},
        ASKED,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_pairs_are_read_in_their_published_shape(task_folder, shape):
    record, question = SHAPES[shape]
    task_folder.add_preference(record)
    (pair,) = task_folder.load().study.preferences
    assert list(pair.messages) == question
    assert (pair.chosen.partition("\n")[0], pair.rejected) == ("Rinse.", "No idea.")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"chosen": "Rinse.", "rejected": "No idea."}, "has no question; give it as 'prompt', beside an answer each"),
        (
            {"chosen": dialogue("Clean it?", "Rinse."), "rejected": dialogue("Dry it?", "No idea.")},
            "'rejected' repeats another question than the row's; give the answer alone",
        ),
        (
            {"prompt": "q", "chosen": "a", "rejected": ["b", "c"]},
            "'rejected' is ['b', 'c']; give one answer, and a row for each pair",
        ),
        ({"conversations": "x", "chosen": {"text": "a"}, "rejected": {"text": "b"}}, "'chosen' is {'text': 'a'}"),
    ],
)
def test_pairs_of_no_known_shape_are_refused_with_the_remedy(task_folder, record, expected):
    task_folder.add_preference(record)
    (fault,) = task_folder.faults()
    assert expected in fault


def test_answer_that_quotes_a_speaker_is_no_dialogue(task_folder):
    task_folder.add_preference({"prompt": "q", "chosen": "Human: a person.", "rejected": "A robot."})
    (pair,) = task_folder.load().study.preferences
    assert pair.chosen == "Human: a person."


def test_turns_in_a_text_with_an_empty_system_turn_are_turns(task_folder):
    turns = [{"role": "system"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    task_folder.add_preference(
        {"chosen": json.dumps(turns), "rejected": json.dumps([*turns[:2], {"role": "assistant", "content": "b"}])}
    )
    (pair,) = task_folder.load().study.preferences
    assert ([turn.content for turn in pair.messages], pair.chosen, pair.rejected) == (["q"], "a", "b")


def test_turns_with_a_key_that_nobody_reads_are_refused(task_folder):
    said = json.dumps([{"role": "assistant", "output": "Rinse."}, {"role": "assistant", "content": "Dry."}])
    task_folder.add_preference({"prompt": "q", "chosen": said, "rejected": "No."})
    assert task_folder.faults()


def test_answers_that_are_lists_of_records_are_texts_though_one_has_a_role(task_folder):
    people = [json.dumps([{"role": "user", "rights": rights}, {"team": "desk"}]) for rights in ("read", "none")]
    task_folder.add_preference({"prompt": "Whose account is it?", "chosen": people[0], "rejected": people[1]})
    (pair,) = task_folder.load().study.preferences
    assert [pair.chosen, pair.rejected] == people


def test_question_that_is_a_list_of_records_is_a_text(task_folder):
    asked = json.dumps([{"role": "user", "rights": "read"}])
    task_folder.add_preference({"prompt": asked, "chosen": "Yes.", "rejected": "No."})
    (pair,) = task_folder.load().study.preferences
    assert [turn.content for turn in pair.messages] == [asked]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "q", "completion": "a", "label": True},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "kto_tag": True},
        {"instruction": "q", "output": "a", "kto_tag": "true"},
    ],
)
def test_feedback_is_read_in_its_published_shapes(task_folder, record):
    task_folder.settings["data"]["feedback"] = "said.jsonl"
    task_folder.write_rows("said.jsonl", [record])
    (said,) = task_folder.load().study.feedback
    assert ([message.content for message in said.messages], said.answer, said.is_good) == (["q"], "a", True)


def translations(first, last):
    return [{"id": str(n), "translation": {"en": f"part {n}", "es": f"pieza {n}"}} for n in range(first, last)]


def test_translation_object_is_read_in_its_order_and_the_notes_say_how_to_turn_it(task_folder):
    task_folder.settings["data"] = {"train": "a.jsonl", "test": "b.jsonl"}
    task_folder.write_rows("a.jsonl", translations(0, 9))
    task_folder.write_rows("b.jsonl", translations(20, 22))
    task = task_folder.load()
    assert [(item.question.text, item.target, item.id) for item in task.test] == [
        ("part 20", "pieza 20", "20"),
        ("part 21", "pieza 21", "21"),
    ]
    turned = "'translation' is read as en to es; the other way is data.columns: "
    assert any(turned + "{input: translation.es, target: translation.en}" in note for note in task.notes)


def test_translation_is_turned_round_by_naming_its_languages(task_folder):
    columns = {"input": "translation.es", "target": "translation.en"}
    task_folder.settings["data"] = {"train": "a.jsonl", "test": "b.jsonl", "columns": columns}
    task_folder.write_rows("a.jsonl", translations(0, 9))
    task_folder.write_rows("b.jsonl", translations(20, 21))
    (item,) = task_folder.load().test
    assert (item.question.text, item.target) == ("pieza 20", "part 20")


def test_translation_that_lacks_a_language_is_a_fault_of_its_row(task_folder):
    task_folder.settings["data"] = {"train": "a.jsonl", "test": "b.jsonl"}
    task_folder.write_rows("a.jsonl", [*translations(0, 9), {"id": "9", "translation": {"en": "part 9"}}])
    task_folder.write_rows("b.jsonl", translations(20, 21))
    assert task_folder.faults()[0].startswith("a.jsonl line 10: 'target' is empty")


JSON_ANSWERS = [
    {"name": "get", "arguments": {"city": "Bergen"}},
    {"title": "Peer Gynt", "author": "Ibsen"},
    {"name": "Kari", "role": "engineer"},
    {"from": "Bergen", "to": "Oslo"},
]


@pytest.mark.parametrize("item", JSON_ANSWERS)
@pytest.mark.parametrize("write", [json.dumps, str])
def test_answers_that_are_lists_of_objects_in_a_text_are_no_turns(task_folder, item, write):
    answers = {"chosen": write([item]), "rejected": write([item, item])}
    task_folder.settings["data"]["preferences"] = "pairs.jsonl"
    task_folder.write_rows("pairs.jsonl", [{"prompt": "q", **answers}])
    (pair,) = task_folder.load().study.preferences
    assert (pair.chosen, pair.rejected) == (answers["chosen"], answers["rejected"])


FIELD = Path(__file__).parents[1] / "field"


@pytest.mark.parametrize("name", ["hh.jsonl", "ranking.jsonl"])
def test_rows_of_the_field_are_read_as_preferences(task_folder, name):
    task_folder.settings["data"]["preferences"] = name
    task_folder.write(name, (FIELD / "preference-shapes" / name).read_text(encoding="utf-8"))
    pairs = task_folder.load().study.preferences
    assert {(pair.chosen, pair.rejected) for pair in pairs} == {("With vinegar, then rinse it.", "No idea.")}
    written = [json.loads(line) for line in (FIELD / "preference-shapes" / name).read_text().splitlines()]
    assert len(pairs) == len(written)
    assert all(pair.messages[-1].role == "user" for pair in pairs)


@pytest.mark.parametrize("names", [("input", "target"), ("question", "answer")])
def test_object_of_two_texts_beside_question_and_answer_is_no_translation(names):
    asked, right = names
    row = {asked: "Where?", right: "Rome", "source": {"id": "d1", "url": "http://x/1"}}
    assert translation_of([row, row]) is None
    assert translation_of([{"translation": {"de": "Hallo", "en": "Hello"}, "id": "1"}]) == ("translation", "de", "en")
    assert translation_of([{"pair": {"de": "Hallo", "en": "Hello"}}]) == ("pair", "de", "en")
    assert translation_of([{"text": "a", "meta": {"id": "1", "url": "u"}}]) is None
