"""What a file stands for is looked at before it is made: rows, columns, cells, bytes, levels and pages."""

import io
import json
import os
import time
import zipfile
from resource import RUSAGE_SELF, getrusage

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from page_files import docx_of, pdf_of

from harness.benchmark_files import MOST_BYTES as MOST_BENCHMARK
from harness.benchmark_files import read_benchmark
from harness.task.documents import read_documents
from harness.task.extents import MOST_CELLS, MOST_COLUMNS, MOST_LEVELS, MOST_ROWS
from harness.task.faults import Faults
from harness.task.pages import apart
from harness.task.rows import read_rows
from harness.task.text import MOST_BYTES


@pytest.fixture(autouse=True)
def seconds_and_memory():
    """All of this is refused within seconds and without memory that grows with what a file stands for."""
    begun, before = time.process_time(), getrusage(RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - begun < 20
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 1_000_000  # KiB


def said(path):
    """Return the one fault of a file of rows."""
    faults = Faults()
    assert read_rows(path.name, "train", path.parent, faults) == []
    with pytest.raises(Exception) as found:
        faults.raise_any(path)
    [fault] = found.value.faults
    return fault


def packed(count, text="q"):
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array([text]))


def test_parquet_of_many_rows_is_refused_by_its_footer(tmp_path):
    """The field case sec-hostile-rows: 131 kB that stand for 20 million rows."""
    rows = packed(20_000_000)
    parquet.write_table(pa.table({"input": rows, "target": rows}), tmp_path / "many.parquet", compression="zstd")
    assert (tmp_path / "many.parquet").stat().st_size < 200_000
    assert f"stands for 20,000,000 rows, and {MOST_ROWS:,} are read at most" in said(tmp_path / "many.parquet")


def test_parquet_of_one_long_text_in_many_rows_is_refused_before_it_is_written_out(tmp_path):
    table = pa.table({"input": packed(100_000, "x" * 900_000)})  # 90 GB
    parquet.write_table(table, tmp_path / "long.parquet", compression="zstd")
    assert f"bytes, and {MOST_BYTES:,} are read at most" in said(tmp_path / "long.parquet")


def test_parquet_of_long_lists_is_refused_by_its_footer(tmp_path):
    lists = pa.ListArray.from_arrays(pa.array([0, MOST_CELLS + 1], pa.int32()), pa.nulls(MOST_CELLS + 1, pa.int8()))
    parquet.write_table(pa.table({"input": lists}), tmp_path / "lists.parquet", compression="zstd")
    assert f"{MOST_CELLS:,} are read at most" in said(tmp_path / "lists.parquet")


def test_parquet_of_usual_size_is_read_as_it_is(tmp_path):
    columns = {
        "input": pa.array(["a", None, "\u00e9"]),
        "labels": pa.array([["x", "y"], [], None]),
        "more": pa.array([{"a": "1", "b": 2}, None, {"a": None, "b": 3}]),
        "kind": pa.array(["one", "two", "one"]).dictionary_encode(),
        "raw": pa.array([b"1", b"2", None]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "usual.parquet")
    faults = Faults()
    rows = read_rows("usual.parquet", "train", tmp_path, faults)
    assert [row.values for row in rows] == pa.table(columns).to_pylist()


def test_header_of_a_million_names_is_refused_in_linear_time(tmp_path):
    names = ["input", "target", *(f"c{number}" for number in range(1_000_000))]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n" + ",".join("a" for _ in names) + "\n")
    assert f"stands for 1,000,002 columns, and {MOST_COLUMNS:,} are read at most" in said(tmp_path / "wide.csv")


def test_many_empty_cells_are_refused(tmp_path):
    line = "," * (MOST_COLUMNS - 1) + "\n"
    header = ",".join(f"c{number}" for number in range(MOST_COLUMNS)) + "\n"
    (tmp_path / "cells.csv").write_text(header + line * (MOST_CELLS // MOST_COLUMNS + 1))
    assert f"cells, and {MOST_CELLS:,} are read at most" in said(tmp_path / "cells.csv")


def test_rows_of_ever_other_keys_are_refused(tmp_path):
    (tmp_path / "keys.jsonl").write_text("".join(f'{{"k{number}": 1}}\n' for number in range(MOST_COLUMNS + 1)))
    assert f"columns, and {MOST_COLUMNS:,} are read at most" in said(tmp_path / "keys.jsonl")


def test_object_of_many_keys_that_repeats_one_is_refused_in_linear_time(tmp_path):
    keys = ", ".join(f'"k{number}": 1' for number in [*range(100_000), 0])
    (tmp_path / "twice.jsonl").write_text(f"{{{keys}}}\n")
    assert "key 'k0' is given twice" in said(tmp_path / "twice.jsonl")


def test_list_of_nothing_but_lists_is_refused_before_it_is_made(tmp_path):
    (tmp_path / "lists.json").write_text("[" + "[]," * (MOST_CELLS + 9) + "[]]")
    assert f"cells, and {MOST_CELLS:,} are read at most" in said(tmp_path / "lists.json")


@pytest.mark.parametrize("levels", [MOST_LEVELS + 2, 900, 200_000])
def test_lists_inside_each_other_are_refused(tmp_path, levels):
    (tmp_path / "deep.jsonl").write_text(f'{{"input": "q", "target": {"[" * levels}{"]" * levels}}}\n')
    assert "nests lists or objects" in said(tmp_path / "deep.jsonl")


def test_many_lists_beside_each_other_are_no_levels(tmp_path):
    (tmp_path / "flat.jsonl").write_text(json.dumps({"input": "q", "choices": [["a"]] * 1_000}) + "\n")
    assert len(read_rows("flat.jsonl", "train", tmp_path, Faults())) == 1


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_file_of_too_many_bytes_is_not_opened(tmp_path, suffix):
    path = tmp_path / f"large.{suffix}"
    with path.open("wb") as file:
        os.truncate(file.fileno(), MOST_BYTES + 1)  # holes: nothing is on the disk
    assert "bytes, and 500,000,000 are read at most" in said(path) or suffix == "parquet"


def test_benchmark_of_too_many_bytes_is_not_opened(tmp_path):
    with (tmp_path / "own.jsonl").open("wb") as file:
        os.truncate(file.fileno(), MOST_BENCHMARK + 1)
    rows, [fault] = read_benchmark(tmp_path / "own.jsonl")
    assert rows == [] and "are read at most" in fault.text


# ---- documents ------------------------------------------------------------------------------


def page_faults(tmp_path, name, raw):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / name).write_bytes(raw)
    faults = Faults()
    assert read_documents("pages", tmp_path, faults) == ()
    with pytest.raises(Exception) as found:
        faults.raise_any(folder)
    return "\n".join(found.value.faults)


def test_word_file_that_stands_for_gigabytes_is_a_fault(tmp_path):
    bomb = io.BytesIO(docx_of(("Normal", "text")))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/more.xml", b" " * 60_000_000)
    assert len(bomb.getvalue()) < 100_000
    assert "parts of more than 50,000,000 bytes" in page_faults(tmp_path, "bomb.docx", bomb.getvalue())


def test_pdf_whose_pages_come_to_no_end_is_a_fault(tmp_path):
    """Each of forty levels of its page tree names the next one twice: 2^40 pages in 4 kB."""
    page = f"{41} 0 obj\n<</Type /Page /Parent 40 0 R /MediaBox [0 0 9 9]>>\nendobj\n"
    tree = "".join(
        f"{n} 0 obj\n<</Type /Pages /Count 9 /Kids [{n + 1} 0 R {n + 1} 0 R]>>\nendobj\n" for n in range(2, 41)
    )
    raw = f"%PDF-1.4\n1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n{tree}{page}trailer\n<</Root 1 0 R>>\n%%EOF"
    assert "pages.pdf" in page_faults(tmp_path, "pages.pdf", raw.encode())


def test_page_that_takes_too_long_is_a_fault_and_the_next_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 0.001)
    assert "takes more than 0.001 seconds of processor time" in page_faults(
        tmp_path, "slow.pdf", pdf_of(*[["The fee is 12."]] * 500)
    )
    monkeypatch.undo()
    (tmp_path / "pages" / "slow.pdf").write_bytes(pdf_of(["The fee is 12."]))
    assert [one.text for one in read_documents("pages", tmp_path, Faults())] == ["The fee is 12."]


def test_page_of_too_many_bytes_is_not_opened(tmp_path):
    fault = page_faults(tmp_path, "large.html", b"")
    assert "holds no page with text" in fault
    with (tmp_path / "pages" / "large.html").open("wb") as file:
        os.truncate(file.fileno(), apart.MOST_PAGE_BYTES + 1)
    faults = Faults()
    assert read_documents("pages", tmp_path, faults) == ()
    with pytest.raises(Exception, match="are read at most"):
        faults.raise_any(tmp_path)
