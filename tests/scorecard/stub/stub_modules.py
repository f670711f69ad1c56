"""Puts files of ours instead of modules: an engine and benchmarks without torch, or a rewritten module."""

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

_HERE = Path(__file__).parent
REPLACED = {
    "harness.engine.transformers_engine": str(_HERE / "stub_engine.py"),
    "harness.general.benchmark_scores": str(_HERE / "stub_benchmarks.py"),
}


class Replacing(MetaPathFinder):
    """Finds our file for the names in `replaced`, at the moment when somebody imports them."""

    def __init__(self, replaced):
        self.replaced = replaced

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.replaced:
            return None
        return importlib.util.spec_from_file_location(fullname, self.replaced[fullname])


def install(replaced):
    sys.meta_path.insert(0, Replacing(replaced))
