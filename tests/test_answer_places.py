"""Which passage holds an answer: by the line that the question is about, not by any that has the words."""

import pytest

from harness.answer_places import AnswerPlaces
from harness.answer_reading import Reader
from harness.records import Document, Example, Message, Passage

TABLE = """# Parts

| Part | Net price | Stock | Lead time |
|---|---|---|---|
| Pump-A | 49 | 219 | 31 |
| Pump-K | 13 | 324 | 31 |
| Filter-A | 31 | 342 | 46 |
| Hose-B | 80 | 31 | 57 |
"""
DOCUMENTS = (
    Document("parts", TABLE, "parts.md"),
    Document("terms", "Goods may be returned within 31 days.\n\n## Shipping\n\nWe ship on weekdays.", "terms.md"),
    Document("billing/index", "This page is about the desk. Its number is 411.", "billing/index.md"),
    Document("returns/index", "This page is about the desk. Its number is 633.", "returns/index.md"),
)
PLACES = AnswerPlaces(DOCUMENTS)


def asked(question, answer, *evidence):
    return Example("q", (Message("user", question),), answer, evidence=evidence)


def passage(text, document="parts"):
    return Passage(f"{document}#1", document, text)


LEAD = asked("What is the lead time of Pump-A?", "31", "parts")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("# Parts\n\n| Part | Net price | Stock | Lead time |\n| Pump-A | 49 | 219 | 31 |", True),
        ("| Pump-A | 49 | 219 | 31 |\n| Pump-K | 13 | 324 | 31 |", True),
        ("# Parts\n\n| Pump-K | 13 | 324 | 31 |\n| Filter-A | 31 | 342 | 46 |", False),  # 31, of other parts
        ("Part: Pump-A\n\nNet price: 49; Stock: 219", False),
    ],
)
def test_passage_holds_the_answer_where_the_question_is_about_its_line(text, holds):
    assert PLACES.knows(LEAD)
    assert PLACES.holds(LEAD, passage(text)) is holds


def test_headings_and_the_documents_id_tell_equal_lines_apart():
    question = asked("Which number has the returns desk?", "633")
    assert PLACES.holds(question, passage("This page is about the desk. Its number is 633.", "returns/index"))
    assert not PLACES.holds(question, passage("Its number is 411.", "billing/index"))
    text = "# M100\n\nIt weighs 12 kg.\n\n# M200\n\nIt weighs 12 kg."
    places = AnswerPlaces([Document("machines", text, "machines.md")])
    weight = asked("How much does the M200 weigh?", "12 kg")
    assert places.holds(weight, passage("# M200\n\nIt weighs 12 kg.", "machines"))
    assert not places.holds(weight, passage("# M100\n\nIt weighs 12 kg.", "machines"))


def test_copy_of_the_line_in_another_document_holds_the_answer_too():
    assert PLACES.holds(LEAD, passage("| Pump-A | 49 | 219 | 31 |", "parts of last year"))


def test_sentence_is_found_over_the_end_of_a_wrapped_line():
    text = "The telephone extension of the whole accounts department, with all of its four\nteams, is 4521. Call it."
    places = AnswerPlaces([Document("d", text, "d.txt")])
    question = asked("Which extension has the accounts department?", "4521")
    assert places.holds(question, passage(text, "d"))
    assert not places.holds(question, passage("Room 4521.", "d"))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("May goods be returned?", "Yes"),  # said of the text, and not in it
        ("Which option is right?", "B"),
        ("What is the lead time of Pump-A?", "32"),
        ("What is the lead time of Pump-A?", "thirty-one days"),
        ("What is it?", "31"),  # nothing says which of five
    ],
)
def test_answer_that_cannot_be_told_a_line_is_not_known(question, answer):
    assert not PLACES.knows(asked(question, answer))
    assert not PLACES.holds(asked(question, answer), passage(TABLE))


def test_word_that_stands_everywhere_needs_evidence_to_be_an_answer():
    pages = [Document(f"d{n}", f"The desk is open. Room {n}.", "d.md") for n in range(20)]
    places = AnswerPlaces([*pages, Document("x", "The lobby is open.", "x.md")])
    assert not places.knows(asked("Is the lobby open or closed?", "open"))
    assert places.knows(asked("Is the lobby open or closed?", "open", "x"))


def test_answer_of_a_row_is_looked_for_in_its_own_evidence():
    assert PLACES.stands(asked("?", "weekdays"))
    assert PLACES.stands_in_evidence(asked("?", "weekdays", "terms"))
    assert not PLACES.stands_in_evidence(asked("?", "weekdays", "parts"))
    assert PLACES.stands_in_evidence(asked("?", "weekdays"))
    assert not PLACES.stands(asked("?", "on sundays"))


def test_any_right_answer_counts_and_is_read_as_the_task_says():
    question = Example("q", (Message("user", "What is the lead time of Pump-A?"),), "thirty-one", accepted=("31",))
    assert PLACES.holds(question, passage("| Pump-A | 49 | 219 | 31 |"))
    worked = asked("What is the lead time of Pump-A?", "It is a pump, so look there.\n#### 31", "parts")
    assert not PLACES.knows(worked)
    read = AnswerPlaces(DOCUMENTS, Reader("after", "####"))
    assert read.holds(worked, passage("| Pump-A | 49 | 219 | 31 |"))
    assert not read.holds(worked, passage("| Pump-K | 13 | 324 | 31 |"))
