"""Lets the tests of the engine import the mutants that the scorecard counts too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
