"""What a run's figures depend on: versions, hashes, machine and seeds."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import harness
from harness.engine.content import model_hash
from harness.store.files import hash_data, hash_file
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
    "tokenizers",
    "accelerate",
    "semchunk",
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


def code_digest() -> str:
    """Return a short hash over the sources of `harness`; of an arm's own code only its package's version counts."""
    root = Path(harness.__file__).parent
    return hash_data({path.relative_to(root).as_posix(): hash_file(path) for path in root.rglob("*.py")})[:8]


def commit(root: Path) -> str | None:
    """Return the git commit of a checkout; None elsewhere, or without git."""
    if not (root / ".git").exists():
        return None
    try:
        said = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()


def model_digest(model: str) -> str:
    """Return a short hash over the model's files."""
    return model_hash(model)[:16]


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
        "commit": commit(Path(harness.__file__).parents[1]),
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
        },
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
