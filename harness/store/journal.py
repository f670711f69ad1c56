"""The rollback journal beside an SQLite file, looked at before SQLite believes it."""

from pathlib import Path

# Ends a journal that names a super-journal: of a transaction over several attached files (sqlite.org/fileformat.html).
_MAGIC = bytes.fromhex("d9d505f920a163d7")


def journal_fault(database: Path) -> str:
    """Say why a journal may not be rolled back; '' where it may, or there is none.

    None of our transactions spans several files. A journal that names a file as theirs was put there, and SQLite would
    delete that file, wherever it lies.

    Raises:
        OSError: If the journal cannot be read.
    """
    journal = database.with_name(f"{database.name}-journal")
    if not journal.is_file():
        return ""
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(_MAGIC)))
        ends = file.read()
    return f"{journal} names another file, which SQLite would delete; remove it" if ends == _MAGIC else ""
