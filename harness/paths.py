"""Paths as people write them: what cannot be followed is refused in one sentence."""

from os import PathLike
from pathlib import Path

from harness.errors import HarnessError, is_too_long, too_long


def check_name(written: str | PathLike[str]) -> None:
    """Refuse a name that is not UTF-8: reports, ledgers and messages between processes are, and could not name it.

    Raises:
        HarnessError: If it is not.
    """
    try:
        str(written).encode()
    except UnicodeEncodeError as fault:
        raise HarnessError(
            f"the name {ascii(str(written))} is not UTF-8, so no report could name it; rename it"
        ) from fault


def expanded(written: str | PathLike[str]) -> Path:
    """Return a path with `~` replaced by a home folder.

    Raises:
        HarnessError: If this machine knows no such home folder, as in a container without a user of its own, or the
            name is not UTF-8, or too long for any file.
    """
    check_name(written)
    if is_too_long(str(written)):
        raise HarnessError(too_long(str(written)))
    try:
        return Path(written).expanduser()
    except RuntimeError as fault:
        raise HarnessError(
            f"'{written}' begins with a home folder that is not known here; write the whole path"
        ) from fault


def followed(path: Path) -> Path:
    """Return where a path leads, links followed.

    Raises:
        HarnessError: If links lead round in a circle.
    """
    try:
        return path.resolve()
    except RuntimeError as fault:
        raise HarnessError(f"{path} is a link that leads back to itself; remove it, or name the real file") from fault
