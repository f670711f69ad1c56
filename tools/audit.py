"""Ask an advisory service about every locked package: `make audit`, which runs this in an environment of its own.

pip-audit ends with 0 and "No known vulnerabilities found" also where the service could be asked nothing at all, so what
it skipped is counted here. Exit codes: 0 nothing known; 1 advisories; 3 some packages could not be asked about.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.locks import LOCKS, ROOT

CLEAN, ADVISORIES, NOT_AUDITED = 0, 1, 3


def verdict(found: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print for pip-audit's list of packages.

    Args:
        found: The packages, each with what is known of it (`vulns`) or why it was skipped (`skip_reason`).
    """
    lines = [_line(one, advisory) for one in found for advisory in one.get("vulns", ())]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    if not found or len(skipped) == len(found):
        return NOT_AUDITED, ["no advisory source is reachable from here: nothing was audited"]
    if skipped:
        lines.append(f"not audited, as the source does not know them: {', '.join(skipped)}")
    if any(one.get("vulns") for one in found):
        return ADVISORIES, lines
    lines.append(f"{len(found) - len(skipped)} packages without a known advisory")
    return (NOT_AUDITED if skipped else CLEAN), lines


def _line(package: Mapping[str, Any], advisory: Mapping[str, Any]) -> str:
    fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
    return f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}"


def ask(lock: Path) -> list[Mapping[str, Any]]:
    """Let pip-audit look at one lock file; nothing is installed. Returns no package where it failed."""
    with tempfile.TemporaryDirectory() as room:
        file = Path(room) / "found.json"
        command = [sys.executable, "-P", "-m", "pip_audit", "--requirement", str(lock), "--disable-pip"]
        command += ["--require-hashes", "--progress-spinner", "off", "--format", "json", "--output", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not file.is_file():
            print("\n".join(done.stderr.strip().splitlines()[-3:]), file=sys.stderr)
            return []
        found: list[Mapping[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["dependencies"]
        return found


def main() -> int:
    """Audit every lock, print what was found, and return the exit code."""
    code, lines = verdict([one for lock in LOCKS for one in ask(ROOT / lock)])
    print(*lines, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
