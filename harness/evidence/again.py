"""The command that runs a task again; every run keeps what it takes, so that `harness report` can name it too."""

import shlex
from contextlib import closing
from pathlib import Path

from harness.evidence.states import COMMAND, RUN, CommandState, manifest_of
from harness.store.files import decode, encode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger


def compare_command(task: Path, out: Path | None, limit: int | None, *, is_adaptive: bool) -> str:
    """Return the command that compares a task, without --fast, quoted for a shell."""
    options = [f"--out={out}"] * (out is not None) + [f"--limit={limit}"] * (limit is not None)
    options += ["--adaptive"] * is_adaptive
    return shlex.join(["harness", "compare", str(task), *options])


def keep_command(ledger: Ledger, task: Path, out: Path | None, *, is_adaptive: bool) -> None:
    """Keep with a run where its task file is and how it was asked for, as of the newest `compare`."""
    kept = CommandState(str(task.absolute()), out is not None, is_adaptive)
    ledger.put_state(RUN, COMMAND, encode(CommandState, kept))


def kept_command(folder: RunFolder) -> str | None:
    """Return the command for a run that is stored; None where its task file is gone, or was never kept.

    A smoke run leads to the whole run, which has a folder of its own.
    """
    with closing(Ledger(folder.ledger)) as ledger:
        stored = ledger.state(RUN, COMMAND)
        manifest = manifest_of(ledger)
    kept: CommandState | None = decode(CommandState, stored) if stored else None
    if kept is None or not (task := Path(kept.task)).is_file():
        return None
    is_elsewhere = kept.out or folder.path.absolute().parent != Path.cwd() / "runs"
    out = folder.path if is_elsewhere and not manifest.get("is_fast") else None
    return compare_command(_from_here(task), out, manifest.get("limit"), is_adaptive=kept.adaptive)


def _from_here(path: Path) -> Path:
    """Return a path as seen from the working folder, where it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
