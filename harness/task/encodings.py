"""Text of encodings other than UTF-8, as older spreadsheets write them: told by chardet, or refused.

A detector may err, so nothing is read in silence: who reads a file is told the encoding with one row as it was read.
Refused is what the detector cannot tell, what does not decode, what it finds two readings for, and a reading that puts
signs or capitals inside words, as wrong encodings do.
"""

import re
from dataclasses import dataclass

from harness.task.text import TextFault, decode, is_marked, is_packed

_SAMPLE = 20_000  # bytes of lines that are not ASCII; more makes the detector no surer, and slow
_CLOSE = 0.05  # confidence by which the first reading must lead another one
_MOST_ODD = 0.05  # of the characters that are not ASCII
_SHOWN = 80  # characters of a row
# What a detector names -> the encoding that Windows writes under that name, which holds all of it and more.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "big5": "cp950",
    "iso-8859-1": "windows-1252",
    "iso-8859-8": "windows-1255",
    "iso-8859-9": "windows-1254",
    "tis-620": "cp874",
}
_USUAL_IN_WORDS = "\u2019\u2018\u00b7\u00ad\u2010\u2011\u2013\u2014\u200c\u200d"  # apostrophes, hyphens, joiners


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text, and how sure that is."""

    text: str
    guess: str = ""  # what was guessed, for the reader: 'is not UTF-8 and was read as GB18030; line 2 is then ...'


def decode_any(raw: bytes) -> Decoded:
    """Return the text of UTF-8, UTF-16 and UTF-32 as `decode` does, or of an encoding that can be told.

    Raises:
        TextFault: If none can be told, if the file is damaged or packed, or if it has NUL bytes.
    """
    try:
        return _escaped(raw) or Decoded(decode(raw))
    except TextFault as fault:
        if is_marked(raw) or is_packed(raw) or _is_damaged(raw):
            raise
        return _guessed(raw, fault)


def _escaped(raw: bytes) -> Decoded | None:
    """Read Japanese mail's ISO-2022-JP, whose bytes are all ASCII and so would pass for UTF-8."""
    if b"\x1b$" not in raw:
        return None
    try:
        text = raw.decode("iso2022_jp_2")
    except UnicodeDecodeError:
        return None
    return Decoded(text, _said("ISO-2022-JP", text))


def _is_damaged(raw: bytes) -> bool:
    """Whether this is UTF-8 with bytes of another encoding in it, as where files were joined."""
    read = raw.decode("utf-8", errors="replace")
    lost = read.count("\ufffd")
    return sum(not character.isascii() for character in read) - lost >= lost


def _guessed(raw: bytes, fault: TextFault) -> Decoded:
    readings = list(_readings(raw))
    if not readings:
        known = "its encoding is not clear; save the file as UTF-8 (spreadsheets call it 'CSV UTF-8')"
        start = fault.text.partition(";")[0]
        raise TextFault(f"{start}, and {known}", fault.line, fault.column)
    (encoding, text, sure), *others = readings
    rival = next((other for other in others if other[1] != text and sure - other[2] < _CLOSE), None)
    if rival:
        rows = " or ".join(f"{shown_row(one[1])} ({one[0]})" for one in (readings[0], rival))
        raise TextFault(f"is not UTF-8, and may be read in two ways: {rows}; save the file as UTF-8", fault.line)
    if odd_share(text) > _MOST_ODD:
        row = f"read as {encoding}, the most likely one, a row would be {shown_row(text)}"
        raise TextFault(f"is not UTF-8, and its encoding is not clear: {row}; save the file as UTF-8", fault.line)
    return Decoded(text, _said(encoding, text))


def _said(encoding: str, text: str) -> str:
    row = f"in which a row is {shown_row(text)}"
    return f"is not UTF-8 and was read as {encoding}, {row}; if that is wrong, save the file as UTF-8"


def _readings(raw: bytes) -> "list[tuple[str, str, float]]":
    """Return each encoding that the whole file decodes in, with its text and confidence; the likeliest first."""
    import chardet

    has_nul = b"\0" in raw  # UTF-16 without its mark
    sample = raw[:_SAMPLE] if has_nul else _telling(raw)
    found: list[tuple[str, str, float]] = []
    for one in chardet.detect_all(sample):
        named = str(one["encoding"] or "")
        encoding = _SUPERSETS.get(named.lower(), named)
        try:
            text = raw.decode(encoding) if encoding else "\0"
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            found.append((named.replace("WINDOWS", "Windows"), text, float(one["confidence"])))
    return found


def _telling(raw: bytes) -> bytes:
    """Return the first lines that are not ASCII: the rest tells a detector nothing."""
    lines = (line for line in raw.split(b"\n") if not line.isascii())
    sample = b""
    for line in lines:
        sample += line + b"\n"
        if len(sample) > _SAMPLE:
            break
    return sample


def odd_share(text: str) -> float:
    """Return the share of characters beyond ASCII that stand where words have none.

    These are signs between two letters ('by³o') and capitals inside words that have small letters ('fŸr').
    """
    beyond = odd = 0
    for match in re.finditer(r"(?<=([^\W\d_]))([^\x00-\x7f])(?=([^\W\d_]))|[^\x00-\x7f]", text):
        beyond += 1
        before, sign, after = match.groups()
        if sign is None or sign in _USUAL_IN_WORDS:
            continue
        odd += (sign.isupper() and (before.islower() or after.islower())) if sign.isalpha() else not _is_mark(sign)
    return odd / beyond if beyond else 0.0


def _is_mark(sign: str) -> bool:
    """Whether a character is part of a word though it is not a letter, as vowel signs are in many scripts."""
    import unicodedata

    return unicodedata.category(sign)[0] in "MLN" or ord(sign) > 0x2E80  # East Asian marks stand between letters


def shown_row(text: str) -> str:
    """Return the first row, below the header if there is one, that has a character beyond ASCII."""
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if not line.isascii()]
    row = next((line for line in telling if line != lines[0]), telling[0] if telling else "")
    return f"'{row}'" if len(row) <= _SHOWN else f"'{row[:_SHOWN]}...'"
