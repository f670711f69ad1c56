import subprocess
import sys

import pytest

from harness.errors import StoreError
from harness.store.files import hash_folder, write_atomically
from harness.store.folder import RunFolder

IDENTITY = {"task": "faq", "content": "c0ffee", "model": "abc"}


def test_folder_of_the_same_run_is_taken_again(tmp_path):
    RunFolder(tmp_path / "run").claim(IDENTITY)
    RunFolder(tmp_path / "run").claim(IDENTITY)
    assert RunFolder(tmp_path / "run").identity == IDENTITY


def test_folder_of_another_run_is_refused_and_says_what_differs(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(IDENTITY)
    with pytest.raises(StoreError, match="content c0ffee there, beef now"):
        folder.claim(IDENTITY | {"content": "beef"})


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(StoreError, match="is no run folder"):
        RunFolder(tmp_path).claim(IDENTITY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


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
