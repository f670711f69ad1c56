"""What a run keeps of its task."""

from contextlib import closing

from ruamel.yaml import YAML

from harness.evidence.models import ServedModel
from harness.evidence.pins import pinned
from harness.evidence.provenance import commits_of
from harness.evidence.snapshot import read_snapshot, write_snapshot
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task


def test_resolved_task_file_beside_the_task_is_the_same_task(tiny_task, tmp_path):
    path = tiny_task("zero_shot")
    task = load_task(path)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir(mode=0o700)
    with closing(Ledger(folder.ledger)) as ledger:
        write_snapshot(task, folder, ledger)
        assert read_snapshot(folder, ledger) == task
    beside = path.with_name("again.yaml")
    beside.write_bytes((folder.path / "task.lock.yaml").read_bytes())
    again = load_task(beside)
    assert (again.digest, again.resolved) == (task.digest, task.resolved)


def test_every_hub_id_of_the_resolved_task_file_stands_with_its_commit():
    older, newer, rows = "a" * 40, "b" * 40, "c" * 40
    written = YAML(typ="safe").load(
        """
        model: {source: owner/model, engine: transformers}
        arms:
        - {name: here, model: {source: ../models/own}}
        - {name: other, model: {source: owner/model@OLDER}}
        - {name: plain}
        metric: {primary: judge, options: {judge: {model: owner/model, rubric: owner/model}, number: {tolerance: 1}}}
        data: {train: owner/sums, dev: "owner/sums:default:validation", test: test.jsonl, turns: last, columns: {}}
        description: owner/model
    """.replace("OLDER", older)
    )
    found = pinned(written, {"owner/model": newer, f"owner/model@{older}": older}, {"owner/sums": rows})
    assert found == YAML(typ="safe").load(f"""
        model: {{source: owner/model@{newer}, engine: transformers}}
        arms:
        - {{name: here, model: {{source: ../models/own}}}}
        - {{name: other, model: {{source: owner/model@{older}}}}}
        - {{name: plain}}
        metric:
          primary: judge
          options: {{judge: {{model: owner/model@{newer}, rubric: owner/model}}, number: {{tolerance: 1}}}}
        data:
          train: owner/sums@{rows}
          dev: "owner/sums@{rows}:default:validation"
          test: test.jsonl
          turns: last
          columns: {{}}
        description: owner/model
    """)


def test_commit_is_that_of_a_model_which_is_named_by_its_hub_id(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "a" * 40
    folder = str(tmp_path / "models--owner--model" / "snapshots" / commit)
    elsewhere = folder.replace(str(tmp_path), "/elsewhere")
    found = {"owner/model": folder, f"owner/model@{commit}": folder, folder: folder, "other/model": elsewhere}
    models = [ServedModel("", source, "transformers", None, path, "id") for source, path in found.items()]
    assert commits_of(models) == {"owner/model": commit, f"owner/model@{commit}": commit}
