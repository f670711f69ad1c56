"""What a document is made of, as Markdown says it: text under its headings, and tables with their header.

markdown-it-py finds headings, tables (CommonMark with GitHub's tables) and code that says it is CSV or TSV, the last
two also in lists; nothing else of the markup is touched.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

# Only what may hold a heading or a table is parsed.
_MAY_HAVE_PARTS = re.compile(
    r"^ {0,3}(?:#{1,6}\s|=+\s*$|-+\s*$|.*\|\s*:?-|:?-+:?\s*\||.*(?:```|~~~)\s*[ct]sv)", re.MULTILINE | re.IGNORECASE
)
_MARKER = re.compile(r"^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*")  # of a list's item, in front of its first line
_CELL_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document below one heading: text that may begin with it, or a table."""

    text: str  # of a table the rows alone, a line each
    above: tuple[str, ...]  # headings that it stands under and that are not in `text`, outermost first
    own: tuple[str, ...] = ()  # the heading that `text` begins with
    header: str = ""  # of a table: the row with the columns' names; '' when it has none
    is_table: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """All headings over what follows the first line."""
        return (*self.above, *self.own)


def parts_of(text: str) -> list[Part]:
    """Return a document's parts in order; one alone, without headings, where it has neither headings nor tables."""
    if not _MAY_HAVE_PARTS.search(text):
        return [Part(text, ())]
    return list(_parts(text.split("\n"), list(_marks(text)))) or [Part(text, ())]


def cells_of(row: str) -> list[str]:
    """Return the cells of a table's line."""
    inner = row.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip() for cell in _CELL_BORDER.split(inner)]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a heading or a table stands: lines `begin` to `end`, the last one left out."""

    begin: int
    end: int
    level: int  # of a heading, from 1; 0 for a table
    title: str = ""
    rows: tuple[str, ...] = ()  # of a table, the header first


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _marks(text: str) -> Iterator[_Mark]:
    """Yield headings that stand in no list, and tables; none that stands in a quotation."""
    from markdown_it.rules_block import StateBlock

    parser = _parser()
    state = StateBlock(text, parser, {}, [])  # blocks alone: what is inside a line does not matter here
    parser.block.tokenize(state, 0, state.lineMax)
    lines = text.split("\n")
    quotations = 0
    for token, following in zip(state.tokens, [*state.tokens[1:], None], strict=True):
        quotations += token.nesting if token.type.startswith("blockquote") else 0
        if quotations or token.map is None:
            continue
        begin, end = token.map
        if token.type == "heading_open" and following is not None and not token.level:
            yield _Mark(begin, end, int(token.tag[1]), " ".join(following.content.split()))
        elif token.type == "table_open":
            header, _, *others = lines[begin:end]
            rows = [row.strip() for row in others] if token.level else others
            yield _Mark(begin, end, 0, rows=((_MARKER.sub("", header) if token.level else header).strip(), *rows))
        elif token.type == "fence" and (written := _rows_of(token.content, token.info.strip().lower())):
            yield _Mark(begin, end, 0, rows=written)


def _rows_of(code: str, language: str) -> tuple[str, ...]:
    """Return the rows of code that is a table, written as Markdown has them; none for other code."""
    first = code.partition("\n")[0]
    mark = {"csv": ";" if first.count(";") > first.count(",") else ",", "tsv": "\t"}.get(language)
    try:
        rows = [row for row in csv.reader(code.splitlines(), delimiter=mark) if row] if mark else []
    except csv.Error:
        return ()
    lines = (" | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) for row in rows)
    return tuple(f"| {line} |" for line in lines) if len(rows) > 1 else ()


def _parts(lines: Sequence[str], marks: Sequence[_Mark]) -> Iterator[Part]:
    path: dict[int, str] = {}  # headings in force, by level
    own: tuple[str, ...] = ()
    begin = 0

    def text_until(end: int) -> Iterator[Part]:
        text = "\n".join(lines[begin:end]).strip("\n")
        above = tuple(path[level] for level in sorted(path))
        if text.strip():
            yield Part(text, above[: len(above) - len(own)], own)

    for mark in marks:
        yield from text_until(mark.begin)
        if mark.level:
            path = {level: title for level, title in path.items() if level < mark.level}
            path[mark.level] = f"{'#' * mark.level} {mark.title}"
            own, begin = (path[mark.level],), mark.begin
            continue
        above = tuple(path[level] for level in sorted(path))
        header, *others = mark.rows
        rows = "\n".join(line for line in others if line.strip())
        if rows:
            yield Part(rows, above, header=header if any(cells_of(header)) else "", is_table=True)
        own, begin = (), mark.end
    yield from text_until(len(lines))
