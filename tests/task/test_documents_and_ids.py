import sys
from pathlib import Path

import pytest


def test_ids_come_from_the_id_column(task_folder):
    records = [{"question": f"q{n}", "answer": "a", "id": n} for n in (7, 8)]
    task_folder.write_rows("train.jsonl", records)
    assert [example.id for example in task_folder.load().study.train] == ["7", "8"]


def test_duplicate_id_names_both_rows(task_folder):
    task_folder.write_rows("train.jsonl", [{"question": f"q{n}", "answer": "a", "id": "x"} for n in range(2)])
    assert task_folder.faults() == ("train.jsonl line 2: id 'x' is that of train.jsonl line 1 too; make ids unique",)


def test_id_without_a_column_does_not_depend_on_the_row_order(task_folder):
    forward = {example.target: example.id for example in task_folder.load().study.train}
    lines = (task_folder.folder / "train.jsonl").read_text().splitlines(keepends=True)
    task_folder.write("train.jsonl", "".join(reversed(lines)))
    assert {example.target: example.id for example in task_folder.load().study.train} == forward
    assert len(set(forward.values())) == 10


def test_equal_rows_get_numbered_ids(task_folder):
    task_folder.write_rows("train.jsonl", [{"question": "q", "answer": "a"}] * 3)
    first, second, third = (example.id for example in task_folder.load().study.train)
    assert (second, third) == (f"{first}-2", f"{first}-3")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("one", ("one",)),
        ("one.md", ("one",)),
        (["one", "deeper/two"], ("one", "deeper/two")),
        (["two", "pages/deeper/two.txt", "/deeper/two"], ("deeper/two",)),
        (["./one.md", "/one#fees", "one.md#fees", ".\\one.md", "pages\\one"], ("one",)),
        (["deeper\\two.txt", "/deeper/two/#x", "./pages/deeper/../deeper/two.txt#x"], ("deeper/two",)),
        (["two#x", " one.md "], ("deeper/two", "one")),
        (None, ()),
    ],
)
def test_evidence_may_be_one_id_a_list_or_nothing(task_folder, written, read):
    task_folder.add_documents(written)
    assert task_folder.load().test[0].evidence == read


@pytest.mark.parametrize("name", ["three", "#one", "three#one", "../one", "/", "deeper", "one/two", "\\\\one.md:2"])
def test_evidence_that_names_no_document_is_a_fault(task_folder, name):
    task_folder.add_documents(name)
    assert task_folder.faults() == (
        f"test.jsonl line 1: evidence '{name}' is the id of no document; use a file's path without its suffix",
    )


@pytest.mark.parametrize("name", ["a", "/a/", "a/#x", "./a/index.md", "a\\index.md", "/pages/a"])
def test_folder_is_its_page_index(task_folder, name):
    task_folder.add_documents(name)
    for folder in "ab":
        task_folder.write(f"pages/{folder}/index.md", folder)
    assert task_folder.load().test[0].evidence == ("a/index",)


def test_sign_of_a_place_is_a_part_of_the_id_of_a_row(task_folder):
    task_folder.add_documents("ticket#1")
    task_folder.write_rows("pages.jsonl", [{"id": "ticket", "text": "one"}, {"id": "ticket#2", "text": "two"}])
    task_folder.settings["data"]["documents"] = "pages.jsonl"
    assert "evidence 'ticket#1' is the id of no document" in task_folder.faults()[0]


def test_documents_of_a_folder_have_their_path_as_id(task_folder):
    task_folder.add_documents("one")
    documents = task_folder.load().study.documents
    assert [(one.id, one.text, one.source) for one in documents] == [
        ("deeper/two", "second page", "deeper/two.txt"),
        ("one", "first page\n", "one.md"),
    ]


def test_pages_of_one_name_in_two_folders_are_told_apart_by_their_paths(task_folder):
    task_folder.add_documents("deeper/one")
    task_folder.write("pages/deeper/one.md", "third page")
    task = task_folder.load()
    assert [one.id for one in task.study.documents] == ["deeper/one", "deeper/two", "one"]
    assert task.test[0].evidence == ("deeper/one",)


def test_evidence_that_may_be_either_of_two_pages_asks_for_a_path(task_folder):
    task_folder.add_documents("index")
    task_folder.write("pages/a/index.md", "a")
    task_folder.write("pages/b/index.md", "b")
    assert task_folder.faults() == (
        "test.jsonl line 1: evidence 'index' may be a/index or b/index; name one by its path",
    )


def test_pages_that_differ_in_their_suffix_alone_keep_it(task_folder):
    task_folder.add_documents("one.txt")
    task_folder.write("pages/one.txt", "again")
    task = task_folder.load()
    assert [one.id for one in task.study.documents] == ["deeper/two", "one.md", "one.txt"]
    assert task.test[0].evidence == ("one.txt",)


def test_what_is_no_page_is_left_out_and_counted_by_kind(task_folder):
    task_folder.add_documents("one")
    for name in ("a.png", "deeper/b.PNG", "logo.svg", "mkdocs.yml", "slides.pptx", "LICENSE", ".git/config"):
        task_folder.write(f"pages/{name}", "x")
    assert [note for note in task_folder.load().notes if note.startswith("pages")] == [
        "pages: read 2 pages (1 .md, 1 .txt)",
        "pages: 3 images left out (2 .png, 1 .svg)",
        "pages: 1 file of settings left out (1 .yml)",
        "pages: 2 files of kinds that are not read left out (1 without a suffix, 1 .pptx); convert to Markdown, text, "
        "HTML, PDF or DOCX what holds answers",
    ]


def test_empty_page_is_left_out_by_name(task_folder):
    task_folder.add_documents("one")
    task_folder.write("pages/blank.md", " \n")
    task = task_folder.load()
    assert [one.id for one in task.study.documents] == ["deeper/two", "one"]
    assert "pages: 1 page left out: empty (blank.md)" in task.notes


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ({"one.md": " \n", "two.txt": ""}, "one.md, two.txt"),
        ({"app.html": "<div id=root></div><script>x()</script>", "a.png": "x"}, "app.html"),
    ],
)
def test_folder_of_pages_without_text_says_so(task_folder, pages, said):
    task_folder.settings["data"]["documents"] = "pages"
    for name, text in pages.items():
        task_folder.write(f"pages/{name}", text)
    assert task_folder.faults() == (
        f"pages: holds no page with text (empty: {said}); what scripts or pictures show is not read, so save its text, "
        "or remove data.documents",
    )


def test_folder_without_documents_is_named(task_folder):
    (task_folder.folder / "pages").mkdir()
    task_folder.settings["data"]["documents"] = "pages"
    assert "pages: holds no document" in task_folder.faults()[0]


def test_documents_that_are_not_there_are_named(task_folder):
    task_folder.settings["data"]["documents"] = "pages"
    assert task_folder.faults() == ("pages: data.documents is not there; give one or remove the key",)


def test_documents_may_be_rows(task_folder):
    task_folder.settings["data"]["documents"] = "pages.jsonl"
    task_folder.write_rows("pages.jsonl", [{"id": "b", "text": "second"}, {"id": "a", "text": "first"}])
    documents = task_folder.load().study.documents
    assert [(one.id, one.text) for one in documents] == [("a", "first"), ("b", "second")]


def test_document_rows_without_an_id_column_are_one_fault(task_folder):
    task_folder.settings["data"]["documents"] = "pages.jsonl"
    task_folder.write_rows("pages.jsonl", [{"title": "a", "text": "x"}, {"text": "y"}])
    assert task_folder.faults() == (
        "pages.jsonl: has no column 'id'; its columns: text, title; documents need 'id' and 'text'",
    )


def test_document_rows_of_which_one_lacks_its_id_are_named(task_folder):
    task_folder.settings["data"]["documents"] = "pages.jsonl"
    task_folder.write_rows("pages.jsonl", [{"id": "a", "text": "x"}, {"text": "y"}])
    assert task_folder.faults() == ("pages.jsonl line 2: 'id' is empty; give text or remove the row",)


def test_document_rows_with_one_id_are_refused(task_folder):
    task_folder.settings["data"]["documents"] = "pages.jsonl"
    task_folder.write_rows("pages.jsonl", [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}])
    assert task_folder.faults() == ("pages.jsonl line 2: id 'a' is that of pages.jsonl line 1 too; make ids unique",)


def test_many_pages_in_no_one_encoding_are_one_fault_and_few_are_named_by_their_line(task_folder):
    task_folder.add_documents("one")
    task_folder.write("pages/a.md", b"caf\xe9 caf\xc3\xa9")
    assert task_folder.faults()[0].startswith("pages/a.md line 1 column 4: byte 0xe9 is not UTF-8")
    for name in "bcd":
        task_folder.write(f"pages/{name}.txt", b"caf\xe9 caf\xc3\xa9")
    [fault] = task_folder.faults()
    assert fault.startswith(
        "pages: 4 pages cannot be read as text (a.md, b.txt, c.txt and 1 more); of the first: byte 0xe9 is not UTF-8"
    )


@pytest.fixture
def deep(task_folder):
    """Folders inside folders; taken away again one by one, as whoever clears up may follow them no further."""
    folders = [task_folder.folder / "pages"]
    while len(folders) < sys.getrecursionlimit() + 100:
        folders[-1].mkdir()
        folders.append(Path(f"{folders[-1]}/d"))
    yield
    for folder in reversed(folders[:-1]):
        folder.rmdir()


def test_folders_inside_folders_are_looked_through_however_deep(task_folder, deep):
    task_folder.settings["data"]["documents"] = "pages"
    assert "pages: holds no document" in task_folder.faults()[0]
