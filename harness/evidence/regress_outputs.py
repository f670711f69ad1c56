"""The reports of a regression check, through the same door as those of a comparison."""

import os
from pathlib import Path

from harness.atomic import private
from harness.contract import RegressionReport
from harness.errors import StoreError
from harness.plugins import REPORTS, load, plugins
from harness.records import Regression
from harness.store.files import write_atomically


def check_folder(folder: Path) -> None:
    """Make the folder of the reports, before anything is measured for them.

    Raises:
        StoreError: If it cannot be written to.
    """
    try:
        with private():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StoreError(f"{fault}; give another --out folder") from fault
    if not os.access(folder, os.W_OK):
        raise StoreError(f"{folder} cannot be written to; give another --out folder")


def write_regression(regression: Regression, folder: Path, *, is_strict: bool) -> dict[str, Path]:
    """Write every installed format that draws a regression check; return where each lies, by its name.

    Raises:
        StoreError: If the folder cannot be written to.
    """
    check_folder(folder)
    written = {}
    for name in sorted(plugins(REPORTS)):
        report = load(REPORTS, name)()
        if isinstance(report, RegressionReport):
            rendered = report.render_regression(regression, is_strict=is_strict)
            written[name] = folder / rendered.file_name
            with private():
                write_atomically(written[name], rendered.text)
    return written
