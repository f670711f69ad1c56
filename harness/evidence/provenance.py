"""What a run's figures depend on: versions, hashes, machine and seeds."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import harness
from harness.assets.hub import hub_commit, hub_name
from harness.evidence.models import ServedModel
from harness.model_names import repository_and_commit
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


def identity_of(models: Sequence[ServedModel]) -> str:
    """Return what identifies the models of a run together."""
    found = {model.name: [model.identity, model.quantization, model.engine] for model in models}
    return hash_data(found)[:16]


def commits_of(models: Sequence[ServedModel]) -> dict[str, str]:
    """Return the commit that was resolved of each model of the hub, by what the task file calls it."""
    named = [model for model in models if repository_and_commit(model.source)[0] == hub_name(model.path)]
    return {model.source: commit for model in named if (commit := hub_commit(model.path))}


def manifest(task: Task, models: Sequence[ServedModel], identity: dict[str, str]) -> dict[str, Any]:
    """Describe the run before it starts."""
    return {
        "identity": identity,
        "started": now(),
        "models": [
            {
                "name": model.name,
                "source": model.source,
                "identity": model.identity,
                "folder": Path(model.path).name,
                "commit": hub_commit(model.path),
                "quantization": model.quantization,
                "engine": model.engine,
            }
            for model in models
        ],
        "data_sha256": task.digest,
        "benchmark_commits": dict(task.general.commits),
        "rows": {
            "train": len(task.study.train),
            "dev": len(task.study.dev),
            "test": len(task.test),
            "documents": len(task.study.documents),
            "preferences": len(task.study.preferences),
            "feedback": len(task.study.feedback),
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
