"""Checks of the settings that look at more than one key, or at the disk beside the task file."""

from pathlib import Path

from harness.benchmark_code import code_faults, is_code_allowed
from harness.confined import private_attribute
from harness.errors import ArmError, shortened
from harness.program import PLAIN_TEMPLATE, Filling, columns_named, render
from harness.task.faults import Faults
from harness.task.prompt_columns import PASSAGES
from harness.task.schema import TaskFile
from harness.task.source import Source
from harness.task.text import kind_of
from harness.task.turns import shown


def check_rule(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note thresholds that do not rise: rethink < promising < nearly_sure."""
    rule = settings.rule
    if not rule.rethink < rule.promising < rule.nearly_sure:
        text = (
            f"rule: rethink {rule.rethink:g}, promising {rule.promising:g} and nearly_sure {rule.nearly_sure:g} "
            f"do not rise; order them"
        )
        source.add_fault(faults, ("rule",), text)


def check_template(settings: TaskFile, source: Source, faults: Faults) -> TaskFile:
    """Note a template that does not render, or that leaves the question out, without passages or with some.

    Returns:
        The settings; the plain template stands in for a wrong one, so that the other checks continue.
    """
    text = _template_fault(settings.prompt.template)
    if not text:
        return settings
    source.add_fault(faults, ("prompt", "template"), text)
    return with_plain_template(settings)


def with_plain_template(settings: TaskFile) -> TaskFile:
    """Return the settings with the plain template instead of a wrong one, so that other checks continue."""
    prompt = settings.prompt.model_copy(update={"template": PLAIN_TEMPLATE})
    return settings.model_copy(update={"prompt": prompt})


def _template_fault(template: str) -> str:
    if reached := private_attribute(template):
        return (
            f"prompt template {shown(template)} reaches for '{reached}': names that begin with an underscore lead out "
            "of a template's values; take it out"
        )
    question = "the question itself"
    try:
        if columns_named(template):  # what they hold is known when the rows are read
            return ""
        without, beside = render(template, [Filling(question), Filling(question, PASSAGES)])
    except ArmError as fault:
        return str(fault)
    if question in without and question in beside:
        return ""
    where = " where there are passages" if question in without else ""
    return f"prompt.template leaves the question out{where}; put {{{{ input }}}} where it belongs"


def check_seeds(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note a seed that is listed twice: it would count one run as two."""
    if len(set(settings.seeds)) < len(settings.seeds):
        source.add_fault(faults, ("seeds",), f"seeds {settings.seeds} repeat; list each once")


def include_path_of(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> Path | None:
    """Return the absolute folder with lm-eval task files of the user's own."""
    written = settings.general.include_path
    if written is None:
        return None
    path = folder / written
    if kind_of(path) != "folder":
        text = f"general.include_path '{shortened(written)}' is not a folder; give one that holds lm-eval task files"
        source.add_fault(faults, ("general", "include_path"), text)
        return None
    path = path.resolve()
    if not is_code_allowed():
        for fault in code_faults(path):
            faults.add((Path(written) / fault.file).as_posix(), fault.text, fault.line)
    return path
