"""Reads what retrieval may search: a folder of .md and .txt files, or a .jsonl file with id and text."""

from collections.abc import Iterable
from pathlib import Path

from harness.records import Document, Example
from harness.task.examples import Placed
from harness.task.faults import Faults
from harness.task.rows import read_rows, read_text
from harness.task.text import kind_of
from harness.task.turns import text_of

SUFFIXES = (".md", ".txt")


def read_documents(written: str, folder: Path, faults: Faults) -> tuple[Document, ...]:
    """Read the documents in order of their ids; faults are noted by file and line.

    A file's id is its name without the suffix. Hidden files are passed over; any other file that is no
    text is a fault, as it would otherwise be missed without a word.
    """
    path = folder / written
    before = faults.count
    kind = kind_of(path)
    if kind == "folder":
        found = _from_folder(path, written, faults)
    elif path.suffix == ".jsonl" and kind:
        found = _from_rows(written, folder, faults)
    else:
        problem = "must be a folder of .md and .txt files, or a .jsonl file" if kind else "is not there"
        faults.add(written, f"data.documents {problem}; give one or remove the key")
        return ()
    if not found and faults.count == before:
        faults.add(written, "holds no document; add .md or .txt files, or remove data.documents")
    return tuple(sorted(found, key=lambda document: document.id))


def _from_folder(path: Path, written: str, faults: Faults) -> list[Document]:
    found: dict[str, Document] = {}
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if not file.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        name = (Path(written) / inside).as_posix()
        if file.suffix.lower() not in SUFFIXES:
            faults.add(name, "is neither .md nor .txt; convert it or move it out of the documents")
            continue
        text = read_text(file, name, faults)
        if text is not None and not text.strip():
            faults.add(name, "is empty; give it text or remove it")
        elif text is not None and file.stem in found:
            other = found[file.stem].source
            faults.add(name, f"has the id '{file.stem}', as {other} has; rename one")
        elif text is not None:
            found[file.stem] = Document(file.stem, text.replace("\r\n", "\n"), inside.as_posix())
    return list(found.values())


def _from_rows(written: str, folder: Path, faults: Faults) -> list[Document]:
    found: dict[str, Document] = {}
    rows = read_rows(written, "documents", folder, faults)
    names = {name for row in rows for name in row.values}
    missing = {"id", "text"} - names if rows else set()
    for name in sorted(missing):
        text = f"has no column '{name}'; its columns: {', '.join(sorted(names))}"
        faults.add(written, f"{text}; documents need 'id' and 'text'")
    if missing:
        return []
    for row in rows:
        try:
            identity = text_of(row.values.get("id"), "id")
            text = text_of(row.values.get("text"), "text")
            if identity in found:
                raise ValueError(f"id '{identity}' is that of {found[identity].source} too; make ids unique")
        except ValueError as fault:
            faults.add(row.file, str(fault), row.number, row.unit)
        else:
            found[identity] = Document(identity, text, f"{Path(written).name} {row.unit} {row.number}")
    return list(found.values())


def check_evidence(placed: Iterable[Placed[Example]], documents: tuple[Document, ...], faults: Faults) -> None:
    """Note every row whose evidence names no document; without documents there is nothing to check."""
    known = {document.id for document in documents}
    for row, example in ((one.row, one.item) for one in placed) if known else ():
        for identity in example.evidence:
            if identity not in known:
                text = f"evidence '{identity}' is the id of no document; use a file's name without its suffix"
                faults.add(row.file, text, row.number, row.unit)
