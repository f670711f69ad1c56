"""Pages, read in a process with limits: kilobytes of rich formats may stand for gigabytes, or for no end."""

from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from harness.confined import TemplateFault, called
from harness.task.pages.kinds import PLAIN, READERS
from harness.task.pages.page import Page, PageFault
from harness.task.text import MOST_BYTES, TextFault, check_size, read_bytes

RICH = (".pdf", ".docx")
MOST_PAGE_BYTES = 20_000_000  # of a page of text or HTML
MOST_CHARACTERS = 20_000_000  # of what a file says
SECONDS = 120  # of processor time for a PDF or Word file; a thousand pages take a minute
PAGE_SECONDS = 20  # for a page of Markdown or HTML
_REMEDY = "split it, or move it out of the documents"


def read_page(file: Path) -> Page:
    """Read a page by its suffix, which is one of READERS.

    Raises:
        TextFault: If the file cannot be read, is too large, or is not text.
        PageFault: If what it holds cannot be read, or not within limits.
    """
    suffix = file.suffix.lower()
    if suffix in PLAIN:
        return READERS[suffix](read_bytes(file, MOST_PAGE_BYTES))
    is_rich = suffix in RICH
    check_size(file, MOST_BYTES if is_rich else MOST_PAGE_BYTES)
    try:
        found = called(f"{__name__}:answer", {"path": str(file)}, SECONDS if is_rich else PAGE_SECONDS)
    except TemplateFault as fault:
        raise PageFault(str(fault), _REMEDY) from None
    if "reason" in found:
        raise PageFault(found["reason"], found["remedy"])
    if "encoding" in found:
        raise TextFault(*found["encoding"])
    return Page(found["text"], found["note"])


def answer(values: Mapping[str, str]) -> dict[str, Any]:
    """Read the file at `path`, in the process with limits; return the page, or why there is none."""
    file = Path(values["path"])
    try:
        page = READERS[file.suffix.lower()](file.read_bytes())
    except PageFault as fault:
        return {"reason": fault.reason, "remedy": fault.remedy}
    except TextFault as fault:
        return {"encoding": astuple(fault)}
    if len(page.text) > MOST_CHARACTERS:
        return {"reason": f"writes more than {MOST_CHARACTERS:,} characters", "remedy": _REMEDY}
    return {"text": page.text, "note": page.note}
