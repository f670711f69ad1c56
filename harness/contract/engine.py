"""What an engine keeps: one loaded model, and who serves models."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from harness.chat.form import ChatFormat
from harness.records import Completion, GenerationSettings, Likelihood, Message, Weights

# constraints: answers can be held to `GenerationSettings.constraint`
# adapters, checkpoints: what tuning left can be served, as an adapter on the base or as weights of its own
Capability = Literal["generate", "constraints", "loglikelihood", "adapters", "checkpoints", "training"]
Conversation = Sequence[Message]


class Engine(Protocol):
    """One loaded model; every arm and every benchmark goes through it.

    The base stays resident and is keyed by (model, quantization); adapters are switched on it, and a checkpoint, all
    weights after tuning, takes its place while it is asked.
    Numbers do not depend on how requests are batched (fp32: 1e-4 per token in log-probability).
    """

    capabilities: frozenset[Capability]
    context_window: int  # tokens, prompt and answer together

    @property
    def description(self) -> Mapping[str, str | int]:
        """What a manifest should say: 'device' and 'dtype' at least, in which a run must not change."""

    def generate(
        self,
        prompts: Sequence[str | Conversation],
        settings: GenerationSettings,
        weights: Weights,
        until: Sequence[str] = (),
    ) -> list[Completion]:
        """Answer one batch of conversations, in order. The caller plans the batches.

        A conversation that leaves no room for `max_new_tokens` ends as `context_overflow` with
        empty text; it is never cut. Benchmarks also give raw text to be continued, and strings
        (`until`) that end an answer as its end token does; they stay in its text.
        """

    def loglikelihood(
        self, requests: Sequence[tuple[str | Conversation, Sequence[str]]], weights: Weights
    ) -> list[list[Likelihood]]:
        """Score every continuation of every context, in order.

        A context is raw text, or a conversation that the chat template renders with the assistant's
        turn opened. An empty raw context scores the continuation as a text of its own (rolling).
        """

    def count_tokens(self, conversation: Conversation) -> int:
        """Length of the prompt as the model sees it, in tokens."""

    def answer_tokens(self, text: str) -> int:
        """Length of an assistant's turn in tokens, its end token included."""


class EngineKind(Protocol):
    """Who serves models. Its entry point (`harness.engines`) is a callable that returns it, without arguments."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What its engines can do; arms that need more are skipped."""

    def fault(self, source: str) -> str:
        """Say in one sentence why this cannot be a model of this engine, else ''. Nothing is fetched or loaded."""

    def find(self, source: str, log: Callable[[str], object]) -> str:
        """Return what `open` takes: the model that a task file names, obtained if need be.

        Raises:
            ModelError: If it cannot be had.
        """

    def identity(self, model: str) -> str:
        """Return what identifies the model: a short hash over all in it that its answers depend on.

        Raises:
            ModelError: If it cannot be read.
        """

    def open(self, model: str, *, cache: Path | None, shrink: int, log: Callable[[str], object]) -> Engine:
        """Open a model.

        Args:
            model: As `find` returned it.
            cache: File in which answers may be remembered; None asks everything.
            shrink: How many times to halve batches, after memory ran out.
            log: Told what the reader of the run's log should know.

        Raises:
            ModelError: If it cannot be opened.
        """


@runtime_checkable
class Formatting(Protocol):
    """A kind of engine that can say how a model is shown conversations, from its tokenizer alone."""

    def chat_format(self, model: str, name: str) -> ChatFormat | None:
        """Look at a model's chat template before anything is asked; None where that is seen only when it opens.

        Args:
            model: As `EngineKind.find` returned it.
            name: As the user wrote it.

        Raises:
            ModelError: If the model cannot hold a conversation.
        """


@runtime_checkable
class Local(Protocol):
    """A kind of engine that loads a model's files into memory here, which `plan` predicts from their sizes."""

    def folder(self, source: str) -> Path | None:
        """Return the folder with a model's files, where it is on this machine; nothing is fetched."""
