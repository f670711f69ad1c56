"""Text that strangers wrote, made safe to look at: in reports, in exports and on a terminal.

Model output, rows and names are hostile: they may hold terminal escapes, characters that reorder a line, or half a
surrogate pair. Every such character is shown as a symbol, so that it can be seen and does nothing.
HTML escaping comes on top, where there is HTML.
"""

import re

# C0 controls except tab and newline, DEL, C1 controls, invisible or reordering format characters,
# line and paragraph separators, surrogates, interlinear marks, tag characters, non-characters.
# Zero-width joiners (200C, 200D) stay: Persian, Indic scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_UNSEEN_OR_WIDE = re.compile(f"{_UNSEEN.pattern}|[^\x00-\x7f]")
_C0_PICTURES = 0x2400  # U+2400 SYMBOL FOR NULL; the block keeps the order of the C0 controls
_DELETE = 0x7F
_SPECIAL = re.compile(r"([\\`*\[\]#!~|$])")
_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # inside a word it formats nothing
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp|www)([:.])")


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


def markdown(text: str) -> str:
    """Return one line of Markdown that shows the text and does nothing else: no format, link, mention or HTML."""
    line = _SPECIAL.sub(r"\\\1", one_line(text))
    line = _OUTER_UNDERSCORE.sub(r"\\_", line)
    line = "".join(_ENTITIES.get(character, character) for character in line)
    line = _ADDRESS.sub(lambda found: f"{found[1]}&#{ord(found[2])};", line)
    return re.sub(r"^([-+=]|\d+[.)])(?=\s|$)", r"&#8203;\1", line)  # never a list, a rule or a heading


def json_text(text: str, *, is_ascii: bool = False) -> str:
    """Return JSON that means the same, with the characters that do something on a terminal written as escapes.

    Args:
        text: JSON; such characters stand inside its strings alone.
        is_ascii: Write everything beyond ASCII so.
    """
    return (_UNSEEN_OR_WIDE if is_ascii else _UNSEEN).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
