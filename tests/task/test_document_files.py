"""What lies among the documents and is none of them is named; and `check --fix` follows no link."""

import json
import os

import pytest

from harness.checking import examine, read_material, write_fixed
from harness.errors import TaskFileError
from harness.task import load_task


@pytest.fixture
def task(tmp_path):
    folder = tmp_path / "task"
    (folder / "documents").mkdir(parents=True)
    for split, count in (("train", 9), ("test", 3)):
        rows = [{"input": f"{split} {n}?", "target": f"a{n}"} for n in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.yaml").write_text(
        "version: 1\nname: links\narms: [zero_shot]\n"
        "data: {train: train.jsonl, test: test.jsonl, documents: documents}\n"
    )
    (folder / "documents" / "kept.md").write_text("A page.")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key.md").write_text("FLAG-PRIVATE")
    return folder


def linked(name, target):
    return lambda documents: (documents / name).symlink_to(target)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (linked("far", "../../private"), "documents/far: is a link"),
        (linked("far.md", "../../private/key.md"), "documents/far.md: is a link"),
        (linked("broken.md", "nowhere.md"), "documents/broken.md: is a link"),
        (linked("loop", "."), "documents/loop: is a link"),
        (lambda documents: os.mkfifo(documents / "pipe.md"), "documents/pipe.md: is not a file but a pipe"),
        (
            lambda documents: (documents / os.fsdecode(b"caf\xe9.md")).write_text("x"),
            "holds a file whose name is not text",
        ),
    ],
    ids=["linked folder", "linked file", "broken link", "loop", "pipe", "name"],
)
def test_each_thing_that_is_no_plain_document_is_a_fault(task, make, said):
    make(task / "documents")
    with pytest.raises(TaskFileError) as fault:
        load_task(task / "task.yaml")
    assert said in str(fault.value)
    str(fault.value).encode()  # it can be printed


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_folder_that_may_not_be_read_is_a_fault(task):
    (task / "documents" / "locked").mkdir(mode=0)
    with pytest.raises(TaskFileError, match="documents/locked: is a folder that cannot be read"):
        load_task(task / "task.yaml")


def test_hidden_things_are_passed_over(task):
    (task / "documents" / ".git").symlink_to("../../private")
    assert [document.id for document in load_task(task / "task.yaml").study.documents] == ["kept"]


@pytest.mark.parametrize("target", ["../private", "/etc", "../private/key.md", "inner"])
def test_fix_refuses_links_that_lead_out(task, tmp_path, target):
    (task / "inner").symlink_to("../private")  # so a link to it leads out as well
    (task / "more").symlink_to(target)
    material = read_material(task / "task.yaml")
    with pytest.raises(TaskFileError, match=f"more is a link to {target}; put a copy in its place"):
        write_fixed(material, examine(material), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_fix_copies_loops_as_the_links_they_are(task, tmp_path):
    (task / "a").symlink_to(".")
    (task / "b").symlink_to("documents")
    material = read_material(task / "task.yaml")
    write_fixed(material, examine(material), tmp_path / "copy")
    assert (tmp_path / "copy" / "a").readlink().as_posix() == "."
    assert (tmp_path / "copy" / "b" / "kept.md").read_text() == "A page."
