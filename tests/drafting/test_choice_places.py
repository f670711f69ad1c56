"""Which choice an answer names: by its letter, by its place, or by its text, decided for the whole column."""

import pytest

from harness.drafting.options import find_options, option_columns
from harness.drafting.records import _unlettered


def letters(rows, column="choices"):
    names = [name for name in rows[0] if name not in ("question", "answer")]
    options = find_options(rows, option_columns(rows, names), ["answer"], None)
    return [options.right(row) for row in rows]


def test_whole_numbers_are_places_though_the_choices_are_numbers_too():
    lists = (["4", "8", "1", "2"], ["1", "2", "0", "5"], ["3", "0", "7", "1"], ["2", "9", "4", "0"])
    rows = [{"question": "q", "choices": texts, "answer": at} for at, texts in enumerate(lists)]
    assert letters(rows) == ["A", "B", "C", "D"]
    as_floats = [{**row, "answer": float(row["answer"])} for row in rows]  # as pandas writes a column with gaps
    assert letters(as_floats) == ["A", "B", "C", "D"]


def test_numbers_beyond_the_list_are_texts():
    rows = [{"question": "q", "choices": ["4", "8", "1"], "answer": answer} for answer in ("8", "4", "1")]
    assert letters(rows) == ["B", "A", "C"]


def test_empty_choice_moves_no_letter_to_another_text():
    filled = {"option_a": "red", "option_b": "blue", "option_c": "green"}
    rows = [{"question": "q", **filled, "answer": "C"}, {"question": "q", **filled, "option_b": "", "answer": "C"}]
    columns = ("option_a", "option_b", "option_c")
    options = find_options(rows, columns, ["answer"], None)
    shown = [dict(zip("ABC", options.of(row), strict=False)) for row in rows]
    assert [texts[options.right(row)] for texts, row in zip(shown, rows, strict=True)] == ["green", "green"]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["A. red", "B. blue"], ["red", "blue"]),
        (["(a) red", "(b) blue"], ["red", "blue"]),
        (["E. coli", "H. pylori"], ["E. coli", "H. pylori"]),
        (["A.D. 70", "B.C. 70"], ["A.D. 70", "B.C. 70"]),
        (["A. red", "blue"], ["A. red", "blue"]),
    ],
)
def test_letters_go_only_where_each_choice_begins_with_that_of_its_place(texts, shown):
    assert list(_unlettered(texts)) == shown
