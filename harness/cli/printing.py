"""The one place where a command prints: what others wrote does nothing on a terminal but stand there.

Rows, names, descriptions, libraries and models may bring escapes that rename the window, clear the screen or hide a
line. `say` and `console` show them as symbols. Whatever is printed past these, by a library or by Python itself, goes
through `guarded`, which lets nothing through but colours and, while a line moves, the cursor.
"""

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.console import Console
from rich.text import Text

from harness.visible import json_text, visible

_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")
_MOVES = re.compile(r"(\x1b\[[0-9;]*[mAK]|\x1b\[\?25[hl]|\r)")  # also: up, erase the line, hide and show the cursor


class Marked(str):
    """A text with colours of ours, whose own characters are visible already."""


def marked(text: str, **style: Any) -> Marked:
    """Colour a text, as `click.style` does."""
    return Marked(click.style(visible(text), **style))


def say(*parts: str, err: bool = False) -> None:
    """Print a line, to standard error where asked; characters that the terminal lacks are replaced."""
    click.echo("".join(part if isinstance(part, Marked) else visible(part) for part in parts), err=err)


def say_json(data: object) -> None:
    """Print JSON, whole and harmless."""
    say_json_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def say_json_text(text: str) -> None:
    """Print JSON as it was written, less what would do something on a terminal or cannot be shown there."""
    is_ascii = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
    click.echo(json_text(text, is_ascii=is_ascii), nl=False)


class _Console(Console):
    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


def console(stream: TextIO | None = None) -> Console:
    """Return rich's console on a stream, or on standard output without breaking lines; its texts are made visible."""
    return _Console(file=stream, highlight=False, soft_wrap=stream is None)


class _Guarded(io.TextIOWrapper):
    """A text stream that lets no control character out but the escapes that are ours."""

    allowed = _COLOURS

    def write(self, text: str) -> int:
        own = self.isatty()
        parts = self.allowed.split(text) if own else [text]
        safe = [part if own and number % 2 else visible(part) for number, part in enumerate(parts)]
        super().write("".join(safe))
        return len(text)


@contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and error of this process until the block ends."""
    before = {"stdout": sys.stdout, "stderr": sys.stderr}
    for name, stream in before.items():
        setattr(sys, name, _guard(stream))
    try:
        yield
    finally:
        for name, stream in before.items():
            guard = getattr(sys, name)
            if isinstance(guard, _Guarded):  # click has put another in its place where the reader is gone
                guard.flush()
                guard.detach()
                setattr(sys, name, stream)


@contextmanager
def moving(stream: TextIO) -> Iterator[None]:
    """Let the cursor move on a stream, for a line that is drawn again and again."""
    if not isinstance(stream, _Guarded):
        yield
        return
    stream.allowed = _MOVES
    try:
        yield
    finally:
        stream.allowed = _COLOURS


def _guard(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    return _Guarded(
        stream.buffer,
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
