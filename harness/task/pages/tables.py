"""Tables of HTML, written as in Markdown: one header row, a line a row, and cells that span several repeated."""

from collections.abc import Iterator
from typing import Any

KEPT = "data-kept"  # marks the text of a table that is taken as it is
WIDEST = 64  # columns that a cell may span, and that spanning cells may reach; HTML allows 1000, and nobody means them
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_INLINE = frozenset("a abbr b code em font i mark s small span strong sub sup u".split())


def keep_tables(content: Any) -> None:
    """Put a table's text in its place; what only lays out the page becomes plain blocks."""
    for table in reversed(list(content.iter("table"))):  # inner ones first
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        is_layout = table.get("role") in ("presentation", "none") or _holds_blocks(table)
        if is_layout or sum(map(bool, cells)) < 2 or max(map(len, cells), default=0) < 2:
            for element in [table, *rows, *(cell for row in cells for cell in row)]:
                element.tag = "div"
        else:
            _replace(table, _text(table, rows, cells))


def tables_alone(source: str) -> str | None:
    """Return the tables of a piece of HTML, with their captions; None where it lays out a page or has text beside."""
    from lxml import etree, html

    parser = html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        content = html.fragment_fromstring(source, create_parent="div", parser=parser)
    except (etree.ParserError, ValueError):  # of characters that lxml refuses
        return None
    if any("depth" in entry.message for entry in parser.error_log):
        return None
    keep_tables(content)
    tables = [one for one in content.iter("pre") if KEPT in one.attrib]
    captions = [one for table in tables if (one := table.getprevious()) is not None and one.tag == "p"]
    texts = [str(one.text) for one in content.iter("p", "pre") if one in tables or one in captions]
    says_no_more = " ".join(content.itertext()).split() == " ".join(texts).split()
    return "\n\n".join(texts) if tables and says_no_more else None


def _holds_blocks(table: Any) -> bool:
    return any(True for _ in table.iter(*_HEADINGS)) or any(KEPT in one.attrib for one in table.iter("pre"))


def _replace(table: Any, text: str) -> None:
    caption = " ".join(table.findtext("caption", "").split())
    tail = table.tail
    table.clear()
    table.tail = tail
    table.tag, table.text = "pre", text
    table.set(KEPT, "")
    if caption:
        above = table.makeelement("p")
        above.text = caption
        table.addprevious(above)


def _text(table: Any, rows: list[Any], cells: list[list[Any]]) -> str:
    grid = _grid(cells)
    width = max(map(len, grid))
    headers = _header_rows(rows, cells)
    has_names = headers > 0 or not any(cell.tag == "th" for row in cells for cell in row)
    headers = max(headers, 1) if has_names else 0
    names = [_together([row[at] for row in grid[:headers] if at < len(row)]) for at in range(width)]
    lines = [names, ["---"] * width, *(row + [""] * (width - len(row)) for row in grid[headers:] if any(row))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _header_rows(rows: list[Any], cells: list[list[Any]]) -> int:
    """How many rows name the columns: those of `thead`, or the first whose cells are all `th`."""
    count = 0
    for row, own in zip(rows, cells, strict=True):
        if not own or not (row.getparent().tag == "thead" or all(cell.tag == "th" for cell in own)):
            break
        count += 1
    return count if count < len(rows) else 1


def _grid(cells: list[list[Any]]) -> list[list[str]]:
    """Return the cells' texts by row and column; one that spans several stands in each, but for a row of its own."""
    grid: list[list[str]] = []
    above: dict[int, tuple[str, int]] = {}  # by column: the text of a cell that began higher, and rows that it has left
    for row in cells:
        line: list[str] = []
        below = {at: (text, left - 1) for at, (text, left) in above.items() if left > 1}
        for cell in row:
            _fill(line, above)
            wide, high = _span(cell, "colspan", WIDEST), _span(cell, "rowspan", len(cells))
            text = _said(cell)
            if high > 1 and len(line) < WIDEST:
                below |= {len(line) + step: (text, high - 1) for step in range(wide)}
            line += [text] + ["" if len(row) == 1 else text] * (wide - 1)
        _fill(line, above)
        grid.append(line)
        above = below
    return grid


def _fill(line: list[str], above: dict[int, tuple[str, int]]) -> None:
    """Add what cells of rows above put in the next columns."""
    while len(line) in above:
        line.append(above[len(line)][0])


def _span(cell: Any, name: str, most: int) -> int:
    written = (cell.get(name) or "1").strip()
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 6 else 1
    return min(max(number, 1), most)


def _said(cell: Any) -> str:
    return " ".join("".join(_pieces(cell)).split()).replace("|", "\\|")


def _pieces(cell: Any) -> Iterator[str]:
    """Yield a cell's text; blocks inside stand apart, words that are partly marked up do not."""
    from lxml import etree

    for event, element in etree.iterwalk(cell, events=("start", "end")):
        yield "" if element.tag in _INLINE else " "
        if event == "start":
            yield element.text or ""
            yield f" {element.get('alt') or ''} " if element.tag == "img" else ""
        elif element is not cell:
            yield element.tail or ""


def _together(names: list[str]) -> str:
    return " ".join(dict.fromkeys(name for name in names if name))
