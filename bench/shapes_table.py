"""What `harness init` and `harness check` make of the columns of public data sets: docs/public_shapes.md.

    python bench/shapes_table.py >docs/public_shapes.md

The rows are invented, in tests/public_shapes.py; it takes about a minute.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from public_shapes import SHAPES, result_of  # noqa: E402

HEAD = """\
# Public data sets, as `harness init` and `harness check` take them

<!-- Written by `python bench/shapes_table.py > docs/public_shapes.md`. -->

The columns of {count} well-known sets, as their public documentation names them, with three invented rows each
(`tests/public_shapes.py`), repeated to 120 with a word changed. *Right*: question, answer and metric are those that
the set is meant for, and `check` finds no error. *Asked*: more than one column may be meant; at a terminal `init` asks,
without one it ends with exit code 2 and the flag. *Refused*: exit code 2, and one sentence with the remedy. *Wrong*
would be a task that scores another thing.

{tally}.

| set | result | what is made or said |
|---|---|---|
"""


def main() -> None:
    """Print the page."""
    results = []
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            results.append((shape.name, *result_of(shape, Path(folder))))
    counts = Counter(result for _, result, _ in results)
    tally = ", ".join(f"{kind}: {counts[kind]}" for kind in ("right", "asked", "refused", "wrong"))
    lines = [f"| {name} | {result} | {_cell(said)} |" for name, result, said in results]
    print(HEAD.format(count=len(results), tally=tally) + "\n".join(lines))


def _cell(said: str) -> str:
    line = " ".join(said.split()).replace("|", "\\|")
    return line if len(line) <= 110 else line[:107] + "..."


if __name__ == "__main__":
    main()
