import sqlite3

import pytest

from harness.errors import StoreError
from harness.records import BenchmarkItem, GeneralAbility, OffTaskAnswer, Outcome, Prediction, TextLoss
from harness.store.ledger import Ledger, Series


def prediction(item: str, text: str = "blau 青\u0000 \n") -> Prediction:
    return Prediction(item, text, text.strip(), Outcome.SCORED, "stop", 12, 3, 0.25, ("d#0",), ("d",))


def test_predictions_come_back_equal_after_reopening(tmp_path):
    series = Series("zero_shot", seed=3)
    stored = [prediction("a"), prediction("b", "x")]
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(series, stored)
    ledger.close()
    assert list(Ledger(tmp_path / "ledger.sqlite").predictions(series).values()) == stored


def test_series_keep_apart_arm_condition_seed_size_and_sample(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    series = Series("a", "test", 0, 0)
    ledger.put_predictions(series, [prediction("x")])
    for other in (Series("b"), Series("a", "gold"), Series("a", seed=1), Series("a", train_rows=50)):
        assert ledger.predictions(other) == {}
    assert ledger.predictions(series, sample=1) == {}


def test_half_a_batch_is_not_stored_when_one_row_fails(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with sqlite3.connect(ledger.path) as saboteur:
        saboteur.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON items WHEN NEW.item = 'second' "
            "BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
    with pytest.raises(StoreError, match="disk trouble.*nothing already stored is lost"):
        ledger.put_predictions(Series("a"), [prediction("first"), prediction("second")])
    assert ledger.predictions(Series("a")) == {}
    ledger.put_predictions(Series("a"), [prediction("third")])
    assert list(ledger.predictions(Series("a"))) == ["third"]


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
    path.write_text("this is no database, and long enough to be taken for one " * 40)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: cannot be opened"):
        Ledger(path)


def test_ledger_of_another_version_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="version 99"):
        Ledger(path)


def test_damaged_ledger_is_a_store_error_when_it_is_read(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.put_predictions(Series("a"), [prediction(str(i), "x" * 400) for i in range(200)])
    ledger.close()
    data = bytearray(ledger.path.read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 12288)  # the pages that hold the rows
    ledger.path.write_bytes(data)
    with pytest.raises(StoreError, match="cannot be"):
        Ledger(ledger.path).predictions(Series("a"))
