"""Documents cut into passages at the joints of the text: sections, rows of tables, paragraphs, sentences, clauses.

A passage knows where it stands: the headings over it, and of a table's rows the header, are written above it. What has
neither headings nor tables is cut as plain text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from baselines.rag.structure import Part, cells_of, parts_of
from harness.records import Document, Passage

# A tokenizer may call a long run without spaces one unknown token; a token is taken to stand for no
# more characters than this, so that such a passage cannot fill a prompt.
MOST_CHARACTERS = 8
MOST_CONTEXT = 0.5  # of a passage may be headings and header

Size = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage, and the rows of its tables: by each of them it can be found too, below its headings and header."""

    passage: Passage
    rows: tuple[str, ...] = ()


def passages_of(documents: Sequence[Document], count: Size, chunk_tokens: int) -> tuple[Passage, ...]:
    """Cut every document into passages of at most `chunk_tokens` tokens, without overlap but for what stands above.

    Passage ids are `document#n`, n from 1. A document of white space alone gives none.
    """
    return tuple(chunk.passage for chunk in chunks_of(documents, count, chunk_tokens))


def chunks_of(documents: Sequence[Document], count: Size, chunk_tokens: int) -> Iterator[Chunk]:
    """Yield the passages of `passages_of`, each with its rows."""
    for document in documents:
        for number, (text, rows) in enumerate(_texts(document, count, chunk_tokens), start=1):
            yield Chunk(Passage(f"{document.id}#{number}", document.id, text), rows)


def split(text: str, count: Size, most: int) -> list[str]:
    """Return the text's chunks of at most `most` tokens; only white space between them is lost."""
    import semchunk

    size = _bounded(count)
    if size(text) <= most:
        return [text.strip()] if text.strip() else []
    chunks: list[str] = semchunk.chunk(text, most, size, memoize=False)
    return [chunk.strip() for chunk in chunks if chunk.strip()]


def _bounded(count: Size) -> Size:
    return lambda part: max(count(part), -(-len(part) // MOST_CHARACTERS))


def _texts(document: Document, count: Size, most: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a document's passages with their rows."""
    parts = [] if document.is_plain else parts_of(document.text)
    packer = _Packer(count, most)
    if packer.size(document.text) <= most and document.text.strip():
        rows = (piece.row for part in parts if part.is_table for piece in packer.pieces(part))
        yield document.text.strip(), tuple(filter(None, rows))
    elif any(part.headings or part.is_table for part in parts):
        yield from packer.packed(parts)
    else:
        yield from ((text, ()) for text in split(document.text, count, most))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that is not cut further."""

    text: str
    above: str  # written before it where a passage begins with it
    glue: str = "\n\n"  # written before it where it follows another piece
    row: str = ""  # what stands for it in a search: of a table's row, all that it is read below


@dataclass(frozen=True)
class _Packer:
    """Cuts a document's parts to size and puts neighbours together while they fit."""

    count: Size
    most: int

    def size(self, text: str) -> int:
        """Length of a text as it counts towards `most`."""
        return _bounded(self.count)(text)

    def packed(self, parts: Sequence[Part]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the passages in order, each with its rows."""
        current = ""
        rows: tuple[str, ...] = ()
        for piece in (piece for part in parts for piece in self.pieces(part)):
            own = (piece.row,) if piece.row else ()
            longer = f"{current}{piece.glue}{piece.text}"
            if current and self.size(longer) <= self.most:
                current, rows = longer, rows + own
                continue
            if current:
                yield current, rows
            current, rows = piece.above + piece.text, own
        yield current, rows

    def pieces(self, part: Part) -> Iterator[_Piece]:
        """Yield what a part is put together from."""
        if part.is_table:
            yield from self._rows(part)
            return
        headings = self._fitting(part.headings)
        for number, text in enumerate(self._split(part.text, headings)):  # the first has its own heading in it
            yield _Piece(text, _lines(headings if number or not part.own else headings[:-1]))

    def _rows(self, part: Part) -> Iterator[_Piece]:
        """Yield a table's rows, each to be read below its header; rows too long for it name every cell instead."""
        above = self._fitting((*part.above, part.header) if part.header else part.above)
        headings = tuple(line for line in above if line is not part.header)
        has_room = not part.header or len(headings) < len(above)
        header = f"{part.header}\n" if part.header else ""
        begins = True  # a passage, or what follows a row that was cut
        for row in part.text.split("\n"):
            whole = f"{_lines(headings)}{header}{row}"
            if not has_room or self.size(whole) > self.most:
                yield from self._named_cells(part, row)
                begins = True
                continue
            if begins:
                yield _Piece(f"{header}{row}", _lines(headings), row=whole)
            else:
                yield _Piece(row, f"{_lines(headings)}{header}", "\n", row=whole)
            begins = False

    def _named_cells(self, part: Part, row: str) -> Iterator[_Piece]:
        names = cells_of(part.header) if part.header else []
        named = [f"{name}: {cell}" if name else cell for name, cell in zip_longest(names, cells_of(row), fillvalue="")]
        if not any(named):
            return  # a row of empty cells says nothing
        first, *others = filter(None, named)
        above = self._fitting((*part.above, first))
        if first not in above or not others:  # too long to be repeated over what follows
            headings = self._fitting(part.above)
            yield from (_Piece(text, _lines(headings)) for text in self._split("; ".join([first, *others]), headings))
            return
        for number, text in enumerate(self._split("; ".join(others), above)):
            yield _Piece(text, _lines(above)) if number else _Piece(f"{first}\n\n{text}", _lines(above[:-1]))

    def _split(self, text: str, above: tuple[str, ...]) -> list[str]:
        return split(text, self.count, self.most - self.size(_lines(above)))

    def _fitting(self, above: tuple[str, ...]) -> tuple[str, ...]:
        """Return as many of the innermost lines as leave room for the text below them."""
        while above and self.size(_lines(above)) > MOST_CONTEXT * self.most:
            above = above[1:]
        return above


def _lines(above: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in above) + ("\n" if above else "")
