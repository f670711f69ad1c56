"""Word files (.docx) read as text, by mammoth: headings, lists and tables as it gives them in HTML."""

import io
import zipfile

from harness.task.pages.html import text_of_html
from harness.task.pages.page import PageFault
from harness.task.text import UNUSABLE

_OLE = b"\xd0\xcf\x11\xe0"  # the container of encrypted files and of Word's format before .docx
_SEALED = PageFault("encrypted, or .doc inside", "save as .docx without a password, or move out of the documents")
_DAMAGED = PageFault("damaged DOCX", "save again, or move out of the documents")
_MOST_XML = 50_000_000  # bytes of a document's own parts, unpacked; a thousand pages take a tenth of it
_TOO_LARGE = PageFault(f"parts of more than {_MOST_XML:,} bytes", "split it, or move it out of the documents")
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"


def text_of_docx(raw: bytes) -> str:
    """Return the text of a Word file; headings and tables are written as in Markdown.

    Raises:
        PageFault: If it is encrypted or damaged.
    """
    import mammoth

    if raw.startswith(_OLE):
        raise _SEALED
    _check_extent(raw)
    try:
        html = mammoth.convert_to_html(io.BytesIO(raw), style_map=_STYLES, convert_image=lambda image: []).value
    except MemoryError:
        raise
    except Exception:  # of a file's bytes: the reader of so rich a format may fail in any way
        raise _DAMAGED from None
    return UNUSABLE.sub("\ufffd", text_of_html(f"<body>{html}</body>".encode()))


def _check_extent(raw: bytes) -> None:
    """Refuse a file whose parts are too large when they are unpacked; no more than they say is ever unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            size = sum(part.file_size for part in packed.infolist() if not part.filename.startswith("word/media/"))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise _DAMAGED from None
    if size > _MOST_XML:
        raise _TOO_LARGE
