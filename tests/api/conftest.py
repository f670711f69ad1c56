"""Fixtures of the front door's tests: real runs, in whose workers a rule answers."""

import shutil

import pytest
from stub_ground import no_torch, own_cache, stub_task, third_party

from harness.assets.cache import make_whole
from harness.assets.models import embedded_model_folder

__all__ = ["no_torch", "own_cache", "stub_task", "third_party"]


@pytest.fixture
def here(tmp_path, monkeypatch, no_torch, own_cache, tiny_model):
    """Work in a folder of this test, where the embedded model is the tiny one; nothing has to be set up."""
    (own_cache / "models").unlink(missing_ok=True)
    make_whole(embedded_model_folder(), lambda folder: shutil.copytree(tiny_model, folder, dirs_exist_ok=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path
