"""A judge in a run: asked once about each answer, kept apart from the arms' cost, and missing where it cannot say."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from judged_ground import RUBRIC
from recorder import Recorder

from harness.api.frames import arms_frame
from harness.cli import main
from harness.errors import ArmError, ItemError
from harness.evidence.compare import Settings, compare, read_run
from harness.evidence.event_file import read_events
from harness.evidence.jobs import Jobs
from harness.evidence.judged_scores import JudgedScores
from harness.evidence.judging import Judged, judge, judgement_key
from harness.metrics import judge as make_judge
from harness.records import Example, Judgement, LabelledAnswer, Likelihood, Message, Weights
from harness.store.ledger import Ledger


class Opinion:
    """Takes the place of a model whose replies must be known: says what a function of prompt and choice likes."""

    context_window = 1000

    def __init__(self, likes, window=1000):
        self.likes, self.context_window, self.asked = likes, window, []

    def count_tokens(self, conversation):
        return len(" ".join(turn.content for turn in conversation).split())

    def answer_tokens(self, text):
        return 1

    def loglikelihood(self, requests, weights):
        texts = [conversation[-1].content for conversation, _ in requests]
        self.asked += texts
        return [[Likelihood(float(self.likes(text, one)), 1, False) for one in ("A", "B")] for text in texts]


def likes_good(text, letter):
    word = next(line for line in text.splitlines() if line.startswith(f"{letter})"))[3:]
    return word == ("yes" if "> fine" in text.splitlines() else "no")


def judged(engine, *answers):
    example = Example("one", (Message("user", "How is it?"),), "well")
    lines = []
    asked = [Judged(example, answer) for answer in answers]
    made = [
        one
        for batch in judge(make_judge(rubric=RUBRIC), asked, engine, Weights("m"), log=lines.append)
        for one in batch
    ]
    return {one.key: one for one in made}, asked, lines


def test_value_is_what_both_orders_say():
    made, (good, bad), _ = judged(Opinion(likes_good), "fine", "broken")
    assert (made[good.key].value, made[bad.key].value) == (1.0, 0.0)
    assert (made[good.key].is_tie, made[good.key].orders, made[good.key].firsts) == (False, 2, 1)
    assert made[good.key].prompt_tokens > 0 and made[good.key].read_tokens == 4  # two choices, twice


def test_judge_that_goes_by_the_order_ties():
    made, (one,), _ = judged(Opinion(lambda text, letter: letter == "A"), "fine")
    assert (made[one.key].value, made[one.key].is_tie, made[one.key].firsts) == (0.5, True, 2)


def test_answer_that_does_not_fit_the_window_is_missing_and_others_are_judged():
    made, (good, long), lines = judged(Opinion(likes_good, window=120), "fine", "word " * 200)
    assert made[good.key].value == 1.0
    assert made[long.key].value is None and "window" in made[long.key].reason
    assert any("could not be judged" in line for line in lines)


def test_question_that_fails_alone_is_missing():
    def fails(text, letter):
        if "> poison" in text.splitlines():
            raise RuntimeError("no")
        return likes_good(text, letter)

    made, (good, bad), _ = judged(Opinion(fails), "fine", "poison")
    assert (made[good.key].value, made[bad.key].value) == (1.0, None)


def test_question_that_the_engine_says_cannot_be_asked_is_missing_and_the_others_are_judged():
    """An engine names the one item that does not fit its memory by an error of ours, which is no reason to stop."""

    def fails(text, letter):
        if "> huge" in text.splitlines():
            raise ItemError("one item of 900 tokens needs more memory than there is") from MemoryError()
        return likes_good(text, letter)

    made, (good, bad), lines = judged(Opinion(fails), "fine", "huge")
    assert (made[good.key].value, made[bad.key].value) == (1.0, None)
    assert "more memory than there is" in made[bad.key].reason


def test_question_that_cannot_be_counted_is_missing_and_the_others_are_judged():
    class Choosy(Opinion):
        def count_tokens(self, conversation):
            if "> poison" in conversation[-1].content.splitlines():
                raise ValueError("no such token")
            return super().count_tokens(conversation)

    made, (good, bad), lines = judged(Choosy(likes_good), "fine", "poison")
    assert (made[good.key].value, made[bad.key].value) == (1.0, None)
    assert any("could not be judged: ValueError: no such token" in line for line in lines)


@pytest.mark.parametrize("fault", [ArmError("no such adapter"), MemoryError("out of memory")])
def test_fault_that_is_no_items_ends_the_judging(fault):
    def fails(text, letter):
        raise fault

    with pytest.raises(type(fault)):
        judged(Opinion(fails), "fine")


def test_run_is_judged_once_and_resumed_without_asking_again(tmp_path, judged_task):
    watching = Recorder()
    task = judged_task()
    run, folder = compare(task, Settings(tmp_path / "run"), watching)
    assert watching.began_jobs[-1] == "answers judged by judge"
    [found] = run.judging
    assert (found.decides, found.basis, found.agreement.n, found.own_arms) == (True, "transferred", 12, ("steady",))
    [arm] = found.arms
    assert arm.n == 10 and 0 <= arm.raw <= 1 and arm.corrected is not None
    assert run.decision.scores["steady"] == arm.corrected  # the verdict rests on the corrected figure
    assert run.decision.basis == "transferred"
    again = Recorder()
    redone, _ = compare(task, Settings(tmp_path / "run"), again)
    assert "answers judged by judge" not in again.began_jobs and redone.judging == run.judging
    assert read_run(folder.path)[0].decision == run.decision


def test_score_bears_peoples_label_of_the_answer_and_says_where_they_labelled_others_alone(judged_task):
    task = judged_task()
    first, *others = task.test
    first = replace(first, labelled=(LabelledAnswer("said", 0.0), LabelledAnswer("said", 1.0)))
    task = replace(task, test=(first, *others))
    made = {judgement_key(item, text): Judgement("k", 1.0) for item in task.test for text in ("said", "else")}
    judge = JudgedScores("judge", make_judge(rubric=RUBRIC), task, made)

    def parts(answer, example):
        return judge.score(SimpleNamespace(answer=answer), example).parts

    assert parts("said", first) == (1.0, 0.5)  # the mean of two people's
    assert parts("else", first)[0] == 1.0 and math.isnan(parts("else", first)[1])
    assert parts("said", others[0]) == (1.0,)
    assert parts(None, first) == parts(None, others[0]) == (0.0, 0.0)
    assert judge.score(SimpleNamespace(answer="not judged"), first) is None


def test_judging_is_in_no_arms_cost_and_all_reports_show_it(tmp_path, judged_task):
    run, folder = compare(judged_task(), Settings(tmp_path / "run"), Recorder())
    [found] = run.judging
    arm = run.evidence[0].cost
    assert found.tokens > 0 and arm.completion_tokens_per_item == 3  # the stub's answers have three
    result = json.loads((folder.path / "result.json").read_text())
    assert result["judging"][0]["agreement"]["n"] == 12
    for name in ("report.html", "report.md"):
        text = (folder.path / name).read_text()
        assert "kappa" in text and "very model that judges" in text and "in no arm" in text


def test_judge_is_announced_with_all_jobs_and_what_is_left_while_it_is_asked_is_not_known_to_be_nothing(
    tmp_path, judged_task
):
    _, folder = compare(judged_task(), Settings(tmp_path / "run"), Recorder())
    events = read_events(folder.path)
    planned = next(event for event in events if event["event"] == "planned")
    names = [job["name"] for job in planned["jobs"]]
    assert names[-1] == "judge:judge" and planned["jobs"][-1]["kind"] == "judge"
    began = [event for event in events if event["event"] == "job_started"]
    assert [(event["job"], event["number"], event["total"]) for event in began] == [
        (name, place, len(names)) for place, name in enumerate(names, 1)
    ]
    judging = [event for event in events if event["event"] == "progress" and event["job"] == "judge:judge"]
    assert judging and all(event["left"] != 0 for event in judging)


def test_record_tells_the_basis_and_the_figures_that_the_decision_used(tmp_path, judged_task):
    """By itself the record would find 'transferred', as the run did: it is told another basis, and keeps to it."""
    task = judged_task()
    run, folder = compare(task, Settings(tmp_path / "run"), Recorder())
    ledger = Ledger(folder.ledger)
    judge = JudgedScores.of("judge", make_judge(rubric=RUBRIC), task, ledger)
    told = replace(run.decision, basis="own")
    assert judge.record(run.evidence, told).basis == "own"
    [arm] = judge.record(run.evidence, told).arms
    assert arm.corrected == run.decision.scores["steady"]
    ledger.close()


def test_no_raw_figure_stands_beside_the_corrected_one(tmp_path, judged_task):
    run, folder = compare(judged_task(), Settings(tmp_path / "run"), Recorder())
    [evidence], [found] = run.evidence, run.judging
    score = run.decision.scores["steady"]
    shown = None if score.is_uncorrected else score.estimate
    assert evidence.aggregates.get("judge") == shown
    frame = arms_frame(run)
    assert frame["score"].isna().all() if shown is None else frame["score"].tolist() == [shown]
    result = json.loads((folder.path / "result.json").read_text())
    assert result["arms"][0]["metrics"].get("judge") == shown
    assert result["judging"][0]["arms"][0]["raw"] == found.arms[0].raw
    for name in ("report.html", "report.md"):
        assert "as the judge says, uncorrected" in (folder.path / name).read_text()


def test_judge_beside_another_metric_decides_nothing(tmp_path, judged_task):
    run, folder = compare(judged_task("exact_match", labels=False), Settings(tmp_path / "run"), Recorder())
    [found] = run.judging
    assert (found.decides, found.agreement, found.arms[0].corrected) == (False, None, None)
    assert run.decision.scores["steady"].method.startswith("Clopper")
    assert "nothing says how often the judge is right" in (folder.path / "report.html").read_text()


def test_judge_that_says_nothing_leaves_a_run_whole(tmp_path, judged_task, monkeypatch):
    """A judge whose model is of an engine without likelihoods, beside another metric: its figures are missing."""
    monkeypatch.setattr(Jobs, "_judge", lambda *_: None)
    run, folder = compare(judged_task("exact_match"), Settings(tmp_path / "run"), Recorder())
    assert "judge" not in run.evidence[0].aggregates and run.evidence[0].aggregates["exact_match"] >= 0
    assert run.judging[0].arms == () and (folder.path / "report.html").exists()


def test_answers_without_a_judgement_are_missing_and_never_wrong(tmp_path, judged_task):
    run, folder = compare(judged_task(), Settings(tmp_path / "run"), Recorder())
    ledger = Ledger(folder.ledger)
    item, answer = run.examples[0], run.evidence[0].predictions[0].answer
    key = judgement_key(item, answer)
    assert ledger.judgements("judge")[key].value is not None
    ledger.put_judgements("judge", [Judgement(key, None, reason="no room")])
    ledger.close()
    after = read_run(folder.path)[0]
    assert after.evidence[0].status == "invalid"  # one of ten items is more than may be lost
    [arm] = after.judging[0].arms
    assert (arm.unjudged, arm.n) == (1, 9)
    assert (arm.worst, arm.best) == (pytest.approx(arm.raw * 9 / 10), pytest.approx((arm.raw * 9 + 1) / 10))
    assert after.evidence[0].reason == "1 of 10 answers have no judgement"


def test_plan_predicts_the_judge_and_check_shows_what_it_is_asked(judged_task, tiny_task):
    task = judged_task(path=tiny_task("zero_shot"))
    planned = CliRunner().invoke(main, ["plan", str(task.file)])
    assert planned.exit_code == 0 and "judge" in planned.output.split("Time and money")[1]
    checked = CliRunner().invoke(main, ["check", str(task.file)])
    assert "Is the answer" not in checked.output.split("What each arm")[0]
    assert f"Rubric: {RUBRIC}" in checked.output and "dev: 6 good, 6 bad" in checked.output
