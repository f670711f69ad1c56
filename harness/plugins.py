"""The one door: baselines, metrics, report formats and engines come in as entry points.

Ours are declared in pyproject.toml, exactly as anybody else's would be.
"""

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from harness.errors import PluginError

BASELINES = "harness.baselines"
METRICS = "harness.metrics"
REPORTS = "harness.reports"
ENGINES = "harness.engines"


@cache
def plugins(group: str) -> Mapping[str, EntryPoint]:
    """List one group's plug-ins by name; nothing is imported yet.

    Raises:
        PluginError: If two packages give different objects the same name.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        if point.name in found and found[point.name].value != point.value:
            raise PluginError(
                f"two packages call a {group} plug-in '{point.name}': "
                f"{found[point.name].value} and {point.value}; uninstall one"
            )
        found[point.name] = point
    return MappingProxyType(found)


def load(group: str, name: str) -> Callable[..., Any]:
    """Import one plug-in: a class or factory whose result keeps the group's protocol.

    Raises:
        PluginError: If no installed package offers it, or its import fails.
    """
    known = plugins(group)
    if name not in known:
        raise PluginError(f"no {group} plug-in is called '{name}'{suggest(name, known)}")
    try:
        loaded: Callable[..., Any] = known[name].load()
    except Exception as fault:  # it is somebody else's code, and may fail in any way
        raise PluginError(
            f"plug-in '{name}' ({known[name].value}) cannot be imported: {fault}; fix or reinstall its package"
        ) from fault
    return loaded


def suggest(name: str, known: Mapping[str, object]) -> str:
    """Return ' (did you mean ...?)' for a near miss, else ' (known: ...)'."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(sorted(known))})"
