"""Ask an advisory service about every locked package: `make audit`, which runs this in an environment of its own.

pip-audit ends with 0 and "No known vulnerabilities found" also where the service could be asked nothing at all, so what
it skipped is counted here, for each lock file by itself. Exit codes, of which the worst lock's is taken: 0 nothing
known; 3 some packages could not be asked about; 1 advisories, which are worse.
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
BADNESS = (CLEAN, NOT_AUDITED, ADVISORIES)  # the worst last


def verdict(found: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print for pip-audit's list of the packages of one lock.

    Args:
        found: The packages, each with what is known of it (`vulns`) or why it was skipped (`skip_reason`).
    """
    lines = [_line(one, advisory) for one in found for advisory in one.get("vulns", ())]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    if not found or len(skipped) == len(found):
        return NOT_AUDITED, ["nothing was audited: no source of advisories is reachable from here"]
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


def judged(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[int, list[str]]:
    """Return the exit code of the worst lock, and the lines to print, each with its lock's name in front.

    Args:
        found: pip-audit's list of packages, by lock.
    """
    verdicts = {lock: verdict(packages) for lock, packages in found.items()}
    lines = [f"{lock}: {line}" for lock, (_, said) in verdicts.items() for line in said]
    return max((code for code, _ in verdicts.values()), key=BADNESS.index), lines


def main() -> int:
    """Audit every lock, print what was found, and return the exit code."""
    code, lines = judged({lock: ask(ROOT / lock) for lock in LOCKS})
    print(*lines, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
