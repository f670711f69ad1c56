"""Data sets of the hub as its library keeps them: which commit rows are of."""

import re
from pathlib import Path
from typing import Any

_COMMIT = re.compile("[0-9a-f]{40}")


def commit_of(records: Any) -> str | None:
    """Return the commit of the hub that a `datasets.Dataset` was read at, or None where it came from elsewhere.

    `datasets` keeps what it made of a set in a folder with the commit's name.
    """
    folders = {Path(file["filename"]).parent.name for file in records.cache_files}
    [folder] = folders if len(folders) == 1 else [""]
    return folder if _COMMIT.fullmatch(folder) else None
