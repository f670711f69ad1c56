"""Runs from Python: real ones, in whose workers a rule answers."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from click.testing import CliRunner
from pandas.testing import assert_frame_equal
from recorder import Recorder

import harness
from harness.cli import main

SCRIPT = """\
import harness

print("top of the script")
print(harness.compare("task/task.yaml", out="run").verdict.sentence)
"""


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def result(stub_task, tmp_path, kept):
    """A run with two prompts, a tuned arm of two seeds, and one that fails: made once, and left as it is."""
    if not kept:
        path = stub_task("steady", "terse", "tuned", "failing", extra="seeds: [0, 1]\n")
        kept.append(harness.compare(path, out=tmp_path / "run"))
    return kept[0]


def test_run_says_nothing_and_ends_with_the_verdict_of_the_command(stub_task, tmp_path, capfd):
    path = stub_task("steady")
    found = harness.compare(str(path), out=str(tmp_path / "run"))
    assert capfd.readouterr() == ("", "")
    said = CliRunner().invoke(main, ["report", str(tmp_path / "run")]).output
    assert found.verdict.sentence in said
    assert found.folder == tmp_path / "run"


def plain(frame):
    """Without types: Parquet has a missing truth value as None, and a new frame as NaN."""
    return frame.astype(object).where(frame.notna(), None)


def test_frames_are_the_tables_of_the_run_folder(result):
    for name, frame in (("items", result.items), ("benchmarks", result.benchmarks)):
        stored = pd.read_parquet(result.folder / f"{name}.parquet")
        assert len(stored) > 0
        if name == "items":
            stored["passages"] = stored["passages"].map(list)  # Parquet gives arrays
        assert_frame_equal(plain(frame), plain(stored))


def test_row_of_an_arm_adds_up_from_its_items(result):
    arms = result.arms.set_index(["arm", "seed"])
    own = result.items.query("arm == 'steady'")
    row = arms.loc[("steady", 0)]
    assert row["score"] == pytest.approx(own["exact_match"].mean())
    assert row["also_f1"] == pytest.approx(own["f1"].mean())
    assert row["seconds_per_item"] == pytest.approx(own["seconds"].mean())
    assert row["n"] == len(own)
    assert row["low"] <= row["score"] <= row["high"]
    assert (arms.loc[("failing", 0), "status"], arms.loc[("failing", 0), "reason"]) == (
        "failed",
        "no preference pairs: add data.preferences",
    )
    assert pd.isna(arms.loc[("failing", 0), "score"])


def test_gain_is_the_difference_of_the_scores(result):
    arms = result.arms.set_index("arm").query("is_judged")
    compared = arms[arms["gain"].notna()]
    assert len(compared) > 0
    for _, row in compared.iterrows():
        assert row["gain"] == pytest.approx(row["score"] - arms.loc[row["against"], "score"])
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]


def test_each_seed_is_a_row_and_one_of_them_is_judged(result):
    fits = result.arms.query("arm == 'tuned'")
    assert list(fits["seed"]) == [0, 1]
    assert fits["is_judged"].sum() == 1
    [judged], [other] = (fits[fits["is_judged"] == is_judged].to_dict("records") for is_judged in (True, False))
    [gate] = result.verdict.gates
    assert judged["gate"] == gate.state
    assert pd.isna(other["gate"])
    assert pd.notna(judged["low"]) and pd.isna(other["low"])
    assert pd.notna(other["score"])


def test_what_is_done_to_a_frame_stays_there(result):
    changed = result.arms
    changed["score"] = 1.0
    assert not (result.arms["score"] == 1.0).all()


def test_report_is_that_of_the_folder(result):
    assert result.report_html == (result.folder / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not attributes

    def handle_data(self, data):
        self.text += data


def test_notebook_shows_verdict_arms_and_failures_and_nothing_that_runs(result):
    hostile = '<script>alert("1")</script><img src=x onerror=y>&amp;'
    evidence = [replace(one, reason=hostile) if one.status == "failed" else one for one in result.run.evidence]
    decision = replace(result.verdict, sentence=f"Take it. {hostile}")
    shown = Page(replace(result, run=replace(result.run, decision=decision, evidence=tuple(evidence)))._repr_html_())
    assert shown.tags <= {
        "div",
        "p",
        "strong",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "code",
    }
    assert shown.text.count(hostile) == 2
    assert all(arm in shown.text for arm in result.arms["arm"])


def test_text_of_a_result_is_one_line(result):
    assert repr(result) == f"<Result {result.folder}: {result.verdict.sentence}>"


def test_smoke_run_says_so_in_a_notebook(stub_task, tmp_path):
    path = stub_task("steady")
    assert "do not decide on it" in harness.compare(path, out=tmp_path / "a", fast=True)._repr_html_()
    assert "do not decide on it" not in harness.compare(path, out=tmp_path / "b")._repr_html_()


def state_of(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_opened_run_is_the_run_and_nothing_is_written(result):
    before = state_of(result.folder)
    assert harness.open_run(result.folder) == result
    assert state_of(result.folder) == before


def test_redrawn_run_has_its_report_again(result):
    drawn = (result.folder / "report.html").read_bytes()
    (result.folder / "report.html").unlink()
    assert harness.redraw(str(result.folder)) == result
    assert (result.folder / "report.html").read_bytes() == drawn


def test_options_reach_the_run(stub_task, tmp_path):
    watching = Recorder()
    task = harness.load_task(stub_task("steady", "terse"))
    found = harness.compare(task, out=tmp_path / "run", arms="terse", limit=3, observer=watching)
    assert dict(zip(found.arms["arm"], found.arms["status"], strict=True)) == {"steady": "unfinished", "terse": "ok"}
    assert len(found.items) == 3
    assert "terse" in watching.began_jobs


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"arms": ["steadi"]},
            harness.TaskFileError,
            "--arm steadi: the task has no such arm (did you mean 'steady'?)",
        ),
        ({"limit": 0}, harness.HarnessError, "limit 0: give a whole number of test items, 1 or more"),
        ({"limit": 2.5}, harness.HarnessError, "limit 2.5: give"),
        ({"out": "task"}, harness.StoreError, "is not a run folder; give an --out folder"),
        ({"out": "task/task.yaml"}, harness.StoreError, "is a file; give an --out folder"),
    ],
)
def test_mistake_is_told_in_the_words_of_the_command(stub_task, tmp_path, monkeypatch, options, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        harness.compare(stub_task("steady"), **options)
    assert words in str(caught.value)


@pytest.mark.parametrize("call", [harness.open_run, harness.redraw, harness.export])
def test_folder_of_something_else_is_refused(tmp_path, call):
    with pytest.raises(harness.StoreError, match="is not a run folder"):
        call(tmp_path)


def test_task_file_that_is_not_there_is_a_fault(tmp_path):
    for call in (harness.load_task, harness.compare):
        with pytest.raises(harness.TaskFileError, match="there is no such file"):
            call(tmp_path / "task.yaml")


def test_arm_that_did_not_end_well_is_not_exported(result, tmp_path):
    with pytest.raises(harness.HarnessError, match=r"--arm failing: it is failed \(no preference pairs"):
        harness.export(result.folder, arm="failing", to=tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_run_works_inside_an_event_loop_and_off_the_main_thread(stub_task, tmp_path):
    path = stub_task("steady")

    async def cell():
        return harness.compare(path, out=tmp_path / "loop")

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(harness.compare, path, out=tmp_path / "thread").result()
    assert list(asyncio.run(cell()).arms["status"]) == list(elsewhere.arms["status"]) == ["ok"]


def test_script_without_a_guard_and_without_a_terminal_runs_once(stub_task, tmp_path):
    stub_task("steady")
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"top of the script\n{harness.open_run(tmp_path / 'run').verdict.sentence}\n"


@pytest.mark.parametrize("folder", ["baselines", "reports"])
@pytest.mark.parametrize("how", [["script.py"], ["-c", SCRIPT]], ids=["script", "-c"])
def test_folder_called_as_a_package_of_ours_does_not_take_its_place(stub_task, tmp_path, how, folder):
    stub_task("zero_shot")
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "__init__.py").write_text("")
    ended = subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert list(harness.open_run(tmp_path / "run").arms["status"]) == ["ok"]
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.parametrize("folder", ["baselines", "reports"])
def test_package_of_the_user_that_is_imported_already_is_named_in_one_sentence(stub_task, tmp_path, folder):
    stub_task("zero_shot")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "__init__.py").write_text("")
    ended = subprocess.run(
        [sys.executable, "-c", f"import {folder}\n{SCRIPT}"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    said = f"a package '{folder}' of yours ({tmp_path / folder / '__init__.py'}) was imported before harness needed"
    assert said in ended.stderr.splitlines()[-1]


def test_items_are_asked_in_rounds_where_that_is_asked_for(stub_task, tmp_path):
    path = stub_task("steady", extra="goal: {at_least: 0.9}\n")
    rows = [f'{{"id": "t{i}", "input": "What is item {i}?", "target": "answer {i % 3}"}}\n' for i in range(90)]
    (path.parent / "test.jsonl").write_text("".join(rows))
    found = harness.compare(path, out=tmp_path / "rounds", adaptive=True)
    assert len(found.items) == 30
    assert len(harness.compare(path, out=tmp_path / "whole").items) == 90
