"""Reads what retrieval may search: a folder of pages, or a .jsonl file with id and text."""

import posixpath
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from harness.records import Document, Example
from harness.task.document_files import check_files, files_below
from harness.task.faults import Faults
from harness.task.pages import KINDS_READ, PLAIN, READERS, Page, PageFault, left_out, read_page
from harness.task.placed import Placed
from harness.task.rows import read_rows
from harness.task.text import UNUSABLE, TextFault, kind_of
from harness.task.turns import text_of

MOST_UNREAD = 0.1  # of the pages may be unreadable, and are left out by name; more are a fault
MOST_NAMED = 3  # files, where many have one fault


def read_documents(written: str, folder: Path, faults: Faults, notes: list[str] | None = None) -> tuple[Document, ...]:
    """Read the documents in order of their ids; faults are noted by file and line.

    The id of a file is its path below the folder without the suffix, or with it where two files would have one id.
    Hidden files are passed over; what else is not a page is left out and counted by kind.

    Args:
        written: The path as the task file has it, relative to `folder`.
        folder: Where the task file lies.
        faults: Takes what is wrong.
        notes: Takes what was left out, and why.
    """
    path = folder / written
    before = faults.count
    kind = kind_of(path)
    if kind == "folder":
        check_files(path, written, faults)
        found = _from_folder(path, written, faults, [] if notes is None else notes)
    elif path.suffix == ".jsonl" and kind == "file":
        found = _from_rows(written, folder, faults)
    else:
        problem = f"must be a folder of pages ({KINDS_READ}), or a .jsonl file" if kind else "is not there"
        faults.add(written, f"data.documents {problem}; give one or remove the key")
        return ()
    if not found and faults.count == before:
        faults.add(written, f"holds no document; add pages ({KINDS_READ}), or remove data.documents")
    return tuple(sorted(found, key=lambda document: document.id))


@dataclass
class _Folder:
    """What a folder of documents holds."""

    pages: dict[PurePosixPath, Page] = field(default_factory=dict)  # by path below the folder
    empty: list[str] = field(default_factory=list)
    unread: dict[PageFault, list[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)  # suffixes of files that are not pages
    no_text: dict[str, TextFault] = field(default_factory=dict)


def _from_folder(path: Path, written: str, faults: Faults, notes: list[str]) -> list[Document]:
    found = _Folder()
    for file in files_below(path):
        inside = PurePosixPath(file.relative_to(path).as_posix())
        if UNUSABLE.search(str(inside)):
            faults.add(written, f"holds a file whose name is not text ({ascii(str(inside))}); rename it")
        elif file.suffix.lower() in READERS:
            _read_page(file, inside, found)
        else:
            found.others.append(file.suffix.lower())
    _tell_unread(found, written, faults, notes)
    _tell_no_text(found, written, faults)
    if found.empty and not (found.pages or found.unread or found.no_text):
        remedy = "what scripts or pictures show is not read, so save its text, or remove data.documents"
        faults.add(written, f"holds no page with text (empty: {_listed(found.empty)}); {remedy}")
    notes += [f"{written}: {line}" for line in _told(found)]
    bare = Counter(inside.with_suffix("") for inside in found.pages)
    return [
        Document(
            id=str(inside if bare[inside.with_suffix("")] > 1 else inside.with_suffix("")),
            text=page.text,
            source=str(inside),
            is_plain=inside.suffix.lower() in PLAIN,
        )
        for inside, page in found.pages.items()
    ]


def _read_page(file: Path, inside: PurePosixPath, found: _Folder) -> None:
    try:
        page = read_page(file)
    except TextFault as fault:
        found.no_text[str(inside)] = fault
    except PageFault as fault:
        found.unread.setdefault(fault, []).append(str(inside))
    else:
        if page.text.strip():
            found.pages[inside] = page
        else:
            found.empty.append(str(inside))


def _tell_unread(found: _Folder, written: str, faults: Faults, notes: list[str]) -> None:
    """Note pages that cannot be read: as left out where they are few, else as faults, for they may hold the answers."""
    count = sum(map(len, found.unread.values()))
    is_few = count <= MOST_UNREAD * (count + len(found.pages))
    for fault, files in found.unread.items():
        if is_few:
            notes.append(f"{written}: {_pages(files)} left out: {fault.reason} ({_listed(files)}); {fault.remedy}")
        else:
            faults.add(written, f"{_pages(files)} cannot be read: {fault.reason} ({_listed(files)}); {fault.remedy}")


def _tell_no_text(found: _Folder, written: str, faults: Faults) -> None:
    """Note pages that are not UTF-8 one by one where they are few, else together: the same is to be done with all."""
    first = next(iter(found.no_text.values()), None)
    if first is not None and len(found.no_text) > MOST_NAMED:
        names = _listed(list(found.no_text))
        faults.add(written, f"{_pages(found.no_text)} cannot be read as text ({names}); of the first: {first.text}")
        return
    for name, fault in found.no_text.items():
        faults.add(str(PurePosixPath(written) / name), fault.text, fault.line, column=fault.column)


def _told(found: _Folder) -> Iterator[str]:
    """Yield what was read, where it is more than plain files, and what was left out."""
    kinds = Counter(inside.suffix.lower() for inside in found.pages)
    if found.others or kinds.keys() - {".md", ".txt"}:
        counts = ", ".join(
            f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
        )
        yield f"read {_pages(found.pages)} ({counts or 'none'})"
    yield from left_out(found.others)
    if found.empty:
        yield f"{_pages(found.empty)} left out: empty ({_listed(found.empty)})"
    noted = [f"{inside} {page.note}" for inside, page in found.pages.items() if page.note]
    yield from noted[:MOST_NAMED]
    if len(noted) > MOST_NAMED:
        yield f"{_pages(noted[MOST_NAMED:])} more were read with such a doubt"


def _pages(found: Collection[object]) -> str:
    return "1 page" if len(found) == 1 else f"{len(found)} pages"


def _listed(files: Sequence[str]) -> str:
    more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return ", ".join(files[:MOST_NAMED]) + more


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


class DocumentNames:
    """The names by which evidence may call documents: an id, and of a file its path or any part that is its alone."""

    def __init__(self, documents: Iterable[Document], written: str = "") -> None:
        """Collect the names; `written` is data.documents, which a path may begin with."""
        self._root = f"{PurePosixPath(written).name}/"
        self._ids: set[str] = set()
        self._files: set[str] = set()  # those of the ids that are paths
        self._others: dict[str, set[str]] = {}
        for document in documents:
            self._ids.add(document.id)
            names = _names(document)
            self._files |= {document.id} if names else set()
            for name in names:
                self._others.setdefault(name, set()).add(document.id)

    def __iter__(self) -> Iterator[str]:
        """Yield every name that means one document, also below the folder's own name."""
        for name in (*self._ids, *(name for name, meant in self._others.items() if len(meant) == 1)):
            yield from (name, self._root + name)

    def ids(self, name: str) -> list[str]:
        """Return the ids of the documents that a name may mean: one, several, or none.

        A path may be written as people write it: with './' or '/' in front, backslashes, or a place in the page behind
        '#'; a folder is its page 'index'.
        """
        plain = name.removeprefix("./").removeprefix("/")
        tried = (name, plain, plain.removeprefix(self._root))
        found = next((one for one in tried if one in self._ids), None)
        meant = {found} if found else set().union(*(self._others.get(one, ()) for one in tried))
        return sorted(meant or self._of_path(name))

    def _of_path(self, name: str) -> set[str]:
        """Return the ids of the files that a path as people write it may mean."""
        path = posixpath.normpath(name.strip().replace("\\", "/").partition("#")[0]).lstrip("/")
        tried = (path, path.removeprefix(self._root))
        pages = (*tried, *(posixpath.join(one, "index") for one in tried))
        found = next((one for one in pages if one in self._files), None)
        return {found} if found else set().union(*(self._others.get(one, ()) for one in tried))

    def fault(self, name: str) -> str:
        """Say why a name means no document; '' where it means one."""
        found = self.ids(name)
        if len(found) == 1:
            return ""
        if found:
            return f"evidence '{name}' may be {' or '.join(found[:MOST_NAMED])}; name one by its path"
        return f"evidence '{name}' is the id of no document; use a file's path without its suffix"


def _names(document: Document) -> set[str]:
    path = PurePosixPath(document.source)
    if document.id not in (str(path), str(path.with_suffix(""))):
        return set()  # a row, whose id is its only name
    return {str(path), str(path.with_suffix("")), path.name, path.stem}


def with_ids(placed: list[Placed[Example]], names: DocumentNames) -> list[Placed[Example]]:
    """Return the rows with evidence by the ids of the documents; a name that means none stays as it is."""
    return [one if one.item.evidence == (ids := _ids(one.item, names)) else _placed(one, ids) for one in placed]


def _ids(example: Example, names: DocumentNames) -> tuple[str, ...]:
    found = ((name, names.ids(name)) for name in example.evidence)
    return tuple(dict.fromkeys(ids[0] if len(ids) == 1 else name for name, ids in found))


def _placed(placed: Placed[Example], ids: tuple[str, ...]) -> Placed[Example]:
    return replace(placed, item=replace(placed.item, evidence=ids))


def check_evidence(
    placed: Iterable[Placed[Example]], documents: tuple[Document, ...], faults: Faults, written: str
) -> None:
    """Note every row whose evidence names no document; without documents there is nothing to check."""
    names = DocumentNames(documents, written)
    for row, example in ((one.row, one.item) for one in placed) if documents else ():
        for name in example.evidence:
            if text := names.fault(name):
                faults.add(row.file, text, row.number, row.unit)
