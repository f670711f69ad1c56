"""Two runs side by side, on real run folders whose answers come from a rule."""

import json
from pathlib import Path

import pytest
from recorder import Recorder

from harness.decision.paired import mean_difference
from harness.errors import HarnessError
from harness.evidence.compare import Settings, compare
from harness.evidence.diff import JUDGED, diff_runs
from harness.task import load_task


@pytest.fixture
def run(tmp_path):
    """Run a task file and return its folder."""

    def run(name: str, task: Path, **more):
        compare(load_task(task), Settings(tmp_path / name, **more), Recorder())
        return tmp_path / name

    return run


def rewrite(task: Path, split: str, change) -> None:
    """Change the rows of a split, each in place."""
    file = task.parent / f"{split}.jsonl"
    rows = change([json.loads(line) for line in file.read_text().splitlines()])
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def scores(folder: Path, arm: str) -> dict[str, float]:
    import pandas as pd

    items = pd.read_parquet(folder / "items.parquet")
    return dict(items[items["arm"] == arm][["item", "exact_match"]].itertuples(index=False))


def test_two_runs_of_the_same_differ_in_nothing(run, stub_task):
    task = stub_task("steady", "terse")
    found = diff_runs(run("a", task), run("b", task))
    assert found.differences == ()
    assert [(arm.name, arm.flips, arm.change.difference.estimate) for arm in found.arms] == [
        ("steady", (), 0.0),
        ("terse", (), 0.0),
    ]
    assert (found.items.shared, found.items.only_before, found.items.only_after) == (10, 0, 0)
    assert (found.before.action, found.before.sentence) == (found.after.action, found.after.sentence)


def test_pair_is_compared_item_by_item_with_the_paired_interval_and_the_losses_first(run, stub_task):
    task = stub_task("steady", "tuned")
    before, after = run("a", task), run("b", task)
    (arm,) = diff_runs(before, after, [("steady", "tuned")]).arms
    there, here = scores(before, "steady"), scores(after, "tuned")
    moved = {item: here[item] - there[item] for item in there}
    assert {flip.item: flip.after_score - flip.before_score for flip in arm.flips} == {
        item: by for item, by in moved.items() if by
    }
    assert set(moved.values()) == {-1.0, 0.0, 1.0}  # the case has losses and wins
    assert [flip.is_loss for flip in arm.flips] == sorted((flip.is_loss for flip in arm.flips), reverse=True)
    import numpy as np

    expected = mean_difference(np.array(list(moved.values())), is_rate=True).interval()
    assert arm.change.difference == expected
    assert arm.name == "steady → tuned"


def test_only_shared_rows_are_compared_and_the_rest_is_counted(run, stub_task):
    """Of ten items two go, one gets another answer, one another id, and three are new: seven are the same."""
    task = stub_task("steady")
    before = run("a", task)

    def change(rows):
        kept = rows[2:]
        kept[0]["target"] = "another answer"
        kept[1]["id"] = "renamed"
        return [*kept, *({"id": f"new{i}", "input": f"What is new {i}?", "target": "answer 0"} for i in range(3))]

    rewrite(task, "test", change)
    after = run("b", task)
    found = diff_runs(before, after)
    assert (found.items.shared, found.items.only_before, found.items.only_after, found.items.changed) == (7, 3, 4, 1)
    assert "7 are shared and compared; 3 are only in the earlier run and 4 only in the later one" in found.notes[0]
    assert found.arms[0].change.difference.n == 7
    assert found.arms[0].flips == ()  # the same arm gives the same answers to the same questions, whatever their ids
    assert [(one.what, one.before, one.after) for one in found.differences if one.area == "data"] == [
        ("test", "10 rows", "11 rows, 7 of them the same")
    ]


def test_runs_without_a_common_row_claim_nothing(run, stub_task):
    task = stub_task("steady")
    before = run("a", task)
    rewrite(task, "test", lambda rows: [row | {"input": f"Again: {row['input']}"} for row in rows])
    found = diff_runs(before, run("b", task))
    assert found.items.shared == 0
    assert found.notes[0] == "the runs share no test item, so no arm can be compared"
    assert found.arms[0].change.difference is None
    assert "too few shared items" in found.arms[0].why


def test_what_differs_is_named_by_task_data_model_and_versions(run, stub_task, tmp_path):
    task = stub_task("steady", "terse")
    before = run("a", task)
    task.write_text(task.read_text().replace("[steady, terse]", "[terse]") + "goal: {at_least: 0.5}\n")
    rewrite(task, "train", lambda rows: rows[:-2])
    (tmp_path / "model" / "config.json").write_text('{"other": 1}')
    found = diff_runs(before, run("b", task, limit=9))
    said = {(one.area, one.what): (one.before, one.after) for one in found.differences}
    assert said["task", "goal.at_least"] == ("0.9", "0.5")
    assert said["task", "arms.steady.baseline"] == ("steady", "")
    assert said["task", "test items used"] == ("all", "the first 9")
    assert said["data", "train"] == ("12 rows", "10 rows, 10 of them the same")
    assert ("model", "model.identity") in said
    assert not any(area == "versions" for area, _ in said)
    assert [arm.name for arm in found.arms] == ["terse"]


def test_arm_that_failed_is_not_compared_and_says_why(run, stub_task):
    task = stub_task("steady", "failing")
    found = diff_runs(run("a", task), run("b", task))
    (failing,) = [arm for arm in found.arms if arm.name == "failing"]
    assert (failing.change, failing.before_score) == (None, None)
    assert failing.why == "failing failed in the earlier run; failing failed in the later run"


def test_metric_that_the_earlier_run_did_not_measure_is_no_change_of_zero(run, stub_task):
    task = stub_task("steady")
    before = run("a", task)
    task.write_text(task.read_text().replace("{primary: exact_match, also: [f1]}", "{primary: rouge_l}"))
    found = diff_runs(before, run("b", task))
    assert found.arms[0].change is None
    assert found.arms[0].why == "rouge_l was not measured in the earlier run"
    assert found.arms[0].before_score is None and found.arms[0].after_score is not None
    assert "the earlier run's primary metric is exact_match; both are compared by rouge_l" in found.notes


@pytest.mark.parametrize(
    ("pair", "said"), [(("stedy", "steady"), "did you mean 'steady'"), (("steady", "x"), "has no arm 'x'")]
)
def test_unknown_arm_of_a_pair_is_named_with_its_run(run, stub_task, pair, said):
    folder = run("a", stub_task("steady"))
    with pytest.raises(HarnessError, match=said):
        diff_runs(folder, folder, [pair])


def test_runs_without_a_common_arm_ask_for_a_pair(run, stub_task):
    before = run("a", stub_task("steady"))
    after = run("b", stub_task("terse"))
    with pytest.raises(HarnessError, match=r"share no arm \(steady; terse\); name two with --pair steady:terse"):
        diff_runs(before, after)
    assert [arm.name for arm in diff_runs(before, after, [("steady", "terse")]).arms] == ["steady → terse"]


def test_runs_that_a_judge_scored_claim_nothing(run, stub_task, judged_task):
    """Nor where the judge scored the later one alone."""
    task = stub_task("steady", "terse")
    plain = run("plain", task)
    judged_task(path=task)
    judged = run("judged", task)
    for before in (plain, judged):
        found = diff_runs(before, judged, [("steady", "terse")] if before is judged else ())
        assert found.arms and all((arm.change, arm.flips, arm.why) == (None, (), JUDGED) for arm in found.arms)
        assert found.items.shared == 10


def test_labels_that_people_changed_are_named_as_other_rows(run, stub_task, judged_task):
    task = stub_task("steady")
    judged_task(path=task)
    before = run("a", task)

    def turn(rows):
        return [row | {"good": row["good"][::-1]} if place < 2 else row for place, row in enumerate(rows)]

    rewrite(task, "dev", turn)
    found = diff_runs(before, run("b", task))
    data = [(one.what, one.before, one.after) for one in found.differences if one.area == "data"]
    assert data == [("dev", "6 rows", "6 rows, 4 of them the same")]
