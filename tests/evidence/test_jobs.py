"""Which jobs are sent, and how often: a supervisor in the test's hand takes the worker's place."""

import pytest
from recorder import Recorder

from harness.errors import HarnessError
from harness.evidence.event_file import EventFile, read_events
from harness.evidence.forecast import Outlook
from harness.evidence.jobs import Jobs
from harness.evidence.models import ServedModel
from harness.evidence.states import ENDED, FITTED, TROUBLE, EndState, FittedState, Trouble
from harness.evidence.supervise import WorkerDied
from harness.evidence.watch import Watch
from harness.plugins import BASELINES, load
from harness.records import (
    Base,
    Fit,
    GeneralAbility,
    Measurement,
    Outcome,
    Prediction,
)
from harness.store.files import decode, encode
from harness.store.ledger import Ledger
from harness.task import load_task


class Hand:
    """Does a job as `respond` says: returns its last event, or raises."""

    def __init__(self, ledger, respond):
        self.ledger, self.respond, self.sent = ledger, respond, []
        self.first = []  # events before the last one

    def renew(self):
        pass

    def do(self, job):
        name = job["fit"]["arm"] if job["job"] == "fit" else "base"
        self.sent.append((name, job["shrink"]))
        yield from self.first
        event = self.respond(job)
        if event["event"] == "end" and name == "base":
            self.ledger.put_general(GeneralAbility("base", ()))
        elif event["event"] == "end":
            self.ledger.put_state(name, ENDED, encode(EndState, EndState("ok")))
        yield event


END = {"event": "end"}
FAILED = {"event": "failed", "reason": "no memory", "kind": "memory", "is_last": True}


def unpinned():
    """Say that no data set had to be looked up."""
    return False


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


@pytest.fixture
def jobs(stub_task, ledger, tmp_path):
    """Return a function from a response to the jobs of a task with the arms 'steady' and 'terse', and the hand."""
    task = load_task(stub_task("steady", "terse"))

    def make(respond, is_base_known=True):
        if is_base_known:
            ledger.put_general(GeneralAbility("base", ()))
        hand = Hand(ledger, respond)
        model = ServedModel("", task.model.source, "transformers", None, task.model.source, "0")
        return Jobs(task, [model], ledger, hand, Watch(Recorder(), EventFile(tmp_path), Outlook()), unpinned), hand

    return make


def respond_to_steady(at_most: int, failure):
    """Fail for 'steady' until batches are halved `at_most` times."""

    def respond(job):
        if job["job"] == "fit" and job["fit"]["arm"] == "steady" and job["shrink"] < at_most:
            return failure()
        return END

    return respond


def killed():
    raise WorkerDied("killed by signal 9", is_memory=True)


def interrupt_at_the_second(job):
    """Lack memory for whole batches, and be interrupted with half ones."""
    if job["shrink"] == 0:
        killed()
    raise KeyboardInterrupt


@pytest.mark.parametrize("failure", [killed, lambda: FAILED])
def test_memory_that_ran_out_halves_the_batches_of_that_job_alone(jobs, ledger, failure):
    todo, hand = jobs(respond_to_steady(2, failure))
    todo.run(())
    assert hand.sent == [("steady", 0), ("steady", 1), ("steady", 2), ("terse", 0)]
    assert decode(Trouble, ledger.state("steady", TROUBLE)).shrink == 2
    assert ledger.state("terse", TROUBLE) is None


def test_three_halvings_are_the_most_and_the_other_arm_still_runs(jobs, ledger):
    todo, hand = jobs(respond_to_steady(9, killed))
    todo.run(())
    assert hand.sent == [("steady", 0), ("steady", 1), ("steady", 2), ("steady", 3), ("terse", 0)]
    assert decode(EndState, ledger.state("steady", ENDED)).status == "failed"


def test_death_that_is_not_of_memory_is_not_tried_again(jobs, ledger):
    def die():
        raise WorkerDied("exit code 7")

    todo, hand = jobs(respond_to_steady(9, die))
    todo.run(())
    assert hand.sent == [("steady", 0), ("terse", 0)]


def by_somebody():
    raise WorkerDied("killed by signal 9", is_killed=True)


def test_worker_that_somebody_killed_is_started_again_as_it_was_and_nothing_is_noted(jobs, ledger):
    endings = iter([by_somebody])
    todo, hand = jobs(lambda job: next(endings, lambda: END)())
    todo.run(())
    assert hand.sent == [("steady", 0), ("steady", 0), ("terse", 0)]
    assert ledger.state("steady", TROUBLE) is None
    assert "steady: killed by signal 9; starting it again" in todo.watch.observer.lines


def test_worker_that_is_killed_twice_gets_smaller_batches(jobs):
    todo, hand = jobs(respond_to_steady(1, by_somebody))
    todo.run(())
    assert hand.sent == [("steady", 0), ("steady", 0), ("steady", 1), ("terse", 0)]


@pytest.mark.parametrize(("name", "other"), [("device", "cpu"), ("dtype", "float32")])
def test_run_does_not_continue_with_another_device_or_number_format(jobs, ledger, name, other):
    engine = {"event": "ready", "device": "cuda", "dtype": "bfloat16", "threads": 8}
    todo, hand = jobs(lambda job: END)
    hand.first = [engine]
    todo.run(("steady",))
    hand.first = [engine | {"threads": 2} | {name: other}]
    said = f"model '{todo.models[0].source}' began with {name} {engine[name]} and would continue with {other}"
    with pytest.raises(HarnessError, match=said):
        todo.run(("terse",))
    assert ledger.state("terse", ENDED) is None
    hand.first = [engine | {"threads": 2}]
    todo.run(("terse",))
    assert decode(EndState, ledger.state("terse", ENDED)).status == "ok"


def test_interrupted_arm_continues_with_the_batches_it_had_come_to(jobs):
    todo, _ = jobs(interrupt_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        todo.run(())
    todo, hand = jobs(lambda job: END)
    todo.run(())
    assert hand.sent == [("steady", 1), ("terse", 0)]


def test_failed_arm_is_tried_again_from_the_start_with_whole_batches(jobs, ledger):
    todo, _ = jobs(respond_to_steady(9, killed))
    todo.run(())
    todo, hand = jobs(lambda job: END)
    todo.run(())
    assert hand.sent == [("steady", 0)]
    assert decode(Trouble, ledger.state("steady", TROUBLE)) == Trouble()


def test_notes_of_a_failed_try_stay_where_its_answers_may_and_those_of_the_next_come_behind(jobs, ledger):
    todo, _ = jobs(respond_to_steady(9, killed))
    todo.run(("steady",))
    learnt = FittedState("prompt", {"weights": {"quantization": None}}, (), None, (), 0.5, 1.0, None)
    ledger.put_state("steady", FITTED, encode(FittedState, learnt))  # so it may have answered
    todo, _ = jobs(respond_to_steady(1, killed))
    todo.run(("steady",))
    trouble = decode(Trouble, ledger.state("steady", TROUBLE))
    assert [note.split("1/")[1][0] for note in trouble.notes] == ["8", "2"]
    assert not trouble.is_retry


def test_arm_whose_second_try_was_interrupted_still_tells_how_the_first_ended(jobs, ledger):
    def interrupt():
        raise KeyboardInterrupt

    todo, _ = jobs(respond_to_steady(9, killed))
    todo.run(("steady",))
    todo, _ = jobs(respond_to_steady(1, interrupt))
    with pytest.raises(KeyboardInterrupt):
        todo.run(("steady",))
    assert decode(EndState, ledger.state("steady", ENDED)).reason.endswith("1/8 of the usual batch")


def test_failed_arm_that_is_interrupted_in_its_second_try_continues_with_the_batches_it_had_come_to(jobs, ledger):
    todo, _ = jobs(lambda job: {**FAILED, "kind": "other"})
    todo.run(("steady",))

    todo, _ = jobs(interrupt_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        todo.run(("steady",))
    todo, hand = jobs(lambda job: END)
    todo.run(("steady",))
    assert hand.sent == [("steady", 1)]


@pytest.mark.parametrize(
    ("lost", "outcome", "sent"),
    [(5, Outcome.TIMEOUT, []), (6, Outcome.WORKER_ERROR, [("steady", 0)]), (6, Outcome.INVALID_INPUT, [])],
)
def test_arm_that_lost_too_many_items_to_be_judged_is_taken_up_again(jobs, ledger, lost, outcome, sent):
    ends = [outcome] * lost + [Outcome.SCORED] * (100 - lost)
    found = [Prediction(f"q{n}", "", None, end, "stop", 1, 1, 0.1) for n, end in enumerate(ends)]
    ledger.put_predictions(Measurement(Fit("steady", seed=0)), found)
    for arm in ("steady", "terse"):
        ledger.put_state(arm, ENDED, encode(EndState, EndState("ok")))
    todo, hand = jobs(lambda job: END)
    todo.run(())
    assert hand.sent == sent


def test_base_is_measured_with_smaller_batches_too_and_without_it_the_run_ends(jobs):
    todo, hand = jobs(lambda job: FAILED if job["shrink"] < 1 else END, is_base_known=False)
    todo.run(("terse",))
    assert hand.sent == [("base", 0), ("base", 1), ("terse", 0), ("terse", 1)]
    assert any("general ability of the base: memory ran out" in line for line in todo.watch.observer.lines)


def test_run_ends_when_the_base_cannot_be_measured(jobs):
    todo, hand = jobs(lambda job: FAILED, is_base_known=False)
    with pytest.raises(HarnessError, match="general ability of the base could not be measured: no memory"):
        todo.run(())
    assert hand.sent == [("base", 0), ("base", 1), ("base", 2), ("base", 3)]


def test_fault_that_no_arm_can_continue_with_ends_the_run(jobs, ledger):
    fatal = {"event": "failed", "reason": "ledger.sqlite: cannot be written", "kind": "fatal", "is_last": True}
    todo, hand = jobs(lambda job: fatal)
    with pytest.raises(HarnessError, match="cannot be written"):
        todo.run(())
    assert hand.sent == [("steady", 0)]
    assert ledger.state("steady", ENDED) is None  # it continues next time


class Numbered(Recorder):
    """Keeps the numbers of jobs, and what was announced."""

    def __init__(self):
        super().__init__()
        self.numbers, self.agenda = [], None

    def planned(self, agenda, forecast):
        self.agenda = agenda

    def scored(self, name, metric, score):
        pass

    def began(self, name, number, total):
        super().began(name, number, total)
        self.numbers.append((number, total))


NF4 = Base("", "nf4").name


@pytest.fixture
def tuned_jobs(stub_task, ledger, tmp_path, monkeypatch):
    """Return the jobs of a tuned arm that ends on a 4-bit base, and who watches; it says so before or not."""
    task = load_task(stub_task("tuned"))
    program = {"weights": {"quantization": "nf4"}}
    stands_on = FittedState("tune", program, (), None, (), 0.5, 1.0, 0.1, {})

    def respond(job):
        if job["job"] == "fit" and is_good:
            ledger.put_state("tuned", FITTED, encode(FittedState, stands_on))
            return END
        return END if job["job"] == "base" else {**FAILED, "kind": "arm"}

    class Told(Hand):
        def do(self, job):
            if job["job"] == "base":
                self.sent.append(("base", job["quantization"]))
                self.ledger.put_general(GeneralAbility(Base("", job["quantization"]).name, ()))
                yield END
            else:
                yield from super().do(job)

    is_good = True

    def make(*, tells, ends_well=True):
        nonlocal is_good
        is_good = ends_well
        if tells:
            kind = type(load(BASELINES, "tuned")({}))
            monkeypatch.setattr(kind, "quantization", "nf4", raising=False)
        model = ServedModel("", task.model.source, "transformers", None, task.model.source, "0")
        watching = Numbered()
        hand = Told(ledger, respond)
        return (
            Jobs(task, [model], ledger, hand, Watch(watching, EventFile(tmp_path), Outlook()), unpinned),
            hand,
            watching,
        )

    return make


def test_base_that_an_arm_says_it_stands_on_is_announced_with_the_others(tuned_jobs):
    todo, hand, watching = tuned_jobs(tells=True)
    todo.run(())
    assert [job.name for job in watching.agenda.jobs] == ["base", "tuned", NF4] and not watching.agenda.may_grow
    assert watching.numbers == [(1, 3), (2, 3), (3, 3)]
    assert [sent for sent in hand.sent if sent[0] == "base"] == [("base", None), ("base", "nf4")]


def test_base_that_only_a_fit_tells_is_said_to_be_possible_and_counted_when_it_is_known(tuned_jobs):
    todo, _, watching = tuned_jobs(tells=False)
    todo.run(())
    assert [job.name for job in watching.agenda.jobs] == ["base", "tuned"] and watching.agenda.may_grow
    assert watching.numbers == [(1, 2), (2, 2), (3, 3)]
    assert not todo.watch.forecast.may_grow


def test_base_of_an_arm_that_failed_is_dropped(tuned_jobs, tmp_path):
    todo, _, watching = tuned_jobs(tells=True, ends_well=False)
    todo.run(())
    assert watching.numbers == [(1, 3), (2, 3)]
    assert read_events(tmp_path)[-1]["dropped"] == [NF4]
