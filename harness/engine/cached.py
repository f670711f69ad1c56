"""An engine that remembers: what the same weights were asked in the same way is not asked again.

An answer is kept under a hash of all that it depends on: contents of the model's files, of the adapter
and of the chat template, quantization, the prompts as written and as the model sees them, settings,
device, number format and threads, versions of the libraries, and the engine's own source. Change one
of them and nothing is found; move or copy the model and everything is.

The unit is the call, a whole batch. Rows that are padded and computed together can tip a near-tie, so
a remembered answer goes only to the batch it came from, and a run that is repeated gets the same bits.
How an answer is read out of a completion is not part of the key: the reader works on the stored text.
"""

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from harness.contract import Conversation, Engine
from harness.engine.answers import Generated, Scored, are_completions, are_likelihoods
from harness.engine.content import adapter_hash, checkpoint_hash, code_hash, library_versions, model_hash
from harness.errors import ModelError, StoreError
from harness.records import Completion, GenerationSettings, Likelihood, Weights
from harness.store.cache import AnswerStore, Log
from harness.store.files import decode, encode

_FORMAT = 1  # of the key and the records


class LocalEngine(Engine, Protocol):
    """An engine whose model lies in files that can be hashed."""

    model: str  # folder or hub id

    @property
    def description(self) -> Mapping[str, str | int]:
        """Device, number format, threads and chat template: what else an answer depends on."""

    @property
    def thought_tokens(self) -> int:
        """Room for a thought before an answer, in tokens."""

    def render(self, conversation: Conversation) -> str:
        """Return the prompt as the model sees it, as text."""


class CachedEngine:
    """Keeps `LocalEngine` over another one, which is asked only what the store does not hold.

    Attributes:
        asked: Answers and likelihoods that the engine gave.
        replayed: Those that were remembered.
        replayed_seconds: What the calls took, when they were made, whose answers were remembered.
    """

    def __init__(self, engine: LocalEngine, store: AnswerStore) -> None:
        """Hash the model's files; they must not change from here on.

        Raises:
            ModelError: If the files cannot be read.
        """
        self.model = engine.model
        self.capabilities = engine.capabilities
        self.context_window = engine.context_window
        self.asked = self.replayed = 0
        self.replayed_seconds = 0.0
        self._engine = engine
        self._store = store
        self._made_of = {
            "format": _FORMAT,
            "model": model_hash(engine.model),
            "code": code_hash(),
            "libraries": library_versions(),
        }
        self._loaded: set[str | None] = set()  # quantizations whose weights were read after the files were hashed

    @property
    def description(self) -> Mapping[str, str | int]:
        """What a manifest should say about the engine."""
        return self._engine.description

    def render(self, conversation: Conversation) -> str:
        """Return the prompt as text, with the assistant's turn opened."""
        return self._engine.render(conversation)

    def count_tokens(self, conversation: Conversation) -> int:
        """Length of the prompt as the model sees it, in tokens."""
        return self._engine.count_tokens(conversation)

    @property
    def thought_tokens(self) -> int:
        """Room for a thought before an answer, in tokens."""
        return self._engine.thought_tokens

    def answer_tokens(self, text: str) -> int:
        """Length of an assistant's turn in tokens, its end token included."""
        return self._engine.answer_tokens(text)

    def generate(
        self,
        prompts: Sequence[str | Conversation],
        settings: GenerationSettings,
        weights: Weights,
        until: Sequence[str] = (),
    ) -> list[Completion]:
        """Answer one batch; see `harness.contract.Engine`. Answers that were drawn by chance are not kept."""

        def ask() -> list[Completion]:
            return self._engine.generate(prompts, settings, weights, until)

        def key() -> str:
            seen = [self._seen(prompt) for prompt in prompts]
            return self._key("generate", weights, prompts=seen, settings=asdict(settings), until=list(until))

        def is_valid(answers: Sequence[Completion]) -> bool:
            return are_completions(answers, len(prompts), settings, self.context_window)

        if settings.temperature > 0 or weights.model != self.model:
            self.asked += len(prompts)
            return ask()
        return list(self._remembered(Generated, weights, key, ask, is_valid))

    def loglikelihood(
        self, requests: Sequence[tuple[str | Conversation, Sequence[str]]], weights: Weights
    ) -> list[list[Likelihood]]:
        """Score every continuation of every context; see `harness.contract.Engine`."""
        asked = [list(continuations) for _, continuations in requests]

        def ask() -> list[tuple[Likelihood, ...]]:
            return [tuple(found) for found in self._engine.loglikelihood(requests, weights)]

        def key() -> str:
            seen = [self._seen(context) for context, _ in requests]
            return self._key("loglikelihood", weights, contexts=seen, continuations=asked)

        def is_valid(answers: Sequence[Sequence[Likelihood]]) -> bool:
            return are_likelihoods(answers, asked)

        if weights.model != self.model:
            return self._engine.loglikelihood(requests, weights)  # which refuses
        return [list(found) for found in self._remembered(Scored, weights, key, ask, is_valid)]

    def _remembered(
        self,
        kind: type[Generated] | type[Scored],
        weights: Weights,
        key: Callable[[], str],
        ask: Callable[[], Sequence[Any]],
        is_valid: Callable[[Sequence[Any]], bool],
    ) -> Sequence[Any]:
        """Return what the store holds under the key, else what the engine says, which is kept if it is valid.

        The key is made again after the call: an adapter that was rewritten meanwhile may have answered as
        the old one or the new one.
        """
        name = key()
        kept = self._kept(name, kind)
        if kept is not None and is_valid(kept.answers):
            self.replayed += kept.count
            self.replayed_seconds += kept.seconds
            return kept.answers
        started = time.monotonic()
        answers = ask()
        call = kind(time.monotonic() - started, tuple(answers))
        self.asked += call.count
        self._check_files(weights)
        if is_valid(answers) and key() == name:
            self._store.put(name, encode(kind, call))
        return answers

    def _kept(self, name: str, kind: type[Generated] | type[Scored]) -> Generated | Scored | None:
        record = self._store.get(name)
        try:
            return None if record is None else decode(kind, record)
        except StoreError:
            return None

    def _check_files(self, weights: Weights) -> None:
        """Check that the weights which were loaded are those that were hashed.

        Raises:
            ModelError: If a file changed in between.
        """
        if weights.quantization in self._loaded:
            return
        if model_hash(self.model) != self._made_of["model"]:
            raise ModelError(f"the files of model '{self.model}' changed during the run; leave them and run this again")
        self._loaded.add(weights.quantization)

    def _key(self, operation: str, weights: Weights, **asked: object) -> str:
        made_of = {
            **self._made_of,
            "operation": operation,
            "quantization": weights.quantization,
            "adapter": adapter_hash(weights.adapter) if weights.adapter is not None else None,
            "checkpoint": checkpoint_hash(weights.checkpoint) if weights.checkpoint is not None else None,
            "engine": dict(self._engine.description),
            "asked": asked,
        }
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def _seen(self, prompt: str | Conversation) -> object:
        """Return a prompt as written and as the model sees it: a template may hold a date, or drop a turn."""
        if isinstance(prompt, str):
            return prompt
        return {"turns": [[turn.role, turn.content] for turn in prompt], "text": self._engine.render(prompt)}


def open_engine(model: str, *, cache: Path | None, shrink: int = 0, log: Log = warnings.warn) -> LocalEngine:
    """Open a model for answers; its weights are loaded at the first question that is not remembered.

    Args:
        model: A folder or hub id, as `resolve_model` returns it.
        cache: The file of remembered answers; None asks everything again and keeps nothing.
        shrink: How many times to halve what one forward pass may take, after memory ran out.
        log: Told what becomes of a cache that cannot be used.

    Raises:
        ModelError: If the model cannot be read, or holds no conversations.
    """
    from harness.engine.transformers_engine import TransformersEngine

    engine = TransformersEngine(model, shrink=shrink)
    return engine if cache is None else CachedEngine(engine, AnswerStore(cache, log))
