"""How well a run told the time that it still took: what its events said, against what came.

    python -m bench.time_left RUN_FOLDER...

Prints a line for each job that ended: the seconds left as told then, the seconds that the rest of the run took, and
their ratio. A run that was stopped in between tells of its last part alone.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.evidence.event_file import read_events


@dataclass(frozen=True, slots=True)
class Told:
    """What was said when a job ended."""

    job: str
    left: float | None  # seconds; None: nothing told
    true: float

    @property
    def ratio(self) -> float | None:
        """Told over true; None where one of them is missing, or nothing was left."""
        return None if self.left is None or self.true <= 0 else self.left / self.true


def told(events: list[dict[str, Any]]) -> Iterator[Told]:
    """Yield each job of the last part of a run that came to its last job's end."""
    starts = [place for place, event in enumerate(events) if event["event"] == "run_started"]
    ends = [event for event in events[starts[-1] if starts else 0 :] if event["event"] == "job_ended"]
    for event in ends:
        yield Told(event["job"], event["left"], _time(ends[-1]) - _time(event))


def _time(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def main() -> None:
    """Print every run named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_FOLDER")
    for folder in parser.parse_args().runs:
        print(folder)
        for found in told(read_events(folder)):
            left = "not told" if found.left is None else f"{found.left:.0f} s"
            ratio = "" if found.ratio is None else f", ratio {found.ratio:.2f}"
            print(f"  after {found.job}: told {left}, true {found.true:.0f} s{ratio}")


if __name__ == "__main__":
    main()
