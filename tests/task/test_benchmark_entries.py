"""Files of rows among general.tasks."""

import pytest

ROWS = [{"question": f"{n} and one are", "choices": ["few", "many"], "answer": "many"} for n in range(3)]


def with_file(task_folder, name="zh.jsonl", tasks=("core", "zh.jsonl")):
    task_folder.write_rows(name, ROWS)
    task_folder.settings["general"] = {"tasks": list(tasks)}
    return task_folder


def test_a_file_of_rows_becomes_an_absolute_path_and_names_stay(task_folder):
    task = with_file(task_folder).load()
    assert task.general.tasks == ("core", str(task_folder.folder / "zh.jsonl"))


def test_resolved_task_names_the_file_as_it_was_written(task_folder):
    assert with_file(task_folder).load().resolved["general"]["tasks"] == ["core", "zh.jsonl"]


def test_a_file_that_is_not_there_is_listed_with_the_other_faults(task_folder):
    task_folder.settings |= {"general": {"tasks": ["absent.csv"]}, "model": "./absent"}
    faults = task_folder.faults()
    assert any("'absent.csv' is not a file" in fault for fault in faults)
    assert any("model folder './absent'" in fault for fault in faults)


def test_every_fault_of_the_rows_is_listed_with_its_row(task_folder):
    with_file(task_folder)
    task_folder.write_rows("zh.jsonl", [ROWS[0], ROWS[1] | {"answer": "all"}, ROWS[2] | {"question": ""}])
    faults = task_folder.faults()
    assert any(fault.startswith("zh.jsonl row 2: answer 'all' is not a choice's") for fault in faults)
    assert any(fault.startswith("zh.jsonl row 3: 'question' is empty") for fault in faults)


def test_two_benchmarks_of_one_name_are_a_fault(task_folder):
    (task_folder.folder / "more").mkdir()
    with_file(task_folder, "more/zh.jsonl", ("zh.jsonl", "more/zh.jsonl"))
    task_folder.write_rows("zh.jsonl", ROWS)
    assert any("two benchmarks are called 'zh'" in fault for fault in task_folder.faults())


def test_digest_changes_with_the_rows(task_folder):
    before = with_file(task_folder).load().digest
    task_folder.write_rows("zh.jsonl", [*ROWS[:2], ROWS[2] | {"answer": "few"}])
    assert task_folder.load().digest != before


def test_digest_does_not_change_with_the_folder_or_the_way_an_answer_is_written(task_folder):
    before = with_file(task_folder).load().digest
    (task_folder.folder / "more").mkdir()
    task_folder.settings["general"]["tasks"] = ["core", "more/zh.jsonl"]
    task_folder.write_rows("more/zh.jsonl", [row | {"answer": "B"} for row in ROWS])
    assert task_folder.load().digest == before


@pytest.mark.parametrize("name", ["zh.jsonl", "zh.csv"])
def test_suffix_tells_a_file_from_a_name(task_folder, name):
    task_folder.settings["general"] = {"tasks": [name]}
    assert any(f"'{name}' is not a file" in fault for fault in task_folder.faults())
