"""Odd documents: copies, versions that contradict each other, pages without text, huge ones, and what RAG can find."""

import pytest

from harness.checking import examine, read_material
from harness.checking.documents import HUGE

RETURNS = "# Returns{}\n\nGoods may be returned within {} days. Send them to Leeds. We pay the postage.\n"


@pytest.fixture
def with_pages(task_folder):
    """Return a function that writes pages and, of their splits, 40, 20 and 40 rows that all want a yes."""
    task_folder.settings["data"] |= {"documents": "pages", "columns": {}}

    def write(rows=None, **pages):
        for name, text in pages.items():
            task_folder.write(f"pages/{name.replace('__', '/')}.md", text)
        for split, count in (("train", 40), ("dev", 20), ("test", 40)):
            made = [{"id": f"{split}{n}", "input": f"{split} asks about {n}", "target": "yes"} for n in range(count)]
            task_folder.write_rows(f"{split}.jsonl", [row | (rows or {}).get(row["id"], {}) for row in made])
        return task_folder

    return write


def report_of(folder):
    return examine(read_material(folder.save()))


def details(folder, kind):
    return [hit.detail for finding in report_of(folder).findings if finding.kind == kind for hit in finding.hits]


def sources(folder, kind):
    report = report_of(folder)
    hits = [hit for finding in report.findings if finding.kind == kind for hit in finding.hits]
    return [sorted(place.file for place in hit.rows) for hit in hits]


def test_pages_that_say_the_same_are_named(with_pages):
    folder = with_pages(a="Fees are due in May.", b__a="Fees  are due in MAY", c="Fees are due in June, for all of us.")
    assert sources(folder, "document_copy") == [["a.md", "b/a.md"]]


def test_stale_version_that_says_another_number_is_shown_beside_the_new_one(with_pages):
    folder = with_pages(returns=RETURNS.format("", 30), old__returns=RETURNS.format(" (2024)", 14))
    assert sources(folder, "document_versions") == [["old/returns.md", "returns.md"]]
    assert details(folder, "document_versions") == [
        "'goods may be returned within 14 days' against 'goods may be returned within 30 days'"
    ]


def test_row_of_a_table_that_differs_in_a_price_contradicts_the_other_version(with_pages):
    table = "# Prices\n\n| Part | Price | Stock |\n|---|---|---|\n" + "".join(
        f"| Valve {name} type | {n} | {n + 3} |\n" for n, name in enumerate("abcdefgh", start=20)
    )
    folder = with_pages(v1__prices=table, v2__prices=table.replace("| 22 | 25 |", "| 29 | 31 |"))
    assert details(folder, "document_versions") == ["'| valve c type | 22 | 25 |' against '| valve c type | 29 | 31 |'"]


def test_line_that_differs_in_a_word_contradicts_where_the_pages_are_equal_otherwise(with_pages):
    page = "# Hours\n\nThe shop opens at nine. It is closed on {}. Parking is free. Dogs may come in.\n"
    folder = with_pages(hours=page.format("Sundays"), draft__hours=page.format("Mondays"))
    assert details(folder, "document_versions") == ["'it is closed on mondays' against 'it is closed on sundays'"]


@pytest.mark.parametrize(
    "pages",
    [
        # pages of one template on other things
        {"a": "# Billing\n\nThis page is about billing. The desk has number 411.",
         "b": "# Shipping\n\nThis page is about shipping. The desk has number 522."},
        {"a": "# M100\n\nIt weighs 12 kg. It makes coffee. Clean it each week. Descale it each month.",
         "b": "# M200\n\nIt weighs 13 kg. It makes coffee. Clean it each week. Descale it each month."},
        # versions of which one says more
        {"a": RETURNS.format("", 30), "b": RETURNS.format("", 30) + "\nKeep the box.\n"},
    ],
)  # fmt: skip
def test_pages_that_do_not_contradict_each_other_are_not_named(with_pages, pages):
    assert details(with_pages(**pages), "document_versions") == []


def test_heading_alone_and_huge_page_are_noted(with_pages):
    folder = with_pages(a="# Fees\n\n## Late fees\n", b="word " * (HUGE + 1), c="Some text.")
    assert sources(folder, "document_without_text") == [["a.md"]]
    assert details(folder, "huge_document") == [f"{HUGE + 1} words"]


def test_answers_that_stand_in_no_passage_are_counted(with_pages):
    folder = with_pages({"test0": {"target": "4711"}}, a="The code is 4711.")
    report = report_of(folder)
    [finding] = [one for one in report.findings if one.kind == "missing_answer"]
    # of 40 test and 20 dev rows all but one say 'yes'
    assert finding.title == "short answers of test and dev that stand in no passage (59 of 60, 98%)"
    assert finding.hits[0].rows[0].id == "test1"


def test_questions_that_are_judged_by_their_page_alone_are_counted(with_pages):
    rows = {f"test{n}": {"evidence": ["a"]} for n in range(40)}
    rows["test0"]["target"] = "4711"
    folder = with_pages(rows, a="The code asks about 0: it is 4711.", b="More.")
    assert details(folder, "unjudged_search") == [
        "for 39 of 40 test questions only the document is known (39), or nothing (0)",
        "all of these name a, so that any passage of it counts as found",
    ]


def test_name_that_several_pages_have_is_an_error(with_pages):
    rows = {"test0": {"evidence": ["index"]}, "test1": {"evidence": ["a/index.md"]}}
    folder = with_pages(rows, a__index="One.", b__index="Two.")
    assert details(folder, "unknown_evidence") == ["evidence 'index' may be a/index or b/index; name one by its path"]
