"""A run as a notebook's cell shows it: a few lines of HTML, without script, style or address."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from harness.api.summary import cells, heads, remarks, title
from harness.records import Run

REPORT = "report.html"


def summary(run: Run, folder: Path) -> str:
    """Return the verdict, a table of the arms, what the table cannot say, and where the report lies."""
    parts = [
        f"<p><strong>{escape(run.decision.sentence)}</strong></p>",
        f"<table><caption>{escape(title(run))}</caption><thead>{_line('th', heads(run))}</thead>",
        f"<tbody>{''.join(_line('td', row) for row in cells(run))}</tbody></table>",
        _list(remarks(run)),
        f"<p>report: <code>{escape(str(folder / REPORT))}</code></p>",
    ]
    return f"<div>{''.join(parts)}</div>"


def _line(tag: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"


def _list(lines: Iterable[str]) -> str:
    shown = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{shown}</ul>" if shown else ""
