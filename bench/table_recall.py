"""How often the row of a long table that a question asks for is among the passages that are found.

120 questions about the table of tests/rag/document_inputs/long-table, with the embedded embedder: passages cut as plain
text, passages that carry the table's header, and these found by their rows as well, as the RAG arm has them.
"""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from baselines.rag.chunks import passages_of, split
from baselines.rag.embedder import open_embedder
from baselines.rag.index import build_index
from baselines.rag.options import CHUNK_TOKENS, DEFAULT_EMBEDDER
from harness.records import Document

CASE = Path(__file__).parent.parent / "tests" / "rag" / "document_inputs" / "long-table"
DEPTH = 3


def main() -> None:
    """Print the shares within one, two and three passages."""
    documents = [Document(file.stem, file.read_text(), file.name) for file in sorted((CASE / "documents").iterdir())]
    questions = [json.loads(line)["question"] for line in (CASE / "rows.jsonl").read_text().splitlines()]
    count = open_embedder(DEFAULT_EMBEDDER).count
    plain = [text for one in documents for text in split(one.text, count, CHUNK_TOKENS)]
    with_header = [passage.text for passage in passages_of(documents, count, CHUNK_TOKENS)]
    print("cut as plain text             ", _shares(_as_documents(plain), questions))
    print("with headings and header      ", _shares(_as_documents(with_header), questions))
    print("and found by their rows as well", _shares(documents, questions))


def _as_documents(texts: Sequence[str]) -> list[Document]:
    """Return passages as documents that are not cut again and whose rows are not looked at."""
    return [Document(f"d{at}", text, "", is_plain=True) for at, text in enumerate(texts)]


def _shares(documents: Sequence[Document], questions: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        found = build_index(documents, Path(folder) / "index").search(questions, DEPTH)
    ranks = [_rank(question, [one.text for one in shown]) for question, shown in zip(questions, found, strict=True)]
    return ", ".join(f"{sum(rank < k for rank in ranks) / len(ranks):.1%}" for k in range(1, DEPTH + 1))


def _rank(question: str, texts: Sequence[str]) -> int:
    named = re.search(r" of (\S+)\?", question)
    assert named is not None  # every question of the case ends so
    return next((at for at, text in enumerate(texts) if f"| {named[1]} |" in text), DEPTH)


if __name__ == "__main__":
    main()
