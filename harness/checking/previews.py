"""What each arm will really show the model for one row, as far as it is settled before the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checking.findings import Finding, Hit, Seen, gathered
from harness.checking.model_text import ModelText
from harness.checking.reading import Material
from harness.contract import Previewing
from harness.errors import HarnessError
from harness.plugins import BASELINES, load
from harness.records import Message
from harness.task.skipping import skip_reason


@dataclass(frozen=True, slots=True)
class Shown:
    """What one arm shows, in no model's words yet."""

    arm: str
    model: str  # its source
    messages: tuple[Message, ...] = ()  # none where the arm shows nothing
    learnt: str | None = None
    note: str = ""


def shown_by_arms(material: Material) -> list[Shown]:
    """Return what every arm shows for one row; nothing while the task cannot be read."""
    if material.listed or not all(material.splits.values()):
        return []
    study = material.content.study
    shown = []
    for spec in material.content.arms:
        name, source = spec.name, spec.model.source
        if reason := skip_reason(spec):
            shown.append(Shown(name, source, note=f"it will be skipped: {reason}"))
            continue
        arm = load(BASELINES, spec.baseline)(spec.options)
        if not isinstance(arm, Previewing):
            shown.append(Shown(name, source, note="this arm has no preview"))
            continue
        try:
            one = arm.preview(study)
        except HarnessError as fault:
            shown.append(Shown(name, source, note=f"cannot be shown: {fault}"))
        else:
            shown.append(Shown(name, source, one.messages, one.learnt, one.note))
    return shown


def find_skipped(material: Material) -> list[Finding]:
    """Find arms that the engine of their model cannot serve; nothing while the task cannot be read."""
    arms = () if material.listed else material.content.arms
    hits = [Hit((), f"{arm.name}: {reason}") for arm in arms if (reason := skip_reason(arm))]
    remedy = "give these arms a model of an engine that can, or leave them out"
    return gathered("skipped_arms", "warning", "arms that will be skipped", remedy, hits)


def find_lost_examples(shown: Iterable[Shown], texts: Mapping[str, ModelText]) -> list[Finding]:
    """Find arms whose solved examples a chat template leaves out: they are turns, and some show the last one alone."""
    hits = [Hit((), f"{one.arm}: {fault}") for one in shown if (fault := _lost(one, texts))]
    title = "arms whose examples never reach the model"
    remedy = "restore the template as its publisher has it, or leave these arms out: they cannot be asked"
    return gathered("lost_examples", "warning", title, remedy, hits)


def _lost(shown: Shown, texts: Mapping[str, ModelText]) -> str:
    """Say why a template cannot show an arm's examples; '' where it can, or there are none."""
    chat = texts[shown.model].chat
    roles = tuple(message.role for message in shown.messages)
    if chat is None or roles.count("user") < 2 or not (fault := chat.fault(roles)):
        return ""
    return f"the chat template of '{chat.model}' cannot show earlier turns: {fault}"


def previews(shown: Iterable[Shown], texts: Mapping[str, ModelText]) -> tuple[Seen, ...]:
    """Render what every arm shows in its own model's words.

    Args:
        shown: Of each arm.
        texts: Of each model, by its source.
    """
    seen = []
    for one in shown:
        text = texts[one.model]
        if lost := _lost(one, texts):
            seen.append(Seen(one.arm, "", None, f"cannot be shown: {lost}"))
        elif one.messages:
            learnt = None if one.learnt is None else text.answer(one.learnt) + text.ending()
            seen.append(Seen(one.arm, text.prompt(one.messages), learnt, one.note))
        else:
            seen.append(Seen(one.arm, "", None, one.note))
    return tuple(seen)
