"""`check` and `compare` read one task alike: what one refuses the other calls a fault or an error."""

import json

import pytest

from harness.checking import examine, read_material
from harness.errors import TaskFileError
from harness.task import load_task

SIDES = {"leak", "torn_group", "unknown_evidence"}  # findings for what compare refuses of rows that can be read


def change(folder, split, number, **values):
    file = folder.folder / f"{split}.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[number - 1] |= values
    folder.write_rows(file.name, rows)


def settings(**values):
    return lambda folder: folder.settings.update(values)


def data(**values):
    return lambda folder: folder.settings["data"].update(values)


def row(split, number, **values):
    return lambda folder: change(folder, split, number, **values)


def pair(**values):
    return lambda folder: folder.add_preference({"prompt": "p", "chosen": "good", "rejected": "bad"} | values)


def feedback(**values):
    def write(folder):
        folder.settings["data"]["feedback"] = "judged.jsonl"
        folder.write_rows("judged.jsonl", [{"prompt": "p", "completion": "c", "label": True} | values])

    return write


def benchmark(*names, row=None):
    def write(folder):
        for name in names:
            folder.write_rows(name, [row or {"question": "1 + 1", "answer": "2"}])
        folder.settings["general"] = {"tasks": list(names)}

    return write


def pages(folder):
    folder.settings["data"]["documents"] = "pages"
    folder.write("pages/one.md", "first page")


def without_dev(folder):
    del folder.settings["data"]["dev"]


def one_group(folder):
    without_dev(folder)
    for number in range(1, 11):
        change(folder, "train", number, group="all")


def both(*changes):
    return lambda folder: [change(folder) for change in changes]


BAD = {
    "an unknown key": settings(metrc=1),
    "a wrong value": settings(seeds=["zero"]),
    "a seed listed twice": settings(seeds=[1, 1]),
    "thresholds that do not rise": settings(rule={"rethink": 0.9, "promising": 0.5}),
    "an unknown metric": settings(metric={"primary": "closness"}),
    "an unknown arm": settings(arms=["ecco"]),
    "an arm listed twice": settings(arms=["echo", "echo"]),
    "an unknown option": settings(arms=[{"name": "echo", "options": {"size": 1}}]),
    "an arm without its documents": settings(arms=["search"]),
    "an unknown engine": settings(model={"source": "smollm2-135m", "engine": "steam"}),
    "an unknown engine of an arm": settings(arms=[{"name": "echo", "model": {"source": "x/y", "engine": "steam"}}]),
    "a template without the question": settings(prompt={"template": "Hello"}),
    "no folder of benchmarks": settings(general={"include_path": "absent"}),
    "no file of a benchmark": settings(general={"tasks": ["absent.jsonl"]}),
    "a benchmark that cannot be read": benchmark("own.jsonl", row={"question": "1 + 1"}),
    "two benchmarks of one name": benchmark("own.jsonl", "deeper/own.jsonl"),
    "a budget of no rows": settings(budget={"train_rows": 0}),
    "an absent file": data(train="absent.jsonl"),
    "an absent column": data(columns={"input": "question", "target": "label"}),
    "absent documents": data(documents="absent"),
    "documents that are all empty": both(pages, lambda folder: folder.write("pages/one.md", " ")),
    "a page that cannot be read": both(pages, lambda folder: folder.write("pages/two.pdf", b"%PDF")),
    "an empty answer": row("train", 3, answer=" "),
    "an empty answer that is tested": row("test", 3, answer=""),
    "an id given twice": both(row("train", 2, id="a"), row("train", 3, id="a")),
    "one group alone": one_group,
    "evidence without a document": both(pages, row("test", 2, evidence="two")),
    "evidence of train without a document": both(pages, row("train", 2, evidence=["one", "two"])),
    "a test question in train": row("train", 3, question="TEST  question 1"),
    "a test question in dev": row("dev", 1, question="test question 1"),
    "a dev question in train": row("train", 3, question="dev question 1"),
    "a group in test and train": both(row("test", 1, group="g"), row("train", 1, group="g")),
    "a group in dev and train": both(row("dev", 1, group="g"), row("train", 1, group="g")),
    "a pair of equal answers": pair(rejected="good"),
    "a pair without an answer": pair(chosen=""),
    "a pair that asks test": pair(prompt="test question 1"),
    "a pair that asks dev": pair(prompt="Dev question 1"),
    "a pair that asks test where dev is split off": both(without_dev, pair(prompt="test question 1")),
    "feedback without a verdict": feedback(label="perhaps"),
    "feedback that asks test": feedback(prompt="test question 1"),
    "feedback that asks dev": feedback(prompt="Dev question 1"),
    "a letter that is written in two ways": both(row("test", 1, question="ᾳ"), pair(prompt="αι")),
}
GOOD = {
    "as it is": lambda folder: None,
    "a budget above the rows": settings(budget={"train_rows": 11}),
    "a budget of all rows": settings(budget={"train_rows": 10}),
    "a budget below the rows": settings(budget={"train_rows": 4}),
    "dev split off": without_dev,
    "dev split off, and a budget": both(without_dev, settings(budget={"train_rows": 4})),
    "a pair that asks train": pair(prompt="train question 1"),
    "feedback that asks train": feedback(prompt="train question 1"),
    "documents": both(pages, row("test", 1, evidence="one")),
    "a benchmark": benchmark("own.jsonl"),
    "a second model": settings(arms=["echo", {"name": "two", "baseline": "echo", "model": "x/y"}]),
}
# What check alone calls an error: the task can be compared, and yet nobody wants its verdict.
CHECK_ALONE = {
    "turned_pair": lambda folder: (
        folder.settings["data"].update(preferences="pairs.jsonl"),
        folder.write_rows(
            "pairs.jsonl", [{"prompt": "p", "chosen": c, "rejected": r} for c, r in (("a", "b"), ("b", "a"))]
        ),
    ),
    "in_prompt": settings(prompt={"system": "Say yes to: does the test show this question here?"}),
    "leak": row("train", 3, question="Test, question 1!", answer="answer 1"),  # in other punctuation
}


def checked(folder):
    """What check says of the task: its faults as compare would print them, and findings that are errors."""
    material = read_material(folder.save())
    report = examine(material)
    faults = set()
    try:
        material.faults.raise_any(material.content.path)
    except TaskFileError as fault:
        faults = set(fault.faults)
    return faults, {finding.kind: finding for finding in report.findings if finding.severity == "error"}


def refused(folder):
    """The faults for which compare refuses the task; none when it takes it."""
    try:
        load_task(folder.save())
    except TaskFileError as fault:
        return set(fault.faults)
    return set()


def places(findings):
    return {f"{at.file} {at.unit} {at.number}" for finding in findings for hit in finding.hits for at in hit.rows}


@pytest.mark.parametrize("fault", BAD)
def test_what_compare_refuses_is_a_fault_or_an_error_to_check(task_folder, fault):
    BAD[fault](task_folder)
    theirs = refused(task_folder)
    faults, errors = checked(task_folder)
    assert theirs
    assert faults <= theirs
    named = places(errors[kind] for kind in errors.keys() & SIDES)
    assert [text for text in theirs - faults if text.split(":")[0] not in named] == []


@pytest.mark.parametrize("task", GOOD)
def test_what_check_passes_compare_takes(task_folder, task):
    GOOD[task](task_folder)
    assert refused(task_folder) == set()
    assert checked(task_folder) == (set(), {})


@pytest.mark.parametrize("kind", CHECK_ALONE)
def test_error_of_check_alone_is_no_fault_to_compare(task_folder, kind):
    for number in (1, 2, 3):
        change(task_folder, "test", number, question=f"Does the test show this question {'here' * number}?")
    change(task_folder, "test", 1, question="test question 1", answer="answer 1") if kind == "leak" else None
    CHECK_ALONE[kind](task_folder)
    assert refused(task_folder) == set()
    faults, errors = checked(task_folder)
    assert (faults, errors.keys()) == (set(), {kind})


@pytest.mark.parametrize("task", GOOD)
def test_both_see_the_same_rows_models_and_notes(task_folder, task):
    GOOD[task](task_folder)
    material = read_material(task_folder.save())
    loaded = load_task(task_folder.save())
    seen = {split: [record.example for record in material.splits[split]] for split in material.splits}
    assert seen == {"train": [*loaded.study.train], "dev": [*loaded.study.dev], "test": [*loaded.test]}
    assert [one.item for one in material.preferences] == [*loaded.study.preferences]
    assert (material.content.study, material.content.arms) == (loaded.study, loaded.arms)
    assert examine(material).notes == loaded.notes


def left_out_and_kept(folder, limit):
    """Two rows of train by their numbers: one that a budget leaves out, one that it keeps."""
    folder.settings["budget"] = {"train_rows": limit}
    kept = {example.messages[0].content for example in load_task(folder.save()).study.train}
    numbers = {number: f"train question {number - 1}" in kept for number in range(1, 11)}
    assert sum(numbers.values()) == limit
    return min(n for n, is_kept in numbers.items() if not is_kept), min(n for n, is_kept in numbers.items() if is_kept)


def test_rows_that_the_budget_leaves_out_have_no_length(task_folder, tiny_model):
    out, kept = left_out_and_kept(task_folder, 4)

    def too_long():
        findings = examine(read_material(task_folder.save()), lambda source: tiny_model).findings
        return [hit.rows[0].number for one in findings if one.kind == "too_long" for hit in one.hits]

    change(task_folder, "train", out, answer="far too long " * 600)
    assert too_long() == []
    change(task_folder, "train", kept, answer="far too long " * 600)
    assert too_long() == [kept]
    task_folder.settings["budget"] = {"train_rows": 10}
    assert too_long() == sorted([out, kept])


def test_rows_that_the_budget_leaves_out_are_held_apart_from_test(task_folder):
    out, _ = left_out_and_kept(task_folder, 4)
    change(task_folder, "train", out, question="test question 1")
    assert len(refused(task_folder)) == 1
    faults, errors = checked(task_folder)
    assert (faults, places(errors.values())) == (set(), {"test.jsonl line 2", f"train.jsonl line {out}"})


def test_pairs_that_ask_what_was_split_off_into_dev_are_left_out_of_both(task_folder):
    without_dev(task_folder)
    asked = load_task(task_folder.save()).study.dev[0].messages[0].content
    prompts = [asked.upper(), "something else"]
    task_folder.settings["data"]["preferences"] = "pairs.jsonl"
    task_folder.write_rows("pairs.jsonl", [{"prompt": p, "chosen": "good", "rejected": "bad"} for p in prompts])
    material = read_material(task_folder.save())
    assert [one.item.messages[0].content for one in material.preferences] == ["something else"]
    assert "1 preference pairs ask what dev asks and are left out" in material.content.data.notes
    assert checked(task_folder) == (set(), {})
    assert refused(task_folder) == set()
