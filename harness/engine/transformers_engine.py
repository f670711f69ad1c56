"""The engine on transformers: one base in memory on the CPU or a CUDA device."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from harness.contract import Capability, Conversation
from harness.engine.architectures import architecture, context_window
from harness.engine.content import checkpoint_hash
from harness.engine.generation import DecodingContext, generate
from harness.engine.likelihood import PassLimits, score_texts
from harness.engine.resident import Resident, compute_dtype, default_device, load_config, load_tokenizer, readable
from harness.engine.token_tree import ScoredText
from harness.engine.tokens import Text
from harness.errors import ItemError, ModelError
from harness.records import Completion, GenerationSettings, Likelihood, Weights

# About what keeps the device busy; results do not depend on it.
_LIMITS = {"cpu": PassLimits(tokens=1024, logits=40_000_000), "cuda": PassLimits(tokens=32_768, logits=400_000_000)}


class TransformersEngine:
    """Keeps `harness.contract.Engine`."""

    capabilities: frozenset[Capability] = frozenset(
        {"generate", "constraints", "loglikelihood", "adapters", "checkpoints", "training"}
    )

    def __init__(self, model: str, *, limits: PassLimits | None = None, shrink: int = 0) -> None:
        """Read the model's configuration and tokenizer; weights are loaded at the first question.

        Args:
            model: A folder or hub id, as `resolve_model` returns it.
            limits: What one forward pass may take; by default what suits the device.
            shrink: How many times to halve that, after memory ran out.

        Raises:
            ModelError: If the model cannot be read, holds no conversations, or cannot be asked rightly.
        """
        # Full fp32, so that numbers do not change with the device's matrix units.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        self.model = model
        self._device = default_device()
        self._shrink = shrink
        self._limits = (limits or _LIMITS[self._device.type]).halved(shrink)
        self._resident: Resident | None = None
        self._key: tuple[str, str | None] | None = None  # of what is resident: a checkpoint by content
        config = load_config(model)
        self._text = Text(load_tokenizer(model), model)
        with readable(model):
            kind = architecture(config, model)
            self._packs, self._turn = kind.packs, kind.turn
            self.context_window = context_window(config, self._text.tokenizer, model)

    @property
    def description(self) -> Mapping[str, str | int]:
        """What a manifest should say about this engine."""
        name = torch.cuda.get_device_name() if self._device.type == "cuda" else "cpu"
        dtype = str(compute_dtype(self._device)).removeprefix("torch.")
        threads = torch.get_num_threads()
        template = hashlib.sha256(str(self.tokenizer.chat_template).encode()).hexdigest()[:16]
        return {
            "device": name,
            "instructions": torch.backends.cpu.get_cpu_capability(),  # other ones round otherwise
            "dtype": dtype,
            "threads": threads,
            "context_window": self.context_window,
            "chat_template_sha256": template,
        }

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self._text.tokenizer

    def render(self, conversation: Conversation) -> str:
        """Return the prompt as text, with the assistant's turn opened."""
        return self._text.render(conversation)

    def count_tokens(self, conversation: Conversation) -> int:
        """Length of the prompt as the model sees it, in tokens."""
        return len(self._text.prompt(conversation))

    @property
    def thought_tokens(self) -> int:
        """Room for a thought before an answer, in tokens; 0 where the model has none, or they are switched off."""
        return self._text.chat.thought_room(self.context_window)

    def answer_tokens(self, text: str) -> int:
        """Length of an assistant's turn in tokens, its end token included."""
        return len(self._text.answer(text)) + 1

    def generate(
        self,
        prompts: Sequence[str | Conversation],
        settings: GenerationSettings,
        weights: Weights,
        until: Sequence[str] = (),
    ) -> list[Completion]:
        """Answer one batch of conversations or raw texts; see `harness.contract.Engine`."""
        ids = [self._text.prompt(prompt) for prompt in prompts]
        resident = self._base(weights)
        context = DecodingContext(
            self._text,
            resident.stop_ids,
            self.context_window,
            packs=self._packs,
            turn=self._turn,
            pass_tokens=self._limits.tokens,
            shrink=self._shrink,
        )
        with resident.using(weights.adapter) as model:
            return generate(model, context, ids, settings, until)

    def loglikelihood(
        self, requests: Sequence[tuple[str | Conversation, Sequence[str]]], weights: Weights
    ) -> list[list[Likelihood]]:
        """Score every continuation of every context; see `harness.contract.Engine`.

        Raises:
            ItemError: If a context with its continuation exceeds the context window.
        """
        texts: list[ScoredText] = []
        owners: list[tuple[int, int]] = []  # (request, continuation) of each text
        for number, (context, continuations) in enumerate(requests):
            for part, continuation in enumerate(continuations):
                for given, scored in self._pairs(context, continuation):
                    if scored:
                        texts.append(ScoredText(tuple(given), tuple(scored)))
                        owners.append((number, part))
        resident = self._base(weights)
        with resident.using(weights.adapter) as model:
            found = score_texts(model, texts, self._limits, packs=self._packs, turn=self._turn)
        results = [[Likelihood(0.0, 0, True)] * len(continuations) for _, continuations in requests]
        for (number, part), likelihood in zip(owners, found, strict=True):
            results[number][part] = _joined(results[number][part], likelihood)
        return results

    def _pairs(self, context: str | Conversation, continuation: str) -> list[tuple[Sequence[int], Sequence[int]]]:
        """Return what is given and what is scored after it; without a context, window by window."""
        if context == "":
            return list(self._text.windows(continuation, self.context_window))
        given, scored = self._text.pair(context, continuation)
        if len(given) + len(scored) > self.context_window:
            raise ItemError(
                f"a context of {len(given)} tokens and its continuation of {len(scored)} exceed the "
                f"window of {self.context_window} of model '{self.model}'; shorten the prompt or take a model with "
                "a larger one"
            )
        return [(given, scored)]

    def _base(self, weights: Weights) -> Resident:
        """Return the base that these weights stand on, or the checkpoint in its place; another one is freed first."""
        if weights.model != self.model:
            raise ModelError(f"this engine serves '{self.model}', not '{weights.model}'; open another engine")
        checkpoint = weights.checkpoint
        key = (checkpoint_hash(checkpoint) if checkpoint else weights.model, weights.quantization)
        if self._resident is None or self._key != key:
            if self._resident is not None:
                self._resident.free()
                self._resident = None
            source = checkpoint or weights.model
            self._resident, self._key = Resident(source, weights.quantization, self._device, self.tokenizer), key
        return self._resident


def _joined(a: Likelihood, b: Likelihood) -> Likelihood:
    return Likelihood(a.logprob + b.logprob, a.tokens + b.tokens, a.greedy and b.greedy)
