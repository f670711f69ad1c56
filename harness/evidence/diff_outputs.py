"""The reports of two runs side by side, through the same door as those of one."""

from pathlib import Path

from harness.atomic import private
from harness.contract import DifferenceReport, Rendered
from harness.errors import PluginError
from harness.evidence.regress_outputs import check_folder
from harness.plugins import REPORTS, load, plugins
from harness.records import RunDifference
from harness.store.files import write_atomically


def rendered_difference(name: str, difference: RunDifference) -> Rendered:
    """Draw one report format.

    Raises:
        PluginError: If no installed package offers it, or it draws no two runs.
    """
    report = load(REPORTS, name)()
    if not isinstance(report, DifferenceReport):
        raise PluginError(f"the report format '{name}' does not draw two runs side by side")
    return report.render_difference(difference)


def write_difference(difference: RunDifference, folder: Path) -> list[Path]:
    """Write every installed format that draws two runs; return where they lie.

    Raises:
        StoreError: If the folder cannot be written to.
    """
    check_folder(folder)
    written = []
    for name in sorted(plugins(REPORTS)):
        report = load(REPORTS, name)()
        if isinstance(report, DifferenceReport):
            found = report.render_difference(difference)
            written.append(folder / found.file_name)
            with private():
                write_atomically(written[-1], found.text)
    return written
