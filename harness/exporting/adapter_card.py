"""An exported adapter, complete by itself: a base that another machine can find, and the prompt it was trained with."""

import json
import shutil
from pathlib import Path

from harness.assets.hub import hub_commit, hub_name
from harness.exporting.export_source import ExportSource
from harness.program import Program

_CONFIG = "adapter_config.json"
_CARD = "README.md"
_STORED = "with the prompt stored in the run's `result.json`"  # as the card of the run folder has it


def place_adapter(source: ExportSource, adapter: Path, target: Path, model: str) -> None:
    """Copy an adapter, name its base by hub id or by the export's own folder, and write its prompt into its card.

    Args:
        source: Of the export.
        adapter: Its folder.
        target: Where it goes, inside the export.
        model: The base in the export: a folder beside the adapter, or a hub id.
    """
    shutil.copytree(adapter, target)
    _name_base(source, target, model)
    card = target / _CARD
    before = card.read_text(encoding="utf-8") if card.is_file() else f"# Adapter of {source.arm}\n"
    before = before.replace(_STORED, "with the prompt below")
    card.write_text(f"{before.rstrip()}\n\n{_prompt_section(source.program)}", encoding="utf-8")


def _name_base(source: ExportSource, target: Path, model: str) -> None:
    """Let the configuration name no path of this machine."""
    path = target / _CONFIG
    config = json.loads(path.read_text(encoding="utf-8"))
    own = source.program.weights.model
    name = hub_name(own)
    config["base_model_name_or_path"] = name or (f"../{model}" if source.base_folder else model)
    if name and (commit := hub_commit(own)):
        config["revision"] = commit
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _prompt_section(program: Program) -> str:
    """Say how a question is put: without this the adapter answers wrongly."""
    prompt, settings = program.prompt, program.generation
    system = prompt.system or ""
    lines = ["## The prompt that it was trained and measured with", ""]
    lines += ["System turn:", "", *_fenced(system)] if system else ["There is no system turn.", ""]
    lines += ["User turn, a Jinja template; `input` is the question:", "", *_fenced(prompt.template)]
    if program.retriever is not None:
        lines += [f"`passages` are the texts of the {program.retriever.k} passages nearest to the question.", ""]
    if turns := list(prompt.shot_turns()):
        lines += [f"{len(turns)} turns of solved examples stand before it; they are in the export's `prompt.json`.", ""]
    how = "greedy" if settings.temperature == 0 else f"at temperature {settings.temperature:g}"
    lines += ["Turns are written by the tokenizer's chat template."]
    lines += [f"Decoding is {how}, with at most {settings.max_new_tokens} new tokens."]
    lines += ["The answer is read out of the text by `reader` in the export's `prompt.json`, with `answer_reading.py`."]
    return "\n".join(lines) + "\n"


def _fenced(text: str) -> list[str]:
    """Return a text as a block of code, whatever fences it holds."""
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"{fence}text", text, fence, ""]
