"""Pages as people have them: front matter, HTML, PDF and Word files, and those that cannot be read."""

import pytest
from page_files import docx_of, pdf_of

from harness.task.pages import READERS, PageFault, apart
from harness.task.pages.front_matter import without_front_matter
from harness.task.pages.html import text_of_html
from harness.task.text import TextFault


def text_of(suffix, raw):
    return READERS[suffix](raw if isinstance(raw, bytes) else raw.encode()).text


def tables_in(html):
    """Return the lines of a page that are rows of tables."""
    return [line for line in text_of(".html", html).splitlines() if line.startswith("|")]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("---\ntitle: Fees\ndraft: true\n---\n\nTwelve.\n", "# Fees\n\nTwelve.\n"),  # shown by the site as a heading
        ("---\ntitle: Fees\n---\n# Our fees\n\nTwelve.\n", "# Our fees\n\nTwelve.\n"),
        ("---\ntitle: Fees\n---\nOur fees\n========\n\nTwelve.\n", "Our fees\n========\n\nTwelve.\n"),
        ("---\nweight: 3\n...\nTwelve.\n", "Twelve.\n"),
        ("---\ntitle: How to: pay\ntags:\n  - a\n---\nTwelve.\n", "Twelve.\n"),  # no YAML, and plainly settings
        ('+++\ntitle = "Fees"\n[extra]\ntoc = true\n+++\nTwelve.\n', "# Fees\n\nTwelve.\n"),
        ("\ufeff---\r\ntitle: Fees\r\n---\r\nTwelve.\r\n", "# Fees\n\nTwelve.\n"),
        ("---\n---\nTwelve.\n", "Twelve.\n"),
        ("---\n\nA quotation\n\n---\n\nTwelve.\n", "---\n\nA quotation\n\n---\n\nTwelve.\n"),  # two rules
        (f"---\nb: {'[' * 100_000}\n---\nTwelve.\n", "Twelve.\n"),  # its lines look like settings
        ("---\ndraft: !!bool maybe\n---\nTwelve.\n", "Twelve.\n"),
        ("---\nweight: !!int ''\n---\nTwelve.\n", "Twelve.\n"),
        (f"---\n0x{'F' * 6000}: 1\ndraft: true\n---\nTwelve.\n", "Twelve.\n"),
        (f"+++\na = {'9' * 6000}\n+++\nTwelve.\n", f"+++\na = {'9' * 6000}\n+++\nTwelve.\n"),
        (f"+++\na = {'[' * 100_000}\n+++\nTwelve.\n", f"+++\na = {'[' * 100_000}\n+++\nTwelve.\n"),
        ("---\ntitle: never closed\n", "---\ntitle: never closed\n"),
        ("Twelve.\n\n---\ntitle: Fees\n---\n", "Twelve.\n\n---\ntitle: Fees\n---\n"),
    ],
)
def test_front_matter_is_kept_out_and_its_title_is_the_heading(page, text):
    assert text_of(".md", page) == text


def test_plain_text_is_taken_as_it_is():
    assert text_of(".txt", "---\r\ntitle: x\r\n---\r\n# no heading") == "---\ntitle: x\n---\n# no heading"


def test_html_is_read_as_text_under_its_headings():
    page = """<!doctype html><html><head><title>Shop</title><style>p {}</style></head><body>
        <nav><a href="/">Home</a></nav><header>Acme</header><main><h1>Fees</h1>
        <p>We <b>ch</b>arge &amp; bill.<br>Always.</p><h2>Lists</h2><ul><li>One</li><li><p>Two</p></li></ul>
        <pre># code\n  kept</pre><p># 1 seller</p>
        <p hidden>secret</p><script>x()</script></main><footer>(c)</footer></body></html>"""
    assert text_of(".html", page) == (
        "# Fees\n\nWe charge & bill.\nAlways.\n\n## Lists\n\n- One\n- Two\n\n```\n# code\n  kept\n```\n\n\\# 1 seller"
    )


@pytest.mark.parametrize(
    "page", ["", " \n", "<!-- nothing -->", "<html></html>", "<nav>Home</nav>", "<frameset><frame src=a></frameset>"]
)
def test_html_without_text_is_an_empty_page(page):
    assert text_of(".html", page) == ""


def test_title_of_an_html_page_is_its_heading_where_it_has_none():
    assert text_of(".html", "<head><title> Fees\n 2026 </title></head><p>Twelve.") == "# Fees 2026\n\nTwelve."


def test_table_of_html_keeps_its_header_and_its_spans():
    page = """<table><caption>Rates</caption><thead><tr><th rowspan=2>Part</th><th colspan=2>Price</th></tr>
        <tr><th>net</th><th>gross</th></tr></thead><tr><td rowspan=2>Valve</td><td>1</td><td>2</td></tr>
        <tr><td>a|b</td><td><img alt="yes"></td></tr><tr><td colspan=3>Pumps</td></tr></table>"""
    assert text_of(".html", page).startswith("Rates\n\n|")
    assert tables_in(page) == [
        "| Part | Price net | Price gross |",
        "| --- | --- | --- |",
        "| Valve | 1 | 2 |",
        "| Valve | a\\|b | yes |",
        "| Pumps |  |  |",
    ]


TABLE = "<table><caption>Prices</caption>\n<tr><th>Part<th>Net</tr>\n<tr><td>nut</td><td>3</td></tr>\n</table>"
WRITTEN = "Prices\n\n| Part | Net |\n| --- | --- |\n| nut | 3 |"


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".mdx"])
@pytest.mark.parametrize(
    ("page", "text"),
    [
        (f"# Parts\n\n{TABLE}\n\nEnd.", f"# Parts\n\n\n{WRITTEN}\n\n\nEnd."),
        (
            f"<details><summary>All</summary> {TABLE}</details>",
            f"<details><summary>All</summary> \n\n{WRITTEN}\n\n</details>",
        ),
        (f"   {TABLE}", f"\n{WRITTEN}\n"),
        (f"```html\n{TABLE}\n```\n", f"```html\n{TABLE}\n```\n"),  # code
        (f"    {TABLE}", f"    {TABLE}"),
        ("Write `<table>` first.\n", "Write `<table>` first.\n"),
        ("<table>\n<tr><td>never closed", "<table>\n<tr><td>never closed"),
        ("<table><tr><td><h2>Left</h2></td><td>Right</td></tr></table>",) * 2,  # lays out the page
        (f"<table><tr><td>{'<b>' * 500}x</td></tr></table>",) * 2,
    ],
)
def test_table_of_html_in_a_page_of_markdown_is_one_of_markdown(suffix, page, text):
    assert text_of(suffix, page) == text


def test_control_characters_in_a_table_are_marked_and_stop_nothing():
    page = "<table><caption>a&#1;b</caption><tr><th>x</th><th>y</th></tr><tr><td>1\x02</td><td>&#0;</td></tr></table>"
    assert tables_in(page)[2] == "| 1\ufffd | \ufffd |"
    assert text_of(".html", page).startswith("a\ufffdb\n\n|")


def test_first_row_is_the_header_unless_the_rows_have_heads_of_their_own():
    assert tables_in("<table><tr><td>Kind</td><td>Fee</td></tr><tr><td>Box</td><td>1</td></tr></table>")[0] == (
        "| Kind | Fee |"
    )
    heads = "<table><tr><th>Weight</th><td>12 kg</td></tr><tr><th>Height</th><td>3 m</td></tr></table>"
    assert tables_in(heads) == ["|  |  |", "| --- | --- |", "| Weight | 12 kg |", "| Height | 3 m |"]


def test_table_that_lays_out_a_page_is_text_and_one_inside_it_a_table():
    page = """<table><tr><td>Menu</td><td><h1>Fees</h1><table><tr><th>Kind</th><th>Fee</th></tr>
        <tr><td>Box</td><td>1</td></tr></table></td></tr><tr><td>a</td><td>b</td></tr></table>"""
    assert tables_in(page) == ["| Kind | Fee |", "| --- | --- |", "| Box | 1 |"]
    assert "# Fees" in text_of(".html", page).splitlines()


@pytest.mark.parametrize("role", ["table", "grid"])
def test_elements_with_the_roles_of_a_table_are_one(role):
    cells = [["Part", "Price"], ["Hose", "12"], ["Pump", "30"]]
    roles = ["columnheader", "cell", "cell"]
    rows = "".join(
        f"<div role=row>{''.join(f'<span role={kind}>{cell}</span>' for cell in row)}</div>"
        for kind, row in zip(roles, cells, strict=True)
    )
    assert tables_in(f"<div role={role}><div role=rowgroup>{rows}</div></div>") == [
        "| Part | Price |",
        "| --- | --- |",
        "| Hose | 12 |",
        "| Pump | 30 |",
    ]


def test_imports_and_exports_of_mdx_are_no_text_and_code_that_shows_them_is():
    page = """---
title: Fees
---
import Note from "x"
import {
  Tab,
} from "y"

export const a = 1

The shop will
import pumps.

```js
import Pump from "z"

export default Pump
```
"""
    shown = ["The shop will", "import pumps.", "```js", 'import Pump from "z"', "export default Pump", "```"]
    assert list(filter(None, text_of(".mdx", page).splitlines())) == ["# Fees", *shown]
    assert text_of(".md", "import pumps\n") == "import pumps\n"


def test_html_is_read_in_the_encoding_that_it_declares():
    assert text_of(".html", "<p>café".encode()) == "café"  # UTF-8 needs no declaration
    assert text_of(".html", '<meta charset="windows-1252"><p>café'.encode("windows-1252")) == "café"
    with pytest.raises(TextFault, match="not UTF-8"):
        text_of(".html", "<p>café".encode("windows-1252"))


def test_encoding_that_python_knows_and_cannot_read_is_a_fault():
    with pytest.raises(TextFault, match="byte 0xff is not UTF-8"):
        text_of_html(b"<meta charset=undefined><p>\xff</p>")


MERGED = "".join(f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 10))
COSTLY = {
    "merged.md": f"---\ntitle: Fees\nb0: &b0 {{k: 1}}\n{MERGED}---\nTwelve.\n",
    "attributes.html": f"<p {' '.join(f'a{n}=1' for n in range(200_000))}>Twelve.</p>",
}


@pytest.mark.parametrize("name", COSTLY)
def test_page_that_takes_too_long_is_left_out(tmp_path, monkeypatch, name):
    monkeypatch.setattr(apart, "PAGE_SECONDS", 1)
    (tmp_path / name).write_text(COSTLY[name])
    with pytest.raises(PageFault) as caught:
        apart.read_page(tmp_path / name)
    assert caught.value.reason == "takes more than 1 seconds of processor time"


def test_page_of_an_unknown_encoding_is_a_fault_with_its_place(tmp_path):
    (tmp_path / "page.html").write_bytes(b"One.\nTwelve \xff.\n")
    with pytest.raises(TextFault) as caught:
        apart.read_page(tmp_path / "page.html")
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_html_that_nests_deeper_than_the_parser_reads_is_refused_and_not_cut():
    assert text_of(".html", "<div>" * 1000 + "deep" + "</div>" * 1000) == "deep"
    with pytest.raises(PageFault, match="nested too deeply"):
        text_of(".html", "<div>" * 3000 + "deep" + "</div>" * 3000)


def test_pdf_is_read_sheet_by_sheet():
    assert text_of(".pdf", pdf_of(["The fee is 12.", "Always."], ["Second sheet"])) == (
        "The fee is 12.\nAlways.\n\nSecond sheet"
    )


def test_sheets_of_a_pdf_without_text_are_counted():
    page = READERS[".pdf"](pdf_of(["The fee is 12."], [], []))
    assert page.text == "The fee is 12."
    assert page.note == "holds no text on 2 of its 3 pages (are they scanned?)"


@pytest.mark.parametrize(
    ("suffix", "raw", "reason"),
    [
        (".pdf", pdf_of(["x"], password="secret"), "encrypted"),
        (".pdf", pdf_of([]), "no text, as in a scan"),
        (".pdf", pdf_of(["x"])[:200], "damaged PDF"),
        (".pdf", b"%PDF", "damaged PDF"),
        (".docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted, or .doc inside"),
        (".docx", docx_of(("Normal", "x"))[:-60], "damaged DOCX"),
        (".docx", b"plain text", "damaged DOCX"),
    ],
)
def test_page_that_cannot_be_read_says_why(suffix, raw, reason):
    with pytest.raises(PageFault) as caught:
        READERS[suffix](raw)
    assert caught.value.reason == reason


def test_pdf_that_only_forbids_printing_is_read():
    assert text_of(".pdf", pdf_of(["The fee is 12."], password="")) == "The fee is 12."


def test_word_file_keeps_headings_and_tables():
    raw = docx_of(
        ("Title", "Price list"),
        ("heading 1", "Pumps"),
        ("Normal", "All in euro & net."),
        [["Part", "Price"], ["Pump-A", "49"], ["Pump-B", "79"]],
    )
    assert text_of(".docx", raw) == (
        "# Price list\n\n# Pumps\n\nAll in euro & net.\n\n"
        "| Part | Price |\n| --- | --- |\n| Pump-A | 49 |\n| Pump-B | 79 |"
    )


def pages_of(task_folder, good, bad):
    task_folder.settings["data"]["documents"] = "pages"
    for number in range(good):
        task_folder.write(f"pages/good/{number}.md", f"page {number}")
    for name, raw in bad.items():
        task_folder.write(f"pages/{name}", raw)


def test_few_pages_that_cannot_be_read_are_left_out_by_name(task_folder):
    sealed, scanned = pdf_of(["x"], password="secret"), pdf_of([])
    pages_of(task_folder, 27, {"a.pdf": sealed, "b.pdf": scanned, "c.pdf": sealed})
    task = task_folder.load()
    assert len(task.study.documents) == 27
    assert [note for note in task.notes if note.startswith("pages")] == [
        "pages: 2 pages left out: encrypted (a.pdf, c.pdf); save without a password, or move out of the documents",
        "pages: 1 page left out: no text, as in a scan (b.pdf); run text recognition, or move out of the documents",
    ]


def test_many_pages_that_cannot_be_read_are_one_fault_a_reason(task_folder):
    pages_of(task_folder, 26, {f"{name}.pdf": b"%PDF" for name in "abcd"})
    assert task_folder.faults() == (
        "pages: 4 pages cannot be read: damaged PDF (a.pdf, b.pdf, c.pdf and 1 more); save again, or move out of the "
        "documents",
    )


def test_sheets_without_text_are_noted_for_the_reader(task_folder):
    pages_of(task_folder, 1, {"manual.pdf": pdf_of(["x"], [])})
    assert "pages: manual.pdf holds no text on 1 of its 2 pages (are they scanned?)" in task_folder.load().notes


def test_superscript_is_no_digit_of_its_number():
    assert "10^6 km" in text_of_html(b"<p>10<sup>6</sup> km</p>")
    table = b"<table><tr><th>a</th><th>b</th></tr><tr><td>10<sup>3</sup></td><td>x</td></tr></table>"
    assert "10^3" in text_of_html(table)


def test_warning_between_two_rules_is_text_and_settings_are_not():
    warning = "---\nWarning: do not mix bleach with acid.\n---\nRest\n"
    assert without_front_matter(warning) == warning
    assert without_front_matter("---\ntitle: Cleaning\nowner: me\n---\nRest\n") == "# Cleaning\n\nRest\n"


def test_page_of_an_older_encoding_is_read_as_rows_are_and_said():
    text = "发票必须在三十天之内支付，逾期将收取滞纳金。\n退货须附上原始收据，并在七天之内寄回仓库。\n"
    page = READERS[".txt"](text.encode("gb18030"))
    assert page.text == text
    assert "GB" in page.note
