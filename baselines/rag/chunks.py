"""Documents cut into passages at the joints of the text: paragraphs, sentences, clauses."""

from collections.abc import Callable, Sequence

from harness.records import Document, Passage

# A tokenizer may call a long run without spaces one unknown token; a token is taken to stand for no
# more characters than this, so that such a passage cannot fill a prompt.
MOST_CHARACTERS = 8


def passages_of(documents: Sequence[Document], count: Callable[[str], int], chunk_tokens: int) -> tuple[Passage, ...]:
    """Cut every document into passages of at most `chunk_tokens` tokens, without overlap.

    Passage ids are `document#n`, n from 1. A document of white space alone gives none.
    """
    return tuple(
        Passage(f"{document.id}#{number}", document.id, text)
        for document in documents
        for number, text in enumerate(split(document.text, count, chunk_tokens), start=1)
    )


def split(text: str, count: Callable[[str], int], most: int) -> list[str]:
    """Return the text's chunks of at most `most` tokens; only white space between them is lost."""
    import semchunk

    def size(part: str) -> int:
        return max(count(part), -(-len(part) // MOST_CHARACTERS))

    if size(text) <= most:
        return [text.strip()] if text.strip() else []
    chunks: list[str] = semchunk.chunk(text, most, size, memoize=False)
    return [chunk.strip() for chunk in chunks if chunk.strip()]
