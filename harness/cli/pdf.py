"""The Chromium or Chrome of this machine, by which a page is printed to a PDF."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.child import variables
from harness.errors import StoreError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
SECONDS = 600  # a busy machine takes minutes to start a browser


def find_browser() -> str:
    """Return the browser's program.

    Raises:
        StoreError: If there is none; the message says what was looked for.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    found = found or next((place for place in PLACES if Path(place).is_file()), None)
    if found is None:
        raise StoreError(
            f"no Chromium or Chrome was found (looked for {', '.join(NAMES)} on the path); install one, or open the"
            " report in any browser and print it to a PDF there"
        )
    return found


def print_to_pdf(page: Path, pdf: Path) -> None:
    """Print a page of this machine to a PDF; the browser is given no profile of the user's and keeps none.

    Raises:
        StoreError: If there is no browser, or it does not print.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={profile}"]
        # Chromium refuses its sandbox to the superuser. The page is ours, and its policy lets nothing of others run.
        command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command += [f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()]
        pdf.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, check=False, env=variables()
            )
            said = (done.stderr or "").strip().splitlines()[-1:]
        except subprocess.TimeoutExpired:
            said = [f"it did not end within {SECONDS} s"]
    if pdf.is_file():
        pdf.chmod(0o600)  # as the other files of a run, whatever the umask
    else:
        raise StoreError(f"{browser} did not print {page} ({' '.join(said) or 'it says nothing'}); print it by hand")
