"""The scorecard can miss: what judges must be able to say no."""

import ast
import json

import pandas as pd
import pytest

from bench.scorecard import __main__ as scorecard
from bench.scorecard.branches import with_probes
from bench.scorecard.figures import share
from bench.scorecard.kills import Kill, _redone
from bench.scorecard.mutants import mutants
from bench.scorecard.reading import golden_answers
from bench.scorecard.runs import Ending, read_result, without_measurements

SOURCE = '''
"""A module."""
def sign(x):
    """Say which."""
    for _ in range(1):
        if x > 0:
            return "plus"
    return "zero" if x == 0 else "minus"
'''


def test_zero_failures_in_twenty_tries_give_three_in_twenty_as_the_bound():
    assert "15.0%" in share("6", "disks", [], 20).figure
    assert share("6", "disks", [], 20).passed is True


def test_one_failure_misses_the_bar_and_is_shown():
    figure = share("6", "disks", ["12 KiB: lost"], 20)
    assert (figure.figure, figure.passed, figure.notes) == ("19/20", False, ("12 KiB: lost",))


def test_nothing_tried_is_no_pass():
    assert share("6", "disks", [], 0).passed is False


def test_traceback_or_a_silent_exit_is_no_clean_end():
    assert Ending(2, "", "Error: disk full", 1.0).is_clean
    assert not Ending(2, "", "", 1.0).is_clean
    assert not Ending(1, "", "Error: x", 1.0).is_clean
    assert not Ending(0, "", "Traceback (most recent call last):\n", 1.0).is_clean


def test_times_are_taken_out_of_a_result_and_scores_are_not():
    found = without_measurements({"a": [{"fit_seconds": 1, "mean": 0.5}], "started": "now", "seconds_per_item": 2})
    assert found == {"a": [{"mean": 0.5}]}


def test_probes_name_every_branch_and_change_no_result(monkeypatch):
    text, branches = with_probes(SOURCE, "signs")
    assert branches == {
        "signs:5 loop", "signs:5 loop's end", "signs:6 true", "signs:6 false",
        "signs:8 true (column 11)", "signs:8 false (column 11)",
    }  # fmt: skip
    taken = set()
    space = {}
    exec(text.replace("from stub_probe import reached as __reached__", ""), space | {"__reached__": taken.add}, space)
    space["sign"].__globals__["__reached__"] = taken.add
    assert [space["sign"](x) for x in (1, 0, -1)] == ["plus", "zero", "minus"]
    assert taken == branches


def test_mutants_differ_from_the_source_and_from_each_other():
    found = list(mutants("signs", SOURCE))
    texts = [mutant.source for mutant in found] + [ast.unparse(ast.parse(SOURCE))]
    assert len(set(texts)) == len(texts)
    changes = {mutant.change for mutant in found}
    assert {"x > 0 -> x <= 0", "x == 0 -> x != 0", "if not (x > 0)", "0 -> 1", "1 -> 2"} <= changes


@pytest.mark.parametrize(("cached", "uncached", "passed"), [(4, 4, True), (5, 0, False), (0, 5, False)])
def test_work_done_again_is_held_to_one_batch_also_without_the_cache(cached, uncached, passed):
    figure = _redone([Kill(True, redone=cached, is_cached=True), Kill(True, redone=uncached, is_cached=False)])
    assert figure.passed is passed
    assert f"with the cache {cached:.2f} (largest {cached}), without {uncached:.2f}" in figure.figure


def test_work_done_again_needs_no_kill_of_each_kind():
    assert _redone([Kill(True, redone=1, is_cached=False)]).figure == "without 1.00 (largest 1)"


@pytest.mark.parametrize("options", [["--rows", "99"], ["--quick", "--rows", "4"], ["--quick", "--embedded", "1"]])
def test_a_request_that_measures_nothing_is_refused(monkeypatch, options):
    monkeypatch.setattr("sys.argv", ["scorecard", *options])
    with pytest.raises(SystemExit) as end:
        scorecard.main()
    assert end.value.code == 2


def test_where_a_trial_lies_is_no_difference_and_a_score_is(tmp_path):
    def written(name: str, score: float):
        folder = tmp_path / name / "run"
        folder.mkdir(parents=True)
        arm = {"name": "a", "model": str(tmp_path / name / "cache" / "model"), "score": score, "fit_seconds": score}
        (folder / "result.json").write_text(json.dumps({"arms": [arm]}))
        pd.DataFrame({"arm": ["a"], "item": ["q"], "seconds": [score]}).to_parquet(folder / "items.parquet")
        pd.DataFrame({"task": ["t"]}).to_parquet(folder / "benchmarks.parquet")
        return read_result(folder)

    whole = written("whole", 0.5)
    assert written("killed", 0.5).sha == whole.sha
    assert written("other", 0.6).sha != whole.sha


def test_of_the_labelled_answers_two_wrong_ones_alone_are_called_right():
    """Both hold the target as a number or date of their last sentence, which no rule of the metrics tells from it."""
    _, seen = golden_answers()
    called_right = [note for note in seen.notes if note.endswith("is called right")]
    assert [note.partition("'")[2][:30] for note in called_right] == [
        "It is 6, since 7 would be too ",
        "I could not find when the stri",
    ]


def test_a_wrong_answer_that_a_metric_calls_right_is_lost_in_silence(tmp_path, monkeypatch):
    lines = [
        {"metric": "number", "options": {}, "question": "q", "target": "5", "answer": answer, "right": is_right}
        for answer, is_right in (("5", True), ("5", False), ("6", True), ("6", False))
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr("bench.scorecard.reading.GOLDEN", tmp_path / "answers.jsonl")
    scored, seen = golden_answers()
    assert (scored.figure, seen.figure, seen.passed) == ("50.0% of 4", "50.0% of 4", False)
    assert seen.notes == ("number: '5' for '5' is called right", "number: '6' for '5' is called wrong")
