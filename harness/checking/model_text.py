"""The model's tokenizer and chat template, read from its files alone: no model and no torch is loaded."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.chat.form import ChatFormat
from harness.chat.jinja import read_json, read_template
from harness.errors import ArmError, ModelError
from harness.records import Message

CHARACTERS_PER_TOKEN = 4  # of English text, where no tokenizer is at hand
_WINDOW_KEYS = ("n_positions", "max_position_embeddings", "n_ctx")
_BATCH = 1_000  # texts a call; the encodings of all rows at once would fill the memory


class ModelText:
    """Counts and renders as the engine does; without a model's files it estimates and says so.

    Attributes:
        chat: How the model is shown conversations; None where its files are not here, or cannot be used for that.
        fault: Why its files cannot be used for conversations; '' where they can, or are not here.
        window: Tokens that prompt and answer may take together, where that is known.
    """

    def __init__(self, folder: Path | None, name: str = "", fault: str = "") -> None:
        """Open a model folder; None, or one without a tokenizer.json, gives estimates.

        Args:
            folder: Of the model.
            name: What the user calls it; its folder's name, without one.
            fault: Why the folder cannot be used, where that is known already.
        """
        self._tokenizer: Any = None
        self.chat: ChatFormat | None = None
        self.fault = fault
        self.window: int | None = None
        if folder is not None and (folder / "tokenizer.json").is_file():
            self._open(folder, name or folder.name)

    def _open(self, folder: Path, name: str) -> None:
        from tokenizers import Tokenizer

        file = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
            self._tokenizer.no_padding()
            self._tokenizer.no_truncation()
        except MemoryError:
            raise
        except Exception as fault:  # the library knows no narrower one
            self.fault = f"{file} is not a tokenizer ({fault}); save the model again"
            return
        try:
            self.window = _window(read_json(folder / "config.json"))
            self.chat = ChatFormat(read_template(folder), name)
        except ModelError as fault:
            self.fault = str(fault)

    @property
    def how(self) -> str:
        """Say how tokens are counted."""
        if self._tokenizer is None:
            return f"estimated at {CHARACTERS_PER_TOKEN} characters a token: the model's tokenizer is not here"
        return "counted by the model's tokenizer"

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, special tokens of its own not added."""
        if self._tokenizer is None:
            return [-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts]
        counts: list[int] = []
        for begin in range(0, len(texts), _BATCH):
            encoded = self._tokenizer.encode_batch_fast(texts[begin : begin + _BATCH], add_special_tokens=False)
            counts.extend(len(one.ids) for one in encoded)
        return counts

    def prompt(self, messages: Sequence[Message]) -> str:
        """Return what the model reads before it answers; plain role names where no template is at hand."""
        if self.chat is not None:
            try:
                return self.chat.render(messages)
            except ArmError:
                pass  # rows that it cannot be shown are a fault of their own
        return "\n".join(f"{message.role}: {message.content}" for message in messages) + "\nassistant: "

    def answer(self, text: str) -> str:
        """Return an answer as the model learns it: a tool call in its template's own form."""
        return self.chat.answer(text) if self.chat is not None else text

    def ending(self) -> str:
        """Return what ends an answer."""
        return self.chat.end if self.chat is not None else "<end>"


def _window(config: Mapping[str, Any]) -> int | None:
    """Return the tokens that a configuration allows; None where it does not say, or says what is not a number."""
    inner = config.get("text_config")
    said = inner if isinstance(inner, dict) and inner else config
    found = (said.get(key) for key in _WINDOW_KEYS)
    return next((int(size) for size in found if isinstance(size, int | float) and 1 <= size < math.inf), None)
