"""The four tasks whose right verdict is known: their rows are what their cards say."""

import json
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from bench import known_answers
from bench.known_answers import RIGHT, Graded
from harness.checking import examine, read_material
from harness.task import load_task

TASKS = Path(__file__).parents[2] / "tasks"
SPLITS = ("train", "dev", "test")


def rows(task, *splits):
    texts = [(TASKS / task / f"{split}.jsonl").read_text(encoding="utf-8") for split in splits or SPLITS]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("task", RIGHT)
def test_committed_files_are_what_the_generator_writes(tmp_path, task):
    import_module(f"tasks.{task}.generate").write(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {f"{split}.jsonl" for split in SPLITS} <= written.keys()
    assert written == {name: (TASKS / task / name).read_bytes() for name in written}


@pytest.mark.parametrize("task", RIGHT)
def test_card_names_the_known_answer_that_is_graded_and_the_sizes(task):
    card = (TASKS / task / "CARD.md").read_text()
    assert f"**Known answer: `{RIGHT[task]}`.**" in card
    train, dev, test = (len(rows(task, split)) for split in SPLITS)
    assert f"{train} train, {dev} dev, {test} test" in card


@pytest.mark.parametrize("task", RIGHT)
def test_thresholds_are_the_ones_of_every_other_task(task):
    loaded = load_task(TASKS / task / "task.yaml")
    demo = load_task(TASKS / "support_routing" / "task.yaml")
    assert loaded.limits == demo.limits


@pytest.mark.parametrize("task", RIGHT)
def test_check_finds_nothing_worse_than_notes(task):
    report = examine(read_material(TASKS / task / "task.yaml"))
    assert {finding.severity for finding in report.findings} <= {"note"}


@pytest.mark.parametrize("task", RIGHT)
def test_no_question_stands_twice(task):
    questions = [example.question.text for split in _parts(task) for example in split]
    assert len(set(questions)) == len(questions)


def _parts(task):
    loaded = load_task(TASKS / task / "task.yaml")
    return loaded.study.train, loaded.study.dev, loaded.test


def test_every_serial_number_stands_once_in_its_own_message_and_in_no_other_row():
    found = rows("serial_numbers")
    assert len({row["serial"] for row in found}) == len(found)
    for row in found:
        assert re.findall(r"\b[A-Z]{2}-\d{5}\b", row["message"]) == [row["serial"]]


def test_every_extension_stands_on_one_card_and_in_no_question():
    cards = {row["id"]: row["text"] for row in rows("staff_directory", "documents")}
    found = rows("staff_directory")
    assert len(cards) == len(found) == len({row["extension"] for row in found})
    for row in found:
        assert [name for name, text in cards.items() if row["extension"] in text] == [row["card"]]
        assert row["extension"] not in row["question"]
        asked = re.search(r"([A-Z][a-z]+ [A-Z][a-z]+)(?= be reached| \?|\?|\.)", row["question"])[1]
        assert cards[row["card"]].startswith(asked)


def test_random_labels_have_equal_shares_and_the_messages_of_support_routing():
    for split in SPLITS:
        labelled, routed = rows("random_labels", split), rows("support_routing", split)
        assert [row["message"] for row in labelled] == [row["message"] for row in routed]
        counts = Counter(row["team"] for row in labelled).values()
        assert len(counts) == 4
        assert max(counts) - min(counts) <= 1


def test_random_labels_say_nothing_of_the_desk():
    pairs = Counter((a["team"], b["code"]) for a, b in zip(rows("random_labels"), rows("support_routing"), strict=True))
    expected = len(rows("random_labels")) / 16
    chi_squared = sum((count - expected) ** 2 / expected for count in pairs.values())
    assert len(pairs) == 16
    assert chi_squared < 21.67  # 1% point of chi-squared with 9 degrees of freedom


def test_every_order_line_follows_from_its_order_and_stands_once():
    found = rows("order_lines")
    assert len({row["line"] for row in found}) == len(found)
    words = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
    for row in found:
        town, *items = row["line"].split("/")
        assert re.findall(rf"\b{town.title()}\b", row["order"])
        named = re.findall(rf"\b({'|'.join(words)}) (?:new )?([a-z]+?)(?:e?s)\b", row["order"].lower())
        assert [f"{words[number]} {goods}" for number, goods in named] == [
            item.lower().removesuffix("e") if item.endswith(("HOSE", "VALVE")) else item.lower() for item in items
        ]


@pytest.mark.parametrize(("action", "is_right"), [("rag", True), ("prompt", False), (None, False)])
def test_a_wrong_or_missing_verdict_is_never_right(action, is_right):
    graded = Graded("staff_directory", action, 3.0)
    assert graded.is_right is is_right
    assert ("WRONG" in str(graded)) is not is_right


@pytest.mark.parametrize(("verdicts", "code"), [(RIGHT, 0), (RIGHT | {"random_labels": "undecided"}, 1)])
def test_one_wrong_verdict_of_four_ends_with_1(monkeypatch, capsys, verdicts, code):
    monkeypatch.setattr(known_answers, "grade", lambda task, out: Graded(task, verdicts[task], 1.0))
    monkeypatch.setattr("sys.argv", ["known_answers"])
    assert known_answers.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == f"{4 - code} of 4 verdicts are right"


@pytest.mark.parametrize(
    ("family", "seconds", "shown"),
    [("prompt", None, "none"), ("rag", None, "none"), ("tune", 61.4, "61 s"), ("tune", None, "not measured")],
)
def test_training_that_was_not_measured_is_not_shown_as_none(family, seconds, shown):
    arm = {"name": "a", "family": family, "status": "ok", "score": None, "cost": {"train_seconds": seconds}}
    result = {"name": "t", "gates": [], "arms": [arm], "verdict": {"sentence": "s"}}
    assert known_answers.table(result).splitlines()[2].split(" | ")[-2] == shown
