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


@pytest.mark.parametrize(("written", "read"), [("one", ("one",)), (["one", "two"], ("one", "two")), (None, ())])
def test_evidence_may_be_one_id_a_list_or_nothing(task_folder, written, read):
    task_folder.add_documents(written)
    assert task_folder.load().test[0].evidence == read


def test_evidence_that_names_no_document_is_a_fault(task_folder):
    task_folder.add_documents("one.md")
    assert task_folder.faults() == (
        "test.jsonl line 1: evidence 'one.md' is the id of no document; use a file's name without its suffix",
    )


def test_documents_of_a_folder_have_their_stem_as_id(task_folder):
    task_folder.add_documents("one")
    documents = task_folder.load().study.documents
    assert [(one.id, one.text, one.source) for one in documents] == [
        ("one", "first page\n", "one.md"),
        ("two", "second page", "deeper/two.txt"),
    ]


def test_two_documents_of_one_stem_are_refused(task_folder):
    task_folder.add_documents("one")
    task_folder.write("pages/one.txt", "again")
    assert task_folder.faults() == ("pages/one.txt: has the id 'one', as one.md has; rename one",)


def test_document_that_cannot_be_searched_is_not_passed_over(task_folder):
    task_folder.add_documents("one")
    task_folder.write("pages/guide.pdf", b"%PDF")
    assert task_folder.faults() == (
        "pages/guide.pdf: is neither .md nor .txt; convert it or move it out of the documents",
    )


def test_empty_document_is_named(task_folder):
    task_folder.add_documents(None)
    task_folder.write("pages/one.md", " \n")
    assert task_folder.faults() == ("pages/one.md: is empty; give it text or remove it",)


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
