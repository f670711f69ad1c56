"""The one door: baselines, metrics, report formats and engines come in as entry points.

Ours are declared in pyproject.toml, exactly as anybody else's would be. Their packages are imported from beside
`harness`, since a folder `baselines` or `reports` of the user may stand first on the path of a script.
"""

import difflib
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any

from harness.errors import PluginError

BASELINES = "harness.baselines"
METRICS = "harness.metrics"
REPORTS = "harness.reports"
ENGINES = "harness.engines"

OURS = "prompt-rag-or-tune"  # the distribution that holds `harness`
_BESIDE = Path(__file__).resolve().parent.parent  # where `harness` lies, and our other packages with it
_IMPORTING = RLock()  # one thread imports a package of ours; the others wait until it is whole


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
        loaded: Callable[..., Any] = _loaded(known[name])
    except (PluginError, MemoryError):
        raise
    except Exception as fault:  # it is somebody else's code, and may fail in any way
        raise PluginError(
            f"plug-in '{name}' ({known[name].value}) cannot be imported: {fault}; fix or reinstall its package"
        ) from fault
    return loaded


def _loaded(point: EntryPoint) -> Any:
    if not _comes_with_us(point):
        return point.load()
    with _IMPORTING:
        _import_ours(point.module.partition(".")[0])
        return point.load()


def _import_ours(package: str) -> None:
    """Import a package of ours from beside `harness`, whatever stands before it on the path.

    Raises:
        PluginError: If another package of that name was imported before.
    """
    if package in sys.modules:
        _check_ours(package)
        return
    spec = PathFinder.find_spec(package, [str(_BESIDE)])
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no package '{package}' beside {_BESIDE / 'harness'}")
    sys.modules[package] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[package])
    except BaseException:
        del sys.modules[package]
        raise


def _check_ours(package: str) -> None:
    module = sys.modules[package]
    places = [module.__file__] if module.__file__ else list(getattr(module, "__path__", []))
    if not any(Path(place).resolve().is_relative_to(_BESIDE / package) for place in places):
        found = places[0] if places else "elsewhere"
        raise PluginError(
            f"a package '{package}' of yours ({found}) was imported before harness needed its own of that name; "
            "rename yours, or do not import it in the process that calls harness"
        )


def is_ours(group: str, name: str) -> bool:
    """Whether a plug-in comes with `harness`, so that its options mean what ours mean."""
    point = plugins(group).get(name)
    return point is not None and _comes_with_us(point)


def _comes_with_us(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == OURS


def suggest(name: str, known: Mapping[str, object]) -> str:
    """Return ' (did you mean ...?)' for a near miss, else ' (known: ...)'."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(sorted(known))})"
