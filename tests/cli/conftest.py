"""Fixtures of the commands' tests: what `harness regress` stands on is made once, and only where it is asked for."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from regress_ground import LIMIT, lay_ground

from harness.cli import main
from harness.cli.regress import SUMMARY


@pytest.fixture(scope="session")
def ground(tmp_path_factory, tiny_model):
    return lay_ground(tmp_path_factory.mktemp("regress"), tiny_model)


@pytest.fixture
def elsewhere(ground, tmp_path, monkeypatch):
    """Work in a folder of this test, with the session's cache: what was asked once is not asked again."""
    monkeypatch.setenv("HARNESS_CACHE", ground.path("cache"))
    monkeypatch.delenv(SUMMARY, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def check(ground):
    """Compare against the tiny model on what it can do."""

    def run(tuned, *arguments, base=None, general="known.jsonl", limit=LIMIT):
        known = Path(ground.path(general))
        shutil.copy(known, known.name)  # an own file is named from where the command is given
        asked = ["regress", "--base", base or str(ground.model), "--tuned", tuned, "--general", known.name]
        return CliRunner().invoke(main, [*asked, "--limit", str(limit), "--out", "out", *arguments])

    return run


@pytest.fixture
def written(elsewhere):
    """Return what reads the check that was written last, from where the test stands."""
    return lambda: json.loads(Path("out/regression.json").read_text())
