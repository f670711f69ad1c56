"""Pages as they are: files of a documents folder read as text, in which headings and tables stand as in Markdown."""

from harness.task.pages.apart import read_page
from harness.task.pages.kinds import KINDS_READ, PLAIN, READERS, left_out
from harness.task.pages.page import Page, PageFault

__all__ = ["KINDS_READ", "PLAIN", "READERS", "Page", "PageFault", "left_out", "read_page"]
