"""A chat template out of a model's files, rendered as transformers does it, which itself is not loaded."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.chat.form import Template
from harness.chat.turns import Turn
from harness.confined import TemplateFault, render_chats
from harness.errors import ModelError
from harness.regular_files import read_regular

_NAMED = ("bos_token", "eos_token", "pad_token", "unk_token")


def read_template(folder: Path) -> Template | None:
    """Read the chat template of a model's folder; None where it has none.

    Raises:
        ModelError: If a file of it cannot be read.
    """
    settings = read_json(folder / "tokenizer_config.json")
    source = _source(folder, settings)
    if not source:
        return None
    named = {**_texts(read_json(folder / "special_tokens_map.json")), **_texts(settings)}
    special = _special(read_json(folder / "tokenizer.json").get("added_tokens"))
    special |= set(named.values())
    return Template(writer(source, named), source, named.get("bos_token"), named.get("eos_token"), frozenset(special))


def writer(source: str, named: Mapping[str, Any]) -> Callable[..., str]:
    """Return what writes turns by a chat template, called as a tokenizer's `apply_chat_template`.

    Args:
        source: The template.
        named: What it may use besides, such as `bos_token`.
    """

    def write(turns: Sequence[Turn], *, tokenize: bool = False, **values: Any) -> str:
        [text] = render_chats(source, [{"tools": None, "documents": None, **named, **values, "messages": turns}])
        if isinstance(text, TemplateFault):
            raise text
        return text

    return write


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object; nothing where there is no such file.

    Raises:
        ModelError: If it is not JSON.
    """
    try:
        found = json.loads(read_regular(file).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as fault:
        raise ModelError(f"{file} is not JSON ({fault}); save the model again") from fault
    return found if isinstance(found, dict) else {}


def _source(folder: Path, settings: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    try:
        found = read_regular(file).decode() if file.exists() else settings.get("chat_template")
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
