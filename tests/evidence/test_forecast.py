"""The time left of a run, on a clock in the test's hand."""

from pytest import approx, mark

from harness.evidence.forecast import LOADING, Forecast, Outlook, PlannedJob, Writing
from harness.evidence.phases import ALONE, Behind

JOBS = tuple(PlannedJob(name, kind, "m") for name, kind in (("base", "base"), ("a", "zero_shot"), ("b", "lora_sft")))
WORK = {"base": 1000.0, "a": 2000.0, "b": 8000.0}
SPEEDS = {("base", "m"): 100.0, ("zero_shot", "m"): 200.0, ("lora_sft", "m"): 80.0}  # 10 s, 10 s and 100 s


class Hand:
    """A clock that is set."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run(outlook: Outlook):
    clock = Hand()
    forecast = Forecast(outlook, clock)
    forecast.plan(JOBS)
    return forecast, clock


def do(forecast, clock, name, seconds, *, is_good=True):
    forecast.begin(name)
    clock.now += seconds
    forecast.end(is_good=is_good)


def test_earlier_runs_predict_the_whole():
    forecast, _ = run(Outlook(WORK, SPEEDS, "earlier runs"))
    assert forecast.left() == approx(10 + 10 + 100)


def test_what_this_run_has_seen_scales_the_rest():
    """Twice as slow as before: 20 s where 10 were expected, so 2 * 110 s are left."""
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs"))
    do(forecast, clock, "base", 20)
    assert forecast.left() == approx(220)
    forecast.begin("a")
    clock.now += 5
    assert forecast.left() == approx(220 - 5)
    clock.now += 95  # far beyond what was expected of it: nothing of it is left, the other is
    assert forecast.left() == approx(200)


def test_without_earlier_runs_nothing_is_predicted_until_a_job_has_ended():
    """Then its tokens a second are everybody's: 1,000 tokens in 10 s leave 10,000 for 100 s."""
    forecast, clock = run(Outlook(WORK))
    assert forecast.left() is None
    do(forecast, clock, "base", 10)
    assert forecast.left() == approx(100)


def test_failed_and_replayed_jobs_tell_nothing_of_the_others():
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs"))
    do(forecast, clock, "base", 1, is_good=False)
    forecast.begin("a")
    forecast.replayed(90, 10)
    clock.now += 1
    forecast.end(is_good=True)
    assert forecast.left() == approx(100)


def test_arm_that_never_ran_here_is_taken_to_be_as_fast_as_the_others_on_its_model():
    known = {("zero_shot", "m"): 200.0, ("rag", "other"): 1.0}
    forecast, _ = run(Outlook(WORK, known, "earlier runs"))
    assert forecast.left() == approx((1000 + 2000 + 8000) / 200)


def staged(forecast, clock, name, stages, **ended):
    forecast.begin(name)
    for stage, seconds in stages:
        forecast.stage(stage)
        clock.now += seconds
    forecast.end(is_good=True, **ended)


WRITTEN = {name: Writing(100, 5.0, 3.0) for name in "ab"}


def test_stages_that_no_work_makes_longer_tell_no_speed():
    """1,000 tokens in 10 s beside 30 s of loading, 2,000 in 20 s beside 7 alone: 8,000 take 80 s, and 7 alone."""
    forecast, clock = run(Outlook(WORK, writing=WRITTEN))
    staged(forecast, clock, "base", [(LOADING, 30), ("benchmarks", 10)])
    staged(forecast, clock, "a", [("answering dev", 5), (ALONE, 7), ("answering test", 15)])
    assert forecast.left() == approx(80 + 7)
    forecast.begin("b")
    forecast.stage(ALONE)
    clock.now += 5
    assert forecast.left() == approx(80 + 7 - 5)


def test_loading_the_model_is_no_part_of_the_arms_that_follow():
    forecast, clock = run(Outlook(WORK, writing=WRITTEN))
    forecast.plan(JOBS[1:])
    staged(forecast, clock, "a", [(LOADING, 30), (ALONE, 7), ("answering test", 20)])
    assert forecast.left() == approx(80 + 7)


def test_loading_another_model_uses_up_nothing_of_what_is_left():
    forecast, clock = run(Outlook(WORK, writing=WRITTEN))
    staged(forecast, clock, "base", [("benchmarks", 10)])
    assert forecast.left() == approx(20 + 80)
    forecast.begin("a")
    forecast.stage(LOADING)
    clock.now += 30
    assert forecast.left() == approx(20 + 80)
    forecast.stage("answering dev")
    clock.now += 5
    assert forecast.left() == approx(20 + 80 - 5)


def test_run_that_is_like_the_one_before_keeps_its_forecast():
    """Speeds are of whole jobs, so whole jobs are compared, whatever was written and timed in them."""
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs", WRITTEN))
    staged(forecast, clock, "base", [(LOADING, 5), ("benchmarks", 5)])
    assert forecast.left() == approx(10 + 100)
    staged(forecast, clock, "a", [(ALONE, 7), ("answering test", 3)], written=40.0)
    assert forecast.left() == approx(100)


def test_model_that_writes_more_than_expected_is_no_slower():
    """100 answers of 15 tokens instead of 5 are 3,000 read ones more: 1,000 and 5,000 in 60 s."""
    forecast, clock = run(Outlook(WORK, writing=WRITTEN))
    staged(forecast, clock, "base", [("benchmarks", 10)])
    staged(forecast, clock, "a", [("answering test", 50)], written=15.0)
    assert forecast.left() == approx(80)


def test_work_of_an_arm_that_wrote_nearly_nothing_is_half_of_what_was_expected_at_least():
    forecast, clock = run(Outlook(WORK, writing={"a": Writing(100, 9.0, 3.0)}))
    staged(forecast, clock, "base", [("benchmarks", 10)])
    staged(forecast, clock, "a", [("answering test", 10)], written=1.0)
    assert forecast.left() == approx(80)


def test_job_whose_work_is_not_known_makes_no_figure():
    forecast, _ = run(Outlook({"base": 1000.0}, SPEEDS, "earlier runs"))
    assert forecast.left() is None


def test_nothing_is_left_at_the_end():
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs"))
    for job in JOBS:
        do(forecast, clock, job.name, 10)
    assert forecast.left() == 0


def test_while_a_job_that_nobody_announced_is_at_work_nothing_is_predicted():
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs"))
    for job in JOBS:
        do(forecast, clock, job.name, 10)
    forecast.begin("another")
    assert forecast.left() is None
    forecast.end(is_good=True)
    assert forecast.left() == 0


def test_jobs_that_turn_out_to_be_needed_or_not_change_what_is_left():
    forecast, _ = run(Outlook(WORK, SPEEDS, "earlier runs"))
    forecast.plan(JOBS[:2], may_grow=True)
    assert forecast.may_grow and forecast.left() == approx(10 + 10)
    forecast.replan(JOBS[2:], {"a"}, may_grow=False)
    assert not forecast.may_grow and forecast.left() == approx(10 + 100)


def tuning(outlook: Outlook):
    """A run whose tuned arm, the last one, has begun to train; 100 tokens a second so far."""
    forecast, clock = run(outlook)
    do(forecast, clock, "base", 10)
    do(forecast, clock, "a", 20)
    forecast.begin("b")
    for stage in ("trying learning rate 0.001", "answering dev", "benchmarks", "training"):
        clock.now += 2
        forecast.stage(stage, 0, 100)
    return forecast, clock


@mark.parametrize("source", ["", "earlier runs"])
def test_arm_that_trains_is_told_by_its_own_steps_and_by_what_follows(source):
    """8,000 tokens were expected of all; choosing is 500 of them and what comes last 1,000: 5 s and 10 s."""
    speeds = dict.fromkeys(SPEEDS, 100.0) if source else {}
    forecast, clock = tuning(Outlook(WORK, speeds, source, behind={"b": Behind(500, 1000)}))
    assert forecast.left() == approx(80 - 8)  # no step is known yet
    clock.now += 10
    forecast.stage("training", 20, 100)  # half a second a step
    assert forecast.left() == approx(40 + 5 + 10)
    clock.now += 3
    forecast.stage("answering dev", 0, 40)
    clock.now += 2
    forecast.stage("training", 20, 100)
    clock.now += 10
    forecast.stage("training", 30, 100)  # 25 s for 30 steps, with a look at dev: 5/6 s each
    assert forecast.left() == approx(70 * 5 / 6 + 5 + 10)
    forecast.stage("benchmarks", 0, 60)  # dev has ended it: what training would have taken is no longer there
    clock.now += 2
    assert forecast.left() == approx(3 + 10)
    clock.now += 7  # more than was expected
    assert forecast.left() == approx(10)
    forecast.stage(ALONE, 0, 1)
    clock.now += 1
    forecast.stage("answering test", 5, 200)
    clock.now += 1
    forecast.stage("benchmarks", 0, 600)
    assert forecast.left() == approx(8)


def test_job_before_its_training_and_one_that_does_not_train_are_told_as_a_whole():
    outlook = Outlook(WORK, SPEEDS, "earlier runs", behind={"b": Behind(500, 1000)})
    forecast, clock = run(outlook)
    forecast.begin("a")
    forecast.stage("answering test", 0, 200)
    clock.now += 3
    assert forecast.left() == approx(10 + 7 + 100)


@mark.parametrize("stage", ["DPO training", "training, kl_to_base 0.3", "reading documents"])
def test_training_that_another_may_follow_is_no_bound_of_what_is_left(stage):
    forecast, clock = run(Outlook(WORK, SPEEDS, "earlier runs", behind={"b": Behind(500, 1000)}))
    forecast.begin("b")
    forecast.stage(stage, 0, 100)
    clock.now += 10
    forecast.stage(stage, 50, 100)
    assert not forecast.is_most
    assert forecast.left() == approx(10 + 10 + 90)
