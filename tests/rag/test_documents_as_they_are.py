"""Folders of documents and tables as people have them, from the files to the passages that are found."""

import json
import re
from pathlib import Path

import pytest
from page_files import docx_of, pdf_of

from baselines.rag.chunks import split
from baselines.rag.embedder import open_embedder
from baselines.rag.index import build_index
from baselines.rag.options import CHUNK_TOKENS, DEFAULT_EMBEDDER
from harness.answer_places import AnswerPlaces
from harness.checking.examination import examine
from harness.checking.reading import read_material
from harness.drafting.folder import draft_task
from harness.metrics.retrieval import answer_retrieval
from harness.records import Document, Example, Message
from harness.task import load_task
from harness.task.documents import read_documents
from harness.task.faults import Faults

INPUTS = Path(__file__).parent / "document_inputs"


def drafted(rows, documents, folder):
    """Return what `init` says and the task that it writes."""
    draft = draft_task(rows, folder / "task", documents=documents)
    return draft.notes, load_task(folder / "task" / "task.yaml")


def write_rows(path, pairs, **more):
    rows = [{"question": question, "answer": answer, **more} for question, answer in pairs]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(folder):
    faults, notes = Faults(), []
    documents = read_documents(folder.name, folder.parent, faults, notes)
    faults.raise_any(folder)
    return documents, notes


# Folder trees


def test_tree_of_a_documentation_site_is_read_page_by_page(tmp_path):
    case = INPUTS / "docs-site-tree"
    notes, task = drafted(case / "rows.jsonl", case / "documents", tmp_path)
    pages = {one.id: one.text for one in task.study.documents}
    assert list(pages) == ["billing/index", "returns/fees", "returns/index", "shipping/index"]
    fees = "| Kind | Fee |\n| --- | --- |\n| Small parcel | 12 |\n| Pallet | 88 |"
    assert pages["returns/fees"] == f"# Fees\n\n{fees}"
    assert notes[1:4] == (
        "documents: read 4 pages (3 .md, 1 .html)",
        "documents: 1 image left out (1 .png)",
        "documents: 1 file of settings left out (1 .yml)",
    )
    report = examine(read_material(tmp_path / "task" / "task.yaml"))
    assert not report.faults
    assert not {finding.kind for finding in report.findings} & {"document_copy", "document_versions", "missing_answer"}


def test_site_with_front_matter_and_pages_in_two_forms(tmp_path):
    site = {
        "docs/_index.md": "---\ntitle: Acme help\nweight: 1\n---\n",
        "docs/billing/_index.md": "---\ntitle: Billing\n---\nThe billing desk has number 411.\n",
        "docs/shipping/_index.md": "+++\ntitle = 'Shipping'\n+++\nThe shipping desk has number 522.\n",
        "docs/shipping/rates.mdx": "# Rates\n\n| Zone | Fee |\n|--|--|\n| A | 12 |\n",
        "docs/shipping/rates.html": "<h1>Rates of last year</h1><p>Zone A costs 11.",
        "docs/static/css/site.css": "p {}",
        "docs/static/logo.svg": "<svg/>",
        "docs/config.toml": "title = 'x'",
        "docs/.hugo_build.lock": "",
    }
    for name, text in site.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    pairs = [(f"{n}: number of the {desk} desk?", number) for n in range(40) for desk, number in
             (("billing", "411"), ("shipping", "522"))]  # fmt: skip
    rows = write_rows(tmp_path / "rows.jsonl", pairs, evidence="docs/billing/_index.md")
    notes, task = drafted(rows, tmp_path / "docs", tmp_path)
    assert {one.id: one.text for one in task.study.documents} == {
        "_index": "# Acme help\n\n",
        "billing/_index": "# Billing\n\nThe billing desk has number 411.\n",
        "shipping/_index": "# Shipping\n\nThe shipping desk has number 522.\n",
        "shipping/rates.html": "# Rates of last year\n\nZone A costs 11.",
        "shipping/rates.mdx": site["docs/shipping/rates.mdx"],
    }
    assert task.test[0].evidence == ("billing/_index",)
    assert notes[1:5] == (
        "docs: read 5 pages (3 .md, 1 .html, 1 .mdx)",
        "docs: 1 image left out (1 .svg)",
        "docs: 1 file of settings left out (1 .toml)",
        "docs: 1 file of code or styles left out (1 .css)",
    )


def test_shared_folder_of_an_office_is_read_and_its_scan_is_named(tmp_path):
    folder = tmp_path / "share"
    (folder / "HR" / "2026").mkdir(parents=True)
    (folder / "IT").mkdir()
    for number in range(10):
        (folder / "IT" / f"note {number}.txt").write_text(f"Printer {number} stands in room {100 + number}.")
    days = [["Years", "Days"], ["1", "25"], ["5", "30"]]
    (folder / "HR" / "Leave.docx").write_bytes(docx_of(("heading 1", "Leave"), days))
    (folder / "HR" / "2026" / "Leave.pdf").write_bytes(pdf_of(["Leave in 2026", "Carry over at most 5 days."]))
    (folder / "HR" / "Contract.pdf").write_bytes(pdf_of([], []))
    (folder / "IT" / "Inventory.xlsx").write_bytes(b"PK")
    documents, notes = read(folder)
    texts = {one.id: one.text for one in documents if not one.id.startswith("IT")}
    assert texts == {
        "HR/2026/Leave": "Leave in 2026\nCarry over at most 5 days.",
        "HR/Leave": "# Leave\n\n| Years | Days |\n| --- | --- |\n| 1 | 25 |\n| 5 | 30 |",
    }
    assert notes == [
        "share: 1 page left out: no text, as in a scan (HR/Contract.pdf); run text recognition, or move out of the "
        "documents",
        "share: read 12 pages (10 .txt, 1 .docx, 1 .pdf)",
        "share: 1 file of kinds that are not read left out (1 .xlsx); convert to Markdown, text, HTML, PDF or DOCX "
        "what holds answers",
    ]


# Tables: is the row that is asked for among the passages, and do these know what the columns are?


def asked_of(folder):
    """Return the field case's documents and questions, each with the key of its row."""
    documents, _ = read(folder / "documents")
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    return documents, [(row["question"], row["answer"], re.search(r" of (\S+)\?", row["question"])[1]) for row in rows]


def price_list(folder):
    """A page of HTML: the families span their rows, and the header has two rows."""
    rows, asked = [], []
    for at, family in enumerate(("Gear pump", "Ball valve", "Relay", "Clamp", "Gasket", "Hose", "Spring", "Filter")):
        for size in range(8):
            net, stock = 20 + (at * 37 + size * 11) % 80, 100 + (at * 53 + size * 29) % 300
            part = f"{family[:2].upper()}-{size}"
            first = f"<td rowspan=8>{family}</td>" if size == 0 else ""
            rows.append(f"<tr>{first}<td>{part}</td><td>{net}</td><td>{net + 9}</td><td>{stock}</td></tr>")
            asked.append((f"What is the stock of {part}?", str(stock), part))
    head = "<tr><th rowspan=2>Family</th><th rowspan=2>Part</th><th colspan=2>Price</th><th rowspan=2>Stock</th></tr>"
    page = f"<h1>Spare parts</h1><table>{head}<tr><th>net</th><th>gross</th></tr>{''.join(rows)}</table>"
    (folder / "parts.html").write_text(page)
    return read(folder)[0], asked


def staff_list(folder):
    """A Word file whose table has no marked header."""
    names = [f"{first} {last}" for first in ("Ada", "Ben", "Cleo", "Dan", "Eve", "Fay") for last in
             ("Moss", "Reed", "Stone", "Field", "Brook", "Wood", "Hill", "Lake")]  # fmt: skip
    rows = [[name, f"B{at % 7}.{at}", str(4000 + at * 37), f"desk {at % 5}"] for at, name in enumerate(names)]
    table = [["Name", "Room", "Extension", "Team"], *rows]
    (folder / "staff.docx").write_bytes(docx_of(("Title", "Staff list"), ("Normal", "As of May."), table))
    return read(folder)[0], [(f"Which extension has {row[0]}?", row[2], row[0]) for row in rows]


@pytest.mark.model
@pytest.mark.parametrize(
    ("made", "header"),
    [
        (lambda folder: asked_of(INPUTS / "long-table"), "| Part | Net price | Gross price | Stock | Lead time |"),
        (price_list, "| Family | Part | Price net | Price gross | Stock |"),
        (staff_list, "| Name | Room | Extension | Team |"),
    ],
)
def test_rows_of_a_long_table_are_found_with_their_header(made, header, tmp_path):
    documents, asked = made(tmp_path)
    index = build_index(documents, tmp_path / "index")
    long = max(documents, key=lambda one: len(one.text))
    of_table = [passage.text for passage in index.passages if passage.document == long.id]
    assert len(of_table) > 3
    assert all(header in text and text.startswith("# ") for text in of_table)
    assert max(index.embedder.count(text) for text in of_table) <= CHUNK_TOKENS
    found = index.search([question for question, _, _ in asked], 2)
    rows = [any(f"| {key} |" in line for one in shown for line in one.text.split("\n")) for shown, (_, _, key) in
            zip(found, asked, strict=True)]  # fmt: skip
    assert sum(rows) > sum(_found_as_before(documents, asked, tmp_path))
    assert sum(rows) >= 0.95 * len(rows)

    examples = [
        Example(str(at), (Message("user", question),), answer, evidence=(long.id,))
        for at, (question, answer, _) in enumerate(asked)
    ]
    shown = {example.id: passages for example, passages in zip(examples, found, strict=True)}
    judged = answer_retrieval(shown, examples, AnswerPlaces(documents), {})
    assert (judged.n, judged.found) == (len(asked), sum(rows))  # by the passage with the answer, not by the page


def _found_as_before(documents, asked, folder):
    """Say of each question whether two passages of bare text, cut as plain text is, hold the row."""
    embedder = open_embedder(DEFAULT_EMBEDDER)
    texts = [text for one in documents for text in split(one.text, embedder.count, CHUNK_TOKENS)]
    bare = [Document(f"d{at}", text, "", is_plain=True) for at, text in enumerate(texts)]
    found = build_index(bare, folder / "bare").search([question for question, _, _ in asked], 2)
    return [any(f"| {key} |" in one.text for one in shown) for shown, (_, _, key) in zip(found, asked, strict=True)]
