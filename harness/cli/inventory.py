"""What is there to use: tasks and runs in folders, and arms, metrics, report formats and engines from packages."""

from collections.abc import Callable, Mapping
from pathlib import Path

import harness
from harness.decision.smoke import NO_VERDICT
from harness.evidence.to_go import arms_to_go
from harness.json_files import read_json
from harness.plugins import BASELINES, ENGINES, METRICS, REPORTS, plugins

Entry = dict[str, str]  # what is known of one thing, by the name of the property

UNREADABLE = "unreadable"


def plugged_in(group: str) -> list[Entry]:
    """List one group's plug-ins with the package that brings each; nothing is imported.

    Raises:
        PluginError: If two packages give different objects the same name.
    """
    return [
        {
            "name": name,
            "package": f"{point.dist.name} {point.dist.version}" if point.dist else "unknown",
            "object": point.value,
        }
        for name, point in sorted(plugins(group).items())
    ]


def tasks(folder: Path) -> list[Entry]:
    """List the tasks in `folder`, in its subfolders and in its tasks/, and those that came with the package."""
    found = [*folder.glob("task.yaml"), *folder.glob("*/task.yaml"), *folder.glob("tasks/*/task.yaml")]
    found += bundled_tasks().glob("*/task.yaml")
    return [_task(path) for path in sorted({path.resolve() for path in found})]


def bundled_tasks() -> Path:
    """Return the folder of the tasks that came with the package: inside it in a wheel, beside it in a source tree."""
    package = Path(harness.__file__).parent
    packed = package / "_tasks"
    return packed if packed.is_dir() else package.parent / "tasks"


def _task(path: Path) -> Entry:
    from harness.errors import TaskFileError
    from harness.task.faults import Faults
    from harness.task.source import read_source

    try:
        values = read_source(path, Faults()).values
    except TaskFileError as fault:
        return {"name": UNREADABLE, "file": _near(path), "about": fault.faults[0]}
    return {
        "name": str(values.get("name", "unnamed")),
        "file": _near(path),
        "about": str(values.get("description", "")),
    }


def runs(folder: Path) -> list[Entry]:
    """List the run folders in `folder` and in its runs/, oldest first, with the state and the verdict of each."""
    found = [*folder.glob("*/identity.json"), *folder.glob("runs/*/identity.json")]
    found = [path for path in found if not path.parent.is_symlink()]  # runs/latest is not a run of its own
    return [_run(path.parent) for path in sorted(found, key=lambda path: (path.lstat().st_mtime, path))]


def _run(folder: Path) -> Entry:
    state, about = _state(folder)
    return {"name": folder.name, "folder": _near(folder.resolve()), "state": state, "about": about}


def _state(folder: Path) -> tuple[str, str]:
    """Return 'finished' or 'unfinished', and the verdict or what is missing."""
    try:
        result = read_json(folder / "result.json")
        arms, sentence = result["arms"], str(result["verdict"]["sentence"])
        waiting = arms_to_go(result)
        is_fast = result["is_fast"]
    except FileNotFoundError:
        return "unfinished", "no result yet; give the same compare command again"
    except (OSError, ValueError, KeyError, TypeError) as fault:
        return UNREADABLE, f"result.json: {fault!r}; draw it again: harness report {_near(folder.resolve())}"
    if waiting:
        return "unfinished", f"{len(waiting)} of {len(arms)} arms to go: {', '.join(waiting)}"
    return "finished", NO_VERDICT if is_fast else sentence  # one of an earlier version has a sentence


def _near(path: Path) -> str:
    """Return a path as seen from here, where it is below."""
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


KINDS: Mapping[str, Callable[[Path], list[Entry]]] = {
    "tasks": tasks,
    "arms": lambda _: plugged_in(BASELINES),
    "metrics": lambda _: plugged_in(METRICS),
    "reports": lambda _: plugged_in(REPORTS),
    "engines": lambda _: plugged_in(ENGINES),
    "runs": runs,
}
