"""Text that strangers wrote, made safe to look at.

Model output is hostile: it may hold terminal escapes, characters that reorder a line, or half a
surrogate pair. Every such character is shown as a symbol, so that it can be seen and does nothing.
HTML escaping comes on top, in the templates and in `charts.svg`.
"""

import re
from dataclasses import dataclass

# C0 controls except tab and newline, DEL, C1 controls, invisible or reordering format characters,
# line and paragraph separators, surrogates, interlinear marks, tag characters, non-characters.
# Zero-width joiners (200C, 200D) stay: Persian, Indic scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_C0_PICTURES = 0x2400  # U+2400 SYMBOL FOR NULL; the block keeps the order of the C0 controls
_DELETE = 0x7F


def visible(text: str) -> str:
    """Show control and invisible characters as symbols; tab and newline stay."""
    return _UNSEEN.sub(_symbol, text.replace("\r\n", "\n"))


def _symbol(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(_C0_PICTURES + code)
    return "\u2421" if code == _DELETE else f"⟨U+{code:04X}⟩"


def one_line(text: str) -> str:
    """Make the text visible and join its lines with a return symbol."""
    return visible(text).replace("\n", " ⏎ ").replace("\t", " ").strip()


@dataclass(frozen=True, slots=True)
class Clipped:
    """The start of a text, and how many characters were left out."""

    shown: str
    hidden: int  # 0: the text is whole

    @property
    def note(self) -> str:
        """What the reader is told about the rest; empty when there is none."""
        return f"… {self.hidden:,} more character{'s' if self.hidden != 1 else ''}" if self.hidden else ""

    def __str__(self) -> str:
        return self.shown + (f" {self.note}" if self.hidden else "")


def clip(text: str, limit: int) -> Clipped:
    """Keep the first `limit` characters and count the rest."""
    return Clipped(text[:limit], max(0, len(text) - limit))
