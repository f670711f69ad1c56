"""Tables of HTML inside a Markdown page, written as Markdown has them."""

import re
from collections.abc import Iterator

from harness.task.pages.tables import tables_alone

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})")
_BEGINS = re.compile(r"^ {0,3}(?:<[a-z].*)?<table\b", re.IGNORECASE)
_TAG = re.compile(r"<(/?)table\b[^<>]*>?", re.IGNORECASE)


def with_tables(text: str) -> str:
    """Return a page with its tables of HTML as those of Markdown; what is code or lays out the page stays."""
    return "\n".join(_lines(text)) if _TAG.search(text) else text


def _lines(text: str) -> Iterator[str]:
    fence = ""  # that ends the block of code
    block: list[str] = []  # the lines of a table up to where it is closed
    depth = 0
    for line in text.split("\n"):
        opens = None if block else _FENCE.match(line)
        if fence or opens:
            is_end = bool(fence) and line.strip(" \t>").startswith(fence) and not line.strip(" \t>`~")
            fence = "" if is_end else fence or (opens[1] if opens else "")
            yield line
        elif block or _BEGINS.match(line):
            block.append(line)
            depth += sum(-1 if closes else 1 for closes in _TAG.findall(line))
            if depth <= 0:
                yield from _written("\n".join(block))
                block, depth = [], 0
        else:
            yield line
    yield from block


def _written(block: str) -> Iterator[str]:
    """Yield what stands before, in and behind a table; all as it is where that is no table of data."""
    begin = next(_TAG.finditer(block)).start()
    end = [found.end() for found in _TAG.finditer(block)][-1]
    table = tables_alone(block[begin:end])
    if table is None:
        yield block
        return
    before, behind = block[:begin], block[end:]
    yield from filter(str.strip, (before,))
    yield from ("", table, "")
    yield from filter(str.strip, (behind,))
