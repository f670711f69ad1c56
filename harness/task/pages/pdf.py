"""PDF files read as text, by pypdf."""

import io
import logging

from harness.task.pages.page import Page, PageFault
from harness.task.text import UNUSABLE

_ENCRYPTED = PageFault("encrypted", "save without a password, or move out of the documents")
_NO_TEXT = PageFault("no text, as in a scan", "run text recognition, or move out of the documents")
_DAMAGED = PageFault("damaged PDF", "save again, or move out of the documents")


def page_of_pdf(raw: bytes) -> Page:
    """Return the text of a PDF file, its pages separated by an empty line.

    Raises:
        PageFault: If it is encrypted, damaged, or has pictures and no text.
    """
    import pypdf
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports each oddity of a file that it can read
    try:
        sheets = [page.extract_text().strip() for page in pypdf.PdfReader(io.BytesIO(raw)).pages]
    except (DependencyError, FileNotDecryptedError):
        raise _ENCRYPTED from None
    except MemoryError:
        raise
    except Exception:  # of a file's bytes: the reader of so rich a format may fail in any way
        raise _DAMAGED from None
    said = [text for text in sheets if text]
    if not said:
        raise _NO_TEXT
    silent = len(sheets) - len(said)
    note = f"holds no text on {silent} of its {len(sheets)} pages (are they scanned?)" if silent else ""
    return Page(UNUSABLE.sub("\ufffd", "\n\n".join(said)), note)
