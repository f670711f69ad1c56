"""Small PDF and DOCX files made in memory, for tests of what reads them."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pdf_of(*sheets: Sequence[str], password: str | None = None) -> bytes:
    """Return a PDF with these lines on each sheet; a sheet without lines shows nothing, as a scan without text."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    for lines in sheets:
        page = writer.add_blank_page(600, 800)
        words = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        font = DictionaryObject({NameObject(key): NameObject(word) for key, word in words.items()})
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        shown = " ".join(f"1 0 0 1 50 {750 - 20 * at} Tm ({line}) Tj" for at, line in enumerate(lines))
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf {shown} ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(content)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def docx_of(*blocks: tuple[str, str] | Iterable[Sequence[str]]) -> bytes:
    """Return a Word file of paragraphs (style name, text) and tables (rows of cells)."""
    body = "".join(_paragraph(*block) if isinstance(block, tuple) else _table(block) for block in blocks)
    names = sorted({block[0] for block in blocks if isinstance(block, tuple)})
    kind = '<w:style w:type="paragraph"'
    styles = "".join(f'{kind} w:styleId="S{at}"><w:name w:val="{name}"/></w:style>' for at, name in enumerate(names))
    for at, name in enumerate(names):
        body = body.replace(f'w:val="{name}"', f'w:val="S{at}"')
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/officeDocument"'
        ' Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/styles"'
        ' Target="styles.xml"/></Relationships>',
        "word/document.xml": f"<w:document {_W}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_W}>{styles}</w:styles>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return packed.getvalue()


def _paragraph(style: str, text: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>'


def _table(rows: Iterable[Sequence[str]]) -> str:
    cells = ("".join(f"<w:tc><w:p><w:r><w:t>{escape(c)}</w:t></w:r></w:p></w:tc>" for c in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"
