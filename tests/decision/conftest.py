"""Lets the tests import their world builder, and the simulator that bench/ runs at full size."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parents[1] / "bench"):
    sys.path.insert(0, str(folder))
