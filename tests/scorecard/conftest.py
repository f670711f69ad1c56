import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that `bench` imports wherever pytest starts

from bench.scorecard.judging import reference  # noqa: E402
from bench.scorecard.lab import build_lab  # noqa: E402


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    return build_lab(tmp_path_factory.mktemp("scorecard") / "lab")


@pytest.fixture(scope="session")
def whole(lab):
    """The run without a fault that every other must equal."""
    return reference(lab)
