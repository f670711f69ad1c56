"""The runs of a folder: each a name that was found there, never a path that somebody sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.atomic import intruder
from harness.decision.smoke import NO_VERDICT
from harness.evidence.event_file import read_events
from harness.evidence.to_go import arms_to_go
from harness.json_files import read_json
from harness.store.folder import IDENTITY
from harness.viewing.follow import Progress, progress_of

UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One run, as the list shows it."""

    name: str  # of its folder
    task: str
    models: str
    date: str  # when it ended, or began
    state: str  # running, silent, stopped, finished, unfinished, unreadable
    action: str  # of the verdict; '' without one
    arm: str
    sentence: str
    is_fast: bool

    @property
    def words(self) -> str:
        """What a search looks in."""
        said = (self.name, self.task, self.models, self.state, self.action, self.arm, self.sentence)
        return " ".join(said).casefold()


def entries(runs: Path) -> list[Entry]:
    """List the runs, newest first."""
    found = [_entry(folder) for folder in _folders(runs)]
    return sorted(found, key=lambda entry: (entry.date, entry.name), reverse=True)


def folder_of(runs: Path, name: str) -> Path | None:
    """Return the folder of a run by its name; None where there is no such run."""
    return next((folder for folder in _folders(runs) if folder.name == name), None)


def _folders(runs: Path) -> Iterator[Path]:
    """Yield the run folders; a link, and what somebody else may have written, is none."""
    for file in sorted(runs.glob(f"*/{IDENTITY}")):
        try:
            if not intruder(file.parent) and not intruder(file):
                yield file.parent
        except OSError:
            continue  # it went while we looked


def _entry(folder: Path) -> Entry:
    progress = progress_of(read_events(folder))
    is_working = progress.state in ("running", "silent", "stopped")
    try:
        result = read_json(folder / "result.json")
        found = _of_result(folder, result, progress)
    except FileNotFoundError:
        found = _of_events(folder, progress, progress.state if is_working else "unfinished")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = _of_events(folder, progress, UNREADABLE)
    # a smoke run of an earlier version has a verdict in its files
    return replace(found, action="", arm="", sentence=found.sentence and NO_VERDICT) if found.is_fast else found


def _of_result(folder: Path, result: dict[str, Any], progress: Progress) -> Entry:
    verdict, manifest = result["verdict"], result["manifest"]
    return Entry(
        name=folder.name,
        task=str(result["name"]),
        models=", ".join(str(model["source"]) for model in result["models"]),
        date=str(manifest.get("finished") or manifest.get("started") or progress.last),
        state=progress.state
        if progress.state in ("running", "silent")
        else "unfinished"
        if arms_to_go(result)
        else "finished",
        action=str(verdict["action"]),
        arm=str(verdict["arm"] or ""),
        sentence=str(verdict["sentence"]),
        is_fast=bool(result["is_fast"]),
    )


def _of_events(folder: Path, progress: Progress, state: str) -> Entry:
    action, arm, sentence = (str(progress.verdict.get(key) or "") for key in ("action", "arm", "sentence"))
    return Entry(
        name=folder.name,
        task=progress.task or folder.name,
        models=", ".join(progress.models),
        date=progress.last,
        state=state,
        action=action,
        arm=arm,
        sentence=sentence,
        is_fast=progress.is_fast,
    )
