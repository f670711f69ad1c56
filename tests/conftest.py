"""Fixtures that every part's tests share."""

import os
import sys
from pathlib import Path

import pytest

from harness.environment import set_defaults

set_defaults()  # as the command does, before a library is imported
# Tiny models gain nothing from threads, and two processes whose threads wait for each other lose tenfold.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))  # so that `tiny_model` imports wherever pytest starts

from tiny_model import build_tiny_model  # noqa: E402


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random model with the shape and chat template of the embedded one."""
    return build_tiny_model(tmp_path_factory.mktemp("tiny_model"))
