"""Whether an export answers as the run did: its own script, item by item, against the stored answers."""

import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from harness.child import Child, module_command
from harness.errors import HarnessError
from harness.exporting.export_source import ExportSource
from harness.exporting.pack import ORIGIN, SCRIPT, origin
from harness.exporting.training.rows import plain
from harness.json_files import read_json
from harness.records import Example

STOP_SECONDS = 20  # a script that does not end by itself is killed then
# Nothing of this process may reach the export but its questions.
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True, slots=True)
class Answered:
    """One test item, answered by the run and by the export."""

    item: str
    stored: str
    said: str

    @property
    def is_equal(self) -> bool:
        """Whether both texts are the same to the letter."""
        return self.stored == self.said


def is_export_of(source: ExportSource, folder: Path, *, is_merged: bool) -> bool:
    """Whether `folder` holds an export of just this run, arm and form."""
    try:
        found = read_json(folder / ORIGIN)
    except (OSError, ValueError):
        return False
    return bool(found == origin(source, is_merged=is_merged))


def verify(source: ExportSource, folder: Path, count: int) -> Iterator[Answered]:
    """Ask the export `count` test items, drawn with the run's seed, one at a time, and yield each pair of answers.

    The run asked in batches and the script asks one by one, so two tokens that are as good as equally likely may
    change places: such a difference is reported like any other.

    Raises:
        HarnessError: If the export has no script, its answers are sampled, or the script fails.
    """
    if not (folder / SCRIPT).is_file():
        raise HarnessError(f"{folder} has no {SCRIPT}, so it cannot be asked here")
    if source.program.generation.temperature > 0:
        raise HarnessError(f"{source.arm} samples its answers, so no two are to be compared")
    examples = _drawn(source, count)
    lines = [json.dumps({"turns": plain(example.messages), "columns": _columns(example)}) for example in examples]
    stored = source.predictions
    for example, said in zip(examples, _ask(folder, lines), strict=True):
        if "fault" in said:
            raise HarnessError(f"{folder / SCRIPT} cannot answer {example.id}: {said['fault']}")
        yield Answered(example.id, stored[example.id].text, said["text"])


def _columns(example: Example) -> dict[str, object]:
    return {column.name: json.loads(column.text) if column.is_json else column.text for column in example.columns}


def _drawn(source: ExportSource, count: int) -> list[Example]:
    """Return `count` items that the model was asked, in their own order."""
    stored = source.predictions
    asked = [
        example
        for example in source.task.test
        if example.id in stored  # where items were asked in rounds, not all were
        and stored[example.id].outcome.is_measured
        and stored[example.id].finish != "context_overflow"
    ]
    picked = random.Random(source.evidence.fit.seed).sample(range(len(asked)), min(count, len(asked)))
    return [asked[number] for number in sorted(picked)]


def _ask(folder: Path, lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the script's answers as they come.

    Raises:
        HarnessError: If the process ends before its last answer.
    """
    command = module_command("harness.exporting.asking", str(folder.resolve()))
    with TemporaryFile("w+", encoding="utf-8", errors="replace") as said_aside:
        child = Child(command, errors=said_aside, environment=_ENVIRONMENT)
        try:
            for number, line in enumerate(lines, start=1):
                child.send(line)
                answer = child.receive_object(math.inf, said_aside.write)
                if answer is None:
                    child.stop(STOP_SECONDS)  # what it said aside is whole then
                    said_aside.seek(0)
                    last = said_aside.read().strip().splitlines()[-3:]
                    raise HarnessError(f"{folder / SCRIPT} ended before answer {number}: {' | '.join(last)}")
                yield answer
        finally:
            child.stop(STOP_SECONDS)
