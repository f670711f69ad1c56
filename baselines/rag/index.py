"""The passage index: a FAISS file, the passages, and a manifest that says what made them.

The manifest is written last, so a folder without a valid one is not an index. Opening checks every hash in
it; building reuses what is whole and of the same documents, chunking and embedder, and remakes the rest.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import torch

from baselines.rag.chunks import Chunk, chunks_of
from baselines.rag.embedder import Embedder, Vectors, open_embedder
from baselines.rag.options import CHUNK_TOKENS, DEFAULT_EMBEDDER
from harness.errors import ArmError
from harness.json_files import read_json
from harness.program import Shot
from harness.records import Document, Example, Passage
from harness.store.files import hash_data, hash_file, replacing, write_atomically

FORMAT = 3
MANIFEST, VECTORS, PASSAGES = "manifest.json", "index.faiss", "passages.jsonl"


@dataclass(frozen=True)
class PassageIndex:
    """An open index; inner products of unit vectors, so scores are cosines."""

    folder: Path
    passages: tuple[Passage, ...]
    vectors: Any  # faiss.IndexFlatIP
    owners: tuple[int, ...]  # the passage that each vector stands for; a row of a table has one beside its passage's
    embedder: Embedder
    manifest: Mapping[str, Any]

    def search(self, texts: Sequence[str], k: int) -> list[tuple[Passage, ...]]:
        """Return each text's `k` nearest passages, best first; all of them when there are fewer."""
        if not texts:
            return []
        faiss.omp_set_num_threads(torch.get_num_threads())
        queries = self.embedder.encode(texts, "query")
        most = max(Counter(self.owners).values())  # so many of the nearest vectors may be one passage's
        _, rows = self.vectors.search(queries, min(k * most, len(self.owners)))
        nearest = (dict.fromkeys(self.owners[row] for row in found) for found in rows)
        return [tuple(self.passages[owner] for owner in islice(owners, k)) for owners in nearest]


def index_folder(
    shared: Path, documents: Sequence[Document], chunk_tokens: int = CHUNK_TOKENS, embedder: str = DEFAULT_EMBEDDER
) -> Path:
    """Return where the index of these documents belongs: a folder named by all that makes it."""
    return shared / "index" / hash_data(_recipe(documents, chunk_tokens, open_embedder(embedder)))[:16]


def build_index(
    documents: Sequence[Document],
    folder: Path,
    chunk_tokens: int = CHUNK_TOKENS,
    embedder: str = DEFAULT_EMBEDDER,
    log: Callable[[str], None] | None = None,
) -> PassageIndex:
    """Return the index of `documents`, from `folder` when it is whole and up to date, else built there.

    Raises:
        ArmError: If there is no text to search, or passages would be longer than the embedder reads.
    """
    tell = log or (lambda message: None)
    model = open_embedder(embedder)
    recipe = _recipe(documents, chunk_tokens, model)
    if kept := _kept(folder, recipe, tell):
        return kept
    chunks = _cut(documents, chunk_tokens, model)
    tell(f"embedding {len(chunks)} passages of {len(documents)} documents")
    texts = [(text, owner) for owner, one in enumerate(chunks) for text in (one.passage.text, *one.rows)]
    passages, owners = [one.passage for one in chunks], [owner for _, owner in texts]
    _write(passages, lambda: model.encode([text for text, _ in texts], "document"), folder, recipe, owners)
    return open_index(folder)


def build_example_index(rows: Sequence[Example], shared: Path, log: Callable[[str], None]) -> PassageIndex:
    """Return the index of solved examples below `shared`, from there when it is whole, else built.

    An example is found by its question; the passage's text is a `harness.program.Shot` as JSON, its id the row's.
    """
    model = open_embedder(DEFAULT_EMBEDDER)
    texts = [json.dumps(_solved(row), ensure_ascii=False) for row in rows]
    recipe = {
        "format": FORMAT,
        "examples_sha256": hash_data([[row.id, text] for row, text in zip(rows, texts, strict=True)]),
        **_searched_by(model),
    }
    folder = shared / "examples" / hash_data(recipe)[:16]
    if kept := _kept(folder, recipe, log):
        return kept
    log(f"embedding the questions of {len(rows)} training rows")
    passages = [Passage(row.id, row.id, text) for row, text in zip(rows, texts, strict=True)]
    _write(passages, lambda: model.encode([row.question.text for row in rows], "query"), folder, recipe)
    return open_index(folder)


def _solved(row: Example) -> dict[str, Any]:
    """Return a row as a shot, without what it does not have."""
    shot = Shot.of(row)
    beside = {"columns": [asdict(one) for one in shot.columns], "history": [asdict(turn) for turn in shot.history]}
    return {"input": shot.input, "answer": shot.answer} | {name: found for name, found in beside.items() if found}


def _kept(folder: Path, recipe: Mapping[str, Any], tell: Callable[[str], None]) -> PassageIndex | None:
    """Return the index in `folder` when it is whole and made by this recipe."""
    if not (folder / MANIFEST).exists():
        return None
    try:
        found = open_index(folder)
    except ArmError as fault:
        tell(f"{fault}; building it again")
        return None
    if all(found.manifest.get(key) == value for key, value in recipe.items()):
        return found
    tell("the passage index is of other documents, chunks or embedder; building it again")
    return None


def open_index(folder: Path | str) -> PassageIndex:
    """Open an index after checking it against its manifest; it stays in memory for the next call.

    Raises:
        ArmError: If a file is missing or changed, or the embedder is not the one that made it.
    """
    folder = Path(folder)
    try:
        stamps = tuple((folder / name).stat() for name in (MANIFEST, VECTORS, PASSAGES))
    except OSError as fault:
        raise ArmError(
            f"no passage index in {folder}: {fault.strerror} ({fault.filename}); run the arm again"
        ) from fault
    return _open(folder, tuple((stamp.st_mtime_ns, stamp.st_size, stamp.st_ino) for stamp in stamps))


@lru_cache(maxsize=4)
def _open(folder: Path, stamps: tuple[tuple[int, int, int], ...]) -> PassageIndex:
    """Read and check the files; `stamps` makes changed ones another cache entry."""
    try:
        manifest = read_json(folder / MANIFEST)
        hashes, name, identity = manifest["files"], manifest["embedder"], manifest["embedder_sha256"]
    except (ValueError, KeyError, TypeError) as fault:
        raise ArmError(f"passage index {folder}: {MANIFEST} is damaged ({fault}); run the arm again") from fault
    for file in (VECTORS, PASSAGES):
        if hash_file(folder / file) != hashes.get(file):
            raise ArmError(f"passage index {folder}: {file} is not the file that was written; run the arm again")
    model = open_embedder(name)
    if model.identity != identity:
        raise ArmError(f"passage index {folder}: embedder '{name}' has changed since; run the arm again")
    lines = (folder / PASSAGES).read_text(encoding="utf-8").split("\n")
    passages = tuple(Passage(**json.loads(line)) for line in lines if line)
    vectors = faiss.read_index(str(folder / VECTORS))
    owners = tuple(manifest.get("passage_of_vector") or range(len(passages)))
    return PassageIndex(folder, passages, vectors, owners, model, manifest)


def _recipe(documents: Sequence[Document], chunk_tokens: int, model: Embedder) -> dict[str, Any]:
    """Return all that the passages and their vectors depend on."""
    return {
        "format": FORMAT,
        "documents_sha256": hash_data([[one.id, one.text, one.is_plain] for one in documents]),
        "chunk_tokens": chunk_tokens,
        "chunker": f"semchunk {version('semchunk')}, markdown-it-py {version('markdown-it-py')}",
        **_searched_by(model),
    }


def _searched_by(model: Embedder) -> dict[str, str]:
    return {"embedder": model.name, "embedder_sha256": model.identity, "metric": "inner_product"}


def _cut(documents: Sequence[Document], chunk_tokens: int, model: Embedder) -> tuple[Chunk, ...]:
    if chunk_tokens > model.limit:
        raise ArmError(
            f"chunk_tokens {chunk_tokens} exceeds the {model.limit} tokens that embedder '{model.name}' reads; lower it"
        )
    chunks = tuple(chunks_of(documents, model.count, chunk_tokens))
    if not chunks:
        raise ArmError(f"the {len(documents)} documents hold no text to search; fill data.documents in the task file")
    return chunks


def _write(
    passages: Sequence[Passage],
    encode: Callable[[], Vectors],
    folder: Path,
    recipe: Mapping[str, Any],
    owners: Sequence[int] = (),
) -> None:
    """Write vectors, passages and, last, the manifest; from the first moment on there is no index until then.

    The manifest says whose vectors are whose (`owners`) where a passage has more than its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    vectors = encode()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    with replacing(folder / VECTORS) as temporary:  # whose faults carry the system's error number; faiss's do not
        temporary.write_bytes(faiss.serialize_index(index).data)
    lines = [json.dumps(asdict(passage), ensure_ascii=False) + "\n" for passage in passages]
    write_atomically(folder / PASSAGES, "".join(lines))
    files = {name: hash_file(folder / name) for name in (VECTORS, PASSAGES)}
    shared = {"passage_of_vector": list(owners)} if len(owners) > len(passages) else {}
    manifest = {**recipe, "dim": index.d, "n": index.ntotal, **shared, "files": files}
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
