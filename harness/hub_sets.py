"""Data sets as the hub's library reads and keeps them: which commit rows are of, and what of others they may bring."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_COMMIT = re.compile("[0-9a-f]{40}")
_ELSEWHERE = re.compile(r"://|::|^[/~]|(^|/)\.\.(/|$)")


def is_commit(text: Any) -> bool:
    """Whether a text is a commit of the hub, all of its digits."""
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def commit_of(records: Any) -> str | None:
    """Return the commit of the hub that a `datasets.Dataset` was read at, or None where it came from elsewhere.

    `datasets` keeps what it made of a set in a folder with the commit's name.
    """
    folders = {Path(file["filename"]).parent.name for file in records.cache_files}
    [folder] = folders if len(folders) == 1 else [""]
    return folder if is_commit(folder) else None


@contextmanager
def own_files_alone() -> Iterator[None]:
    """Have `datasets` read no files but a set's own in the block; a set whose card names others raises ValueError.

    The card of a set (the head of its README.md, or .huggingface.yaml) may name its files by any address, which the
    library asks before it says that it is none of the set.
    """
    from datasets.utils.metadata import MetadataConfigs

    own = MetadataConfigs.from_dataset_card_data

    def checked(card: Any) -> Any:
        configs = own(card)
        for config in configs.values():
            for name in _texts([config.get("data_files"), config.get("data_dir")]):
                if _ELSEWHERE.search(name):
                    raise ValueError(f"its card names the file {name}, which is none of its own")
        return configs

    MetadataConfigs.from_dataset_card_data = checked
    try:
        yield
    finally:
        MetadataConfigs.from_dataset_card_data = own


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def leave_media(records: Any) -> None:
    """Have pictures, sounds and the like of a `datasets.Dataset` stay as they are stored.

    To decode one opens whatever file or address its row names, and needs libraries that are not here.
    """
    waiting = list(records.info.features.values())
    while waiting:
        feature = waiting.pop()
        if isinstance(feature, Mapping):
            waiting += feature.values()
        elif isinstance(feature, list | tuple):
            waiting += feature
        elif hasattr(feature, "feature"):
            waiting.append(feature.feature)
        elif getattr(feature, "decode", False) is True:
            feature.decode = False
