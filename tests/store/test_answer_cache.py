import fcntl
import multiprocessing
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harness.store import cache
from harness.store.cache import AnswerStore

RECORD = '{"text": "blau 青 \\u0000 \\n"}'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "answers-1.sqlite"


@pytest.fixture
def said():
    return []


def filled(path, count=3):
    with closing(AnswerStore(path)) as store:
        for number in range(count):
            store.put(f"key-{number}", f"{RECORD}{number}")
    return path


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as saboteur, saboteur:
        saboteur.execute(statement, values)


def test_record_comes_back_equal_after_reopening_and_an_unknown_key_is_a_miss(path):
    filled(path)
    with closing(AnswerStore(path)) as store:
        assert store.get("key-1") == f"{RECORD}1"
        assert store.get("key-9") is None


def test_later_record_replaces_the_earlier_one(path):
    with closing(AnswerStore(path)) as store:
        store.put("key", "old")
        store.put("key", "new")
        assert store.get("key") == "new"


def test_commits_are_synced_and_the_file_is_the_users_alone(path):
    with closing(AnswerStore(path)) as store:
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE answers SET record = ? WHERE key = 'key-1'", f"{RECORD}2"),  # what another key holds
        ("UPDATE answers SET record = ? WHERE key = 'key-1'", b"\x80\x02]q\x00."),  # a pickle
        ("UPDATE answers SET record = CAST(? AS TEXT) WHERE key = 'key-1'", b"\xff\xfe"),  # no UTF-8
        ("UPDATE answers SET record = ? WHERE key = 'key-1'", 7),
        ("UPDATE answers SET sha256 = ? WHERE key = 'key-1'", "0" * 64),
        ("UPDATE answers SET key = ? WHERE key = 'key-0'", "key-1"),  # a whole record under another key
    ],
)
def test_record_that_is_not_as_it_was_put_is_a_miss_and_can_be_put_again(path, said, statement, value):
    filled(path)
    if "SET key" in statement:
        change(path, "DELETE FROM answers WHERE key = 'key-1'")
    change(path, statement, value)
    with closing(AnswerStore(path, said.append)) as store:
        assert store.get("key-1") is None
        assert store.get("key-2") == f"{RECORD}2"
        store.put("key-1", "again")
        assert store.get("key-1") == "again"
    assert said == []


def test_number_in_the_place_of_a_record_is_a_miss(path):
    filled(path)
    with closing(sqlite3.connect(path)) as saboteur, saboteur:
        [(schema,)] = saboteur.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        saboteur.execute("DROP TABLE answers")
        saboteur.execute(schema.replace("record TEXT NOT NULL", "record"))  # SQLite converts on writing alone
        saboteur.execute("INSERT INTO answers VALUES ('key-1', 'seal', 7), ('key-2', 'seal', NULL)")
        saboteur.execute("PRAGMA writable_schema=ON")
        saboteur.execute("UPDATE sqlite_master SET sql = ? WHERE sql IS NOT NULL", (schema,))
    with closing(AnswerStore(path)) as store:
        assert (store.get("key-1"), store.get("key-2")) == (None, None)


@pytest.mark.parametrize("harm", ["text", "zeros", "cut", "other tables", "trigger", "newer format"])
def test_file_that_is_damaged_or_foreign_is_set_aside_and_a_new_one_begun(path, said, harm):
    filled(path, 40)
    match harm:
        case "text":
            path.write_text("not a database, and longer than its header " * 20)
        case "zeros":
            path.write_bytes(bytes(path.stat().st_size))
        case "cut":
            path.write_bytes(path.read_bytes()[:5000])
        case "other tables":
            change(path, "CREATE TABLE other (x)")
        case "trigger":
            change(path, "CREATE TRIGGER t AFTER INSERT ON answers BEGIN DELETE FROM answers; END")
        case "newer format":
            change(path, "ALTER TABLE answers ADD COLUMN more TEXT")
    harmed = path.read_bytes()
    with closing(AnswerStore(path, said.append)) as store:
        assert store.get("key-1") is None
        store.put("key-1", "new")
    aside = path.with_name("answers-1.sqlite.damaged-1")
    assert aside.read_bytes() == harmed
    assert len(said) == 1 and "set aside as answers-1.sqlite.damaged-1" in said[0]
    with closing(AnswerStore(path, said.append)) as store:
        assert store.get("key-1") == "new"
    assert len(said) == 1


def test_second_damaged_file_does_not_replace_the_first(path, said):
    for number in (1, 2):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}" * 4096)
        AnswerStore(path, said.append).close()
        assert path.with_name(f"answers-1.sqlite.damaged-{number}").read_text()[0] == str(number)


def test_any_flipped_byte_gives_the_record_or_a_miss_and_never_an_error(path, said):
    whole = filled(path).read_bytes()
    answers = {f"key-{n}": f"{RECORD}{n}" for n in range(3)}
    lost = 0
    for position in [*range(100), *range(100, len(whole), 61)]:  # the file's header, then all over
        for left in path.parent.glob("answers-1.sqlite*"):
            left.unlink()
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with closing(AnswerStore(path, said.append)) as store:
            for key, record in answers.items():
                found = store.get(key)
                assert found in (record, None), position
                lost += found is None
            store.put("more", "record")
    assert lost  # some of the flips hit something


def test_damage_met_while_reading_is_set_aside(path, said):
    with closing(AnswerStore(path)) as store:
        for number in range(20):
            store.put(f"key-{number}", "x" * 5000)
    with closing(AnswerStore(path, said.append)) as store:
        size = path.stat().st_size
        with path.open("r+b") as file:  # all but the first page
            file.seek(4096)
            file.write(b"\xab" * (size - 4096))
        store._connection.execute("PRAGMA shrink_memory")
        assert store.get("key-7") is None
        store.put("key-7", "new")
        assert store.get("key-7") == "new"
    assert len(said) == 1 and "set aside" in said[0]


def test_damaged_file_that_another_run_holds_is_left_in_its_place(path, said):
    path.parent.mkdir()
    path.write_text("x" * 4096)
    with path.with_name("answers-1.sqlite.lock").open("w") as another_run:
        fcntl.flock(another_run, fcntl.LOCK_SH)
        with closing(AnswerStore(path, said.append)) as store:
            store.put("key", "record")
            assert store.get("key") is None
    assert path.read_text() == "x" * 4096
    assert len(said) == 1 and "held by another run" in said[0]


def test_first_run_is_alone_with_the_file_until_it_is_open(path, monkeypatch):
    opened, tried = cache._opened, []

    def opened_while_another_run_comes(file):
        with file.with_name(f"{file.name}.lock").open("w") as another_run:
            with pytest.raises(BlockingIOError):
                fcntl.flock(another_run, fcntl.LOCK_SH | fcntl.LOCK_NB)
            tried.append(file)
        return opened(file)

    monkeypatch.setattr(cache, "_opened", opened_while_another_run_comes)
    with closing(AnswerStore(path)), path.with_name(f"{path.name}.lock").open("w") as another_run:
        fcntl.flock(another_run, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert tried == [path]


def test_place_that_cannot_be_written_keeps_nothing_and_says_so_once(tmp_path, said):
    (tmp_path / "file").write_text("")
    with closing(AnswerStore(tmp_path / "file" / "answers-1.sqlite", said.append)) as store:
        store.put("key", "record")
        assert store.get("key") is None
    assert len(said) == 1 and "asked for again" in said[0]


def test_full_disk_keeps_what_was_there_and_says_once_that_no_more_is_kept(path, said):
    filled(path)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    script = (
        "import resource, signal, sys; from pathlib import Path; from harness.store.cache import AnswerStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size}, {hard}))\n"
        "said = []; store = AnswerStore(Path(sys.argv[1]), said.append)\n"
        "[store.put(f'more-{n}', 'x' * 100_000) for n in range(3)]\n"
        "print(store.get('key-1')); print(store.get('more-0')); print(len(said), said[0])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    kept, more, told = done.stdout.strip().splitlines()
    assert (kept, more) == (f"{RECORD}1", "None")
    assert told.startswith("1 ") and "not remembered from here on" in told
    with closing(AnswerStore(path, said.append)) as store:
        assert store.get("key-2") == f"{RECORD}2"
    assert said == []


def write_many(path: Path, writer: int, start: object) -> None:
    start.wait()
    with closing(AnswerStore(path)) as store:
        for number in range(50):
            store.put(f"{writer}-{number}", f"{writer}:{number}")


@pytest.mark.parametrize("begins_damaged", [False, True])
def test_processes_at_once_lose_nothing(path, said, begins_damaged):
    path.parent.mkdir()
    if begins_damaged:
        path.write_text("x" * 4096)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    writers = [context.Process(target=write_many, args=(path, writer, start)) for writer in range(3)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0, 0, 0]
    with closing(AnswerStore(path, said.append)) as store:
        assert all(store.get(f"{w}-{n}") == f"{w}:{n}" for w in range(3) for n in range(50))
    assert said == []


def test_oldest_answers_make_room_and_what_is_left_fits_and_is_whole(path):
    largest, record = 800_000, '"' + "x" * 10_000 + '"'
    with closing(AnswerStore(path, largest=largest)) as store:
        for number in range(200):  # more than twice as much as may be kept
            store.put(f"key-{number}", record)
        held = [number for number in range(200) if store.get(f"key-{number}") == record]
    assert held == list(range(held[0], 200))
    assert len(held) * len(record) > largest / 2
    with closing(AnswerStore(path, largest=largest)) as store:
        store.put("one more", record)  # looks at the size at once
    # between two looks so many answers may come; SQLite keeps some pages for itself
    assert path.stat().st_size < largest + cache._LOOK * 2 * len(record)


def test_answer_that_is_put_again_counts_as_new(path):
    record = '"' + "x" * 2_000 + '"'
    with closing(AnswerStore(path, largest=10_000_000)) as store:
        for number in range(100):
            store.put(f"key-{number}", record)
        store.put("key-0", record)
    with closing(AnswerStore(path, largest=150_000)) as store:
        store.put("last", record)
        assert store.get("key-0") == record
        assert store.get("key-1") is None
