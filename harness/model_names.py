"""What may be named as a model: an alias, a folder, or a hub id, with a commit of it where one is meant."""

import re

from harness.plugins import suggest

EMBEDDED = "smollm2-135m"
ALIASES = (EMBEDDED,)
_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<commit>[0-9a-f]{40}))?")


def name_fault(name: str) -> str:
    """Say why a name that is not a folder's cannot be a model's; '' when it is an alias or a well-formed hub id."""
    if name in ALIASES or _HUB_ID.fullmatch(name):
        return ""
    known = suggest(name, dict.fromkeys(ALIASES))
    return f"model '{name}' is not an alias{known}, a folder here, or a hub id like 'org/name'"


def is_hub_id(name: str) -> bool:
    """Whether a name is well formed as one of a repository of the hub; a folder may be called so too."""
    return _HUB_ID.fullmatch(name) is not None


def repository_and_commit(name: str) -> tuple[str, str | None]:
    """Return the repository that a hub id names, and the commit behind its '@', 40 hex digits; None is the newest."""
    found = _HUB_ID.fullmatch(name)
    return (found["repo"], found["commit"]) if found else (name, None)
