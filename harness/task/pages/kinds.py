"""Which files are pages, how each kind is read, and what the others are called."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from harness.task.encodings import decode_any
from harness.task.pages.docx import text_of_docx
from harness.task.pages.front_matter import without_front_matter
from harness.task.pages.html import text_of_html
from harness.task.pages.markdown import with_tables
from harness.task.pages.mdx import without_modules
from harness.task.pages.page import Page
from harness.task.pages.pdf import page_of_pdf

MARKDOWN = (".md", ".markdown", ".mdx")
PLAIN = (".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org")  # no headings or tables are looked for in these
HTML = (".html", ".htm", ".xhtml")
KINDS_READ = "Markdown, text, HTML, PDF or DOCX"

_IMAGES = ".png .jpg .jpeg .gif .svg .webp .avif .ico .bmp .tif .tiff .heic .drawio .excalidraw"
_SETTINGS = ".yml .yaml .toml .json .ini .cfg .conf .lock .properties .env .xml .xsd"
_CODE = ".css .scss .sass .less .js .mjs .ts .tsx .jsx .vue .py .rb .sh .bat .map .liquid .njk .j2 .jinja .tmpl"
_MEDIA = ".woff .woff2 .ttf .otf .eot .mp3 .mp4 .webm .mov .avi .wav .ogg"
_KINDS = {"image": _IMAGES, "file of settings": _SETTINGS, "file of code or styles": _CODE, "font or recording": _MEDIA}
_KIND_OF = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}


def _text_page(raw: bytes, read: Callable[[str], str]) -> Page:
    """Read a page of text, in the encodings in which rows are read too."""
    decoded = decode_any(raw)
    return Page(read(decoded.text), decoded.guess)


# By suffix; they raise TextFault or PageFault.
READERS: Mapping[str, Callable[[bytes], Page]] = {
    **dict.fromkeys(MARKDOWN, lambda raw: _text_page(raw, lambda text: with_tables(without_front_matter(text)))),
    ".mdx": lambda raw: _text_page(raw, lambda text: with_tables(without_modules(without_front_matter(text)))),
    **dict.fromkeys(PLAIN, lambda raw: _text_page(raw, lambda text: text.replace("\r\n", "\n"))),
    **dict.fromkeys(HTML, lambda raw: Page(text_of_html(raw))),
    ".pdf": page_of_pdf,
    ".docx": lambda raw: Page(text_of_docx(raw)),
}


def left_out(suffixes: Iterable[str]) -> list[str]:
    """Return a line for each kind of file that is not a page, with how many there are.

    Args:
        suffixes: Of the files, in lower case; '' for a file without one.
    """
    counts = Counter(suffixes)
    by_kind: dict[str, list[str]] = {}
    for suffix in sorted(counts, key=lambda one: (-counts[one], one)):
        by_kind.setdefault(_KIND_OF.get(suffix, ""), []).append(suffix)
    return [_line(kind, {one: counts[one] for one in found}) for kind, found in sorted(by_kind.items(), reverse=True)]


def _line(kind: str, counts: Mapping[str, int]) -> str:
    number = sum(counts.values())
    named = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in counts.items())
    if kind:
        first, _, rest = kind.partition(" ")
        many = f"{first}{'' if number == 1 else 's'}{' ' if rest else ''}{rest}"
        return f"{number} {many} left out ({named})"
    files = "file" if number == 1 else "files"
    return f"{number} {files} of kinds that are not read left out ({named}); convert to {KINDS_READ} what holds answers"
