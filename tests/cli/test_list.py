import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.decision.smoke import NO_VERDICT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(*arguments: str):
    result = CliRunner().invoke(main, ["list", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def make_run(folder: Path, result: object) -> None:
    folder.mkdir(parents=True)
    (folder / "identity.json").write_text("{}")
    if result is not None:
        (folder / "result.json").write_text(result if isinstance(result, str) else json.dumps(result))


def finished(*statuses: str, is_fast: bool = False):
    arms = [{"name": f"arm{number}", "status": status} for number, status in enumerate(statuses)]
    return {"is_fast": is_fast, "verdict": {"sentence": "Take the prompt."}, "arms": arms}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("arms", "zero_shot", "baselines.prompt:zero_shot"),
        ("metrics", "macro_f1", "harness.metrics:macro_f1"),
        ("reports", "html", "reports:html"),
        ("engines", "transformers", "harness.engine.kind:TransformersKind"),
    ],
)
def test_plug_ins_are_listed_with_package_version_and_object(kind, name, value):
    entries = {entry["name"]: entry for entry in listed(kind)[kind]}
    package = f"prompt-rag-or-tune {version('prompt-rag-or-tune')}"
    assert entries[name] == {"name": name, "package": package, "object": value}


def test_tasks_here_and_those_of_the_package_are_listed_with_their_file(here):
    for folder in ("mine", "tasks/other"):
        (here / folder).mkdir(parents=True)
        (here / folder / "task.yaml").write_text(f"name: {Path(folder).name}\ndescription: what it does\n")
    entries = {entry["name"]: entry for entry in listed("tasks")["tasks"]}
    assert entries["mine"] == {"name": "mine", "file": "mine/task.yaml", "about": "what it does"}
    assert entries["other"]["file"] == "tasks/other/task.yaml"
    assert entries["support_routing"]["file"].endswith("tasks/support_routing/task.yaml")


def test_task_that_cannot_be_read_is_listed_with_the_reason(here):
    (here / "mine").mkdir()
    (here / "mine" / "task.yaml").write_text("name: [\n")
    (entry,) = [entry for entry in listed("tasks")["tasks"] if entry["file"] == "mine/task.yaml"]
    assert entry["name"] == "unreadable"
    assert "not valid YAML" in entry["about"]


@pytest.mark.parametrize(
    ("result", "state", "about"),
    [
        (finished("ok", "failed"), "finished", "Take the prompt."),
        (finished("ok", is_fast=True), "finished", NO_VERDICT),
        (finished("ok", "unfinished", "unfinished"), "unfinished", "2 of 3 arms to go: arm1, arm2"),
        (None, "unfinished", "no result yet; give the same compare command again"),
        ("{", "unreadable", "draw it again: harness report runs/one"),
        ([], "unreadable", "draw it again: harness report runs/one"),
    ],
)
def test_runs_are_listed_with_state_and_verdict(here, result, state, about):
    make_run(here / "runs" / "one", result)
    (entry,) = listed("runs")["runs"]
    assert (entry["name"], entry["folder"], entry["state"]) == ("one", "runs/one", state)
    assert entry["about"].endswith(about)


def test_runs_come_oldest_first(here):
    for name, age in (("a", 10), ("b", 30), ("c", 20)):
        make_run(here / "runs" / name, None)
        os.utime(here / "runs" / name / "identity.json", (1_000_000 - age, 1_000_000 - age))
    assert [entry["name"] for entry in listed("runs")["runs"]] == ["b", "c", "a"]


def test_all_kinds_are_printed_under_headings(here):
    result = CliRunner().invoke(main, ["list"])
    assert result.exit_code == 0
    headings = [line for line in result.output.splitlines() if not line.startswith(" ")]
    assert headings == ["tasks:", "arms:", "metrics:", "reports:", "engines:", "runs:"]
    assert "  none here; harness compare TASK_FILE makes one" in result.output


def test_unknown_kind_is_refused_with_the_known_ones():
    result = CliRunner().invoke(main, ["list", "armz"])
    assert result.exit_code == 2
    assert "'tasks', 'arms', 'metrics', 'reports', 'engines', 'runs'" in result.output
