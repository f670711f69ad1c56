"""How the run's models are shown conversations, looked at before anything is asked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.chat.rows import ShownRow, row_faults
from harness.contract import Formatting
from harness.errors import TaskFileError
from harness.evidence.models import ServedModel, engine_kind
from harness.records import Example
from harness.task.task import Task


def look_at_formats(task: Task, models: Sequence[ServedModel]) -> dict[str, tuple[str, ...]]:
    """Return what was found of each model's format, by the model as the task file names it.

    Raises:
        ModelError: If a model cannot hold a conversation.
        TaskFileError: If rows have turns that a model cannot be shown, or answers that it cannot give.
    """
    found: dict[str, tuple[str, ...]] = {}
    faults: dict[str, None] = {}
    for model in models:
        kind = engine_kind(model.engine)
        name = Path(model.source).name if Path(model.source).is_absolute() else model.source
        chat = kind.chat_format(model.path, name) if isinstance(kind, Formatting) else None
        if chat is not None and model.source not in found:
            found[model.source] = chat.notes
            faults |= dict.fromkeys(row_faults(chat, _rows(task)))
    if faults:
        raise TaskFileError(str(task.file), list(faults))
    return found


def _rows(task: Task) -> Iterator[ShownRow]:
    study = task.study
    has_system = study.system is not None
    splits: tuple[tuple[str, Sequence[Example]], ...] = (
        ("train", study.train),
        ("dev", study.dev),
        ("test", task.test),
    )
    for split, examples in splits:
        for row in examples:
            yield ShownRow.of(f"{split} {row.id}", row.messages, (row.target,), has_system=has_system)
    for pair in study.preferences:
        answers = (pair.chosen, pair.rejected)
        yield ShownRow.of(f"preferences {pair.id}", pair.messages, answers, has_system=has_system)
    for said in study.feedback:
        yield ShownRow.of(f"feedback {said.id}", said.messages, (said.answer,), has_system=has_system)
