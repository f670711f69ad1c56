"""A plain engine on transformers and PEFT, one request at a time: what a user would write by hand."""

from collections.abc import Sequence
from typing import Any

from harness.records import Completion, GenerationSettings, Likelihood, Message, Weights


class PlainEngine:
    """Keeps `harness.contract.Engine`; loads every set of weights again."""

    capabilities = frozenset({"generate", "loglikelihood", "adapters", "training"})

    def __init__(self, model: str) -> None:
        from transformers import AutoConfig, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.context_window = AutoConfig.from_pretrained(model).max_position_embeddings

    def generate(
        self, conversations: Sequence[Sequence[Message]], settings: GenerationSettings, weights: Weights
    ) -> list[Completion]:
        model = load(weights)
        done = []
        for conversation in conversations:
            ids = self._ids(conversation)
            output = model.generate(
                input_ids=self._tensor(ids), max_new_tokens=settings.max_new_tokens, do_sample=False
            )[0].tolist()[len(ids) :]
            finish = "stop" if output[-1] == self.tokenizer.eos_token_id else "length"
            text = self.tokenizer.decode(output, skip_special_tokens=True)
            done.append(Completion(text, finish, len(ids), len(output), 0.0))
        return done

    def loglikelihood(self, requests: Sequence[tuple[Any, Sequence[str]]], weights: Weights) -> list[list[Likelihood]]:
        model = load(weights)
        return [[self._likelihood(model, context, text) for text in texts] for context, texts in requests]

    def count_tokens(self, conversation: Sequence[Message]) -> int:
        return len(self._ids(conversation))

    def answer_tokens(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False)) + 1

    def _likelihood(self, model: Any, context: Sequence[Message], text: str) -> Likelihood:
        import torch

        ids = self._ids(context)
        answer = [*self.tokenizer.encode(text, add_special_tokens=False), self.tokenizer.eos_token_id]
        with torch.no_grad():
            logits = model(input_ids=self._tensor(ids + answer)).logits[0, len(ids) - 1 : -1]
        found = logits.log_softmax(-1)[range(len(answer)), answer]
        return Likelihood(float(found.sum()), len(answer), bool((logits.argmax(-1).tolist()) == answer))

    def _ids(self, conversation: Sequence[Message]) -> list[int]:
        turns = [{"role": turn.role, "content": turn.content} for turn in conversation]
        return list(
            self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=True, return_dict=False)
        )

    @staticmethod
    def _tensor(ids: list[int]) -> Any:
        import torch

        return torch.tensor([ids])


def load(weights: Weights) -> Any:
    """Load weights the plain way: transformers, then `PeftModel.from_pretrained`."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    config = None
    if weights.quantization == "nf4":
        config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
    model = AutoModelForCausalLM.from_pretrained(weights.model, dtype=torch.float32, quantization_config=config)
    return (PeftModel.from_pretrained(model, weights.adapter) if weights.adapter else model).eval()
