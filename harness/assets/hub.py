"""Models of the hub: fetched at one commit, into the hub's own cache, and loaded from there."""

from pathlib import Path

from harness.errors import ModelError
from harness.model_names import repository_and_commit
from harness.quiet import quiet

# Of a repository: what transformers reads from its top level, and no second form of the weights.
_READ = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]
_NOT_READ = ["*/*", "consolidated*"]
_OTHER_FORMS = ["*.bin", "*.h5", "*.msgpack", "*.ot", "*.onnx", "onnx/*", "openvino/*"]  # of an embedder's weights
_REPOSITORY, _COMMITS = "models--", "snapshots"  # models--ORG--NAME/snapshots/COMMIT


def hub_snapshot(name: str) -> Path:
    """Return the folder with a model's files at one commit: the newest, or without a network the one that is here.

    Args:
        name: A hub id; one with '@' and a commit means that.

    Raises:
        ModelError: If they cannot be had.
    """
    try:
        return _fetched(name, allow_patterns=_READ, ignore_patterns=_NOT_READ)
    except MemoryError:
        raise
    except Exception as fault:  # the hub's client passes on the faults of several libraries, a proxy's among them
        raise unreadable(name, fault) from fault


def hub_embedder(name: str) -> Path:
    """Return the folder with a sentence embedder's files at one commit, as `hub_snapshot` does of a model.

    Raises:
        ModelError: If they cannot be had.
    """
    try:
        return _fetched(name, allow_patterns=None, ignore_patterns=_OTHER_FORMS)
    except MemoryError:
        raise
    except Exception as fault:  # as above
        raise ModelError(
            f"embedder '{name}' is not a folder and cannot be had from the hub ({' '.join(str(fault).split())}); "
            "give a folder, or leave `embedder` out for the embedded one, which needs no network"
        ) from fault


def _fetched(name: str, allow_patterns: list[str] | None, ignore_patterns: list[str]) -> Path:
    from huggingface_hub import snapshot_download

    repository, commit = repository_and_commit(name)
    with quiet():
        return Path(
            snapshot_download(
                repository, revision=commit, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns
            )
        )


def unreadable(model: str, fault: Exception) -> ModelError:
    """Say that a model's files cannot be had or read."""
    said = " ".join(str(fault).split()) or type(fault).__name__
    return ModelError(
        f"the files of model '{model}' cannot be read: {said}; check the folder or id, and the way to the hub"
    )


def hub_name(folder: str) -> str | None:
    """Return the id of the hub's model that lies in a folder of its cache, or None of any other folder."""
    commit = Path(folder)
    repository = commit.parent.parent.name
    if commit.parent.name != _COMMITS or not repository.startswith(_REPOSITORY):
        return None
    return repository.removeprefix(_REPOSITORY).replace("--", "/")


def hub_commit(folder: str) -> str | None:
    """Return the commit that lies in a folder of this machine's hub cache, or None of any other folder.

    A folder elsewhere may be laid out like one, and nothing says what lies in it.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    is_kept = Path(folder).absolute().is_relative_to(Path(HF_HUB_CACHE).absolute())
    return Path(folder).name if is_kept and hub_name(folder) else None
