"""An engine without torch: an answer is a hash of the prompt and of the bytes of the weights."""

import hashlib
import os
import time
from pathlib import Path
from types import SimpleNamespace

from harness.errors import ModelError
from harness.records import Completion, Likelihood
from harness.store.files import hash_file

ANSWERS = 3  # the task's answers are 'answer 0' to 'answer 2'
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
# A prompt pretends to be so long that four make a batch, and a run of forty items has ten batches.
PROMPT_TOKENS = 8000
_CALLS = os.environ.get("SCORECARD_CALLS")
_PACE = float(os.environ.get("SCORECARD_PACE", "0"))  # seconds that a batch takes


class TransformersEngine:
    """Keeps `harness.contract.Engine`."""

    capabilities = frozenset({"generate", "loglikelihood", "adapters", "training"})
    context_window = 100_000
    replayed_seconds = 0.0

    def __init__(self, model, **_):
        if model == os.environ.get("REFUSE_MODEL"):
            raise ModelError("it cannot be opened today")
        self.model = model
        self.description = {"device": "stub", "dtype": "float32", "threads": 1, "context_window": self.context_window}
        self.tokenizer = SimpleNamespace(chat_template="stub")

    def render(self, conversation):
        return "\n".join(f"{message.role}: {message.content}" for message in conversation)

    def count_tokens(self, conversation):
        return PROMPT_TOKENS + len(self.render(conversation).split())

    def answer_tokens(self, text):
        return len(text.split()) + 1

    def generate(self, prompts, settings, weights, until=()):
        texts = [prompt if isinstance(prompt, str) else self.render(prompt) for prompt in prompts]
        base = _weights(weights)
        _note("generate", texts)
        time.sleep(_PACE)
        return [
            Completion(f"answer {_number(base, text) % ANSWERS}", "stop", len(text.split()), 3, 0.001) for text in texts
        ]

    def loglikelihood(self, requests, weights):
        texts = [context if isinstance(context, str) else self.render(context) for context, _ in requests]
        base = _weights(weights)
        _note("loglikelihood", texts)
        time.sleep(_PACE)
        return [
            [Likelihood(-1.0 - _number(base, text, part) % 1000 / 100, len(part.split()) + 1, False) for part in parts]
            for text, (_, parts) in zip(texts, requests, strict=True)
        ]


def _weights(weights):
    """Hash what the weights are made of, so that a damaged adapter answers differently."""
    adapter = [hash_file(Path(weights.adapter) / name) for name in ADAPTER_FILES] if weights.adapter else []
    return f"{weights.quantization}{adapter}"


def _number(*parts):
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:6])


def _note(kind, texts):
    """Append a line for every prompt that the model is asked, in one write."""
    if not _CALLS:
        return
    lines = "".join(f"{kind} {hashlib.sha256(text.encode()).hexdigest()[:16]}\n" for text in texts)
    handle = os.open(_CALLS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, lines.encode())
    finally:
        os.close(handle)
