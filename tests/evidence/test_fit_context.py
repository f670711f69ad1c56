"""What an arm is told about its choices when an item could not be asked."""

import pytest
from scripted_context import ScriptedEngine, row, scripted_context

from harness.errors import ArmError
from harness.evidence.fit_context import Latency, RunContext
from harness.program import Program, Prompt
from harness.records import GenerationSettings, Outcome, Prediction, Weights

EXAMPLES = [row(name, f"question {name}", "yes") for name in "abcd"]
PROGRAM = Program(Weights("scripted"), Prompt(), GenerationSettings(4))


class Choking(ScriptedEngine):
    """Raises for every batch that holds one of the bad questions."""

    bad: frozenset[str] = frozenset()

    def generate(self, conversations, settings, weights):
        if self.bad & {conversation[-1].content for conversation in conversations}:
            raise RuntimeError("index out of bounds")
        return super().generate(conversations, settings, weights)


def choking_bench(tmp_path, bad):
    engine = Choking(lambda conversation: "yes")
    engine.bad = frozenset(f"question {name}" for name in bad)
    return scripted_context(tmp_path, engine, baseline=None)


def test_dev_item_that_could_not_be_asked_is_left_out_of_the_score(tmp_path):
    context = choking_bench(tmp_path, "b")
    score = context.score(PROGRAM, EXAMPLES)
    assert (score.score, score.n) == (1.0, 3)  # counted as wrong it would be 3 of 4
    assert context.answer(PROGRAM, EXAMPLES) == ["yes", "", "yes", "yes"]


def test_dev_of_which_nothing_could_be_asked_fails_the_arm(tmp_path):
    with pytest.raises(ArmError, match="none of 4 items could be asked"):
        choking_bench(tmp_path, "abcd").score(PROGRAM, EXAMPLES)


def test_question_that_could_not_be_asked_has_no_latency(tmp_path):
    context = choking_bench(tmp_path, "a")
    assert context.latency(PROGRAM, EXAMPLES[:1]).median is None
    assert context.latency(PROGRAM, EXAMPLES[:2]).median is not None


@pytest.mark.parametrize(("each", "asked"), [(0.1, 20), (2.0, 20), (11.0, 6), (100.0, 5)])
def test_slow_questions_are_timed_for_about_a_minute_and_no_fewer_than_five(tmp_path, monkeypatch, each, asked):
    """At 11 s a question the minute is over after the sixth; at 2 s forty seconds see all twenty."""
    context = choking_bench(tmp_path, "")
    timed = []

    def ask(program, questions):
        timed.append(questions[0].id)
        yield [Prediction(questions[0].id, "", "", Outcome.SCORED, "stop", 1, 1, each)]

    monkeypatch.setattr(RunContext, "_ask", lambda self, *args: ask(*args))
    found = context.latency(PROGRAM, [row(str(n), "q", "yes") for n in range(20)])
    assert (len(timed), found.median) == (asked, each)
    assert (found.p95 is None) is (asked < 20)


def test_loss_is_not_measured_when_a_prompt_cannot_be_built(tmp_path):
    context = choking_bench(tmp_path, "")
    picky = Program(Weights("scripted"), Prompt(template="{{ {'question a': input}[input] }}"), GenerationSettings(4))
    assert context.score(picky, EXAMPLES, with_loss=True).loss is None
    assert [p.outcome for p in context._predict(picky, EXAMPLES)].count(Outcome.INVALID_INPUT) == 3


def test_slow_tail_is_the_nearest_rank_and_needs_twenty_questions():
    # of 1..20 s the 95th percentile by nearest rank is the 19th; of 19 questions nothing is said
    assert Latency.of([float(second) for second in range(20, 0, -1)]) == Latency(10.5, 19.0)
    assert Latency.of([1.0] * 19).p95 is None
