import pytest

from harness.records import Message

TURNS = [
    {"role": "system", "content": "be short"},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "first"},
    {"role": "user", "content": "two"},
    {"role": "assistant", "content": "second"},
]
AS_MESSAGES = (
    Message("system", "be short"),
    Message("user", "one"),
    Message("assistant", "first"),
    Message("user", "two"),
)


def train_row(task_folder, row, name="train.jsonl"):
    task_folder.only_train(name)
    task_folder.write_rows(name, [row])
    (example,) = task_folder.load().study.train
    return example


def train_fault(task_folder, row):
    task_folder.only_train("train.jsonl")
    task_folder.write_rows("train.jsonl", [row])
    (fault,) = task_folder.faults()
    return fault


def test_plain_columns_become_one_user_turn_and_a_target(task_folder):
    first = task_folder.load().study.train[0]
    assert first.messages == (Message("user", "train question 0"),)
    assert first.target == "answer 0"


def test_input_and_target_need_no_columns_to_be_named(task_folder):
    example = train_row(task_folder, {"input": "q", "target": "a"})
    assert (example.question.text, example.target) == ("q", "a")


@pytest.mark.parametrize(
    ("question", "answer"), [("question", "answer"), ("text", "label"), ("input", "output"), ("query", "response")]
)
def test_usual_names_of_columns_are_recognised_and_shown_back(task_folder, question, answer):
    example = train_row(task_folder, {question: "q", answer: "a", "source": "web"})
    assert (example.question.text, example.target) == ("q", "a")
    said = f"train.jsonl: 1 rows, read as plain columns (input: {question}, target: {answer}; not used: source)"
    assert said in task_folder.load().notes


def test_conversations_of_several_turns_are_shown_back(task_folder):
    train_row(task_folder, {"messages": TURNS, "id": "one"})
    said = "1 rows, read as OpenAI messages (id: id; 1 of several turns, the last answer is the target)"
    assert f"train.jsonl: {said}" in task_folder.load().notes


def test_messages_keep_all_turns_and_the_last_answer_is_the_target(task_folder):
    example = train_row(task_folder, {"messages": TURNS})
    assert (example.messages, example.target) == (AS_MESSAGES, "second")


def test_message_content_may_be_text_parts(task_folder):
    parts = [{"type": "text", "text": "he"}, {"text": "llo"}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": "a"}]
    assert train_row(task_folder, {"messages": turns}).question.text == "hello"


@pytest.mark.parametrize(
    "record",
    [{"messages": TURNS[1:3]}, {"conversations": TURNS[1:3]}, {"prompt": TURNS[1:2], "completion": "first"}],
)
@pytest.mark.parametrize("system", [{"system": "Be brief."}, {"system_prompt": [{"text": "Be brief."}]}])
def test_system_prompt_in_a_column_is_the_first_turn_of_any_shape(task_folder, record, system):
    example = train_row(task_folder, record | system)
    assert [message.content for message in example.messages] == ["Be brief.", TURNS[1]["content"]]
    assert example.messages[0].role == "system"


OWN = [
    {"messages": TURNS[:3]},
    {"conversations": TURNS[:3]},
    {"prompt": TURNS[:2], "completion": "first"},
    {"messages": TURNS[1:3], "system": "be short"},
]


@pytest.mark.parametrize("record", OWN)
def test_system_prompt_that_a_column_repeats_stands_once(task_folder, record):
    example = train_row(task_folder, record | {"system_prompt": "be short\n"})
    assert example.messages == AS_MESSAGES[:2]


@pytest.mark.parametrize("record", OWN)
def test_system_prompt_in_a_column_beside_another_is_refused_by_the_name_of_the_column(task_folder, record):
    where = "column 'system'" if "system" in record else "its turns"
    said = f"has a system prompt in column 'system_prompt' and another in {where}; keep one"
    assert train_fault(task_folder, record | {"system_prompt": "Be long."}) == f"train.jsonl line 1: {said}"


def test_system_prompt_in_two_columns_is_refused(task_folder):
    record = {"messages": TURNS[1:3], "system": "Be brief.", "system_prompt": "Be long."}
    assert "keep one" in train_fault(task_folder, record)


def test_sharegpt_is_read_like_messages(task_folder):
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    turns = [{"from": names[turn["role"]], "value": turn["content"]} for turn in TURNS]
    example = train_row(task_folder, {"conversations": turns})
    assert (example.messages, example.target) == (AS_MESSAGES, "second")


def test_alpaca_joins_instruction_and_input(task_folder):
    example = train_row(task_folder, {"instruction": "Translate.", "input": "chat", "output": "cat"})
    assert (example.question.text, example.target) == ("Translate.\n\nchat", "cat")


def test_alpaca_without_input_is_the_instruction_alone(task_folder):
    example = train_row(task_folder, {"instruction": "Say hi.", "input": "", "output": "hi"})
    assert example.question.text == "Say hi."


def test_prompt_and_completion_may_be_text(task_folder):
    example = train_row(task_folder, {"prompt": "q", "completion": "a"})
    assert (example.question.text, example.target) == ("q", "a")


def test_prompt_and_completion_may_be_turns(task_folder):
    example = train_row(task_folder, {"prompt": TURNS[:-1], "completion": TURNS[-1:]})
    assert (example.messages, example.target) == (AS_MESSAGES, "second")


def test_named_columns_come_before_a_recognised_shape(task_folder):
    record = {"instruction": "not this", "output": "nor this", "question": "q", "answer": "a"}
    task_folder.write_rows("train.jsonl", [record])
    (example,) = task_folder.load().study.train
    assert (example.question.text, example.target) == ("q", "a")


def test_recognised_shape_is_shown_back(task_folder):
    task_folder.only_train("train.jsonl")
    task_folder.write_rows("train.jsonl", [{"prompt": "q", "completion": "a"}])
    assert "train.jsonl: 1 rows, read as prompt and completion" in task_folder.load().notes


def test_whole_number_becomes_its_digits(task_folder):
    assert train_row(task_folder, {"input": "2 + 2", "target": 4}).target == "4"


@pytest.mark.parametrize("value", [1.5, True, {"a": 1}])
def test_target_that_is_no_text_is_refused(task_folder, value):
    assert f"train.jsonl line 1: 'target' is {value!r}; give text" in train_fault(
        task_folder, {"input": "q", "target": value}
    )


@pytest.mark.parametrize("who", ["role", "from", "speaker", "sender"])
@pytest.mark.parametrize("said", ["content", "value", "text", "message"])
def test_turns_have_the_keys_of_any_usual_form(task_folder, who, said):
    for column in ("messages", "conversations"):
        turns = [{who: "user", said: "q"}, {who: "assistant", said: "a"}]
        example = train_row(task_folder, {column: turns})
        assert (example.messages, example.target) == ((Message("user", "q"),), "a")


@pytest.mark.parametrize("asking", ["user", "Human", "prompter"])
@pytest.mark.parametrize("answering", ["Assistant", "gpt", "ChatGPT", "model", "bot", "chatbot", "AI"])
def test_user_and_assistant_go_under_any_usual_name(task_folder, asking, answering):
    turns = [{"role": asking, "content": "q"}, {"role": answering, "content": "a"}]
    example = train_row(task_folder, {"messages": turns})
    assert (example.messages, example.target) == ((Message("user", "q"),), "a")


def test_text_of_a_turn_is_in_parts_of_any_usual_form(task_folder):
    turns = [
        {"role": "user", "content": [{"type": "input_text", "text": "q"}]},
        {"role": "model", "parts": [{"text": "a"}, {"text": "b"}]},
    ]
    example = train_row(task_folder, {"messages": turns})
    assert (example.messages, example.target) == ((Message("user", "q"),), "ab")


def test_text_under_the_usual_key_goes_before_others_and_these_are_named(task_folder):
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "text": "b"}]
    assert train_row(task_folder, {"messages": turns}).target == "a"
    assert any("'text' of the turns is not used" in note for note in task_folder.load().notes)


def test_text_under_another_key_is_taken_where_the_usual_one_is_empty(task_folder):
    turns = [{"role": "user", "content": "", "text": "q"}, {"role": "assistant", "content": "a"}]
    assert train_row(task_folder, {"messages": turns}).messages == (Message("user", "q"),)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"messages": TURNS[:2]}, "'messages' has no answer: no turn is the assistant's; add the answer"),
        ({"messages": TURNS[2:3]}, "'messages' has no user's turn before its last answer"),
        ({"messages": []}, "'messages' is []; give a list of turns"),
        ({"messages": "hello"}, "'messages' is 'hello'; give a list of turns"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "'messages[0].role' is 'robot'; use one of system"),
        ({"messages": [*TURNS[1:], TURNS[0]]}, "'messages[4]' is a system turn; it must be the first one"),
        ({"messages": [{"role": "user", "content": ""}]}, "'messages[0].content' is empty"),
        (
            {"messages": [{"role": "user", "words": "a"}]},
            "'messages[0]' has no 'content', only role, words; rename the one with the text to 'content'",
        ),
        (
            {"messages": [{"role": "user", "text": "a", "value": "b"}]},
            "'messages[0]' has texts under value and text; keep one, under 'content'",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "; it is not text: give rows of text alone",
        ),
        ({"prompt": TURNS, "completion": "a"}, "'prompt' ends with the assistant's turn"),
        ({"input": "q\ud800", "target": "a"}, "'input' has half of a character pair"),
    ],
)
def test_broken_conversation_says_what_is_wrong(task_folder, record, expected):
    assert expected in train_fault(task_folder, record)


def test_system_turn_in_a_row_and_in_the_task_is_a_fault(task_folder):
    task_folder.settings["prompt"] = {"system": "be kind"}
    assert "has a system turn, and so has the task" in train_fault(task_folder, {"messages": TURNS})


# ---- preferences --------------------------------------------------------------------------


def test_preferences_may_be_text(task_folder):
    task_folder.add_preference({"prompt": "q", "chosen": "good", "rejected": "bad"})
    (pair,) = task_folder.load().study.preferences
    assert (pair.messages, pair.chosen, pair.rejected) == ((Message("user", "q"),), "good", "bad")


def test_preferences_may_be_answers_as_turns(task_folder):
    good, bad = ([{"role": "assistant", "content": text}] for text in ("good", "bad"))
    task_folder.add_preference({"prompt": TURNS[:-1], "chosen": good, "rejected": bad})
    (pair,) = task_folder.load().study.preferences
    assert (pair.messages, pair.chosen, pair.rejected) == (AS_MESSAGES, "good", "bad")


def test_preferences_may_hold_the_prompt_inside_both_conversations(task_folder):
    bad = [*TURNS[:-1], {"role": "assistant", "content": "bad"}]
    task_folder.add_preference({"chosen": TURNS, "rejected": bad})
    (pair,) = task_folder.load().study.preferences
    assert (pair.messages, pair.chosen, pair.rejected) == (AS_MESSAGES, "second", "bad")


def test_preference_with_two_equal_answers_is_refused(task_folder):
    task_folder.add_preference({"prompt": "q", "chosen": "x", "rejected": "x"})
    (fault,) = task_folder.faults()
    assert fault == "pairs.jsonl line 1: 'chosen' and 'rejected' are both 'x'; give two answers"


def test_preference_whose_answers_follow_different_prompts_is_refused(task_folder):
    other = [{"role": "user", "content": "other"}, {"role": "assistant", "content": "bad"}]
    task_folder.add_preference({"chosen": TURNS, "rejected": other})
    (fault,) = task_folder.faults()
    assert "'rejected' repeats another question than the row's" in fault


def test_preference_without_rejected_names_the_column(task_folder):
    task_folder.add_preference({"prompt": "q", "chosen": "x", "rejeced": "y"})
    (fault,) = task_folder.faults()
    assert "has no 'rejected' (did you mean 'rejeced'?)" in fault


def test_preference_on_a_test_input_is_a_leak(task_folder):
    task_folder.add_preference({"prompt": "test question 1", "chosen": "x", "rejected": "y"})
    assert "test.jsonl line 2: has the same input as pairs.jsonl line 1" in task_folder.faults()[0]


# ---- feedback -----------------------------------------------------------------------------


def feedback_of(task_folder, *rows):
    task_folder.settings["data"]["feedback"] = "judged.jsonl"
    task_folder.write_rows("judged.jsonl", rows)


@pytest.mark.parametrize(
    ("label", "is_good"),
    [
        *[(word, True) for word in (True, 1, "Good", "up", "thumbs_up", "Thumbs-Up", 1.0)],
        *[(word, False) for word in (False, 0, "bad", "no", "thumbs_down", -1)],
    ],
)
def test_feedback_is_a_question_an_answer_and_whether_it_was_good(task_folder, label, is_good):
    feedback_of(task_folder, {"prompt": "how much?", "completion": "2 litres", "label": label})
    (row,) = task_folder.load().study.feedback
    assert (row.messages, row.answer, row.is_good) == ((Message("user", "how much?"),), "2 litres", is_good)


def test_feedback_may_be_a_conversation_with_a_label(task_folder):
    feedback_of(task_folder, {"messages": TURNS, "label": False})
    (row,) = task_folder.load().study.feedback
    assert (row.messages, row.answer, row.is_good) == (AS_MESSAGES, "second", False)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"prompt": "q", "completion": "a", "label": "perhaps"}, "give true for a good answer"),
        ({"prompt": "q", "completion": "a", "label": None}, "give true for a good answer"),
        ({"prompt": "q", "completion": "a"}, "has no 'label'"),
        ({"prompt": "q", "completion": "", "label": True}, "completion"),
    ],
)
def test_feedback_that_does_not_say_what_it_must_is_a_fault(task_folder, row, fault):
    feedback_of(task_folder, row)
    (found,) = task_folder.faults()
    assert fault in found
