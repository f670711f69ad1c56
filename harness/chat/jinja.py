"""A chat template out of a model's files, rendered as transformers does it, which itself is not loaded."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.chat.form import Template
from harness.chat.turns import Turn
from harness.errors import ModelError

_NAMED = ("bos_token", "eos_token", "pad_token", "unk_token")


def read_template(folder: Path) -> Template | None:
    """Read the chat template of a model's folder; None where it has none.

    Raises:
        ModelError: If it is no Jinja.
    """
    settings = read_json(folder / "tokenizer_config.json")
    source = _source(folder, settings)
    if not source:
        return None
    named = {**_texts(read_json(folder / "special_tokens_map.json")), **_texts(settings)}
    special = _special(read_json(folder / "tokenizer.json").get("added_tokens"))
    try:
        template = _environment().from_string(source)
    except (TemplateError, SyntaxError, RecursionError, ValueError) as fault:  # Python's own, of what Jinja made of it
        raise ModelError(f"the chat template in {folder} is no Jinja: {fault}; restore it") from fault

    def write(turns: Sequence[Turn], *, tokenize: bool = False, **values: Any) -> str:
        return str(template.render(messages=turns, **{**named, "tools": None, "documents": None, **values}))

    return Template(
        write, source, named.get("bos_token"), named.get("eos_token"), frozenset({*special, *named.values()})
    )


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object; nothing where there is no such file.

    Raises:
        ModelError: If it is no JSON.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as fault:
        raise ModelError(f"{file} is not JSON ({fault}); save the model again") from fault
    return found if isinstance(found, dict) else {}


def _source(folder: Path, settings: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    try:
        found = file.read_text(encoding="utf-8") if file.is_file() else settings.get("chat_template")
    except (OSError, ValueError) as fault:
        raise ModelError(f"{file} cannot be read ({fault}); restore it") from fault
    if isinstance(found, list):  # several by name; transformers takes 'default' where no tools are given
        by_name = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = by_name.get("default")
    return found if isinstance(found, str) else ""


def _texts(settings: dict[str, Any]) -> dict[str, str]:
    """Return the named special tokens as text."""
    said = {name: settings[name] for name in _NAMED if settings.get(name)}
    found = {name: token.get("content") if isinstance(token, dict) else token for name, token in said.items()}
    return {name: token for name, token in found.items() if isinstance(token, str)}


def _special(added: object) -> set[str]:
    """Return the texts of the special ones among a tokenizer's added tokens."""
    tokens = [token for token in added if isinstance(token, dict)] if isinstance(added, list) else []
    return {str(token.get("content")) for token in tokens if token.get("special")}


class _Generation(Extension):
    """`{% generation %}`, by which transformers marks the assistant's own words; here its body alone counts."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the block's body, whose variables stay its own, as in the call block of transformers."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


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
