"""Decoding that can only write what a constraint allows: a label of a set, a pattern, JSON of a schema.

llguidance (https://github.com/guidance-ai/llguidance) says which tokens may come next. Nothing of this package is
imported: an export takes this file with it.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["labels", "pattern", "json_schema"]


def grammar_of(kind: Kind, text: str) -> str:
    """Return a constraint as llguidance's grammar.

    Args:
        kind: What `text` is.
        text: A JSON list of labels; a regular expression, in Rust's syntax, for the whole answer; or a JSON schema.

    Raises:
        ValueError: If it is none.
    """
    from llguidance import LLMatcher

    if kind == "labels":
        grammar: str = LLMatcher.grammar_from_lark("start: " + " | ".join(map(json.dumps, json.loads(text))))
    elif kind == "pattern":
        grammar = LLMatcher.grammar_from_regex(text)
    else:
        # a model that may write white space without end does
        grammar = LLMatcher.grammar_from_json_schema(text, overrides={"whitespace_pattern": " ?"})
    if fault := LLMatcher.validate_grammar(grammar):
        lines = fault.strip().splitlines()
        reason = next((line for line in lines if line.startswith("error: ")), lines[0]).removeprefix("error: ")
        raise ValueError(f"{kind} {text[:60]!r} cannot constrain an answer: {reason}")
    return grammar


class Constrained:
    """A logits processor of transformers for one batch: it forbids every token that the constraint does."""

    def __init__(self, tokenizer: Any, kind: Kind, text: str, stop_ids: Sequence[int]) -> None:
        """Prepare; `stop_ids` are the tokens that end an answer, allowed where the constraint is fulfilled."""
        self._tokenizer, self._stops = tokenizer, tuple(stop_ids)
        self._grammar = grammar_of(kind, text)
        self._rows: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Forbid tokens in scores, shape (rows, tokens), behind the ids written so far, shape (rows, length)."""
        import numpy as np
        import torch
        from llguidance import LLMatcher

        vocabulary = _vocabulary(self._tokenizer, scores.shape[1], self._stops)
        if self._rows:
            for matcher, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        else:
            self._rows = [LLMatcher(vocabulary, self._grammar) for _ in range(len(scores))]
        for row, matcher in enumerate(self._rows):
            if matcher.is_error():
                raise RuntimeError(f"constrained decoding failed: {matcher.get_error()}")
            allowed = np.zeros(scores.shape[1], dtype=bool)
            if matcher.is_stopped():  # nothing may follow
                allowed[list(self._stops)] = True
            else:
                bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
                allowed |= np.unpackbits(bits, bitorder="little")[: scores.shape[1]].astype(bool)
            scores[row].masked_fill_(~torch.from_numpy(allowed).to(scores.device), float("-inf"))
        return scores


@lru_cache(maxsize=2)
def _vocabulary(tokenizer: Any, size: int, stop_ids: tuple[int, ...]) -> Any:
    """Return llguidance's view of a tokenizer, which takes about a second to make."""
    from llguidance.hf import from_tokenizer

    return from_tokenizer(tokenizer, n_vocab=size, eos_token=[*stop_ids])
