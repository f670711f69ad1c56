import sqlite3
import subprocess
import sys

import pytest

from harness.errors import StoreError
from harness.records import (
    BenchmarkItem,
    Fit,
    GeneralAbility,
    Measurement,
    OffTaskAnswer,
    Outcome,
    Prediction,
    TextLoss,
)
from harness.store.ledger import Ledger


def prediction(item: str, text: str = "blau 青\u0000 \n") -> Prediction:
    return Prediction(item, text, text.strip(), Outcome.SCORED, "stop", 12, 3, 0.25, ("d#0",), ("d",))


def test_predictions_come_back_equal_after_reopening(tmp_path):
    one = Measurement(Fit("zero_shot", seed=3))
    stored = [prediction("a"), prediction("b", "x")]
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(one, stored)
    ledger.close()
    assert list(Ledger(tmp_path / "ledger.sqlite").predictions(one).values()) == stored


def test_measurements_keep_apart_arm_model_condition_seed_size_and_sample(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    one = Measurement(Fit("a"))
    ledger.put_predictions(one, [prediction("x")])
    for other in (
        Measurement(Fit("b")),
        Measurement(Fit("a"), "gold"),
        Measurement(Fit("a", seed=1)),
        Measurement(Fit("a", train_rows=50)),
        Measurement(Fit("a", "large")),
    ):
        assert ledger.predictions(other) == {}
    assert ledger.predictions(one, sample=1) == {}


def test_half_a_batch_is_not_stored_when_one_row_fails(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with sqlite3.connect(ledger.path) as saboteur:
        saboteur.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON items WHEN NEW.item = 'second' "
            "BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
    with pytest.raises(StoreError, match="disk trouble.*Everything finished is kept"):
        ledger.put_predictions(Measurement(Fit("a")), [prediction("first"), prediction("second")])
    assert ledger.predictions(Measurement(Fit("a"))) == {}
    ledger.put_predictions(Measurement(Fit("a")), [prediction("third")])
    assert list(ledger.predictions(Measurement(Fit("a")))) == ["third"]


def test_general_ability_comes_back_equal_and_none_when_not_measured(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ability = GeneralAbility(
        "lora",
        (BenchmarkItem("core_piqa", "17", 1.0, 0.7, 0.5),),
        (TextLoss("t1", 31.5, 12),),
        (OffTaskAnswer("q1", "Is it snowing?", "KX-20", True),),
        12.5,
    )
    ledger.put_general(ability)
    assert ledger.general("lora") == ability
    assert ledger.general("base") is None


def test_file_that_is_no_ledger_is_refused_with_its_path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_text("this is not a database, and long enough to be taken for one " * 40)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: cannot be opened"):
        Ledger(path)


def test_ledger_of_another_version_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="version 99"):
        Ledger(path)


def test_damaged_ledger_is_a_store_error(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(Measurement(Fit("a")), [prediction(str(i), "x" * 400) for i in range(200)])
    ledger.close()
    data = bytearray(ledger.path.read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 12288)  # the pages that hold the rows
    ledger.path.write_bytes(data)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: (damaged|cannot be)"):
        Ledger(ledger.path).predictions(Measurement(Fit("a")))


def test_pages_that_do_not_hang_together_are_found_at_the_opening(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(Measurement(Fit("a")), [prediction(str(i), "x" * 200) for i in range(200)])
    ledger.close()
    data = bytearray(ledger.path.read_bytes())
    data[5 * 4096 : 6 * 4096] = bytes(4096)  # one page of rows, each of which fits into it
    ledger.path.write_bytes(data)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: damaged \("):
        Ledger(ledger.path)


def test_letter_that_changed_on_the_disk_is_no_other_answer(tmp_path):
    """SQLite keeps no checksums: the file opens, and only the seal of the row tells."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(Measurement(Fit("a")), [prediction("q1", "KX-20"), prediction("q2", "other")])
    ledger.close()
    data = ledger.path.read_bytes()
    ledger.path.write_bytes(data.replace(b"KX-20", b"KX-21"))
    with pytest.raises(StoreError, match=r"damaged at \['a', 'test', 'q1', 0\]"):
        Ledger(ledger.path).predictions(Measurement(Fit("a")))


def test_benchmark_row_that_is_gone_is_no_silent_loss(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    items = tuple(BenchmarkItem("core_piqa", str(i), 1.0, 0.7, 0.5) for i in range(3))
    ledger.put_general(GeneralAbility("base", items))
    with sqlite3.connect(ledger.path) as saboteur:
        saboteur.execute("DELETE FROM benchmarks WHERE item='1'")
    with pytest.raises(StoreError, match="holds 2 of 3 rows of base"):
        ledger.general("base")


@pytest.mark.parametrize("record", ["5", "null", "[]", '{"rows": 3}', "[" * 100_000])
def test_state_of_another_shape_is_a_store_error(tmp_path, record):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_state("general:base", "measured", record)
    with pytest.raises(StoreError, match="cannot be read"):
        ledger.general("base")


def test_forgotten_arm_leaves_nothing_and_the_others_everything(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for arm in ("a", "b"):
        ledger.put_predictions(Measurement(Fit(arm)), [prediction("x")])
        ledger.put_state(arm, "ended", "{}")
        ledger.put_general(GeneralAbility(arm, (BenchmarkItem("t", "1", 1.0, None, None),)))
    ledger.forget(Fit("a"))
    assert (ledger.predictions(Measurement(Fit("a"))), ledger.state("a", "ended"), ledger.general("a")) == (
        {},
        None,
        None,
    )
    assert list(ledger.predictions(Measurement(Fit("b")))) == ["x"]
    assert ledger.state("b", "ended") == "{}"
    assert ledger.general("b") is not None


WRITER = """
import os, pathlib, signal, sys
from harness.records import Fit, Measurement, Outcome, Prediction
from harness.store.ledger import Ledger

ledger = Ledger(pathlib.Path(sys.argv[1]))

def rows(start):
    for number in range(start, start + 400):
        yield Prediction(f"q{number:04}", "x" * 500, "x", Outcome.SCORED, "stop", 1, 1, 0.1)

ledger.put_predictions(Measurement(Fit("a")), rows(0))
ledger._connection.execute("PRAGMA cache_size=2")  # so that pages reach the file before the commit
with ledger._transaction() as connection:
    from harness.store.ledger import _INSERT, _sealed
    from harness.store.files import encode
    batch = [("a", "test", p.example_id, 0, encode(Prediction, p)) for p in rows(200)]
    connection.executemany(_INSERT["items"], map(_sealed, batch))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_process_killed_inside_a_transaction_leaves_what_was_committed_and_no_more(tmp_path):
    path = tmp_path / "ledger.sqlite"
    died = subprocess.run([sys.executable, "-c", WRITER, str(path)])
    assert died.returncode == -9
    journal = path.with_name("ledger.sqlite-journal")
    assert journal.stat().st_size > 0  # it is hot: the file holds pages of the half transaction
    assert b"q0450" in path.read_bytes()
    kept = Ledger(path).predictions(Measurement(Fit("a")))
    assert sorted(kept) == [f"q{number:04}" for number in range(400)]
    assert not journal.exists() or journal.stat().st_size == 0


def test_commit_on_a_full_disk_is_a_store_error_and_keeps_what_was_committed(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).put_predictions(Measurement(Fit("a")), [prediction("first")])
    code = (
        "import pathlib, resource, sys\n"
        "from harness.errors import StoreError\n"
        "from harness.records import Fit, Measurement, Outcome, Prediction\n"
        "from harness.store.ledger import Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "most = ledger.path.stat().st_size + 4096\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))\n"
        "big = [Prediction(str(n), 'x' * 4000, 'x', Outcome.SCORED, 'stop', 1, 1, 0.1) for n in range(9)]\n"
        "try: ledger.put_predictions(Measurement(Fit('a')), big)\n"
        "except StoreError as fault: print(fault)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    assert "ledger.sqlite: cannot be written" in said
    assert "the same command continues from there" in said
    assert list(Ledger(path).predictions(Measurement(Fit("a")))) == ["first"]
