"""The process that asks an export: `python -P -m harness.exporting.asking EXPORT`, one question a line.

It imports the exported answer.py and nothing else of the export or of this package: each line of standard input
is a JSON object of turns and columns, and each line of standard output says {"text"} or {"fault"}.
"""

import json
import os
import sys
from typing import Any


def _asked(line: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `complete`; a script whose prompt shows no columns takes none."""
    return line if line["columns"] else {"turns": line["turns"]}


def main() -> None:
    """Answer until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer
    sys.path.insert(0, sys.argv[1])
    import answer  # type: ignore[import-not-found]

    for line in sys.stdin:
        try:
            said = {"text": answer.complete(**_asked(json.loads(line)))}
        except ValueError as fault:
            said = {"fault": str(fault)}
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
