"""Which column `harness init` takes for the question and the answer, where several may be meant."""

import random

import pytest

from harness.task.draft.columns import read_columns

WORDS = "amber birch cedar delta ember fjord grove heron islet jetty knoll larch marsh north otter".split()
LABELS = ("billing", "bug", "praise")

ANSWER_COLUMNS = [  # what beside a question and its answer stands in a file, and which column is the answer
    (("question", "model_answer", "gold_answer"), "gold_answer"),
    (("question", "false_answer", "correct_answer"), "correct_answer"),
    (("prompt", "generated_answer", "expected_answer"), "expected_answer"),
    (("question", "answer_a", "answer_b", "correct_option"), "correct_option"),
    (("prompt", "answer_a", "answer_b", "few:winner"), "winner"),
    (("sentence", "target_entity", "few:sentiment"), "sentiment"),
    (("text", "few:topic", "few:target_type"), "topic"),
    (("message", "reply", "few:correct"), "reply"),
    (("problem", "code", "few:correct_rate"), "code"),
    (("question", "long_answer", "few:final_decision"), "final_decision"),
    (("question", "Best Answer", "Correct Answers", "Incorrect Answers"), "Best Answer"),
    (("claim", "half:source", "few:label"), "label"),
]


def columns_of(written: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of texts; a column marked few has three values, and one marked half is empty in four rows of ten."""

    def cell(n: int, name: str) -> str:
        if name.startswith("half:") and n % 10 < 4:
            return ""
        return LABELS[n % 3] if name.startswith("few:") else " ".join(random.Random(f"{n}{name}").sample(WORDS, 6))

    return [{name.split(":")[-1]: cell(n, name) for name in written} for n in range(60)]


@pytest.mark.parametrize(("written", "answer"), ANSWER_COLUMNS, ids=[" ".join(row[0]) for row in ANSWER_COLUMNS])
def test_answer_is_told_from_what_stands_beside_it(written, answer):
    assert read_columns(columns_of(written), frozenset()).needed["target"] == answer


@pytest.mark.parametrize(
    ("written", "question"),
    [
        (("dialogue", "half:title", "summary"), "dialogue"),
        (("claim", "half:source", "few:label"), "claim"),
        (("system_prompt", "message", "reply"), "message"),
        (("text", "followup_question", "few:label"), "text"),
        (("document", "user_question", "answer"), "user_question"),
    ],
)
def test_question_is_told_from_what_stands_beside_it(written, question):
    rows = [row | {name: row[name] * 9 for name in row if name == "dialogue"} for row in columns_of(written)]
    assert read_columns(rows, frozenset()).needed["input"] == question


def test_labels_that_may_be_the_answer_too_are_said():
    rows = columns_of(("question", "expected_answer", "few:winner"))
    doubts = read_columns(rows, frozenset()).doubts
    assert any("'expected_answer', by a word of its name; 'winner' with few values may be it too" in d for d in doubts)
    doubts = read_columns(columns_of(("text", "few:category", "half:answer")), frozenset()).doubts
    assert "the answer in 'answer' is empty in 24 of 60 rows; 'category' with few values may be it too" in doubts
