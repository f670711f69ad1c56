"""What a name that no file system takes is told with."""

import errno
from pathlib import Path

import pytest

from harness.drafting import draft_task
from harness.errors import TaskFileError, is_too_long, of_the_disk, shortened, too_long


@pytest.mark.parametrize("character", ["n", "ä", "語"])
def test_a_name_is_too_long_by_its_bytes_as_the_file_system_counts(tmp_path, character):
    size = len(character.encode())
    fits, exceeds = character * (255 // size), character * (255 // size + 1)
    (tmp_path / fits).touch()
    assert not is_too_long(fits) and is_too_long(exceeds)
    with pytest.raises(OSError, match=".") as caught:
        (tmp_path / exceeds).touch()
    told = str(of_the_disk(caught.value))
    assert told.startswith("the name '/") and "..." in told
    assert f"has {len(str(tmp_path / exceeds).encode()):,} bytes, more than a file system takes" in told


def test_a_path_is_too_long_with_its_slashes(tmp_path):
    path = "/".join(["n" * 3] * 1024)  # 3 x 1024 of names and 1023 of slashes: 4095 bytes, the longest
    assert not is_too_long(path)
    assert is_too_long(f"{path}n")
    for written, number in ((path, errno.ENOENT), (f"{path}n", errno.ENAMETOOLONG)):
        with pytest.raises(OSError, match=".") as caught:
            Path(written).stat()
        assert caught.value.errno == number


def test_a_fault_of_the_disk_without_a_name_still_says_what_to_do():
    told = str(of_the_disk(OSError(errno.ENAMETOOLONG, "File name too long")))
    assert told == "a name is longer than a file system takes; fix or shorten it"
    assert shortened("short") == "short"
    assert "has 300 bytes" in too_long("n" * 300)


def test_a_name_with_a_line_feed_stays_on_its_line(tmp_path):
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    (folder / "rows\n.jsonl").write_text("{\n")
    with pytest.raises(TaskFileError) as caught:
        draft_task(folder / "rows\n.jsonl", tmp_path / "out")
    first, fault = str(caught.value).splitlines()
    assert first == f"{tmp_path}/two ⏎ lines/rows ⏎ .jsonl: 1 problem" and fault.startswith("  - rows ⏎ .jsonl line 1")
