import json
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.prompt import label_score
from harness.contract import Budget
from harness.errors import ArmError
from harness.program import Choices, Program
from harness.records import Likelihood, Message, Outcome, Study

TRAIN = tuple(row(f"t{i}", f"ticket number {i}", ("billing", "repair desk", " billing ")[i % 3]) for i in range(12))
DEV = tuple(row(f"d{i}", f"complaint number {i}", ("billing", "repair desk")[i % 2]) for i in range(50))
STUDY = Study(TRAIN, DEV, system="Route it.", template="Text: {{ input }}")
EMPTY = (Message("system", "Route it."), Message("user", "Text: "))


@dataclass
class Judge(ScriptedEngine):
    """Finds 'billing' four nats likelier than 'repair desk' at an odd number, six at an even one, five at nothing."""

    def loglikelihood(self, requests, weights):
        self.asked.extend(context for context, _ in requests)
        return [[self._likelihood(context[-1].content, text) for text in texts] for context, texts in requests]

    def _likelihood(self, asked, text):
        number = asked.split()[-1]
        fond = 5 if number == "Text:" else 4 if int(number) % 2 else 6
        return Likelihood(-1.0 if text == "billing" else -1.0 - fond, len(text.split()), False)


def nothing_generated(conversation):
    raise AssertionError("a label is chosen, not generated")


@pytest.fixture
def engine():
    return Judge(nothing_generated)


def fit(options, folder, engine, study=STUDY, budget=None):
    arm = label_score(options)
    return arm.fit(study, scripted_context(folder, engine, arm, budget))


def test_labels_are_the_distinct_targets_of_train(tmp_path, engine):
    program = fit({"calibrated": False}, tmp_path, engine).program
    assert program.choices == Choices(("billing", "repair desk"), (0, 0))
    assert not engine.asked
    expected = (Message("system", "Route it."), Message("user", "Text: complaint number 0"))
    assert program.messages(DEV[0].question) == expected
    assert program.generation.max_new_tokens == 3  # of the longest label, its end token included


def test_calibration_is_settled_on_dev(tmp_path, engine):
    fitted = fit({}, tmp_path, engine)
    # bare, 'billing' always wins: half of dev; less the fondness for it, each label wins where it is right
    assert [(trial.setting, trial.dev_score) for trial in fitted.trials] == [
        ("calibrated=no (40 of 50 dev rows)", pytest.approx(0.5, abs=0.2)),
        ("calibrated=yes (40 of 50 dev rows)", 1),
    ]
    assert fitted.program.choices == Choices(("billing", "repair desk"), (-1, -6))
    assert EMPTY in engine.asked
    assert fitted.warnings == ()


def test_bare_likelihoods_are_kept_where_calibration_gains_nothing(tmp_path, engine):
    dev = tuple(replace(example, target="billing") for example in DEV[::2])
    fitted = fit({}, tmp_path, engine, replace(STUDY, dev=dev))
    assert [trial.dev_score for trial in fitted.trials] == [1, 1]
    assert fitted.program.choices.priors == (0, 0)


def test_smoke_run_compares_bare_likelihoods_and_asks_nothing(tmp_path, engine):
    assert fit({}, tmp_path, engine, budget=Budget(is_fast=True)).program.choices.priors == (0, 0)
    assert not engine.asked


def test_label_that_begins_another_is_compared_only_when_calibrated(tmp_path):
    study = Study((row("a", "1", "1"), row("b", "2", "10"), row("c", "3", "2")), DEV)
    engine = ScriptedEngine(nothing_generated)
    fitted = fit({}, tmp_path, engine, study)
    assert fitted.program.choices == Choices(("1", "10", "2"), (-1, -1, -1))
    assert fitted.trials == ()
    assert "'1' begins '10'" in fitted.warnings[0]
    with pytest.raises(ArmError, match="'1' begins '10'"):
        fit({"calibrated": False}, tmp_path, engine, study)


def test_answers_of_dev_that_train_never_gives_are_reported(tmp_path, engine):
    study = replace(STUDY, dev=(*DEV, row("x", "odd 1", "sales")))
    assert fit({"calibrated": False}, tmp_path, engine, study).warnings == (
        "1 answers of dev are not labels of train, e.g. 'sales'",
    )


@pytest.mark.parametrize(
    ("targets", "match"),
    [
        ([f"label {i}" for i in range(51)], "51 different answers in 51 rows"),
        (["a", "b" * 81], "81 characters, more than 80"),
        (["a", " \n"], "blank"),
    ],
)
def test_answers_that_are_no_closed_set_are_refused(tmp_path, engine, targets, match):
    study = Study(tuple(row(f"t{i}", f"q {i}", target) for i, target in enumerate(targets)), DEV)
    with pytest.raises(ArmError, match=match):
        fit({}, tmp_path, engine, study)
    with pytest.raises(ArmError, match=match):
        label_score({}).preview(study)


def test_prompt_beyond_the_context_window_fails_the_arm_with_the_numbers(tmp_path):
    # two words of the system prompt, four of the question, three tokens of the longest label
    assert fit({"calibrated": False}, tmp_path, Judge(nothing_generated, context_window=9)).program.choices
    with pytest.raises(ArmError, match="6 tokens, 3 more for the answer exceed the context window of 8"):
        fit({}, tmp_path, Judge(nothing_generated, context_window=8))


def test_preview_names_the_labels():
    preview = label_score({}).preview(STUDY)
    assert preview.messages[-1].content == "Text: complaint number 0"
    assert preview.note.endswith("the likeliest of 2 labels of train ('billing', 'repair desk')")


@pytest.mark.parametrize("options", [{"labels": ["a"]}, {"calibrated": 3}, {"dev_rows": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError):
        label_score(options)


def test_program_that_chooses_comes_back_equal_and_older_ones_choose_nothing(tmp_path, engine):
    program = fit({"calibrated": True}, tmp_path, engine).program
    data = json.loads(json.dumps(program.to_dict(tmp_path)))
    assert Program.from_dict(MappingProxyType(data) | {}, tmp_path) == program
    del data["choices"]
    assert Program.from_dict(data, tmp_path).choices is None


def test_label_score_on_a_real_engine_says_labels_alone(tiny_model, tmp_path):
    from harness.engine.transformers_engine import TransformersEngine
    from harness.evidence.answering import answer
    from harness.records import Weights

    arm, engine = label_score({}), TransformersEngine(str(tiny_model))
    context = scripted_context(tmp_path, engine, arm)
    context.base = Weights(str(tiny_model))
    study = replace(STUDY, dev=DEV[:6])
    program = arm.fit(study, context).program
    questions = [example.question for example in study.dev]
    batches = list(answer(program, questions, engine, lambda asked: [()] * len(asked), log=print))
    found = [prediction for batch in batches for prediction in batch]
    tokens = sum(engine.answer_tokens(label) - 1 for label in program.choices.labels)
    assert {(p.outcome, p.completion_tokens) for p in found} == {(Outcome.SCORED, tokens)}
    for prediction in found:
        [question] = [q for q in questions if q.id == prediction.example_id]
        [alone] = engine.loglikelihood([(program.messages(question), program.choices.labels)], program.weights)
        label, probability = program.choices.likeliest([one.logprob for one in alone])
        assert prediction.answer == prediction.text == label
        assert prediction.probability == pytest.approx(probability, abs=1e-3)
        assert prediction.seconds > 0
