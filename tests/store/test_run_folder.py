import errno
import os
import shutil
import subprocess
import sys

import pytest

from harness.errors import StoreError
from harness.records import Passage
from harness.store.files import decode, hash_folder, replacing, write_atomically
from harness.store.folder import RunFolder

IDENTITY = {"task": "faq", "content": "c0ffee", "model": "abc", "versions": "1234"}


def test_folder_of_the_same_run_is_taken_again(tmp_path):
    for _ in range(2):
        folder = RunFolder(tmp_path / "run")
        with folder.locked():
            folder.claim(IDENTITY)
    assert RunFolder(tmp_path / "run").identity == IDENTITY


@pytest.mark.parametrize("key", ["content", "model", "versions"])
def test_folder_of_another_run_is_refused_and_says_what_differs(tmp_path, key):
    folder = RunFolder(tmp_path / "run")
    folder.claim(IDENTITY)
    with pytest.raises(StoreError, match=f"{key} {IDENTITY[key]} there, beef now"):
        folder.claim(IDENTITY | {key: "beef"})
    assert folder.identity == IDENTITY


@pytest.mark.parametrize("damage", ["", "{", "[]", "\0"])
def test_identity_that_cannot_be_read_is_a_store_error(tmp_path, damage):
    (tmp_path / "identity.json").write_text(damage)
    with pytest.raises(StoreError, match=r"identity\.json"):
        RunFolder(tmp_path).claim(IDENTITY)


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(StoreError, match="is not a run folder"), RunFolder(tmp_path).locked():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_file_in_the_place_of_a_folder_is_refused_and_left_alone(tmp_path):
    place = tmp_path / "run"
    place.write_text("mine")
    with pytest.raises(StoreError, match="is a file"), RunFolder(place).locked():
        pass
    assert place.read_text() == "mine"


def test_stored_record_of_another_version_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"a stored Passage cannot be read \(document: Field required\)"):
        decode(Passage, '{"id": "a#1", "words": 3}')


def test_folder_that_another_run_is_just_making_is_no_foreign_one(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.locked():  # not claimed yet
        with pytest.raises(StoreError, match="another run is using"), RunFolder(tmp_path / "run").locked():
            pass
    with folder.locked():
        folder.claim(IDENTITY)


def test_nearly_full_disk_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.store.folder.LEAST_FREE_BYTES", shutil.disk_usage(tmp_path).total * 2)
    with pytest.raises(StoreError, match="MB are free, and a run may need .* MB"), RunFolder(tmp_path / "run").locked():
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_half_written_is_swept_by_the_next_holder(tmp_path):
    folder = RunFolder(tmp_path)
    folder.claim(IDENTITY)
    adapter = tmp_path / "adapters" / "lora"
    adapter.mkdir(parents=True)
    for place in (tmp_path, adapter):
        (place / ".report.html.4711.part").write_text("<html")
        (place / ".4a11.part").mkdir()  # a training that was being put aside for other arms
        (place / ".4a11.part" / ".history.json.part").write_text("{")
    with folder.locked():
        assert {path.name for path in tmp_path.iterdir()} == {".lock", "identity.json", "adapters"}
        assert list(adapter.iterdir()) == []  # it would be hashed and shipped with the adapter


def test_second_process_is_refused_while_the_first_holds_the_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(IDENTITY)
    code = (
        "import sys, pathlib\nfrom harness.store.folder import RunFolder\n"
        "from harness.errors import StoreError\n"
        "try:\n with RunFolder(pathlib.Path(sys.argv[1])).locked(): print('got it')\n"
        "except StoreError as fault: print(fault)"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    with folder.locked():
        held = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    freed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "another run is using" in held
    assert freed.strip() == "got it"


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "result.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")  # a lone surrogate has no UTF-8 form
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_hash_changes_with_a_name_and_with_a_byte(tmp_path):
    (tmp_path / "a").write_text("1")
    first = hash_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = hash_folder(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, hash_folder(tmp_path)}) == 3


WRITE = """
import pathlib, resource, sys
from harness.errors import StoreError
from harness.store.files import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(pathlib.Path(sys.argv[1]), "new" * 1000)
except StoreError as fault:
    print(fault)
"""


def test_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path):
    path = tmp_path / "result.json"
    write_atomically(path, "old")
    done = subprocess.run([sys.executable, "-c", WRITE, str(path)], capture_output=True, text=True, check=True)
    assert f"{path}: cannot be written" in done.stdout
    assert "free some space" in done.stdout
    assert "Everything finished is kept: the same command continues from there" in done.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_refusal_at_any_step_is_a_store_error_and_leaves_a_whole_file(tmp_path, monkeypatch, number, call):
    path = tmp_path / "result.json"
    write_atomically(path, "old")

    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(StoreError, match="free some space"):
        write_atomically(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_table_is_whole_or_the_old_one(tmp_path):
    path = tmp_path / "items.parquet"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_bytes(b"half of the n")
        raise RuntimeError("the writer gave up")
    assert path.read_bytes() == b"old"
    with replacing(path) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
