"""Word files (.docx) read as text, by mammoth: headings, lists and tables as it gives them in HTML."""

import io

from harness.task.pages.html import text_of_html
from harness.task.pages.page import PageFault
from harness.task.text import UNUSABLE

_OLE = b"\xd0\xcf\x11\xe0"  # the container of encrypted files and of Word's format before .docx
_SEALED = PageFault("encrypted, or .doc inside", "save as .docx without a password, or move out of the documents")
_DAMAGED = PageFault("damaged DOCX", "save again, or move out of the documents")
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"


def text_of_docx(raw: bytes) -> str:
    """Return the text of a Word file; headings and tables are written as in Markdown.

    Raises:
        PageFault: If it is encrypted or damaged.
    """
    import mammoth

    if raw.startswith(_OLE):
        raise _SEALED
    try:
        html = mammoth.convert_to_html(io.BytesIO(raw), style_map=_STYLES, convert_image=lambda image: []).value
    except Exception:  # of a file's bytes: the reader of so rich a format may fail in any way
        raise _DAMAGED from None
    return UNUSABLE.sub("\ufffd", text_of_html(f"<body>{html}</body>".encode()))
