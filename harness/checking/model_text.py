"""The model's tokenizer and chat template, read from its files alone: no model and no torch is loaded."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.records import Message

CHARACTERS_PER_TOKEN = 4  # of English text, where no tokenizer is at hand
_WINDOW_KEYS = ("n_positions", "max_position_embeddings", "n_ctx")
_BATCH = 1_000  # texts a call; the encodings of all rows at once would fill the memory
# What rendering a template of somebody else's can raise.
_FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MARK = "\u2022answer\u2022"


class ModelText:
    """Counts and renders as the engine does; without a model's files it estimates and says so."""

    def __init__(self, folder: Path | None) -> None:
        """Open a model folder; None, or one without a tokenizer.json, gives estimates."""
        self._tokenizer: Any = None
        self._template: Any = None
        self._names: dict[str, str] = {}
        self.window: int | None = None
        if folder is not None and (folder / "tokenizer.json").is_file():
            self._open(folder)

    def _open(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings, config = _json(folder / "tokenizer_config.json"), _json(folder / "config.json")
        config = config.get("text_config") or config
        self.window = next((int(config[key]) for key in _WINDOW_KEYS if config.get(key)), None)
        self._names = {key: _content(settings[key]) for key in ("bos_token", "eos_token") if settings.get(key)}
        file = folder / "chat_template.jinja"
        source = file.read_text(encoding="utf-8") if file.is_file() else settings.get("chat_template")
        if isinstance(source, str):
            self._template = _template(source)

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
        rendered = self._rendered(messages, opened=True)
        if rendered is None:
            return "\n".join(f"{message.role}: {message.content}" for message in messages) + "\nassistant: "
        return rendered

    def ending(self) -> str:
        """Return what ends an answer, as the template writes it."""
        turns = [Message("user", "question"), Message("assistant", _MARK)]
        rendered = self._rendered(turns, opened=False)
        if rendered is None or _MARK not in rendered:
            return self._names.get("eos_token", "<end>")
        after = rendered.rpartition(_MARK)[2]
        special = self._tokenizer.get_added_tokens_decoder().values()
        return next((token.content for token in special if after.startswith(token.content)), after.strip() or "<end>")

    def _rendered(self, messages: Sequence[Message], opened: bool) -> str | None:
        if self._template is None:
            return None
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return str(self._template.render(messages=turns, add_generation_prompt=opened, **self._names))
        except _FAULTS:
            return None  # a template that needs more than turns; plain role names are shown


class _Generation(Extension):
    """`{% generation %}`, by which transformers marks the assistant's own words; here its body alone counts."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the block's body, whose variables stay its own, as in the call block of transformers."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


def _template(source: str) -> Template | None:
    try:
        return _environment().from_string(source)
    except TemplateError:
        return None  # no Jinja that we can read; plain role names are shown


def _environment() -> ImmutableSandboxedEnvironment:
    """Jinja as transformers sets it up for chat templates (utils/chat_template_utils.py)."""

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, **{"ensure_ascii": False, **options})
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _content(token: Any) -> str:
    return str(token["content"]) if isinstance(token, dict) else str(token)
