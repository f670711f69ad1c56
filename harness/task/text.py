"""Bytes to text: UTF-8, or what a byte order mark says; anything else is named, never guessed silently."""

import codecs
import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# Code units that no text of ours may hold: they cannot be stored as UTF-8, or end a text where C reads it.
UNUSABLE = re.compile("[\x00\ud800-\udfff]")

MOST_BYTES = 500_000_000  # of a file, and of what is packed in it
TOO_LARGE = "split it, or leave out what the task does not need"
# What may stand in JSON and not in YAML: control characters but for tab and line feed, other line ends, such marks.
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_MARKS = (  # UTF-32's begins with UTF-16's, so it is looked for first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}


@dataclass(frozen=True)
class TextFault(Exception):
    """A file that is not text we can read: what is wrong with the remedy, and where."""

    text: str
    line: int | None = None
    column: int | None = None


def decode(raw: bytes) -> str:
    """Return the text of UTF-8, UTF-16 or UTF-32 bytes without the byte order mark.

    Raises:
        TextFault: On any other encoding, on packed files and on NUL bytes.
    """
    _refuse_packed(raw)
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8-sig")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _undecodable(raw, fault) from None
    if "\0" in text:
        said = "is a NUL byte; the file is damaged, or UTF-16 without its mark: save it as UTF-8"
        raise TextFault(said, *spot(text, text.index("\0")))
    return text


def is_marked(raw: bytes) -> bool:
    """Whether a byte order mark says the encoding."""
    return raw.startswith((codecs.BOM_UTF8, *(mark for mark, _ in _MARKS)))


def is_packed(raw: bytes) -> bool:
    """Whether the bytes are a packed file's."""
    return raw.startswith(tuple(_PACKED))


def spot(text: str, position: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a position in a text."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _refuse_packed(raw: bytes) -> None:
    kind = next((name for mark, name in _PACKED.items() if raw.startswith(mark)), None)
    if kind:
        raise TextFault(f"is a packed file ({kind}), no text; unpack it first")


def _undecodable(raw: bytes, fault: UnicodeDecodeError) -> TextFault:
    if fault.encoding != "utf-8":
        return TextFault(f"is damaged {fault.encoding.upper()} ({fault.reason}); save it as UTF-8")
    start, end = raw.rfind(b"\n", 0, fault.start) + 1, raw.find(b"\n", fault.start)
    before = raw[start : fault.start].decode(errors="replace")
    line = raw.count(b"\n", 0, fault.start) + 1
    text = f"byte 0x{raw[fault.start]:02x} is not UTF-8"
    word = re.findall(rb"[^\s\",;:{}\[\]]+", raw[max(start, fault.start - 20) : end if end >= 0 else None][:60])
    likely = next((piece for piece in word if raw[fault.start : fault.start + 1] in piece), b"")[:30]
    shown = likely.decode("Windows-1252", errors="replace")
    return TextFault(f"{text}; save the file as UTF-8 (in Windows-1252 it would read '{shown}')", line, len(before) + 1)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return a file's bytes.

    Args:
        path: The file.
        most: At most so many bytes.

    Raises:
        TextFault: If it cannot be read, or is too large.
    """
    check_size(path, most)
    try:
        return path.read_bytes()
    except OSError as fault:
        raise TextFault(f"cannot be read: {fault.strerror}; check its permissions") from None


def check_size(path: Path, most: int) -> None:
    """Refuse a file of more than so many bytes.

    Raises:
        TextFault: If it has them, or may not be looked at.
    """
    try:
        size = path.stat().st_size
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as fault:
        raise TextFault(f"cannot be read: {fault.strerror}; check its permissions") from None
    if size > most:
        raise TextFault(f"has {size:,} bytes, and {most:,} are read at most; {TOO_LARGE}")


def escaped(text: str) -> str:
    """Return YAML with the characters that it refuses, or reads as line ends, as escapes; strings are JSON's in it."""
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def kind_of(path: Path) -> Literal["file", "folder", "other"] | None:
    """Say whether a file, a folder, or a pipe or device is there; None also when the path cannot be a path at all."""
    try:
        if path.is_file():
            return "file"
        if path.is_dir():
            return "folder"
        return "other" if path.exists() else None
    except (OSError, ValueError):  # a name too long, or one that may not be looked at
        return None
