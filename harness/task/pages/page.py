"""A page as its reader gives it, or what keeps it from being read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one file."""

    text: str  # headings and tables as in Markdown, but for plain text
    note: str = ""  # what of the file holds no text, as it is said of one file


@dataclass(frozen=True)
class PageFault(Exception):
    """A page without a text that can be had: why, and what to do."""

    reason: str  # e.g. 'encrypted'
    remedy: str
