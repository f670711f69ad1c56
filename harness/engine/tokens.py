"""How text becomes token ids: chat prompts, raw contexts with continuations, and long texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.chat.form import ChatFormat, Template
from harness.chat.jinja import writer
from harness.chat.turns import THOUGHTS
from harness.contract import Conversation


class Text:
    """A model's tokenizer as the engine, training and exports use it.

    Raises:
        ModelError: If the model's chat template cannot be used; see `harness.chat.form.ChatFormat`.
    """

    def __init__(self, tokenizer: Any, model: str) -> None:
        self.tokenizer = tokenizer
        self.chat = chat_format(tokenizer, model)
        if tokenizer.eos_token_id is None:
            tokenizer.eos_token = self.chat.end
        ids = {number: token.content for number, token in tokenizer.added_tokens_decoder.items()}
        thoughts = {marker for pair in THOUGHTS for marker in pair}
        # of these, decoding keeps even those that are not text
        self._thoughts = {number: text for number, text in ids.items() if text in thoughts}

    @property
    def prefix_id(self) -> int:
        """What stands before a text that has no context: the start token, else the end token."""
        tokenizer = self.tokenizer
        return int(tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id)

    @property
    def end_id(self) -> int:
        """The token that closes the assistant's turn: training ends answers with it, and generation stops at it."""
        return int(self.tokenizer.convert_tokens_to_ids(self.chat.end))

    def render(self, conversation: Conversation) -> str:
        """Write a conversation in the model's chat form, with the assistant's turn opened.

        Raises:
            ArmError: If the model's template refuses these roles.
        """
        return self.chat.render(conversation)

    def prompt(self, context: str | Conversation) -> list[int]:
        """Encode a prompt: a conversation by the chat template, which writes its own special tokens.

        A text without a token is what a model begins with.
        """
        if isinstance(context, str):
            return self.raw(context) or [self.prefix_id]
        return self.bare(self.render(context))

    def raw(self, text: str) -> list[int]:
        """Encode a text as the tokenizer does by default, never with a second start token or an end that it lacks."""
        start, end = self.tokenizer.bos_token, self.tokenizer.eos_token
        if start and text.startswith(start):
            return self.bare(text)
        ids = list(self.tokenizer.encode(text))
        first = self.tokenizer.bos_token_id
        while first is not None and ids[:2] == [first, first]:
            del ids[0]
        if ids[1:] and ids[-1] == self.tokenizer.eos_token_id and not text.endswith(end):
            del ids[-1]
        return ids

    def bare(self, text: str) -> list[int]:
        """Encode a text and add nothing."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def answer(self, text: str) -> list[int]:
        """Encode an assistant's turn, without its end: a tool call in the template's own form."""
        return self.bare(self.chat.answer(text))

    def pair(self, context: str | Conversation, continuation: str) -> tuple[list[int], list[int]]:
        """Encode what is given and what is to be scored.

        A raw pair is encoded as one text and cut where the context ends; white space at the end of
        the context goes to the continuation (as in lm-eval, so that results compare). After a
        conversation the continuation is encoded on its own, as training does.
        """
        if not isinstance(context, str):
            return self.prompt(context), self.answer(continuation)
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

    @property
    def thoughts(self) -> Mapping[int, str]:
        """The tokens around a thought, with their texts; an answer keeps them."""
        return self._thoughts

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of an answer, special tokens removed but for those around a thought, calls as JSON."""
        parts: list[str] = []
        rest: list[int] = []
        for number in ids:
            if number in self._thoughts:
                parts += [self._words(rest), self._thoughts[number]]
                rest = []
            else:
                rest.append(number)
        return self.chat.said("".join([*parts, self._words(rest)]))

    def _words(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)) if ids else ""


def chat_format(tokenizer: Any, model: str) -> ChatFormat:
    """Return how a model with this tokenizer is shown conversations.

    Raises:
        ModelError: If its chat template cannot be used.
    """
    return ChatFormat(_template(tokenizer), model)


def _template(tokenizer: Any) -> Template | None:
    """Return a tokenizer's chat template; None where it has none."""
    if not tokenizer.chat_template:
        return None
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    named = {tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token, tokenizer.unk_token} - {None}
    written = tokenizer.chat_template
    source = written if isinstance(written, str) else str(written.get("default", ""))
    write = writer(source, tokenizer.special_tokens_map)
    return Template(write, source, tokenizer.bos_token, tokenizer.eos_token, frozenset({*special, *named}))


def end_of_turn(tokenizer: Any) -> int:
    """Return the token that closes the assistant's turn; see `Text.end_id`.

    Raises:
        ModelError: If there is none, or the tokenizer's chat template cannot be used.
    """
    return Text(tokenizer, tokenizer.name_or_path).end_id
