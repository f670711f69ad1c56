"""What a run keeps of its task."""

from contextlib import closing
from dataclasses import replace

import pytest
from ruamel.yaml import YAML

from harness.evidence.snapshot import read_snapshot, write_snapshot
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task


@pytest.mark.parametrize("of_models", [{}, {"owner/model": "c" * 40}])
@pytest.mark.parametrize("of_sets", [{}, {"owner/sums": "d" * 40}])
def test_lock_names_the_commits_of_hub_models_and_data_sets(tiny_task, tmp_path, of_models, of_sets):
    task = replace(load_task(tiny_task("zero_shot")), commits=of_sets)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir(mode=0o700)
    with closing(Ledger(folder.ledger)) as ledger:
        write_snapshot(task, folder, ledger, of_models)
        assert read_snapshot(folder, ledger) == task
    lock = YAML(typ="safe").load(folder.path / "task.lock.yaml")
    assert lock.get("commits", {}) == of_models | of_sets
    assert ("commits" in lock) == bool(of_models or of_sets)
