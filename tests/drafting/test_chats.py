"""`harness init` of conversations: tools, calls, marks and answers that are not used."""

import csv
import json
from pathlib import Path

import pytest
from draft_files import LABELS, Row, drafted, rows_of, said, save, text

from harness.checking import examine, read_material
from harness.drafting import InDoubt, draft_task
from harness.errors import TaskFileError
from harness.task import load_task

CASES = Path(__file__).parent.parent / "field"
TOOL = {"type": "function", "function": {"name": "get", "parameters": {}}}


def rows_in(folder, split="train"):
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def call_row(number, **more):
    call = {"name": "get", "arguments": {"city": text(number, 1)}}
    turns = [
        {"role": "user", "content": text(("asked", number), 9)},
        {"role": "assistant", "content": None, "tool_calls": [{"function": call}]},
    ]
    return {"messages": turns, **more}


@pytest.mark.parametrize("name", ["with-words", "calls-only", "sharegpt-calls"])
def test_no_call_is_lost_in_silence(tmp_path, name):
    lines = (CASES / f"tool-call-turns/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    lines += [line.replace("request ", "another ") for line in lines]  # 40 rows are too few for a draft
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    draft = draft_task(tmp_path / "rows.jsonl", tmp_path / "task")
    assert any("tool calls" in line for line in (*draft.notes, *draft.doubts))
    task = load_task(tmp_path / "task" / "task.yaml")
    seen = [" ".join([*(turn.content for turn in row.messages), row.target]) for row in task.test]
    assert all('"name": "get_forecast"' in each for each in seen)
    assert (task.primary_metric == "tool_call") is (name != "sharegpt-calls")


@pytest.mark.parametrize("columns", [("prompt", "completion"), ("instruction", "output")])
@pytest.mark.parametrize(
    ("answer", "metric"),
    [
        (lambda n: {"city": text(n, 1)}, "json_fields"),
        (lambda n: {"city": text(n, 1)} if n % 3 else text(n, 1), "exact_match"),
        (lambda n: n % 3 == 0, "label_accuracy"),
        (lambda n: [n, n + 1], "json_equal"),
    ],
)
def test_answer_of_a_known_shape_that_is_no_text_is_written_as_json(tmp_path, columns, answer, metric):
    rows = [dict(zip(columns, (text(("asked", n), 9), answer(n)), strict=True)) for n in range(80)]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == metric
    as_json = {cell if isinstance(cell := answer(n), str) else json.dumps(cell) for n in range(80)}
    assert {item.target for item in task.test} <= as_json


@pytest.mark.parametrize("columns", [("prompt", "completion"), ("instruction", "output")])
def test_texts_in_a_list_as_the_answer_of_a_known_shape_are_refused_with_the_forms_that_are_read(tmp_path, columns):
    rows = [dict(zip(columns, (text(n, 9), [text(("a", n), 4), "no"]), strict=True)) for n in range(80)]
    file = save(tmp_path / "rows.jsonl", rows)
    question, answer = columns
    with pytest.raises(TaskFileError, match=f"'chosen' and 'rejected'.*--input {question} --target {answer}"):
        draft_task(file, tmp_path / "task")
    with pytest.raises(TaskFileError, match="--lists any"):
        draft_task(file, tmp_path / "task", inputs=[question], target=answer)


def test_row_that_makes_no_item_moves_no_mark_to_another(tmp_path):
    def row(n):
        said = [text(("first", n), 6), "right" if n % 2 else "wrong", text(n, 6), text(n, 2)]
        turns = [{"role": role, "content": part} for role, part in zip(["user", "assistant"] * 2, said, strict=True)]
        turns[1] |= {} if n % 2 else {"weight": 0}
        return {"id": f"row {n}" if n else "\x00", "messages": turns}

    task = drafted(save(tmp_path / "rows.jsonl", [row(n) for n in range(80)]))
    assert "rows left out: 1" in said(task)
    marked = {row["messages"][1]["content"]: "weight" in row["messages"][1] for row in rows_in(task.file.parent)}
    assert marked == {"right": False, "wrong": True}


def test_tools_that_all_rows_share_are_the_prompt(tmp_path):
    task = drafted(save(tmp_path / "rows.jsonl", [call_row(n, tools=[TOOL]) for n in range(80)]))
    assert json.dumps(TOOL) in task.study.system
    assert all(len(row.messages) == 1 for row in task.study.train)


def test_tools_that_all_rows_share_are_the_prompt_of_answers_that_are_no_calls_too(tmp_path):
    def row(n):
        turns = [{"role": "user", "content": text(n, 9)}, {"role": "assistant", "content": LABELS[n % len(LABELS)]}]
        return {"messages": turns, "tools": [TOOL]}

    task = drafted(save(tmp_path / "rows.jsonl", [row(n) for n in range(80)]))
    before, behind = task.study.system.split(json.dumps(TOOL))
    assert "tools" in before and all(label in behind for label in LABELS)


@pytest.mark.parametrize(
    "form",
    [
        "<tool_call>\n{}\n</tool_call>",
        "[TOOL_CALLS] [{}]",
        "[TOOL_CALLS][{}]",
        "<functioncall> {}",
        "<functioncall> {} <|endoftext|>",
        "<|python_tag|>{}",
    ],
)
def test_calls_behind_marks_are_compared_as_calls(tmp_path, form):
    def row(n):
        written = form.format(f'{{"name": "get", "arguments": {{"city": "{text(n, 1)}"}}}}')
        return {
            "messages": [{"role": "user", "content": text(("a", n), 9)}, {"role": "assistant", "content": written}],
            "tools": [TOOL],
        }

    rows = [row(n) for n in range(80)]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "tool_call" and json.dumps(TOOL) in task.study.system
    plain = [{"question": a["content"], "answer": b["content"]} for a, b in (row["messages"] for row in rows)]
    (tmp_path / "plain").mkdir()
    assert drafted(save(tmp_path / "plain/rows.jsonl", plain)).primary_metric == "tool_call"


@pytest.mark.parametrize(
    "call",
    [
        '[get(city="{}", of=1)]',
        'Thought: I look.\nAction: get\nAction Input: {{"city": "{}"}}',
        '<|python_tag|>get.call(city="{}")',
        '[TOOL_CALLS]get[ARGS]{{"city": "{}"}}',
        """<functioncall> {{"name": "get", "arguments": '{{"city": "{}"}}'}}""",
        'call: {{"name": "get", "arguments": {{"city": "{}"}}}}',
    ],
)
def test_calls_that_are_not_read_are_a_doubt(tmp_path, call):
    rows = [{"question": text(n, 9), "answer": call.format(text(("c", n), 1))} for n in range(80)]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert "not sure: the answers may be calls of tools: tool_call compares them once they are JSON" in said(task)


def test_tools_that_differ_are_the_system_turn_of_their_row(tmp_path):
    rows = [call_row(n, tools=json.dumps([TOOL | {"strict": n}])) for n in range(80)]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.study.system is None
    systems = [row.messages[0] for row in task.study.train]
    assert {turn.role for turn in systems} == {"system"} and len({turn.content for turn in systems}) == len(systems)


@pytest.mark.parametrize("turn", ["Ring the bell \x07 first.", "You are a shop helper. " * 20_000])
def test_common_system_turn_that_a_task_file_cannot_hold_stays_with_its_rows(tmp_path, turn):
    rows = [call_row(n) for n in range(80)]
    rows = [{"messages": [{"role": "system", "content": turn}, *row["messages"]]} for row in rows]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.study.system is None
    assert all(row.messages[0].role == "system" for row in task.study.train)


def test_marks_survive_the_draft(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "user", "content": text(("first", n), 6)},
                {"role": "assistant", "content": "wrong", "weight": 0},
                {"role": "user", "content": text(("then", n), 6)},
                {"role": "assistant", "content": text(("said", n), 2)},
            ]
        }
        for n in range(80)
    ]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    folder = task.file.parent
    assert all(row["messages"][1] == rows[0]["messages"][1] for row in rows_in(folder))
    file = task.file.read_text().replace("dev: dev.jsonl", "turns: all\n  dev: dev.jsonl")
    task.file.write_text(file)
    assert "wrong" not in {row.target for row in load_task(task.file).study.train}


@pytest.mark.parametrize("name", ["chats", "clean"])
def test_support_chats_become_a_task_that_says_what_is_not_used(tmp_path, name):
    draft = draft_task(CASES / f"support-chats/{name}.jsonl", tmp_path / "task")
    said = {
        "chats": ["turns behind the last answer are left out (chats.jsonl 25 rows)", "greetings before the user's"],
        "clean": ["earlier answers are shown, and neither learnt nor scored (clean.jsonl 240 in 60 rows)"],
    }
    assert all(any(note.startswith(start) for note in draft.notes) for start in said[name])
    file = (tmp_path / "task" / "task.yaml").read_text()
    assert ("turns: last  # all: each of the 300 answers of the 60 chats is a row" in file) is (name == "clean")
    assert examine(read_material(tmp_path / "task" / "task.yaml")).count("error") == 0


def test_drafted_chats_can_be_learnt_answer_by_answer(tmp_path):
    draft_task(CASES / "support-chats/clean.jsonl", tmp_path / "task")
    file = tmp_path / "task" / "task.yaml"
    file.write_text(file.read_text().replace("turns: last", "turns: all"))
    task = load_task(file)
    assert len(task.study.train) + len(task.study.dev) + len(task.test) == 300


@pytest.mark.parametrize(
    "form",
    [
        "USER: {} ASSISTANT: {}.</s>",
        "A chat between a curious user and an assistant. USER: {} ASSISTANT: {}</s>USER: {} ASSISTANT: {}</s>",
        "### Human: {}### Assistant: {}",
        "### Instruction:\n{}\n\n### Response:\n{}",
        "<s>[INST] {} [/INST] {} </s>",
        "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>",
        "<|user|>\n{}</s>\n<|assistant|>\n{}</s>",
        "<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n{}<end_of_turn>",
        "<|start_header_id|>user<|end_header_id|>\n\n{}<|start_header_id|>assistant<|end_header_id|>\n\n{}",
    ],
)
def test_whole_chat_in_one_text_is_refused_with_the_form_of_a_row(tmp_path, form):
    turns = form.count("{}")
    rows = rows_of(lambda n: {"id": n, "text": form.format(*(text((n, at), 6) for at in range(turns)))}, 120)
    said = r"'text' holds whole dialogues, .* write each row as \{\"messages\": "
    with pytest.raises(TaskFileError, match=said):
        drafted(save(tmp_path / "rows.jsonl", rows))


@pytest.mark.parametrize("form", ["{}", "the user: {}", "<b>{}</b> [1]"])
def test_text_without_two_speakers_is_no_dialogue(tmp_path, form):
    rows = rows_of(lambda n: {"id": n, "text": form.format(text(n, 6))}, 120)
    with pytest.raises(TaskFileError, match="no question and answer can be told"):
        drafted(save(tmp_path / "rows.jsonl", rows))


@pytest.mark.parametrize("spelling", [json.dumps, repr])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_chat_that_a_text_writes_is_read(tmp_path, spelling, suffix, name):
    keys = ("role", "content", "user", "assistant") if name == "messages" else ("from", "value", "human", "gpt")

    def chat(n):
        said = [(keys[2], f"{text(n, 6)}, isn't it?"), (keys[3], text(f"a{n}", 4))]
        return spelling([{keys[0]: who, keys[1]: words} for who, words in said])

    file = tmp_path / f"rows.{suffix}"
    with file.open("w", newline="") as written:
        if suffix == "csv":
            csv.writer(written).writerows([[name], *([chat(n)] for n in range(120))])
        else:
            written.writelines(json.dumps({name: chat(n)}) + "\n" for n in range(120))
    task = drafted(file)
    items = [*task.study.train, *task.study.dev, *task.test]
    right = {f"{text(n, 6)}, isn't it?": text(f"a{n}", 4) for n in range(120)}
    assert {item.question.text: item.target for item in items} == right


def test_pairs_that_texts_write_are_read(tmp_path):
    def row(n):
        asked = [{"role": "user", "content": f"{text(n, 6)}?"}]
        pairs = {name: text((n, name), 4) for name in ("chosen", "rejected")}
        return {name: repr([*asked, {"role": "assistant", "content": words}]) for name, words in pairs.items()}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert {item.target for item in task.test} <= {text((n, "chosen"), 4) for n in range(120)}
    assert {len(item.messages) for item in task.test} == {1}


@pytest.mark.parametrize("names", [("input", "output"), ("question", "answer")])
def test_answer_that_is_a_turn_in_a_list_is_refused_with_the_form_of_a_row(tmp_path, names):
    def row(n):
        turns = [{"role": role, "content": text((n, role), 4)} for role in ("user", "assistant")]
        return dict(zip(names, ([turns[0]], [turns[1]]), strict=True))

    with pytest.raises(
        TaskFileError, match=f"column '{names[1]}' holds a chat's turn inside a list; write each row as"
    ):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


def test_support_chat_with_its_own_names_for_turns_is_read(tmp_path):
    def row(n):
        said = [("agent", "Hello!"), ("customer", f"{text(n, 6)}?"), ("agent", text(f"a{n}", 4))]
        return {"messages": [{"author": who, "body": words} for who, words in said]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert {item.target for item in task.test} <= {text(f"a{n}", 4) for n in range(120)}
    assert {tuple(message.role for message in item.messages) for item in task.test} == {("assistant", "user")}


@pytest.mark.parametrize("content", ["", None, " "])
def test_system_turn_that_says_nothing_is_none(tmp_path, content):
    def row(n):
        turns = [{"role": "user", "content": text(n, 6)}, {"role": "assistant", "content": text(f"a{n}", 4)}]
        return {"messages": [{"role": "system", "content": content}, *turns]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert {len(item.messages) for item in task.test} == {1} and "system: " in said(task)


def test_turns_that_name_the_one_they_answer_are_refused_with_the_form_of_a_row(tmp_path):
    def row(n):
        parent = f"m{n - 1}" if n % 2 else None
        role = "assistant" if n % 2 else "prompter"
        return {"message_id": f"m{n}", "parent_id": parent, "text": text(n, 9), "role": role}

    with pytest.raises(TaskFileError, match="'role' says whose turn a row is, and 'parent_id' which one it answers"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 240)))


PARENTS = [  # how a turn names itself, and the one that it answers
    ("id", "parent_id", lambda n: n, lambda n: float(n)),
    ("message_id", "in_reply_to", lambda n: f"m{n}@x", lambda n: f"<m{n}@x>"),
    ("name", "parent", lambda n: f"c{n}", lambda n: f"t1_c{n}"),
    ("id", "parent_id", lambda n: f"m{n}", lambda n: f"root{n}"),  # of a thread whose root is not in the file
]


@pytest.mark.parametrize(("own", "other", "id_of", "parent_of"), PARENTS)
def test_turns_are_told_however_they_spell_the_one_that_they_answer(tmp_path, own, other, id_of, parent_of):
    def row(n: int) -> Row:
        said = {own: id_of(n), other: parent_of(n - 1) if n % 2 else None, "text": text(n, 9)}
        return said | {"role": ["user", "assistant"][n % 2]}

    with pytest.raises(TaskFileError, match="'role' says whose turn a row is"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 240)))


def test_parent_that_is_no_row_of_the_file_makes_no_turns(tmp_path):
    """As categories have a parent, and tickets one in another system."""

    def row(n: int) -> Row:
        asked = {"id": n, "parent": f"P-{n // 3}", "question": f"{text(n, 7)}?", "remedy": text(-n, 9)}
        return asked | {"author": ["customer", "agent"][n % 2]}

    with pytest.raises(InDoubt, match="it is not clear which column holds the answer"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


@pytest.mark.parametrize(("name", "is_refused"), [("source", True), ("topic", False)])
def test_where_a_chat_in_one_text_comes_from_is_no_answer(tmp_path, name, is_refused):
    form = "### Human: {}### Assistant: {}"
    rows = rows_of(lambda n: {"text": form.format(text(n, 6), text(-n, 6)), name: LABELS[n * n % 7 % 4]}, 120)
    file = save(tmp_path / "rows.jsonl", rows)
    if is_refused:
        with pytest.raises(TaskFileError, match="'text' holds whole dialogues"):
            drafted(file)
    else:
        assert drafted(file).primary_metric == "label_accuracy"


@pytest.mark.parametrize(
    "form", ["Model: {}. Operating System: {}.", "Instruction: {}. Model: {}.", "System: {} User: {}"]
)
@pytest.mark.parametrize("name", ["domain", "source", "genre"])
def test_labelled_fields_of_a_text_are_no_speakers(tmp_path, name, form):
    rows = rows_of(lambda n: {"text": form.format(text(n, 3), text(-n, 3)), name: LABELS[n * n % 7 % 4]}, 120)
    assert drafted(save(tmp_path / "rows.jsonl", rows)).primary_metric == "label_accuracy"


def test_refusal_of_a_chat_in_one_text_says_how_another_column_is_the_answer(tmp_path):
    form = "### Human: {}### Assistant: {}"
    rows = rows_of(lambda n: {"text": form.format(text(n, 6), text(-n, 6)), "source": LABELS[n * n % 7 % 4]}, 120)
    file = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(TaskFileError, match="if another column is the answer, name it with --target$"):
        drafted(file)
    assert drafted(file, target="source").primary_metric == "label_accuracy"


def test_turns_that_a_table_writes_as_question_and_answer_are_turns(tmp_path):
    """As `to_csv` leaves TRL's conversational prompts and completions."""
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["prompt", "completion"])
        for n in range(120):
            asked = [{"role": "user", "content": f"{text(n, 6)}?"}]
            writer.writerow([json.dumps(asked), repr([{"role": "assistant", "content": text(-n - 1, 3)}])])
    task = drafted(file)
    assert {item.question.text: item.target for item in task.test}.items() <= {
        f"{text(n, 6)}?": text(-n - 1, 3) for n in range(120)
    }.items()
