"""Whether what is installed is what the package asks for; nothing is imported to find out."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness.doctor.finding import Finding
from harness.errors import PluginError
from harness.plugins import BASELINES, METRICS, OURS, REPORTS, plugins

REINSTALL = f"pip install --force-reinstall --no-deps {OURS}"


def look_at_packages() -> Iterator[Finding]:
    """Look at Python, at every package that ours asks for, and at what is plugged in."""
    try:
        ours = metadata(OURS)
    except PackageNotFoundError:
        text = "this package is not installed, so that it has no arms, metrics and reports"
        yield Finding("package", "fault", text, "pip install . in the folder of pyproject.toml")
        return
    yield Finding("package", "ok", f"{OURS} {ours['Version']}")
    yield python_finding(platform.python_version(), ours["Requires-Python"])
    needed = direct(ours.get_all("Requires-Dist") or [])
    yield from package_findings(needed, {requirement.name: installed(requirement.name) for requirement in needed})
    yield _plugged_in()


def direct(declared: Sequence[str]) -> list[Requirement]:
    """Return the requirements that hold here without an extra."""
    found = [Requirement(line) for line in declared]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]


def installed(name: str) -> str | None:
    """Return the installed version of a package; None when it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def python_finding(here: str, needed: str) -> Finding:
    """Say whether this Python is one that the package runs on.

    Args:
        here: Its version.
        needed: A specifier such as '>=3.11'.
    """
    if SpecifierSet(needed).contains(here, prereleases=True):
        return Finding("python", "ok", f"{here} ({needed} is asked for)")
    text = f"{here} is too old or too new: {needed} is asked for"
    return Finding("python", "fault", text, f"install this package into an environment of Python {needed}")


def package_findings(needed: Sequence[Requirement], found: Mapping[str, str | None]) -> Iterator[Finding]:
    """Say which packages are missing or outside their range, then which are right.

    Args:
        needed: What is asked for.
        found: The installed version of each by its name; None for one that is not there.
    """
    right = []
    for requirement in sorted(needed, key=lambda one: one.name.lower()):
        name, here = requirement.name, found[requirement.name]
        remedy = f"pip install '{requirement}'"
        if here is None:
            yield Finding(name, "fault", "is not installed", remedy)
        elif not requirement.specifier.contains(here, prereleases=True):
            yield Finding(name, "fault", f"{here} is installed, and {requirement.specifier} is asked for", remedy)
        else:
            right.append(f"{name}=={here}")
    yield Finding("packages", "ok", f"{len(right)} of {len(needed)} as asked for: {' '.join(right)}")


def _plugged_in() -> Finding:
    groups = {"arms": BASELINES, "metrics": METRICS, "report formats": REPORTS}
    try:
        counts = {name: len(plugins(group)) for name, group in groups.items()}
    except PluginError as fault:
        return Finding("plug-ins", "fault", str(fault), "uninstall one of the two packages")
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    if not all(counts.values()):
        return Finding("plug-ins", "fault", f"{text}: entry points of this package are missing", REINSTALL)
    return Finding("plug-ins", "ok", f"{text} (harness list)")
