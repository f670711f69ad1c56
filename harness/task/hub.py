"""Rows of a data set on the hub: owner/name, owner/name:subset, or owner/name:subset:split.

Behind the name may stand an @ and a commit, all of its 40 digits; without one it is the newest.

Without a split it is the one that the role asks for; a set with a single split serves every role, and the test is then
cut from it (`harness.task.content`). A column of class labels gives their names.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from harness.hub_sets import commit_of, leave_media, own_files_alone
from harness.quiet import quiet
from harness.task.extents import table_fault
from harness.task.faults import Faults

_NAME = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<commit>[0-9a-f]{40}))?"
    r"(?::(?P<subset>[\w.+-]*))?(?::(?P<split>[\w.-]+))?"
)
_NAME_ONE = "run again with a network, or name the same one behind '@' everywhere"
_SPLITS: Mapping[str, tuple[str, ...]] = {
    "dev": ("validation", "dev", "val", "valid", "development"),
    "test": ("test",),
}
_PATIENCE = 3  # seconds for the hub to say that it is there
_MOST_LEVELS = 10  # of objects in objects, in which names of class labels are looked for
Names: TypeAlias = "Sequence[str] | Mapping[str, Names]"  # of class labels: of a column, or by an object's keys
_REMEMBERED = 60  # seconds that this answer holds: a task asks for two or three splits


@dataclass(frozen=True, slots=True)
class HubName:
    """What a task file calls a hub data set."""

    repo: str
    commit: str | None  # None is the newest
    subset: str | None
    split: str | None

    @property
    def at(self) -> str:
        """The commit as it is written; '' for the newest."""
        return f"@{self.commit}" if self.commit else ""


def pinned_name(written: str, commits: Mapping[str, str]) -> str:
    """Return a hub data set's name with the commit that `commits` has of it; any other text as it is."""
    name = hub_name(written)
    if name is None or name.repo not in commits:
        return written
    _, colon, rest = written.partition(":")
    return f"{name.repo}@{commits[name.repo]}{colon}{rest}"


def hub_name(written: str) -> HubName | None:
    """Read owner/name with subset and split, or None when it is no such name."""
    found = _NAME.fullmatch(written)
    return HubName(found["repo"], found["commit"], found["subset"] or None, found["split"]) if found else None


def read_hub(written: str, role: str, faults: Faults) -> tuple[str, list[dict[str, Any]]]:
    """Return the rows of one split and where they stand, such as 'openai/gsm8k:main:train'.

    Args:
        written: As `hub_name` reads it.
        role: The key in the task file's `data`; it chooses a split where none is written.
        faults: Takes what keeps the rows from being had; there are none then. Takes the commit they are of too: where
            other rows of the set came from another one, none are had.
    """
    name = hub_name(written)
    assert name is not None, written
    try:
        parts = _load(name)
        split = _split_for(name, role, list(parts))
    except _Unavailable as fault:
        faults.add(name.repo, str(fault))
        return written, []
    records = parts[split]
    leave_media(records)
    if large := table_fault(len(records), len(records.features), len(records) * len(records.features)):
        faults.add(name.repo, large)
        return written, []
    if _is_here(name):
        faults.guess(name.repo, "read from the folder of that name where harness was started, not from the hub")
    labels = label_names(records.features.to_dict())
    commit = commit_of(records)
    if name.commit is not None and commit != name.commit:  # without a network the libraries take what was read last
        faults.add(name.repo, f"is here at {_short(commit)}, not at {_short(name.commit)}; run again with a network")
        return written, []
    if commit is not None and (first := faults.commits.setdefault(name.repo, commit)) != commit:
        faults.add(name.repo, f"its rows are of two commits of the hub ({first[:12]}, {commit[:12]}); {_NAME_ONE}")
        return written, []
    place = ":".join((name.repo, name.subset or "default", split))
    return place, [with_label_names(dict(values), labels) for values in records]


def _short(commit: str | None) -> str:
    return f"commit {commit[:12]}" if commit else "an unknown commit"


class _Unavailable(Exception):
    """The rows cannot be fetched; the text says what to do."""


def _load(name: HubName) -> Mapping[str, Any]:
    """Return the set's splits by name."""
    import datasets

    is_here = _is_here(name)
    if is_here and name.commit:
        raise _Unavailable("is a folder where harness was started too, which has no commits; start it elsewhere")
    is_reachable = is_here or _can_reach_hub(int(time.monotonic() / _REMEMBERED))
    try:
        with quiet(), own_files_alone(), _offline(not is_reachable):
            loaded: Mapping[str, Any] = datasets.load_dataset(name.repo, name.subset, revision=name.commit)
            return loaded
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as fault:
        known = "is not a file in the task's folder"
        if not is_reachable:
            raise _Unavailable(
                f"{known}, and as a hub data set it is not on this machine and the hub cannot be reached; save its "
                f"rows as a file and name that, or run again with a network"
            ) from None
        if subsets := _subsets(name):
            raise _Unavailable(
                f"has the subsets {', '.join(subsets)}; name one, such as '{name.repo}{name.at}:{subsets[0]}'"
            ) from None
        raise _Unavailable(
            f"{known}, and as a hub data set it cannot be fetched: {_first_line(fault)}; save its rows as a file and "
            f"name that"
        ) from None


def _is_here(name: HubName) -> bool:
    """Whether a folder below the working folder has the set's name: `load_dataset` reads that instead."""
    return Path(name.repo).is_dir()


def _subsets(name: HubName) -> Sequence[str]:
    """Return the set's subsets, where the one that was asked for is not among them."""
    import datasets

    try:
        with quiet(), own_files_alone():
            found = datasets.get_dataset_config_names(name.repo, revision=name.commit)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError):
        return ()
    return () if (name.subset or "default") in found else found


def _split_for(name: HubName, role: str, splits: Sequence[str]) -> str:
    if name.split is not None and name.split in splits:
        return name.split
    listed = ", ".join(splits)
    of_set = f"{name.repo}{name.at}:{name.subset or 'default'}"
    if name.split is not None:
        raise _Unavailable(f"has no split '{name.split}'; it has {listed}")
    if len(splits) == 1:
        return splits[0]
    usual = next((split for split in _SPLITS.get(role, ("train",)) if split in splits), None)
    if usual is None:
        raise _Unavailable(f"has the splits {listed}; say which is data.{role}, such as '{of_set}:{splits[-1]}'")
    return usual


@lru_cache(maxsize=1)
def _can_reach_hub(when: int) -> bool:
    """Whether the hub answers within seconds; the libraries' own retries take half a minute to say that it does not.

    Asked in a thread of its own, as looking up a name has no time limit. `when` makes the answer lapse.
    """
    from huggingface_hub import constants, get_session

    answers: list[bool] = []

    def ask() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
        except Exception:  # of whichever HTTP library the hub's client is built on
            return
        answers.append(True)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return bool(answers)


@contextmanager
def _offline(is_so: bool) -> Iterator[None]:
    """Let the hub's libraries look on this machine only, so that nothing is tried again and again."""
    import datasets.config
    import huggingface_hub.constants

    places: tuple[Any, ...] = (datasets.config, huggingface_hub.constants)
    before = [place.HF_HUB_OFFLINE for place in places]
    try:
        for place in places if is_so else ():
            place.HF_HUB_OFFLINE = True
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = value


def label_names(features: Mapping[str, Any]) -> dict[str, Names]:
    """Return the names of class labels by column, from the hub's description of columns; by key where it has objects.

    Args:
        features: By column, as `datasets.Features.to_dict` and a Parquet file's metadata have it.
    """
    return {column: names for column, feature in features.items() if (names := _names_in(feature, _MOST_LEVELS))}


def _names_in(feature: Any, levels: int) -> Names:
    inner = feature[0] if isinstance(feature, list) and feature else feature
    while isinstance(inner, dict) and isinstance(inner.get("_type"), str) and inner.get("feature"):
        inner = inner["feature"][0] if isinstance(inner["feature"], list) else inner["feature"]
    if not isinstance(inner, dict) or not levels:
        return []
    if isinstance(inner.get("_type"), str):
        return list(inner.get("names") or ()) if inner["_type"] == "ClassLabel" else []
    return {key: names for key, part in inner.items() if (names := _names_in(part, levels - 1))}


def parquet_label_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, Names]:
    """Return the names of class labels by column, from the metadata of a Parquet file that came from the hub."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return label_names(features) if isinstance(features, dict) else {}


def with_label_names(values: dict[str, Any], labels: Mapping[str, Names]) -> dict[str, Any]:
    """Return a row with names instead of class labels' numbers; what is not a label's number stays empty."""
    return {column: _named(value, labels[column]) if column in labels else value for column, value in values.items()}


def _named(value: Any, names: Names) -> Any:
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if isinstance(names, Mapping):
        return with_label_names(value, names) if isinstance(value, dict) else value
    if isinstance(value, int) and not isinstance(value, bool):
        return names[value] if 0 <= value < len(names) else None  # -1 is the hub's sign for a label that is kept back
    return value


def _first_line(fault: BaseException) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0]
