"""Checks of the settings that look at more than one key, or at the disk beside the task file."""

from pathlib import Path

from harness.errors import ArmError
from harness.program import render
from harness.task.faults import Faults
from harness.task.schema import TaskFile
from harness.task.source import Source


def check_rule(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note thresholds that do not rise: rethink < promising < nearly_sure."""
    rule = settings.rule
    if not rule.rethink < rule.promising < rule.nearly_sure:
        text = (
            f"rule: rethink {rule.rethink:g}, promising {rule.promising:g} and nearly_sure {rule.nearly_sure:g} "
            f"do not rise; order them"
        )
        faults.add(source.name, text, source.line(("rule",)))


def check_template(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note a template that does not render, or that leaves the question out."""
    line = source.line(("prompt", "template"))
    question = "the question itself"
    try:
        text = render(settings.prompt.template, input=question, passages=[])
    except ArmError as fault:
        faults.add(source.name, str(fault), line)
        return
    if question not in text:
        faults.add(source.name, "prompt.template leaves the question out; put {{ input }} where it belongs", line)


def check_seeds(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note a seed that is listed twice: it would count one run as two."""
    if len(set(settings.seeds)) < len(settings.seeds):
        faults.add(source.name, f"seeds {settings.seeds} repeat; list each once", source.line(("seeds",)))


def model_of(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> str:
    """Return the model as the engine takes it: a folder beside the task file becomes absolute."""
    path = folder / settings.model
    if path.is_dir():
        return str(path.resolve())
    if settings.model.startswith(("./", "../", "/", "~")):
        text = f"model folder '{settings.model}' is not there; mend the path, or give an alias or a hub id"
        faults.add(source.name, text, source.line(("model",)))
    return settings.model


def include_path_of(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> Path | None:
    """Return the absolute folder with lm-eval task files of the user's own."""
    written = settings.general.include_path
    if written is None:
        return None
    path = folder / written
    if not path.is_dir():
        text = f"general.include_path '{written}' is no folder; give one that holds lm-eval task files"
        faults.add(source.name, text, source.line(("general", "include_path")))
    return path.resolve()
