"""`--adaptive`: which items are asked, of whom, and that stopping, resuming and failing change nothing else."""

import json
from contextlib import closing
from types import SimpleNamespace

import pytest
from recorder import Recorder

from harness.decision.asking import first, in_order
from harness.errors import HarnessError, StoreError
from harness.evidence.compare import Settings, compare, read_run, redraw
from harness.evidence.diff import diff_runs
from harness.evidence.states import TROUBLE, Trouble
from harness.exporting.verify import _drawn
from harness.store.files import decode
from harness.store.ledger import Ledger
from harness.task import load_task

pytestmark = pytest.mark.usefixtures("no_torch")
ITEMS = 120  # in rounds of 30
OUT_OF_REACH = "goal: {at_least: 0.9}\n"
ORDER = in_order({f"t{i}": None for i in range(ITEMS)}, 0)
SAID = {}  # by the marked items: what each arm answers


class Stopping(Recorder):
    """Interrupts the run, as Ctrl-C does, when a job begins or has answered so many items."""

    def __init__(self, *, job=None, answered=None):
        super().__init__()
        self.job, self.answered = job, answered

    def began(self, name, number, total):
        super().began(name, number, total)
        if len(self.began_jobs) == self.job:
            raise KeyboardInterrupt

    def progress(self, stage, done, total):
        super().progress(stage, done, total)
        if stage == "answering test" and done == self.answered:
            raise KeyboardInterrupt


def run_in(folder, task, observer=None, **more):
    recorder = observer or Recorder()
    run, _ = compare(load_task(task), Settings(folder, **({"is_adaptive": True} | more)), recorder)
    return run, recorder


def write_test_rows(task, *, targets=None, groups=None, marked=()):
    """Give the task 120 test items; an item's answer is what `targets` says."""
    rows = [
        {
            "id": f"t{i}",
            "input": f"What is test item {i}{', the odd one' if f't{i}' in marked else ''}?",
            "target": (targets or {}).get(f"t{i}", f"answer {i % 3}"),
            "group": (groups or {}).get(f"t{i}"),
        }
        for i in range(ITEMS)
    ]
    (task.parent / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if groups:
        task.write_text(task.read_text().replace("id: id}", "id: id, group: group}"))
        for split in ("train", "dev"):
            file = task.parent / f"{split}.jsonl"
            rows = [json.loads(line) | {"group": f"{split} machine"} for line in file.read_text().splitlines()]
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def what_they_say(folder, stub_task, marked):
    """Let both arms answer all items; a rule answers, so once is enough."""
    if marked not in SAID:
        task = write_test_rows(stub_task("steady", "tuned", extra=OUT_OF_REACH), marked=marked)
        SAID[marked] = answers(run_in(folder, task, is_adaptive=False)[0])
    return SAID[marked]


@pytest.fixture
def gaining(tmp_path, stub_task):
    """A task on which one arm is right in nine of ten items, and others in those alone where both say the same."""

    def write(*arms, extra="goal: {at_least: 0.75}\n", best="tuned", wrong=10, instead=None, **rows):
        said = what_they_say(tmp_path / "first", stub_task, tuple(rows.get("marked", ())))
        other = said[instead] if instead else {}
        targets = {
            item: other.get(item, "none") if int(item[1:]) % wrong == 0 else answer
            for item, answer in said[best].items()
        }
        return write_test_rows(stub_task(*(arms or ("steady", "tuned")), extra=extra), targets=targets, **rows)

    return write


def asked(run):
    return {one.arm: {p.example_id for p in one.predictions} for one in run.evidence if one.predictions}


def answers(run):
    return {one.arm: {p.example_id: p.answer for p in one.predictions} for one in run.evidence}


def test_arms_are_asked_the_first_items_until_all_is_settled(gaining, tmp_path):
    task = gaining()
    whole, _ = run_in(tmp_path / "whole", task, is_adaptive=False)
    run, recorder = run_in(tmp_path / "run", task)
    # 30 items show that steady is below the goal and that tuned gains; that tuned reaches the goal takes 60
    assert asked(run) == {"steady": set(first(ORDER, 30)), "tuned": set(first(ORDER, 60))}
    assert (run.decision.action, run.decision.arm, run.decision.goal) == ("fine_tune", "tuned", "met")
    assert (whole.decision.action, whole.decision.arm, whole.decision.goal) == ("fine_tune", "tuned", "met")
    for arm, own in answers(run).items():
        assert own.items() <= answers(whole)[arm].items()
    told = {one.arm: one.why for one in run.decision.asked}
    assert told["steady"] == "it is below the goal, and tuned gains more than 2.0 points over it"
    assert "--adaptive asked 90 of 240 items of all arms, 62.5% fewer" in recorder.lines
    assert recorder.began_jobs.count("tuned") == 2 and recorder.began_jobs.count("steady") == 1
    [fits] = (tmp_path / "run").rglob("fits")
    assert fits.read_text() == "once more\n"  # tuned learnt once


def test_all_reports_say_how_many_items_were_asked_and_say_it_again(gaining, tmp_path):
    run_in(tmp_path / "run", gaining())
    redraw(tmp_path / "run")
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    steady = next(arm for arm in result["arms"] if arm["name"] == "steady")
    why = "it is below the goal, and tuned gains more than 2.0 points over it"
    assert steady["asked"] == {"items": 30, "of": 120, "is_open": False, "why": why}
    assert result["limits"]["is_adaptive"] and sum(steady["outcomes"].values()) == 30
    for name in ("report.html", "report.md"):
        text = (tmp_path / "run" / name).read_text().replace("\\", "")
        assert f"steady was asked 30 of 120 items: {why}" in text
        assert "tuned was asked 60 of 120 items" in text
        assert "stopping early raises no chance of error" in " ".join(text.split())


def test_same_command_again_asks_nothing(gaining, tmp_path):
    task = gaining()
    run, _ = run_in(tmp_path / "run", task)
    again, recorder = run_in(tmp_path / "run", task)
    assert recorder.began_jobs == []
    assert again.decision == run.decision and asked(again) == asked(run)


@pytest.mark.parametrize("stop", [{"job": 4}, {"answered": 46}, {"answered": 12}], ids=["between", "second", "first"])
def test_run_that_was_interrupted_ends_as_one_that_was_not(gaining, tmp_path, monkeypatch, stop):
    task = gaining()
    straight, _ = run_in(tmp_path / "straight", task)
    with monkeypatch.context() as slowly, pytest.raises(KeyboardInterrupt):
        slowly.setenv("SCORECARD_PACE", "0.26")  # so that all progress is told
        run_in(tmp_path / "run", task, Stopping(**stop), is_cached=False)
    resumed, _ = run_in(tmp_path / "run", task, is_cached=False)
    assert answers(resumed) == answers(straight)
    assert resumed.decision == straight.decision


def test_interrupted_run_asks_whom_it_would_have_asked_although_more_is_known_by_then(gaining, tmp_path):
    # steady's second round shows that it reaches the goal, which decides; by then tuned is due for that round too
    task = gaining("steady", "tuned", best="steady", extra="goal: {at_least: 0.7}\n")
    straight, told = run_in(tmp_path / "straight", task)
    assert told.began_jobs[1:] == ["steady", "tuned", "steady", "tuned"]
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path / "run", task, Stopping(job=5))
    resumed, _ = run_in(tmp_path / "run", task)
    assert asked(resumed) == asked(straight) and resumed.decision == straight.decision


def test_climb_that_was_interrupted_asks_no_cheaper_arm_more_than_it_would_have(gaining, tmp_path):
    task = gaining(wrong=5, instead="steady", extra=OUT_OF_REACH)
    straight, told = run_in(tmp_path / "straight", task, climbs=True)
    assert [name for name in told.began_jobs if name in ("steady", "tuned")][:4] == [
        "steady",
        "tuned",
        "steady",
        "tuned",
    ]
    assert len(asked(straight)["steady"]) < ITEMS
    with pytest.raises(KeyboardInterrupt):  # the fifth job, with the base's, is tuned in its second round
        run_in(tmp_path / "run", task, Stopping(job=5), climbs=True)
    resumed, _ = run_in(tmp_path / "run", task, climbs=True)
    assert asked(resumed) == asked(straight) and resumed.decision == straight.decision


def test_half_a_round_does_not_count_before_it_ends(gaining, tmp_path, monkeypatch):
    task = gaining()
    monkeypatch.setenv("SCORECARD_PACE", "0.26")
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path / "run", task, Stopping(answered=46), is_cached=False)
    run, _ = read_run(tmp_path / "run")
    assert asked(run)["tuned"] == set(first(ORDER, 30))
    tuned = next(one for one in run.decision.asked if one.arm == "tuned")
    assert tuned.is_open and tuned.items == 30


def test_groups_are_asked_whole(gaining, tmp_path):
    groups = {f"t{i}": f"machine {i // 3}" for i in range(ITEMS)}
    run, _ = run_in(tmp_path / "run", gaining(groups=groups))
    sizes = {arm: len(own) for arm, own in asked(run).items()}
    assert sizes["steady"] < ITEMS
    for own in asked(run).values():
        assert {item for item in groups if groups[item] in {groups[one] for one in own}} == own


def test_arm_that_fails_leaves_the_others_to_their_own_questions(gaining, tmp_path):
    run, _ = run_in(tmp_path / "run", gaining("steady", "failing", "tuned"))
    assert {one.arm: one.status for one in run.evidence} == {"steady": "ok", "failing": "failed", "tuned": "ok"}
    assert {arm: len(own) for arm, own in asked(run).items()} == {"steady": 30, "tuned": 60}
    assert run.decision.undecided == "arms_missing"
    assert [one.arm for one in run.decision.asked] == ["steady", "tuned"]


def test_lost_items_are_few_among_all_but_not_in_the_first_round(gaining, tmp_path, monkeypatch):
    marked = list(first(ORDER, 30))[:2]  # 2 of 30 are more than 5%
    task = gaining(marked=marked)
    monkeypatch.setenv("CHOKE_ON", "the odd one")
    run, _ = run_in(tmp_path / "run", task, is_cached=False)
    # two of 60 may be lost; after the second round both arms are judged, without the two
    assert {arm: len(own) for arm, own in asked(run).items()} == {"steady": 60, "tuned": 90}
    assert {arm: score.n for arm, score in run.decision.scores.items()} == {"steady": 58, "tuned": 88}
    assert (run.decision.action, run.decision.arm) == ("fine_tune", "tuned")
    assert [(bound.arm, bound.lost, bound.asked) for bound in run.decision.error_bounds] == [
        ("steady", 2, 60), ("tuned", 2, 90),
    ]  # fmt: skip


def test_batches_that_had_to_be_cut_stay_cut_in_later_rounds(gaining, tmp_path):
    run, _ = run_in(tmp_path / "run", gaining("large", "tuned", wrong=5, instead="steady", extra=OUT_OF_REACH))
    assert len(asked(run)["large"]) == 60  # two rounds
    with closing(Ledger(tmp_path / "run" / "ledger.sqlite")) as ledger:
        trouble = decode(Trouble, ledger.state("large", TROUBLE))
    assert (trouble.shrink, len(trouble.notes)) == (2, 1)


def test_all_seeds_of_an_arm_are_asked_alike(gaining, tmp_path):
    run, _ = run_in(tmp_path / "run", gaining(extra="goal: {at_least: 0.75}\nseeds: [0, 1]\n"))
    assert [len(fit.predictions) for fit in run.fits["tuned"]] == [60, 60]


def test_seed_that_failed_is_not_trained_again_in_every_round(gaining, tmp_path):
    task = gaining("steady", "unlucky", extra="goal: {at_least: 0.75}\nseeds: [0, 1]\n")
    run, recorder = run_in(tmp_path / "run", task)
    rounds = len(asked(run)["unlucky"]) // 30
    began = [name for name in recorder.began_jobs if name.startswith("unlucky")]
    assert began == ["unlucky", "unlucky.seed1"] + ["unlucky"] * (rounds - 1) and rounds > 1
    again = Recorder()
    run_in(tmp_path / "run", task, again)
    assert again.began_jobs.count("unlucky.seed1") == 1  # another command tries it once more


def test_agenda_may_grow_until_the_last_round(gaining, tmp_path):
    class Told(Recorder):
        def planned(self, agenda, forecast):
            told.append((agenda.items, agenda.may_grow))

        def scored(self, name, metric, score):
            pass

    told = []
    # steady is right in nine of ten, and whether it is at the goal of nine in ten stays open
    run_in(tmp_path / "run", gaining("steady", "terse", best="steady", extra=OUT_OF_REACH), Told())
    assert told == [(30, True), (60, True), (90, True), (120, False)]


def test_climb_asks_each_rung_in_rounds(gaining, tmp_path):
    run, recorder = run_in(tmp_path / "run", gaining(), climbs=True)
    assert {arm: len(own) for arm, own in asked(run).items()} == {"steady": 30, "tuned": 60}
    assert recorder.began_jobs[0] == "steady" and recorder.began_jobs.count("steady") == 1
    again, recorder = run_in(tmp_path / "run", gaining(), climbs=True)
    assert recorder.began_jobs == [] and again.decision == run.decision


def test_climb_stops_where_a_prompt_is_shown_to_reach_the_goal_on_few_items(gaining, tmp_path):
    run, _ = run_in(tmp_path / "run", gaining(extra="goal: {at_least: 0.05}\n"), climbs=True)
    assert {one.arm: one.status for one in run.evidence} == {"steady": "ok", "tuned": "unfinished"}
    assert (run.decision.action, len(asked(run)["steady"])) == ("prompt", 30)
    assert [one.why for one in run.decision.asked] == ["steady reaches the goal, which decides"]


def test_cheaper_arm_is_asked_on_where_a_dearer_one_is_close(gaining, tmp_path):
    # steady alone is soon shown to be below the goal; tuned's gain of 0 over terse never is shown or excluded
    run, recorder = run_in(tmp_path / "run", write_test_rows(gaining()), climbs=True)
    assert {arm: len(own) for arm, own in asked(run).items()} == {"steady": ITEMS, "tuned": ITEMS}
    assert [name for name in recorder.began_jobs if name in ("steady", "tuned")][:3] == ["steady", "tuned", "steady"]
    assert run.decision.action in ("undecided", "rethink")


def test_adaptive_and_whole_runs_are_two(gaining, tmp_path):
    task = gaining()
    run_in(tmp_path / "run", task)
    with pytest.raises(StoreError, match="belongs to another run"):
        run_in(tmp_path / "run", task, is_adaptive=False)


def test_export_is_checked_on_items_that_were_asked(gaining, tmp_path):
    run, _ = run_in(tmp_path / "run", task := gaining())
    steady = next(one for one in run.evidence if one.arm == "steady")
    source = SimpleNamespace(
        predictions={p.example_id: p for p in steady.predictions}, task=load_task(task), evidence=steady
    )
    assert {example.id for example in _drawn(source, 200)} == asked(run)["steady"]


def test_difference_of_runs_says_that_items_were_asked_in_rounds(gaining, tmp_path):
    task = gaining()
    run_in(tmp_path / "run", task)
    run_in(tmp_path / "whole", task, is_adaptive=False)
    found = diff_runs(tmp_path / "whole", tmp_path / "run")
    assert any("asked in rounds (--adaptive)" in note for note in found.notes)
    assert {change.name: change.change.difference.n for change in found.arms} == {"steady": 30, "tuned": 60}


def test_few_items_are_one_round(stub_task, tmp_path):
    run, _ = run_in(tmp_path / "run", stub_task("steady", "tuned", extra=OUT_OF_REACH))
    assert {arm: len(own) for arm, own in asked(run).items()} == {"steady": 10, "tuned": 10}
    assert {one.items for one in run.decision.asked} == {10}


def test_smoke_run_is_refused(stub_task, tmp_path):
    with pytest.raises(HarnessError, match="--adaptive and --fast do not go together"):
        run_in(tmp_path / "run", stub_task("steady"), is_fast=True)
    assert not (tmp_path / "run").exists()


def test_aggregate_is_refused(stub_task, tmp_path):
    task = stub_task("steady")
    task.write_text(task.read_text().replace("exact_match", "macro_f1"))
    with pytest.raises(HarnessError, match="cannot stop items early, because macro_f1 is not a mean of items"):
        run_in(tmp_path / "run", task)
    assert not (tmp_path / "run").exists()


def test_judges_figures_are_refused(judged_task, tmp_path):
    with pytest.raises(HarnessError, match="cannot stop items early, because judge is given by a judge"):
        run_in(tmp_path / "run", judged_task().file)
    assert not (tmp_path / "run").exists()
