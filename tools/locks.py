"""What the lock files pin."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-torch.lock")

_PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock."""

    name: str
    version: str
    hashes: tuple[str, ...]  # SHA-256 of every file that may be installed


def pins(file: Path) -> Iterator[Pin]:
    """Yield the packages of a lock file, in its order."""
    text = file.read_text(encoding="utf-8")
    found = list(_PIN.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=True):
        yield Pin(match[1], match[2], tuple(_HASH.findall(text[match.end() : end])))
