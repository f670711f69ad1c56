"""Keeps the libraries' progress bars and chatter away from our terminal."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CHATTY = ("transformers", "datasets", "lm_eval", "lm-eval", "peft", "bitsandbytes", "huggingface_hub")


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, the model libraries say nothing below an error and draw no bars."""
    levels = {name: logging.getLogger(name).level for name in _CHATTY}
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), _no_bars():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _no_bars() -> Iterator[None]:
    """Disable every tqdm bar made inside: lm-eval and the GGUF reader offer no switch of their own."""
    from tqdm import std  # type: ignore[import-untyped]

    begin = std.tqdm.__init__

    def begin_disabled(self: Any, *args: Any, **settings: Any) -> None:
        begin(self, *args, **{**settings, "disable": True})

    setattr(std.tqdm, "__init__", begin_disabled)  # noqa: B010 - mypy refuses the plain assignment
    try:
        yield
    finally:
        setattr(std.tqdm, "__init__", begin)  # noqa: B010
