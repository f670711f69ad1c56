"""What a run's figures depend on: versions, hashes, machine and seeds."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.store.files import hash_folder
from harness.task.task import Task

# Those whose version may change a figure.
PACKAGES = (
    "prompt-rag-or-tune",
    "torch",
    "transformers",
    "peft",
    "trl",
    "bitsandbytes",
    "sentence-transformers",
    "faiss-cpu",
    "lm-eval",
    "rouge-score",
    "scipy",
    "statsmodels",
)


def versions() -> dict[str, str]:
    """Return the installed version of every package that may change a figure."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def model_digest(model: str) -> str:
    """Return a hash over the model folder's files, or the name where the hub keeps it."""
    return hash_folder(Path(model))[:16] if Path(model).is_dir() else model


def manifest(task: Task, model: str, digest: str, identity: dict[str, str]) -> dict[str, Any]:
    """Describe the run before it starts."""
    return {
        "identity": identity,
        "started": now(),
        "model": {"name": task.model, "files_sha256": digest, "folder": Path(model).name},
        "data_sha256": task.digest,
        "rows": {
            "train": len(task.study.train),
            "dev": len(task.study.dev),
            "test": len(task.test),
            "documents": len(task.study.documents),
            "preferences": len(task.study.preferences),
        },
        "seeds": list(task.seeds),
        "versions": versions(),
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
        },
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
