"""Conversations of several answers, with marks and calls: which answers are rows, and what is said of the rest."""

import json
import random

import pytest

from harness.errors import TaskFileError
from harness.records import Message
from harness.task.load import load_task

ASKED = {"role": "user", "content": "one"}
SAID = {"role": "assistant", "content": "first"}
AGAIN = {"role": "user", "content": "two"}
LAST = {"role": "assistant", "content": "second"}
CALL = {"name": "get", "arguments": {"city": "Bergen"}}
BROKEN = {"name": "get", "arguments": '{"city": "Berg'}
CALL_TEXT = '{"name": "get", "arguments": {"city": "Bergen"}}'


def chats_of(task_folder, rows, turns="last", metric="closeness"):
    """Load a task whose train is `rows`; dev and test are a chat each that nobody else has."""
    task_folder.settings["data"] |= {"columns": {}, "turns": turns}
    task_folder.settings["metric"] = {"primary": metric}
    task_folder.write_rows("train.jsonl", rows)
    for split in ("dev", "test"):
        own = [{"role": "user", "content": f"{split} asks"}, {"role": "assistant", "content": "this"}]
        task_folder.write_rows(f"{split}.jsonl", [{"messages": own}])
    return task_folder.load()


def chat(*turns):
    return [{"messages": list(turns)}]


def pairs(task):
    return [([message.content for message in row.messages], row.target) for row in task.study.train]


def test_turn_behind_the_last_answer_is_cut_and_counted(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, {"role": "user", "content": "thanks"}))
    assert pairs(task) == [(["one"], "first")]
    said = "turns behind the last answer are left out (train.jsonl 1 row): nothing to do: no answer follows them"
    assert said in task.notes


def test_earlier_answers_are_counted_with_the_way_to_use_them(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, AGAIN, LAST) * 2)
    said = "earlier answers are shown, and neither learnt nor scored (train.jsonl 2 rows): set data.turns: all to"
    assert [note for note in task.notes if note.startswith(said)]


def test_each_answer_is_a_row_of_its_chats_group_where_all_are_asked_for(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, AGAIN, LAST), turns="all")
    assert pairs(task) == [(["one"], "first"), (["one", "first", "two"], "second")]
    assert len({row.group for row in task.study.train}) == 1
    assert not [note for note in task.notes if "earlier answers" in note]


def test_ids_of_a_chats_answers_are_numbered(task_folder):
    (row,) = chat(ASKED, SAID, AGAIN, LAST)
    task_folder.settings["data"]["turns"] = "all"
    task_folder.settings["data"]["columns"] = {}
    for split in ("train", "dev", "test"):
        own = {"id": f"c{split}", "messages": [{"role": "user", "content": split}, *row["messages"][1:]]}
        task_folder.write_rows(f"{split}.jsonl", [own])
    assert [example.id for example in task_folder.load().study.train] == ["ctrain-1", "ctrain-2"]


def test_answers_of_one_chat_stay_on_one_side_when_dev_is_split_off(task_folder):
    rows = [
        {"messages": [{"role": "user", "content": f"hello {n}"}, SAID, {"role": "user", "content": f"more {n}"}, LAST]}
        for n in range(20)
    ]
    chats_of(task_folder, rows, turns="all")
    del task_folder.settings["data"]["dev"]
    study = task_folder.load().study
    assert (len(study.train), len(study.dev)) == (32, 8)
    assert {row.group for row in study.train}.isdisjoint(row.group for row in study.dev)


def test_chats_that_begin_alike_are_no_leak_and_the_opening_is_left_out_of_train(task_folder):
    hello = {"role": "user", "content": "Hello"}
    rows = [{"messages": [hello, SAID, {"role": "user", "content": f"train {n}"}, LAST]} for n in range(3)]
    chats_of(task_folder, rows, turns="all")
    test = [{"messages": [hello, SAID, {"role": "user", "content": "test"}, LAST]}]
    task_folder.write_rows("test.jsonl", test)
    task = task_folder.load()
    assert [asked[-1] for asked, _ in pairs(task)] == ["train 0", "train 1", "train 2"]
    assert "3 answers of chats ask what test or dev asks and are left out" in task.notes


def test_chat_that_is_tested_is_not_learnt_from(task_folder):
    rows = chat(ASKED, SAID, AGAIN, LAST)
    chats_of(task_folder, rows, turns="all")
    task_folder.write_rows("train.jsonl", [*rows, *chat(AGAIN, LAST)])
    task_folder.write_rows("test.jsonl", rows)
    task = task_folder.load()
    assert pairs(task) == [(["two"], "second")]
    assert "2 answers of chats ask what test or dev asks and are left out" in task.notes


@pytest.mark.parametrize(
    "mark",
    [
        *[{"weight": 0}, {"train": False}, {"loss": 0}, {"mask": True}, {"weight": 0.0}, {"weight": "0"}],
        *[{"rating": "down"}, {"feedback": "thumbs_down"}, {"verdict": False}],
    ],
)
@pytest.mark.parametrize("turns", ["last", "all"])
def test_answer_marked_as_not_to_be_learnt_is_shown_and_no_row(task_folder, mark, turns):
    task = chats_of(task_folder, chat(ASKED, SAID | mark, AGAIN, LAST), turns)
    assert pairs(task) == [(["one", "first", "two"], "second")]
    said = "answers marked as not to be learnt from are shown, and neither learnt nor scored (train.jsonl 1 row)"
    assert [note for note in task.notes if note.startswith(said)]


def test_marked_last_answer_leaves_the_one_before_it(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, AGAIN, LAST | {"weight": 0}))
    assert pairs(task) == [(["one"], "first")]


def test_chats_whose_answers_are_all_marked_are_left_out_however_many_they_are(task_folder):
    chats_of(task_folder, [*chat(ASKED, SAID | {"weight": 1}), *chat(AGAIN, LAST | {"weight": 0})])
    task = task_folder.load()
    assert pairs(task) == [(["one"], "first")]
    reason = "1 of 2 rows left out (line 2): 'messages' has no answer that may be learnt: all are marked"
    assert any(reason in note for note in task.notes)


@pytest.mark.parametrize("column", [{"label": False}, {"feedback": "bad"}, {"rating": 2}])
def test_column_that_may_judge_the_answers_is_named_with_what_is_learnt(task_folder, column):
    task = chats_of(task_folder, [row | column for row in chat(ASKED, SAID)])
    said = f"column '{next(iter(column))}' is not used (train.jsonl 1 row): if it judges the answers, bad ones are"
    assert any(note.startswith(said) for note in task.notes)


def test_points_of_an_answer_are_no_mark_and_are_named(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID | {"rating": 2}))
    assert pairs(task) == [(["one"], "first")]
    assert any(note.startswith("'rating' of the turns is not used (train.jsonl 1 row): mark") for note in task.notes)


def test_case_of_roles_does_not_count(task_folder):
    task = chats_of(task_folder, chat({"role": "User", "content": "one"}, {"role": "ASSISTANT", "content": "first"}))
    assert pairs(task) == [(["one"], "first")]


@pytest.mark.parametrize(
    ("turns", "fault"),
    [
        ([ASKED, SAID | {"weight": 0}], "all are marked as not to be learnt from"),
        ([ASKED, SAID | {"weight": 0.5}], "'messages[1].weight' is 0.5; an answer is learnt (1) or not (0)"),
        ([ASKED, SAID | {"weight": 0}, LAST], "a part is marked as not to be learnt from"),
        ([ASKED], "'messages' has no answer: no turn is the assistant's"),
        ([{**SAID, "channel": "analysis"}], "'messages' holds thoughts alone"),
        ([{"role": "system", "content": ""}], "'messages' holds nothing but an empty system turn"),
        ([{"role": "system", "msg": "Be nice"}, ASKED, SAID], "'messages[0]' has no 'content', only role, msg; rename"),
        ([ASKED, {"role": "assistant", "tool_calls": [{"function": BROKEN}]}], "a call of 'get' are not valid JSON"),
        ([ASKED, {"from": "function_call", "value": json.dumps(BROKEN)}], "a call of 'get' are not valid JSON"),
    ],
)
def test_row_without_an_answer_to_learn_says_why(task_folder, turns, fault):
    chats_of(task_folder, chat(ASKED, SAID))
    task_folder.write_rows("train.jsonl", chat(*turns))
    (found,) = task_folder.faults()
    assert fault in found


@pytest.mark.parametrize("beside", [{"id": "s1"}, {"weight": 0}, {"turn": 1}, {"name": None}])
def test_system_turn_that_says_nothing_is_none_whatever_marks_it_has(task_folder, beside):
    task = chats_of(task_folder, chat({"role": "system", "content": "", **beside}, ASKED, SAID))
    assert pairs(task) == [(["one"], "first")]


def test_many_marked_chats_are_left_out_beside_many_broken_ones_which_alone_are_faults(task_folder):
    marked, broken = chat(ASKED, SAID | {"weight": 0})[0], chat(ASKED)[0]
    chats_of(task_folder, chat(ASKED, SAID))
    task_folder.write_rows("train.jsonl", [chat(ASKED, SAID)[0], *[marked] * 3])
    assert any("3 of 4 rows left out" in note for note in task_folder.load().notes)
    task_folder.write_rows("train.jsonl", [chat(ASKED, SAID)[0], *[marked] * 3, broken])
    (found,) = task_folder.faults()
    assert "no turn is the assistant's" in found


def test_answer_in_several_turns_is_one(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, LAST))
    assert pairs(task) == [(["one"], "first\nsecond")]
    said = "answers of several turns in a row are taken as one, with line ends between them (train.jsonl 1 row)"
    assert any(note.startswith(said) for note in task.notes)


def test_turn_of_thoughts_is_no_part_of_the_answer_and_is_named(task_folder):
    thought = {"role": "assistant", "channel": "analysis", "content": "hm"}
    task = chats_of(task_folder, chat(ASKED, thought, SAID | {"channel": "final"}))
    assert pairs(task) == [(["one"], "first")]
    assert [note for note in task.notes if "of the turns is not used" in note] == [
        "'thinking' of the turns is not used (train.jsonl 1 row): write the thoughts into the content, in the model's "
        "own marks, if they are to be learnt"
    ]


THOUGHT = {"role": "assistant", "channel": "analysis", "content": "hm"}


def test_call_of_a_tool_among_thoughts_is_part_of_the_answer(task_folder):
    task = chats_of(task_folder, chat(ASKED, THOUGHT | {"content": None, "tool_calls": [OPENAI]}))
    assert pairs(task) == [(["one"], CALL_TEXT)]


def test_turn_of_the_user_is_no_thought_whatever_its_channel(task_folder):
    task = chats_of(task_folder, chat(ASKED, SAID, AGAIN | {"channel": "analysis"}, LAST))
    assert pairs(task) == [(["one", "first", "two"], "second")]


@pytest.mark.parametrize("behind", [[THOUGHT], [THOUGHT, AGAIN], [{**THOUGHT, "role": "gpt"}, THOUGHT]])
def test_thoughts_behind_the_last_answer_are_named(task_folder, behind):
    task = chats_of(task_folder, chat(ASKED, SAID, *behind))
    assert pairs(task) == [(["one"], "first")]
    assert any(note.startswith("'thinking' of the turns is not used (train.jsonl 1 row)") for note in task.notes)


def test_thought_before_what_is_no_turn_is_a_fault_of_its_row(task_folder):
    chats_of(task_folder, chat(ASKED, SAID))
    task_folder.write_rows("train.jsonl", chat(ASKED, THOUGHT, "first"))
    (found,) = task_folder.faults()
    assert "'messages[2]' is 'first'; give role and content" in found


def test_alpaca_history_is_read_as_earlier_turns(task_folder):
    rows = [{"instruction": "two", "input": "", "output": "second", "history": [["one", "first"]]}]
    assert pairs(chats_of(task_folder, rows)) == [(["one", "first", "two"], "second")]
    assert len(pairs(chats_of(task_folder, rows, "all"))) == 2


# ---- calls of tools -----------------------------------------------------------------------

OPENAI = {"id": "c", "type": "function", "function": {"name": "get", "arguments": '{"city": "Bergen"}'}}
CALLING = [
    {"role": "assistant", "content": None, "tool_calls": [OPENAI]},
    {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "get", "arguments": CALL["arguments"]}}]},
    {"role": "assistant", "content": None, "function_call": {"name": "get", "arguments": '{"city": "Bergen"}'}},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "get", "input": {"city": "Bergen"}}]},
    {"from": "function_call", "value": '{"name": "get", "arguments": {"city": "Bergen"}}'},
    {"from": "function_call", "value": '[{"name": "get", "parameters": {"city": "Bergen"}}]'},
]


@pytest.mark.parametrize("turn", CALLING)
def test_call_of_any_form_is_its_name_and_arguments_as_json(task_folder, turn):
    assert pairs(chats_of(task_folder, chat(ASKED, turn))) == [(["one"], CALL_TEXT)]


def test_call_beside_words_stands_behind_them(task_folder):
    turn = {"role": "assistant", "content": "Let me see.", "tool_calls": [OPENAI]}
    assert pairs(chats_of(task_folder, chat(ASKED, turn))) == [(["one"], f"Let me see.\n{CALL_TEXT}")]


def test_several_calls_are_a_list(task_folder):
    turn = {"role": "assistant", "content": None, "tool_calls": [OPENAI, OPENAI]}
    ((_, target),) = pairs(chats_of(task_folder, chat(ASKED, turn)))
    assert json.loads(target) == [CALL, CALL]


@pytest.mark.parametrize(
    "result",
    [
        {"role": "tool", "tool_call_id": "c", "content": "12 degrees"},
        {"role": "function", "name": "get", "content": "12 degrees"},
        {"from": "observation", "value": "12 degrees"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "12 degrees"}]},
    ],
)
def test_what_a_tool_answered_is_shown_before_the_answer(task_folder, result):
    task = chats_of(task_folder, chat(ASKED, CALLING[0], result, LAST))
    shown = "<tool_response>\n12 degrees\n</tool_response>"
    assert pairs(task) == [(["one", CALL_TEXT, shown], "second")]
    assert task.study.train[0].messages[-1] == Message("user", shown)
    said = "tool calls before the answer are shown as JSON, and neither learnt nor scored (train.jsonl 1 row)"
    assert [note for note in task.notes if note.startswith(said)]
    assert [target for _, target in pairs(chats_of(task_folder, chat(ASKED, CALLING[0], result, LAST), "all"))] == [
        CALL_TEXT,
        "second",
    ]


@pytest.mark.parametrize(("metric", "advice"), [("closeness", "take metric tool_call"), ("tool_call", "nothing to do")])
def test_calls_are_said_with_the_metric_that_compares_them(task_folder, metric, advice):
    task = chats_of(task_folder, chat(ASKED, CALLING[0]), metric=metric)
    said = f"answers hold tool calls, taken as JSON text with name and arguments (train.jsonl 1 row): {advice}"
    assert [note for note in task.notes if note.startswith(said)]


def test_keys_of_turns_that_nobody_reads_are_named_and_empty_ones_are_not(task_folder):
    turn = SAID | {"reasoning_content": "so", "refusal": None, "annotations": [], "name": "Ann"}
    notes = chats_of(task_folder, chat(ASKED, turn)).notes
    assert [note.split(" (")[0] for note in notes if "of the turns" in note] == [
        "'reasoning_content' of the turns is not used",
        "'name' of the turns is not used",
    ]


def test_parts_with_thoughts_are_named_and_pictures_are_refused(task_folder):
    parts = [{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "first"}]
    task = chats_of(task_folder, chat(ASKED, {"role": "assistant", "content": parts}))
    assert pairs(task) == [(["one"], "first")]
    assert [note for note in task.notes if note.startswith("'thinking' of the turns is not used")]


# ---- columns ------------------------------------------------------------------------------


def test_columns_that_change_the_question_are_named_with_rows_and_remedy(task_folder):
    rows = [{"messages": [ASKED, SAID], "tools": [{"name": "get"}], "weight": 2, "source": "web"}]
    notes = chats_of(task_folder, rows).notes
    about = [note for note in notes if note.startswith("column")]
    assert about == [
        "column 'tools' is not used (train.jsonl 1 row): the model is not told its tools: name it in prompt.template, "
        "as {{ tools }}",
        "column 'weight' is not used (train.jsonl 1 row): all rows count alike; take out the rows that should not, and "
        "the column",
        "column 'source' is not used (train.jsonl 1 row): name what the question needs in prompt.template, as "
        "{{ source }}",
    ]


def test_column_that_repeats_the_labels_is_not_offered_for_the_question(task_folder):
    desks = {"1": "billing", "2": "repairs"}
    rows = [
        {"question": f"Message {n}?", "answer": label, "desk": desks[label], "source": f"s{n % 3}"}
        for n, label in enumerate("1212121212")
    ]
    task_folder.write_rows("train.jsonl", rows)
    about = [note for note in task_folder.load().notes if note.startswith("column")]
    assert about == [
        "column 'desk' is not used (train.jsonl 10 rows): nothing to do: it repeats the answer",
        "column 'source' is not used (train.jsonl 10 rows): name what the question needs in prompt.template, as "
        "{{ source }}",
    ]


# ---- the field cases ----------------------------------------------------------------------


def split_case(name, folder, count, **data):
    """Write a task whose splits are the rows of a case, in an order drawn once."""
    rows = (folder_of_cases() / name).read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(rows)
    parts = {"test": rows[:count], "dev": rows[count : 2 * count], "train": rows[2 * count :]}
    for split, lines in parts.items():
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {"version": 1, "name": "case", "arms": ["echo"], "metric": {"primary": "tool_call"}}
    settings["data"] = {split: f"{split}.jsonl" for split in parts} | data
    (folder / "task.yaml").write_text(json.dumps(settings))
    return load_task(folder / "task.yaml")


def folder_of_cases():
    from pathlib import Path

    return Path(__file__).parent.parent / "field"


def test_support_chats_are_read_with_all_that_is_cut_and_shown_said(tmp_path):
    task = split_case("support-chats/chats.jsonl", tmp_path, 20)
    assert (len(task.study.train), len(task.study.dev), len(task.test)) == (60, 20, 20)
    assert any("turns behind the last answer are left out" in note for note in task.notes)
    assert any("greetings before the user's first turn" in note for note in task.notes)


def test_every_answer_of_a_support_chat_can_be_a_row(tmp_path):
    task = split_case("support-chats/clean.jsonl", tmp_path, 15, turns="all")
    assert (len(task.study.train), len(task.study.dev), len(task.test)) == (150, 75, 75)
    groups = [{row.group for row in rows} for rows in (task.study.train, task.study.dev, task.test)]
    assert [len(each) for each in groups] == [30, 15, 15]
    assert len(set.union(*groups)) == 60


@pytest.mark.parametrize("name", ["with-words", "calls-only"])
def test_calls_are_what_is_learnt_and_scored(tmp_path, name):
    task = split_case(f"tool-call-turns/{name}.jsonl", tmp_path, 10)
    assert all('"name": "get_forecast"' in row.target for row in (*task.study.train, *task.test))
    assert any(note.startswith("column 'tools' is not used") for note in task.notes)


def test_calls_of_sharegpt_are_shown_or_rows(tmp_path):
    last = split_case("tool-call-turns/sharegpt-calls.jsonl", tmp_path, 10)
    assert any(note.startswith("tool calls before the answer") for note in last.notes)
    every = split_case("tool-call-turns/sharegpt-calls.jsonl", tmp_path, 10, turns="all")
    assert [row.target.startswith('{"name": "get_forecast"') for row in every.test] == [True, False] * 10


def marked_chats(count: int, lacking: int) -> list:
    """Chats of two answers; the first answer of the first ones has no mark."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"one of {n}"},
                {"role": "assistant", "content": "hm" if n < lacking else f"So. Answer: {n}"},
                {"role": "user", "content": f"two of {n}"},
                {"role": "assistant", "content": f"Thus. Answer: {n}"},
            ]
        }
        for n in range(count)
    ]


def marked_task(task_folder, rows):
    task_folder.settings["answer"] = {"after": "Answer:"}
    task_folder.settings["data"] |= {"columns": {}, "turns": "all"}
    task_folder.write_rows("train.jsonl", rows)
    for split in ("dev", "test"):
        own = [{"role": "user", "content": f"{split} asks"}, {"role": "assistant", "content": "Answer: 1"}]
        task_folder.write_rows(f"{split}.jsonl", [{"messages": own}])
    return task_folder.load()


def test_only_the_answer_without_the_mark_is_left_out_of_a_chat(task_folder):
    task = marked_task(task_folder, marked_chats(20, lacking=2))
    assert len(task.study.train) == 2 * 20 - 2
    assert ["one of 0", "hm", "two of 0"] in [questions for questions, _ in pairs(task)]  # it is shown all the same
    said = "answers of chats are left out, as they have no result by the task's rule (train.jsonl 2 rows): write one"
    assert [note for note in task.notes if note.startswith(said)]


def test_many_answers_without_the_mark_are_refused_in_one_line(task_folder):
    with pytest.raises(TaskFileError, match="1 problem\n.*10 of 40 answers have no result by the task's rule; mark"):
        marked_task(task_folder, marked_chats(20, lacking=10))
