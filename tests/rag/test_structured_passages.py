"""Passages of documents with headings and tables: what stands over them, and what is left as it was."""

import random

import pytest
import semchunk

from baselines.rag.chunks import MOST_CHARACTERS, passages_of
from baselines.rag.structure import parts_of
from harness.records import Document

PROSE = " ".join(f"Sentence {n} says something, and a little more." for n in range(12))


def words(text):
    return len(text.split())


def size(text):
    return max(words(text), -(-len(text) // MOST_CHARACTERS))


def passages(text, most, *, is_plain=False):
    return [one.text for one in passages_of([Document("d", text, "d.md", is_plain)], words, most)]


@pytest.mark.parametrize("text", [PROSE, PROSE.replace(". ", ".\n\n"), f"- {PROSE}\n- {PROSE}\n\n---\n\n{PROSE}"])
def test_document_without_headings_and_tables_is_cut_as_it_always_was(text):
    assert passages(text, 30) == [part.strip() for part in semchunk.chunk(text, 30, size, memoize=False)]


def test_plain_text_is_cut_as_it_always_was_whatever_its_lines_begin_with():
    text = f"# {PROSE}\n\n| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 40
    assert passages(text, 30, is_plain=True) == [part.strip() for part in semchunk.chunk(text, 30, size, memoize=False)]
    assert passages(text, 30) != passages(text, 30, is_plain=True)


def test_document_that_fits_one_passage_stays_whole():
    text = "# Fees\n\nTwelve.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert passages(text, 30) == [text.strip()]


def test_passages_begin_with_the_headings_that_they_stand_under():
    text = f"# Manual\n\n## Pumps\n\n{PROSE}\n\n### Seals\n\n{PROSE}\n\n## Hoses\n\n{PROSE}"
    found = passages(text, 50)
    assert found[0].startswith("# Manual\n\n## Pumps\n\nSentence 0")
    assert all(passage.startswith("# Manual\n") for passage in found)
    seals = [one for one in found if "### Seals" in one.split("\n\n")[0] and "## Hoses" not in one]
    assert seals and all(one.startswith("# Manual\n## Pumps\n### Seals\n\nSentence") for one in seals)
    assert any(one.startswith("# Manual\n## Hoses\n\nSentence") for one in found[-2:])
    assert max(map(size, found)) <= 50


def test_heading_in_a_code_block_is_none():
    text = f"# Setup\n\n```\n# comment\nrun\n```\n\n{PROSE}"
    assert [part.headings for part in parts_of(text)] == [("# Setup",)]


def test_underlined_headings_are_headings():
    text = f"Manual\n======\n\n{PROSE}\n\nPumps\n-----\n\n{PROSE}"
    assert [part.headings for part in parts_of(text)] == [("# Manual",), ("# Manual", "## Pumps")]


def test_every_passage_of_a_table_carries_its_header_and_heading():
    rows = [f"| part {n} | {n * 3} | {n * 7} |" for n in range(60)]
    table = "\n".join(["| Part | Net | Gross |", "|---|--:|--:|", *rows])
    text = f"# Parts\n\nIn euro.\n\n{table}\n\n## Terms\nNet."
    found = passages(text, 60)
    assert found[0].startswith("# Parts\n\nIn euro.\n\n| Part | Net | Gross |\n| part 0 | 0 | 0 |\n| part 1 |")
    assert all(one.startswith("# Parts\n\n| Part | Net | Gross |\n| part ") for one in found[1:])
    assert [line for one in found for line in one.split("\n") if line.startswith("| part")] == rows
    assert found[-1].endswith("## Terms\nNet.")
    assert max(map(size, found)) <= 60


@pytest.mark.parametrize(
    "table",
    [
        "{indent}| Part | Net |\n{indent}|---|---|\n{rows}",
        "{indent}```csv\n{indent}Part,Net\n{csv}\n{indent}```",
        "{indent}~~~ CSV\n{indent}Part;Net\n{ssv}\n{indent}~~~",
        "{indent}```tsv\n{indent}Part\tNet\n{tsv}\n{indent}```",
    ],
)
@pytest.mark.parametrize("item", ["", "- ", "1. ", "- * "])
def test_every_passage_of_a_table_in_a_list_or_in_code_carries_its_header(table, item):
    indent = " " * len(item)
    rows = [(f"part {n}", str(n * 3)) for n in range(60)]
    forms = {"rows": "| {} | {} |", "csv": "{},{}", "ssv": "{};{}", "tsv": "{}\t{}"}
    written = {name: "\n".join(indent + form.format(*row) for row in rows) for name, form in forms.items()}
    text = f"# Parts\n\n{item}In euro.\n\n{table.format(indent=indent, **written)}\n\n{indent}Net."
    found = passages(text, 60)
    assert len(found) > 4
    assert all("| Part | Net |\n| part " in one for one in found)
    assert [line for one in found for line in one.split("\n") if line.startswith("| part")] == [
        f"| {part} | {net} |" for part, net in rows
    ]
    assert found[-1].endswith("Net.")


def test_table_that_begins_with_its_list_item_has_its_header_without_the_marker():
    parts = parts_of("- | a | b |\n  |---|---|\n  | 1 | 2 |\n")
    assert [(part.header, part.text) for part in parts] == [("| a | b |", "| 1 | 2 |")]


@pytest.mark.parametrize(
    "text", ["> | a | b |\n> |---|---|\n> | 1 | 2 |", "```csv\na,b\n```", "```python\na, b\nc, d\n```"]
)
def test_quoted_table_and_code_of_no_rows_stay_text(text):
    assert [(part.text, part.is_table) for part in parts_of(f"# T\n\n{text}")] == [(f"# T\n\n{text}", False)]


def test_table_without_names_of_columns_carries_its_heading_alone():
    text = "# Data\n\n| | |\n|---|---|\n" + "\n".join(f"| key {n} | {n} |" for n in range(40))
    assert all(one.startswith("# Data\n\n| key ") for one in passages(text, 40))


def test_cells_of_a_row_too_long_for_its_header_are_named_one_by_one():
    names = [f"measure number {n}" for n in range(20)]
    rows = [[f"pump {r}", *(f"{r * 100 + n} units of it" for n in range(1, 20))] for r in range(3)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (names, ["---"] * 20, *rows)]
    found = passages("# Pumps\n\n" + "\n".join(lines), 40)
    assert max(map(size, found)) <= 40
    for r, n in ((0, 1), (1, 10), (2, 19)):
        [holder] = [one for one in found if f"measure number {n}: {r * 100 + n} units of it" in one]
        assert holder.startswith("# Pumps\n") and f"measure number 0: pump {r}\n\n" in holder


def test_headings_too_long_for_a_passage_give_way_from_the_outermost():
    text = f"# {'long ' * 15}\n\n## Short\n\n{PROSE}"
    found = passages(text, 30)
    assert found[-1].startswith("## Short\n\nSentence")
    assert max(map(size, found)) <= 30


@pytest.mark.parametrize("seed", range(20))
def test_no_word_is_lost_and_no_passage_too_long(seed):
    draw = random.Random(seed)
    blocks = []
    for at in range(draw.randint(3, 12)):
        blocks.append(
            draw.choice(
                [
                    f"{'#' * draw.randint(1, 6)} heading{at} {'x ' * draw.randint(0, 30)}",
                    f"text{at} " * draw.randint(1, 80),
                    "\n".join(
                        [f"| a{at} | {'b ' * draw.randint(1, 40)} |", "|---|---|"]
                        + [f"| row{at}x{n} | {'c' * draw.randint(1, 300)} |" for n in range(draw.randint(1, 30))]
                    ),
                    f"- item{at}\n\n      code\n\n| not | a table",
                ]
            )
        )
    text = "\n\n".join(blocks)
    found = passages(text, 24)
    assert max(map(size, found)) <= 24
    shown = "".join(found).replace("\n", "").replace(" ", "")
    for name in {word for word in text.split() if word.isalnum() and any(map(str.isdigit, word))}:
        assert name in shown, name
