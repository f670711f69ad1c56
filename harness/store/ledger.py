"""The ledger of one run: an SQLite file that holds every finished item. It is the truth.

Parquet files, result.json and reports are derived from it. A row counts as done when its transaction is
committed (rollback journal, `synchronous=FULL`: the journal, the file and the folder are synced).

- Death of any process, at any moment: whatever was committed is there, and nothing of a transaction that was
  not; the journal that it leaves beside the file is rolled back at the next opening. At most the batch in
  flight is asked again.
- Power cut: the same, on a disk and file system that honour fsync. Consumer disks that answer fsync from a
  volatile cache may lose the last batches, or damage the file, which is then refused.
- Network disks: SQLite needs POSIX locks that work. NFS without a lock service and most cloud-folder mounts
  have none: keep the run folder on a local disk and copy it when the run is over.

Every row carries a seal (sha256 over its columns), checked when it is read: SQLite has no checksums of its
own, and a flipped bit must not become a figure.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.records import (
    BenchmarkItem,
    Fit,
    GeneralAbility,
    Judgement,
    Measurement,
    OffTaskAnswer,
    Prediction,
    TextLoss,
)
from harness.store.files import decode, encode, hash_text, unwritable
from harness.store.journal import journal_fault

SCHEMA_VERSION = 3

_TABLES = """
CREATE TABLE IF NOT EXISTS items (
    fit TEXT, condition TEXT, item TEXT, sample INTEGER, record TEXT NOT NULL, seal TEXT NOT NULL,
    PRIMARY KEY (fit, condition, item, sample)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS benchmarks (
    weights TEXT, kind TEXT, task TEXT, item TEXT, record TEXT NOT NULL, seal TEXT NOT NULL,
    PRIMARY KEY (weights, kind, task, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS states (
    name TEXT, stage TEXT, record TEXT NOT NULL, seal TEXT NOT NULL, PRIMARY KEY (name, stage)) WITHOUT ROWID;
"""
_INSERT = {
    "items": "INSERT OR REPLACE INTO items VALUES (?,?,?,?,?,?)",
    "benchmarks": "INSERT INTO benchmarks VALUES (?,?,?,?,?,?)",
    "states": "INSERT OR REPLACE INTO states VALUES (?,?,?,?)",
}
# SQLite quotes a damaged name in its message, and Python cannot decode that.
_FAULTS = (sqlite3.Error, UnicodeError)


@dataclass(frozen=True, slots=True)
class _Measured:
    """That the general ability of one set of weights is there, whole."""

    seconds: float
    rows: int


class Ledger:
    """Reads and writes one run's evidence; several processes may hold it open."""

    def __init__(self, path: Path) -> None:
        """Open `path`, or make it; what a killed process left half-written is rolled back.

        Raises:
            StoreError: If the file is not a ledger, is damaged, or is of another version.
        """
        self.path = path
        try:
            if said := journal_fault(path):
                raise StoreError(said)
            self._connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA trusted_schema=OFF")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise StoreError(
                    f"{path}: written by ledger version {version}, this is {SCHEMA_VERSION}; give another --out folder"
                )
            self._check_schema(is_new=version == 0)
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(f"{path}: damaged ({found}); restore it or give another --out folder")
            if version == 0:
                self._connection.executescript(_TABLES)
                self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except (*_FAULTS, OSError) as fault:
            raise StoreError(
                f"{path}: cannot be opened ({fault}); free some space or give another --out folder"
            ) from fault

    def _check_schema(self, *, is_new: bool) -> None:
        """Refuse other tables than ours before one is asked: a view in a table's place need never end.

        Raises:
            StoreError: If there are; a file that is being made may still lack some.
        """
        with closing(sqlite3.connect(":memory:")) as plain:
            plain.executescript(_TABLES)
            ours = _schema(plain)
        found = _schema(self._connection)
        if found != ours and not (is_new and found <= ours):
            raise StoreError(
                f"{self.path}: holds other tables than a ledger's; restore it or give another --out folder"
            )

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except _FAULTS as fault:
            raise unwritable(self.path, fault) from fault
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):  # the journal does it at the next opening
                    self._connection.execute("ROLLBACK")

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Return the rows of a query for all columns, without their seals."""
        try:
            rows = self._connection.execute(query, values).fetchall()
        except _FAULTS as fault:
            raise StoreError(f"{self.path}: cannot be read ({fault}); restore it or start in another folder") from fault
        for *row, seal in rows:
            if _seal(row) != seal:
                raise StoreError(f"{self.path}: damaged at {row[:-1]}; restore it or start in another folder")
        return [row[:-1] for row in rows]

    def put_predictions(self, of: Measurement, predictions: Iterable[Prediction], sample: int = 0) -> None:
        """Store one finished batch, all of it or nothing."""
        rows = [(of.fit.name, of.condition, p.example_id, sample, encode(Prediction, p)) for p in predictions]
        with self._transaction() as connection:
            connection.executemany(_INSERT["items"], map(_sealed, rows))

    def predictions(self, of: Measurement, sample: int = 0) -> dict[str, Prediction]:
        """Return the stored predictions of a measurement by item id."""
        query = "SELECT * FROM items WHERE fit=? AND condition=? AND sample=?"
        rows = self._read(query, (of.fit.name, of.condition, sample))
        return {row[2]: decode(Prediction, row[-1]) for row in rows}

    def put_judgements(self, metric: str, judgements: Iterable[Judgement]) -> None:
        """Store what a judge said of some answers, all of it or nothing."""
        rows = [(_judge(metric), "judged", one.key, 0, encode(Judgement, one)) for one in judgements]
        with self._transaction() as connection:
            connection.executemany(_INSERT["items"], map(_sealed, rows))

    def judgements(self, metric: str) -> dict[str, Judgement]:
        """Return what a judge said so far, by the judgement's key."""
        rows = self._read("SELECT * FROM items WHERE fit=? AND condition=?", (_judge(metric), "judged"))
        return {row[2]: decode(Judgement, row[-1]) for row in rows}

    def put_general(self, ability: GeneralAbility) -> None:
        """Store the general ability of one set of weights, item by item."""
        name = ability.weights
        rows = [(name, "item", i.task, i.item, encode(BenchmarkItem, i)) for i in ability.items]
        rows += [(name, "text", "", t.item, encode(TextLoss, t)) for t in ability.texts]
        rows += [(name, "off_task", "", o.item, encode(OffTaskAnswer, o)) for o in ability.off_task]
        with self._transaction() as connection:
            connection.execute("DELETE FROM benchmarks WHERE weights=?", (name,))
            connection.executemany(_INSERT["benchmarks"], map(_sealed, rows))
            measured = encode(_Measured, _Measured(ability.seconds, len(rows)))
            connection.execute(_INSERT["states"], _sealed((f"general:{name}", "measured", measured)))

    def general(self, weights: str) -> GeneralAbility | None:
        """Return what was measured of one set of weights, or None."""
        state = self.state(f"general:{weights}", "measured")
        if state is None:
            return None
        measured: _Measured = decode(_Measured, state)
        rows = self._read("SELECT * FROM benchmarks WHERE weights=? ORDER BY kind, task, item", (weights,))
        if len(rows) != measured.rows:
            raise StoreError(f"{self.path}: holds {len(rows)} of {measured.rows} rows of {weights}; restore it")

        def read(kind: str, record_type: Any) -> tuple[Any, ...]:
            return tuple(decode(record_type, row[-1]) for row in rows if row[1] == kind)

        return GeneralAbility(
            weights,
            read("item", BenchmarkItem),
            read("text", TextLoss),
            read("off_task", OffTaskAnswer),
            measured.seconds,
        )

    def put_state(self, name: str, stage: str, record: str) -> None:
        """Store how far an arm (or set-up step) is; `record` is JSON."""
        with self._transaction() as connection:
            connection.execute(_INSERT["states"], _sealed((name, stage, record)))

    def state(self, name: str, stage: str) -> str | None:
        """Return a stored state, or None."""
        rows = self._read("SELECT * FROM states WHERE name=? AND stage=?", (name, stage))
        return str(rows[0][-1]) if rows else None

    def forget(self, fit: Fit) -> None:
        """Take out everything about one fit, so that it begins again."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM items WHERE fit=?", (fit.name,))
            connection.execute("DELETE FROM benchmarks WHERE weights=?", (fit.name,))
            connection.execute("DELETE FROM states WHERE name IN (?, ?)", (fit.name, f"general:{fit.name}"))


def _judge(metric: str) -> str:
    return f"judge:{metric}"  # no fit's name has a colon


def _schema(connection: sqlite3.Connection) -> set[str]:
    return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def _sealed(row: tuple[object, ...]) -> tuple[object, ...]:
    return (*row, _seal(row))


def _seal(row: Sequence[object]) -> str:
    return hash_text(ascii(tuple(row)))[:16]
