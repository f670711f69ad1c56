"""Characters that nobody meant: control characters, mojibake, marks that cannot be seen."""

import re
from collections.abc import Iterator
from pathlib import Path

from harness.checking.findings import Finding, Hit, Place, gathered
from harness.checking.reading import Material
from harness.checking.shown import quoted
from harness.task.text import is_marked, kind_of

OTHER_ENCODING = "another encoding than UTF-8"
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_INVISIBLE = "\u200b\u2060\ufeff"  # zero-width space, word joiner, byte order mark
_UNWANTED = re.compile(f"[{_CONTROL}{_INVISIBLE}]")
# UTF-8 that was read as Windows-1252 or Latin-1: 'Ã©' for e with an accent, 'â€™' for an apostrophe.
_MOJIBAKE = re.compile("Ã[\u0080-\u00bf]|â€[\u0080-\u00bf\u2122\u0153\u201c\u201d\u00a6\u02dc]|Â[\u00a0-\u00bf]")


def fixed(text: str) -> str:
    """Return a text without control and invisible characters and with plain line ends."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _faults_of(text: str) -> Iterator[str]:
    if unwanted := _UNWANTED.findall(text):
        yield "has " + ", ".join(sorted({f"U+{ord(character):04X}" for character in unwanted}))
    if "\ufffd" in text:
        yield f"has U+FFFD, where a character was lost: {quoted(_around(text, text.index(chr(0xFFFD))), 40)}"
    if found := _MOJIBAKE.search(text):
        yield f"has {quoted(_around(text, found.start()), 40)}: UTF-8 that was read as another encoding"
    if "\r" in text:
        yield "has a carriage return (U+000D)"


def _around(text: str, at: int) -> str:
    return text[max(0, at - 15) : at + 15]


def find_odd_texts(material: Material) -> list[Finding]:
    """Find rows and documents with characters that nobody meant."""
    hits = [Hit((place,), fault) for place, text in _texts(material) for fault in _faults_of(text)]
    remedy = "read the file in its right encoding and save it as UTF-8; --fix removes control and invisible characters"
    return gathered("odd_text", "warning", "texts with characters that nobody meant", remedy, hits)


def _texts(material: Material) -> Iterator[tuple[Place, str]]:
    for record in material.records():
        yield (
            record.place,
            "\n".join([*(message.content for message in record.example.messages), record.example.target]),
        )
    for pair in material.preferences:
        texts = (*(message.content for message in pair.item.messages), pair.item.chosen, pair.item.rejected)
        yield pair.place, "\n".join(texts)
    for said in material.feedback:
        yield said.place, "\n".join([*(message.content for message in said.item.messages), said.item.answer])
    for document in material.content.data.documents:
        yield Place("documents", document.source, id=document.id), document.text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def find_file_marks(material: Material) -> list[Finding]:
    """Find data files with a byte order mark, another encoding or Windows line ends."""
    hits = []
    for split, written in material.files().items():
        path = material.content.path.parent / written
        if marks := file_marks(path):
            hits.append(Hit((Place(split, written),), f"has {' and '.join(marks)}"))
    remedy = "nothing to do where the rows are read rightly; --fix writes plain UTF-8"
    return gathered(
        "file_marks", "note", "files with a byte order mark, another encoding or Windows line ends", remedy, hits
    )


def file_marks(path: Path) -> list[str]:
    """Return what a text file begins or ends its lines with, beside plain UTF-8."""
    if path.suffix.lower() == ".parquet" or kind_of(path) != "file":
        return []
    raw = path.read_bytes()
    marks = ["a byte order mark"] if is_marked(raw) else []
    marks += [] if marks or _is_utf8(raw) else [OTHER_ENCODING]
    return marks + (["Windows line ends"] if b"\r\n" in raw else [])
