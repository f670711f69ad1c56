"""A journal beside a database may not have SQLite delete what it names."""

import struct
from contextlib import closing

import pytest

from harness.errors import StoreError
from harness.store.cache import AnswerStore
from harness.store.ledger import Ledger

MAGIC = bytes.fromhex("d9d505f920a163d7")


def plant(database, victim):
    """Write a hot journal of no pages, of a transaction over several files (https://sqlite.org/fileformat.html)."""
    raw = database.read_bytes()
    page = struct.unpack(">H", raw[16:18])[0]
    header = MAGIC + struct.pack(">IIIII", 0, 0, len(raw) // page, 512, page)
    name = str(victim).encode()
    trailer = struct.pack(">I", 2**30 // page + 1) + name + struct.pack(">II", len(name), sum(name)) + MAGIC
    database.with_name(f"{database.name}-journal").write_bytes(header.ljust(512, b"\0") + trailer)


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    return path


def test_ledger_whose_journal_names_another_file_is_refused_and_the_file_stays(tmp_path, victim):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    plant(path, victim)
    with pytest.raises(StoreError, match=r"ledger\.sqlite-journal names another file, which SQLite would delete"):
        Ledger(path)
    assert victim.read_text() == "years of work"


def test_answers_whose_journal_names_another_file_are_not_used_and_the_file_stays(tmp_path, victim):
    path = tmp_path / "cache" / "answers-1.sqlite"
    with closing(AnswerStore(path)) as store:
        store.put("key", "{}")
    plant(path, victim)
    said = []
    with closing(AnswerStore(path, log=said.append)) as store:
        assert store.get("key") is None
    assert victim.read_text() == "years of work"
    assert "names another file" in " ".join(said)
