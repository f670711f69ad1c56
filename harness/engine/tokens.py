"""How text becomes token ids: chat prompts, raw contexts with continuations, and long texts."""

from collections.abc import Iterator, Sequence
from typing import Any

from jinja2 import TemplateError

from harness.contract import Conversation
from harness.errors import ArmError, ModelError

_MARK = "\u2022answer\u2022"  # stands for an answer where a template is asked what follows one


class Text:
    """A model's tokenizer as the engine uses it."""

    def __init__(self, tokenizer: Any, model: str) -> None:
        self.tokenizer = tokenizer
        self._model = model
        if not tokenizer.chat_template:
            raise ModelError(
                f"model '{model}' has no chat template, so it cannot hold a conversation; "
                "give an instruction-tuned model"
            )

    @property
    def prefix_id(self) -> int:
        """What stands before a text that has no context: the start token, else the end token."""
        tokenizer = self.tokenizer
        return int(tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id)

    def render(self, conversation: Conversation) -> str:
        """Write a conversation in the model's chat form, with the assistant's turn opened.

        Raises:
            ArmError: If the model's template refuses these roles.
        """
        turns = [{"role": message.role, "content": message.content} for message in conversation]
        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        except TemplateError as fault:
            roles = ", ".join(message.role for message in conversation)
            raise ArmError(f"the chat template of '{self._model}' refuses the turns {roles}: {fault}") from fault

    def prompt(self, context: str | Conversation) -> list[int]:
        """Encode a prompt: a conversation by the chat template, which writes its own special tokens."""
        if isinstance(context, str):
            return self.raw(context)
        return self.bare(self.render(context))

    def raw(self, text: str) -> list[int]:
        """Encode a text as the tokenizer does by default, never with a second start token."""
        start = self.tokenizer.bos_token
        if start and text.startswith(start):
            return self.bare(text)
        return list(self.tokenizer.encode(text))

    def bare(self, text: str) -> list[int]:
        """Encode a text and add nothing."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def pair(self, context: str | Conversation, continuation: str) -> tuple[list[int], list[int]]:
        """Encode what is given and what is to be scored.

        A raw pair is encoded as one text and cut where the context ends; white space at the end of
        the context goes to the continuation (as in lm-eval, so that results compare). After a
        conversation the continuation is encoded on its own, as training does.
        """
        if not isinstance(context, str):
            return self.prompt(context), self.bare(continuation)
        body = context.rstrip()
        if not body:
            return [self.prefix_id], self.bare(context + continuation)
        given = self.raw(body)
        return given, self.raw(context + continuation)[len(given) :]

    def windows(self, text: str, size: int) -> Iterator[tuple[list[int], list[int]]]:
        """Cut a text that has no context into windows of at most `size` tokens, scoring each token once."""
        from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

        ids = self.raw(text)
        for window in get_rolling_token_windows(ids, self.prefix_id, size, context_len=1):
            yield make_disjoint_window(window)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of an answer, special tokens removed."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))


def end_of_turn(tokenizer: Any) -> int:
    """Return the token that closes the assistant's turn: what follows an answer in the template.

    Training ends every answer with it, and generation stops at it.

    Raises:
        ModelError: If no special token follows and the tokenizer knows no end of sequence.
    """
    turns = [{"role": "user", "content": "question"}, {"role": "assistant", "content": _MARK}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    after = tokenizer.encode(text.rpartition(_MARK)[2], add_special_tokens=False)
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    if after and after[0] in special:
        return int(after[0])
    if tokenizer.eos_token_id is None:
        raise ModelError(
            f"the tokenizer of '{tokenizer.name_or_path}' has no end-of-sequence token; without one a model never stops"
        )
    return int(tokenizer.eos_token_id)
