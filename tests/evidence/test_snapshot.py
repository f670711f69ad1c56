"""What a run keeps of its task."""

import json
from contextlib import closing

import pytest
from recorder import Recorder
from ruamel.yaml import YAML

from harness.errors import ModelError, StoreError
from harness.evidence import snapshot
from harness.evidence.again import kept_command
from harness.evidence.compare import Settings, compare
from harness.evidence.models import ServedModel
from harness.evidence.pins import pinned, with_embedders
from harness.evidence.provenance import commits_of
from harness.evidence.snapshot import pin_benchmarks, read_snapshot, write_snapshot
from harness.evidence.states import BENCHMARKS, COMMAND, MANIFEST, RUN
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


def test_commits_of_a_benchmark_s_data_stand_in_the_lock_once_they_are_looked_up(tiny_task, tmp_path, monkeypatch):
    commits, given, said = {"owner/sums": "a" * 40}, [], []
    found = (commits, ["odd: no commit of it is known"])
    monkeypatch.setattr(snapshot, "benchmark_commits", lambda tasks, folder, known: given.append(known) or found)
    path = tiny_task("lora_sft")
    task, folder = load_task(path), RunFolder(tmp_path / "run")
    folder.path.mkdir(mode=0o700)
    with closing(Ledger(folder.ledger)) as ledger:
        write_snapshot(task, folder, ledger)
        assert read_snapshot(folder, ledger) == task
        assert [pin_benchmarks(folder, ledger, {}, said.append) for _ in range(2)] == [True, False]
        assert (given, said) == ([{}], found[1])
        again = read_snapshot(folder, ledger)
        assert (again.general.commits, again.notes) == (commits, (*task.notes, *found[1]))
        assert json.loads(ledger.state(RUN, MANIFEST))["benchmark_commits"] == commits
    beside = path.with_name("again.yaml")
    beside.write_bytes((folder.path / "task.lock.yaml").read_bytes())
    assert load_task(beside).general.commits == commits


def test_run_that_dies_before_it_says_that_commits_were_found_looks_them_up_again(tiny_task, tmp_path, monkeypatch):
    given, folder = [], RunFolder(tmp_path / "run")
    found = ({"owner/sums": "a" * 40}, [])
    monkeypatch.setattr(snapshot, "benchmark_commits", lambda tasks, folder, known: given.append(known) or found)
    folder.path.mkdir(mode=0o700)
    with closing(Ledger(folder.ledger)) as ledger:
        write_snapshot(load_task(tiny_task("lora_sft")), folder, ledger)
        put = ledger.put_state

        def put_or_die(name, key, value):
            if key == BENCHMARKS:
                raise InterruptedError
            put(name, key, value)

        with monkeypatch.context() as dying, pytest.raises(InterruptedError):
            dying.setattr(ledger, "put_state", put_or_die)
            pin_benchmarks(folder, ledger, {}, print)
        assert read_snapshot(folder, ledger).general.commits == {}  # as if nothing had been looked up
        assert pin_benchmarks(folder, ledger, {}, print)
        assert (read_snapshot(folder, ledger).general.commits, len(given)) == (found[0], 2)


@pytest.mark.parametrize("stored", ["[]", '{"commits": 5, "notes": []}', '{"commits": {}, "notes": [1]}', "{"])
def test_state_of_benchmarks_that_is_none_is_one_sentence(tiny_task, tmp_path, stored):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir(mode=0o700)
    with closing(Ledger(folder.ledger)) as ledger:
        write_snapshot(load_task(tiny_task("zero_shot")), folder, ledger)
        ledger.put_state(RUN, BENCHMARKS, stored)
        with pytest.raises(StoreError, match="a stored BenchmarkState cannot be read"):
            read_snapshot(folder, ledger)


@pytest.mark.parametrize("stored", ["[]", '"task"', '{"task": 5, "out": false, "adaptive": false}'])
def test_kept_command_that_is_none_is_one_sentence(tmp_path, stored):
    folder = RunFolder(tmp_path)
    with closing(Ledger(folder.ledger)) as ledger:
        ledger.put_state(RUN, COMMAND, stored)
    with pytest.raises(StoreError, match="a stored CommandState cannot be read"):
        kept_command(folder)


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


@pytest.fixture
def hub_without_network(tmp_path, monkeypatch):
    """The hub's cache with one embedder, of which a commit is here, and no way to the hub."""
    commit, repository = "e" * 40, tmp_path / "hub" / "models--owner--embedder"
    (repository / "snapshots" / commit).mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return commit


ARMS = """
arms: [zero_shot, {name: rag, options: {embedder: owner/embedder}}, {name: own, baseline: rag, options: {embedder: h}}]
metric: {primary: exact_match, also: [similarity], options: {similarity: {embedder: owner/embedder}}}
"""


def task_with_embedders(tiny_task, text=ARMS):
    path = tiny_task("zero_shot")
    (path.parent / "documents").mkdir()
    (path.parent / "documents" / "page.md").write_text("A page.")
    written = YAML(typ="safe").load(path)
    written |= YAML(typ="safe").load(text)
    written["data"]["documents"] = "documents"
    YAML(typ="safe", pure=True).dump(written, path)
    return load_task(path)


def test_embedders_of_arms_and_metrics_are_asked_at_a_commit_which_the_lock_names(tiny_task, hub_without_network):
    task = task_with_embedders(tiny_task)
    found, named = with_embedders(task), f"owner/embedder@{hub_without_network}"
    assert [arm.options.get("embedder") for arm in found.arms] == [None, named, "h"]
    assert found.metric_options["similarity"]["embedder"] == named
    lock = pinned(found.resolved, {}, {})
    assert [arm["options"].get("embedder") for arm in lock["arms"]] == [None, named, "h"]
    assert lock["metric"]["options"]["similarity"]["embedder"] == named
    assert with_embedders(found) == found
    assert found.digest == task.digest  # the run is found again by the task file as it is written


def test_embedder_option_of_somebody_elses_arm_is_theirs_to_read(tiny_task, hub_without_network, third_party):
    points = third_party / "somebody_elses-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "searching = baselines.rag:rag\n")
    text = ARMS.replace("name: rag,", "name: searching,").replace("embedder: owner/embedder}}, {", "embedder: a/b}}, {")
    task = task_with_embedders(tiny_task, text)
    own = with_embedders(task).arms[1]
    assert (own.baseline, own.options["embedder"]) == ("searching", "a/b")


def test_embedder_that_cannot_be_had_is_a_fault_before_the_run(tiny_task, hub_without_network):
    task = task_with_embedders(tiny_task, ARMS.replace("owner/embedder", "owner/other"))
    with pytest.raises(ModelError, match="embedder 'owner/other' is not a folder and cannot be had from the hub"):
        with_embedders(task)


ABSENT = """
arms:
  - {name: big, baseline: few_shot, model: nobody/big}
  - {name: bigger, baseline: few_shot, model: nobody/bigger}
  - {name: rag, options: {embedder: owner/other}}
  - {name: own, baseline: rag, options: {embedder: owner/another}}
"""


def test_all_models_and_embedders_that_cannot_be_had_are_named_at_once(tiny_task, tmp_path, hub_without_network):
    task = task_with_embedders(tiny_task, ABSENT)
    with pytest.raises(ModelError) as caught:
        compare(task, Settings(tmp_path / "run"), Recorder())
    first, *listed = str(caught.value).splitlines()
    assert first == "4 models cannot be used:"
    named = ("model 'nobody/big'", "model 'nobody/bigger'", "embedder 'owner/other'", "embedder 'owner/another'")
    assert [[name for name in named if name in line] for line in listed] == [[name] for name in named]
    assert not (tmp_path / "run").exists()


def test_commit_is_that_of_a_model_which_is_named_by_its_hub_id(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "a" * 40
    folder = str(tmp_path / "models--owner--model" / "snapshots" / commit)
    elsewhere = folder.replace(str(tmp_path), "/elsewhere")
    found = {"owner/model": folder, f"owner/model@{commit}": folder, folder: folder, "other/model": elsewhere}
    models = [ServedModel("", source, "transformers", None, path, "id") for source, path in found.items()]
    assert commits_of(models) == {"owner/model": commit, f"owner/model@{commit}": commit}
