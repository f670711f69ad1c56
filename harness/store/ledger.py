"""The ledger of one run: an SQLite file that holds every finished item. It is the truth.

Parquet files, result.json and reports are derived from it. A row is committed (rollback journal,
`synchronous=FULL`) before it counts as done, so the death of any process loses at most the batch in
flight, and so does a power cut on a disk that honours fsync. SQLite's locks need a local disk or a
network file system with working POSIX locks.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.records import BenchmarkItem, GeneralAbility, OffTaskAnswer, Prediction, TextLoss
from harness.store.files import decode, encode

SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS items (
    arm TEXT, condition TEXT, seed INTEGER, train_rows INTEGER, item TEXT, sample INTEGER, record TEXT NOT NULL,
    PRIMARY KEY (arm, condition, seed, train_rows, item, sample)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS benchmarks (
    weights TEXT, kind TEXT, task TEXT, item TEXT, record TEXT NOT NULL,
    PRIMARY KEY (weights, kind, task, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS states (
    name TEXT, stage TEXT, record TEXT NOT NULL, PRIMARY KEY (name, stage)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Series:
    """One pass over the items: what stands before (item, sample) in the evidence key."""

    arm: str
    condition: str = "test"  # later also controls and perturbations
    seed: int = 0
    train_rows: int = 0  # 0: all of them

    @property
    def key(self) -> tuple[str, str, int, int]:
        """The columns of the series."""
        return (self.arm, self.condition, self.seed, self.train_rows)


class Ledger:
    """Reads and writes one run's evidence; several processes may hold it open."""

    def __init__(self, path: Path) -> None:
        """Open `path`, or make it.

        Raises:
            StoreError: If the file is no ledger, or one of another version.
        """
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._connection.execute("PRAGMA synchronous=FULL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise StoreError(f"{path}: written by ledger version {version}, this is {SCHEMA_VERSION}")
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.DatabaseError as fault:
            raise StoreError(f"{path}: cannot be opened ({fault}); use another --out folder") from fault

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as fault:
            raise StoreError(f"{self.path}: cannot be written ({fault}); nothing already stored is lost") from fault
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as fault:
            raise StoreError(f"{self.path}: cannot be read ({fault}); restore it or start in another folder") from fault

    def put_predictions(self, series: Series, predictions: Iterable[Prediction], sample: int = 0) -> None:
        """Store one finished batch, all of it or nothing."""
        rows = [(*series.key, p.example_id, sample, encode(Prediction, p)) for p in predictions]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO items VALUES (?,?,?,?,?,?,?)", rows)

    def predictions(self, series: Series, sample: int = 0) -> dict[str, Prediction]:
        """Return the stored predictions of a series by item id."""
        rows = self._read(
            "SELECT item, record FROM items WHERE arm=? AND condition=? AND seed=? AND train_rows=? AND sample=?",
            (*series.key, sample),
        )
        return {item: decode(Prediction, record) for item, record in rows}

    def put_general(self, ability: GeneralAbility) -> None:
        """Store the general ability of one set of weights, item by item."""
        name = ability.weights
        rows = [(name, "item", i.task, i.item, encode(BenchmarkItem, i)) for i in ability.items]
        rows += [(name, "text", "", t.item, encode(TextLoss, t)) for t in ability.texts]
        rows += [(name, "off_task", "", o.item, encode(OffTaskAnswer, o)) for o in ability.off_task]
        with self._transaction() as connection:
            connection.execute("DELETE FROM benchmarks WHERE weights=?", (name,))
            connection.executemany("INSERT INTO benchmarks VALUES (?,?,?,?,?)", rows)
            connection.execute(
                "INSERT OR REPLACE INTO states VALUES (?,?,?)",
                (f"general:{name}", "measured", str(ability.seconds)),
            )

    def general(self, weights: str) -> GeneralAbility | None:
        """Return what was measured of one set of weights, or None."""
        seconds = self.state(f"general:{weights}", "measured")
        if seconds is None:
            return None

        def read(kind: str, record_type: Any) -> tuple[Any, ...]:
            rows = self._read(
                "SELECT record FROM benchmarks WHERE weights=? AND kind=? ORDER BY task, item",
                (weights, kind),
            )
            return tuple(decode(record_type, record) for (record,) in rows)

        return GeneralAbility(
            weights,
            read("item", BenchmarkItem),
            read("text", TextLoss),
            read("off_task", OffTaskAnswer),
            float(seconds),
        )

    def put_state(self, name: str, stage: str, record: str) -> None:
        """Store how far an arm (or set-up step) is; `record` is JSON."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO states VALUES (?,?,?)", (name, stage, record))

    def state(self, name: str, stage: str) -> str | None:
        """Return a stored state, or None."""
        rows = self._read("SELECT record FROM states WHERE name=? AND stage=?", (name, stage))
        return str(rows[0][0]) if rows else None
