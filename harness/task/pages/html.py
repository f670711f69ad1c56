"""HTML read as text: headings, lists and tables are written as in Markdown, so that passages know them."""

import codecs
import re
import sys
from collections.abc import Iterator
from typing import Any

from harness.task.pages.page import PageFault
from harness.task.pages.tables import KEPT, keep_tables
from harness.task.text import UNUSABLE, TextFault, decode

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(
    "address article aside blockquote body dd details dialog div dl dt fieldset figcaption figure footer form header"
    " hgroup hr legend li main ol option p pre section summary table tbody td tfoot th thead tr ul".split()
) | set(HEADINGS)
_UNSEEN = ("script", "style", "template", "noscript", "nav", "svg", "iframe", "head")
_TABLE_ROLES = {  # by which other elements are those of a table
    **{"table": "table", "grid": "table", "rowgroup": "tbody", "row": "tr"},
    **{"cell": "td", "gridcell": "td", "columnheader": "th", "rowheader": "th"},
}
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_LOOKS_LIKE_MARKUP = re.compile(r"^(#{1,6}\s)", re.MULTILINE)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBERED = re.compile(r"&#(?:([xX])([0-9a-fA-F]{1,9})|(\d{1,9}));?")
_LOST = "\ufffd"
_BREAK = "\v"


def text_of_html(raw: bytes) -> str:
    """Return what a page says: of its one `main` where it has that, without scripts, navigation and what is hidden.

    Raises:
        TextFault: If it is neither UTF-8, as the reader of text takes it, nor in the encoding that it declares.
        PageFault: If it nests so deeply that the parser gives up.
    """
    from lxml import etree, html

    source = _DECLARATION.sub("", _without_controls(_decoded(raw)))
    if not source.strip():
        return ""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(source.encode(), parser=parser)
    except etree.ParserError:  # comments alone
        return ""
    if any("depth" in entry.message for entry in parser.error_log):  # all below would be lost
        raise PageFault("elements nested too deeply", "write again, or move out of the documents")
    title = " ".join((root.findtext(".//head/title") or "").split())
    for element in list(root.iter(*_UNSEEN)):
        element.drop_tree()
    for element in root.xpath("//body//*[@hidden]"):
        element.drop_tree()
    for element in root.iter("sup"):  # 10<sup>6</sup> is not 106
        element.text = f"^{element.text or ''}"
    mains = root.xpath("//main")
    content = mains[0] if len(mains) == 1 else root
    for element in content.xpath(".//*[@role]"):
        element.tag = _TABLE_ROLES.get(element.get("role"), element.tag)
    keep_tables(content)
    blocks = _Blocks().read(content)
    if title and blocks and not any(block.startswith("# ") for block in blocks):
        blocks.insert(0, f"# {title}")
    return UNUSABLE.sub("\ufffd", "".join(_with_space(blocks)))


def _decoded(raw: bytes) -> str:
    try:
        return decode(raw)
    except TextFault as fault:
        named = _CHARSET.search(raw[:4096])
        try:
            return raw.decode(codecs.lookup(named[1].decode("ascii")).name) if named else _refuse(fault)
        except (LookupError, UnicodeError):  # of the codec 'undefined' it is not the usual one
            return _refuse(fault)


def _without_controls(source: str) -> str:
    """Mark the characters, written plainly or by number, that lxml refuses as the text of an element."""
    return _NUMBERED.sub(_marked, _NO_XML.sub(_LOST, source))


def _marked(numbered: re.Match[str]) -> str:
    number = int(numbered[2], 16) if numbered[1] else int(numbered[3])
    return numbered[0] if number > sys.maxunicode or not _NO_XML.match(chr(number)) else _LOST


def _refuse(fault: TextFault) -> str:
    raise fault


class _Blocks:
    """The blocks of a page in order: paragraphs, headings, list items, code and tables."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._text: list[str] = []
        self._prefix = ""

    def read(self, content: Any) -> list[str]:
        """Walk the tree without recursion, as pages may nest deeper than Python does."""
        from lxml import etree

        walk = etree.iterwalk(content, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                self._begin(element)
                if element.tag == "pre":
                    walk.skip_subtree()
            else:
                self._end(element)
        self._flush()
        return self._found

    def _begin(self, element: Any) -> None:
        if element.tag in _BLOCKS:
            self._flush()
        if element.tag == "pre":
            kept = str(element.text_content()).strip("\n")
            self._found += [kept if KEPT in element.attrib else f"```\n{kept}\n```"] if kept.strip() else []
            return
        if element.tag in HEADINGS:
            self._prefix = "#" * int(element.tag[1]) + " "
        elif element.tag == "li":
            self._prefix = "- "
        elif element.tag == "br":
            self._text.append(_BREAK)
        elif element.tag == "img":
            self._text.append(f" {element.get('alt') or ''} ")
        self._text.append(element.text or "")

    def _end(self, element: Any) -> None:
        if element.tag in _BLOCKS:
            self._flush()
        if element.tag in HEADINGS or element.tag == "li":
            self._prefix = ""
        self._text.append(element.tail or "")

    def _flush(self) -> None:
        lines = [" ".join(line.split()) for line in "".join(self._text).split(_BREAK)]
        text = "\n".join(line for line in lines if line)
        self._text.clear()
        if not text:
            return
        is_heading = self._prefix.startswith("#")
        plain = " ".join(text.split()) if is_heading else _LOOKS_LIKE_MARKUP.sub(r"\\\1", text)
        self._found.append(self._prefix + plain)
        self._prefix = ""


def _with_space(blocks: list[str]) -> Iterator[str]:
    """Yield the blocks with an empty line between them; the items of a list stand together."""
    for number, block in enumerate(blocks):
        if number:
            yield "\n" if block.startswith("- ") and blocks[number - 1].startswith("- ") else "\n\n"
        yield block
