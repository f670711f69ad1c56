"""A column called `system` is a system turn only where it holds sentences, and no other stands beside it."""

import pytest
from draft_files import drafted, rows_of, save, text

from harness.drafting.columns import read_columns
from harness.drafting.values import is_prose
from harness.errors import TaskFileError


def rows(systems):
    return [{"text": f"ticket {n}", "label": "ab"[n % 2], "system": systems[n % len(systems)]} for n in range(30)]


def test_names_of_machines_are_no_system_turn():
    assert not is_prose(rows(["SAP", "CRM", "Windows"]), "system")
    assert read_columns(rows(["SAP", "CRM", "Windows"]), frozenset()).system is None


def test_sentences_are():
    assert read_columns(rows(["You answer in one word.", "You are a kind assistant."]), frozenset()).system == "system"


def chat(n, own, column="You are a kind assistant."):
    """A chat with a system turn of its own, or none, beside a system column."""
    before = [{"role": "system", "content": own}] if own else []
    asked = [*before, {"role": "user", "content": text(n, 6)}]
    return {"messages": [*asked, {"role": "assistant", "content": text(f"a{n}", 4)}], "system": column}


def plain(n, own):
    row = chat(n, own)
    return {"input": row["messages"][:-1], "target": text(f"a{n}", 4), "system": row["system"]}


def pair(n, own):
    row = chat(n, own)
    bad = [*row["messages"][:-1], {"role": "assistant", "content": text(f"b{n}", 4)}]
    return {"chosen": row["messages"], "rejected": bad, "system": row["system"]}


@pytest.mark.parametrize("row", [chat, plain, pair])
def test_column_that_differs_from_the_rows_own_system_turns_is_refused_by_init(tmp_path, row):
    rows = rows_of(lambda n: row(n, "You are a curt assistant." if n % 3 else ""), 60)
    said = (
        r"40 of 60 rows cannot be used(.|\n)*has a system prompt in column 'system' and another in its turns; keep one"
    )
    with pytest.raises(TaskFileError, match=said):
        drafted(save(tmp_path / "rows.jsonl", rows))


@pytest.mark.parametrize("row", [chat, plain, pair])
def test_column_that_the_rows_own_system_turns_repeat_is_the_tasks(tmp_path, row):
    task = drafted(
        save(tmp_path / "rows.jsonl", rows_of(lambda n: row(n, "You are a kind assistant." if n % 3 else "")))
    )
    assert task.study.system == "You are a kind assistant."
    assert {item.messages[0].role for item in task.test} == {"user"}
