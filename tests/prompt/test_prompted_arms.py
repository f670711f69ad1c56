from dataclasses import replace

import pytest
from pydantic import ValidationError
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.prompt import chain_of_thought, few_shot, zero_shot
from baselines.prompt.reading import reader_for
from harness.answer_reading import AnswerRule, Reader
from harness.contract import Budget
from harness.errors import ArmError
from harness.records import Message, Study, Weights

TRAIN = tuple(row(f"t{i}", f"ticket number {i}", "ab"[i % 2]) for i in range(20))
DEV = tuple(row(f"d{i}", f"complaint number {i}", "ab"[i % 2]) for i in range(60))
STUDY = Study(TRAIN, DEV, system="Answer a or b.", template="Text: {{ input }}")
SAME_FOR_ALL = {"choice": ["diverse", "random"]}  # nearest: tests/rag/test_nearest_examples.py


def shots_in(conversation):
    return sum(message.role == "assistant" for message in conversation)


def fit(arm, folder, engine, study=STUDY, budget=None):
    return arm.fit(study, scripted_context(folder, engine, arm, budget))


@pytest.mark.parametrize("make", [zero_shot, few_shot, chain_of_thought])
def test_unknown_option_is_refused(make):
    with pytest.raises(ValueError, match="shotz"):
        make({"shotz": 3})


@pytest.mark.parametrize("options", [{"shots": 0}, {"shots": []}, {"choice": "best"}, {"choice": []}, {"dev_rows": 0}])
def test_impossible_few_shot_options_are_refused(options):
    with pytest.raises(ValidationError):
        few_shot(options)


def test_zero_shot_asks_with_the_tasks_own_prompt_and_nothing_else(tmp_path):
    program = fit(zero_shot({}), tmp_path, ScriptedEngine(lambda c: "a")).program
    expected = (Message("system", "Answer a or b."), Message("user", "Text: complaint number 0"))
    assert program.messages(DEV[0].question) == expected


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("Paris", "first_line"),
        (" Paris\n", "first_line"),
        ("one\ntwo", "whole"),
        ('{"a": 1}', "whole"),
        ("5", "first_line"),
    ],
)
def test_reading_rule_follows_the_training_targets(target, rule):
    assert reader_for(Study((row("t", "q", target),), ())) == Reader(rule)


def test_few_shot_takes_the_number_that_scores_best_on_dev(tmp_path):
    def reply(conversation):  # right with four shots only
        number = int(conversation[-1].content.split()[-1])
        return "ab"[number % 2] if shots_in(conversation) == 4 else "c"

    engine = ScriptedEngine(reply)
    fitted = fit(few_shot(SAME_FOR_ALL), tmp_path, engine)
    assert len(fitted.program.prompt.shots) == 4
    assert [trial.dev_score for trial in fitted.trials] == [0, 1, 0, 1]
    assert [trial.setting for trial in fitted.trials] == [
        f"shots={number} choice={choice} (40 of 60 dev rows)"
        for number, choice in [(2, "diverse"), (4, "diverse"), (8, "diverse"), (4, "random")]
    ]
    # the two programs with four shots answer alike, so the first stays; each was asked once a row
    assert len(engine.asked) == 4 * 40


def test_few_shot_breaks_ties_by_loss_and_then_by_fewer_shots(tmp_path):
    by_loss = ScriptedEngine(lambda c: "c", loss=lambda c: 1 / (1 + shots_in(c)))
    assert len(fit(few_shot(SAME_FOR_ALL), tmp_path, by_loss).program.prompt.shots) == 8
    even = ScriptedEngine(lambda c: "c")
    assert len(fit(few_shot(SAME_FOR_ALL), tmp_path, even).program.prompt.shots) == 2


def test_few_shot_works_with_an_engine_that_cannot_score_text(tmp_path):
    engine = ScriptedEngine(lambda c: "a", capabilities=frozenset({"generate"}))
    fitted = fit(few_shot({"shots": [1, 2], **SAME_FOR_ALL}), tmp_path, engine)
    assert len(fitted.program.prompt.shots) == 1
    assert {trial.dev_loss for trial in fitted.trials} == {None}


def test_shots_are_training_rows_under_the_tasks_template(tmp_path):
    program = fit(few_shot({"shots": 3, "choice": "random"}), tmp_path, ScriptedEngine(lambda c: "a")).program
    turns = program.messages(DEV[0].question)
    assert [turn.role for turn in turns] == ["system"] + ["user", "assistant"] * 3 + ["user"]
    solved = {(f"Text: {example.question.text}", example.target) for example in TRAIN}
    pairs = zip(turns[1:-1:2], turns[2:-1:2], strict=True)
    assert {(user.content, answer.content) for user, answer in pairs} <= solved


def test_fixed_number_and_choice_need_no_dev_evaluation(tmp_path):
    engine = ScriptedEngine(lambda c: "a")
    assert fit(few_shot({"shots": 3, "choice": "diverse"}), tmp_path, engine).trials == ()
    assert not engine.asked


def test_smoke_run_shows_two_shots_and_compares_nothing(tmp_path):
    engine = ScriptedEngine(lambda c: "a")
    fitted = fit(few_shot({}), tmp_path, engine, budget=Budget(is_fast=True))
    assert len(fitted.program.prompt.shots) == 2
    assert not engine.asked


def test_shots_beyond_the_context_window_are_left_out_with_the_numbers(tmp_path):
    # the system prompt has 4 words, a turn 4, an answer 1: 4 + 5 k + 4 and 4 for the answer; 32 holds k = 4
    engine = ScriptedEngine(lambda c: "a", context_window=32)
    fitted = fit(few_shot({"choice": "diverse"}), tmp_path, engine)
    assert {len(fitted.program.prompt.shots)} <= {2, 4}
    assert fitted.warnings == (
        "shots=8 choice=diverse left out: the longest prompt has 48 tokens, "
        "4 more for the answer exceed the context window of 32; ask for fewer shots or shorten the rows",
    )


def test_no_shot_that_fits_fails_the_arm_with_the_numbers(tmp_path):
    engine = ScriptedEngine(lambda c: "a", context_window=20)
    with pytest.raises(ArmError, match=r"shots=2 .* 18 tokens, 4 more .* window of 20"):
        fit(few_shot({}), tmp_path, engine)


def test_more_shots_than_rows_are_reported(tmp_path):
    study = Study(TRAIN[:3], DEV)
    fitted = fit(few_shot({"shots": [2, 5], "choice": "random"}), tmp_path, ScriptedEngine(lambda c: "a"), study)
    assert fitted.warnings == ("5 shots asked for, but only 3 training rows can be shown",)
    assert [trial.setting.split()[0] for trial in fitted.trials] == ["shots=2", "shots=3"]


def test_train_without_a_row_to_show_fails_the_arm(tmp_path):
    study = Study(train=(row("t", "Same", "a"),), dev=(row("d", "same", "a"),))
    with pytest.raises(ArmError, match="none of the 1 training rows"):
        fit(few_shot({}), tmp_path, ScriptedEngine(lambda c: "a"), study)


def test_budget_that_ran_out_names_what_was_not_tried(tmp_path):
    fitted = fit(few_shot(SAME_FOR_ALL), tmp_path, ScriptedEngine(lambda c: "a"), budget=Budget(minutes=0))
    assert [trial.setting.split(" (")[0] for trial in fitted.trials] == ["shots=2 choice=diverse"]
    assert fitted.warnings == (
        "not tried within 0 minutes: shots=4 choice=diverse, shots=8 choice=diverse",
        "not tried within 0 minutes: shots=2 choice=random",
    )


def test_loss_is_measured_for_equal_scores_only(tmp_path):
    engine = ScriptedEngine(lambda c: "a" if shots_in(c) == 8 else "c")
    fitted = fit(few_shot({"choice": "random"}), tmp_path, engine)
    assert [trial.dev_loss for trial in fitted.trials] == [None, None, None]
    fitted = fit(few_shot({"choice": "random"}), tmp_path, ScriptedEngine(lambda c: "a" if shots_in(c) > 2 else "c"))
    assert [trial.dev_loss for trial in fitted.trials] == [None, 1, 1]


def test_chain_of_thought_reads_the_answer_after_its_marker(tmp_path):
    engine = ScriptedEngine(lambda c: "Odd numbers are b.\nAnswer: b\n")
    program = fit(chain_of_thought({"reasoning_tokens": 50}), tmp_path, engine).program
    assert program.generation.max_new_tokens == 50 + 4
    system, user = (message.content for message in program.messages(DEV[0].question))
    assert system == "Answer a or b."
    # last of all, so that it stands against "nothing else" in the task's own prompt
    assert user.startswith(f"Text: {DEV[0].question.text}\n\n") and user.endswith("Answer: <the answer>")
    assert program.reader.read("Odd numbers are b.\nAnswer: b\n") == "b"
    assert program.reader.read("Odd numbers are b.") is None


def test_chain_of_thought_refuses_answers_of_several_lines(tmp_path):
    study = Study((row("t", "q", "one\ntwo"),), DEV)
    with pytest.raises(ArmError, match="several"):
        fit(chain_of_thought({}), tmp_path, ScriptedEngine(lambda c: "a"), study)


@pytest.mark.parametrize(
    ("rule", "mark", "text"),
    [
        (Reader("first_line", "####"), "####", "3 and 4 are 7.\n#### 7"),
        (Reader("first_line", "{#"), "{#", "3 and 4 are 7.\n{# 7"),  # Jinja's own
        (Reader("last_number"), "Answer:", "3 and 4\nmake\nAnswer: 7 in all"),
        (Reader("pattern", pattern=r"is (\d)"), "Answer:", "it is 3\nAnswer: it\nis 7"),
    ],
)
def test_chain_of_thought_ends_in_the_tasks_own_rule(tmp_path, rule, mark, text):
    rows = tuple(replace(row, target="3 and 4 are 7.\n#### 7") for row in TRAIN)
    study = Study(rows, DEV, answer=AnswerRule(rule))
    program = fit(chain_of_thought({"reasoning_tokens": 50}), tmp_path, ScriptedEngine(lambda c: text), study).program
    assert program.messages(DEV[0].question)[-1].content.endswith(f"\n{mark} <the answer>")
    assert program.reader.read(text) == "7"
    assert program.reading(study.answer) == program
    plain = fit(zero_shot({}), tmp_path, ScriptedEngine(lambda c: text), study).program
    assert plain.reader == rule


def test_rule_that_only_ignores_something_changes_no_reading(tmp_path):
    study = replace(STUDY, answer=AnswerRule(ignore=("punctuation",)))
    assert reader_for(study) == reader_for(STUDY)
    lines = replace(study, train=tuple(replace(row, target="one\ntwo") for row in TRAIN))
    with pytest.raises(ArmError, match="several"):
        fit(chain_of_thought({}), tmp_path, ScriptedEngine(lambda c: "a"), lines)


def test_chain_of_thought_without_room_to_reason_fails_with_the_numbers(tmp_path):
    with pytest.raises(ArmError, match=r"100 more for the answer exceed the context window of 64"):
        fit(chain_of_thought({"reasoning_tokens": 96}), tmp_path, ScriptedEngine(lambda c: "a", context_window=64))


def test_few_shot_on_a_real_engine_is_repeatable(tiny_model, tmp_path):
    from harness.engine.transformers_engine import TransformersEngine

    study = Study(TRAIN[:6], DEV[:4], system="Answer a or b.")
    engine = TransformersEngine(str(tiny_model))
    arm = few_shot({"shots": [1, 2], **SAME_FOR_ALL})
    context = scripted_context(tmp_path, engine, arm)
    context.base = Weights(str(tiny_model))
    fitted = arm.fit(study, context)
    assert len(fitted.trials) == 3
    assert {trial.dev_score for trial in fitted.trials} == {0}  # random weights: all equal, so losses decide
    assert all(trial.dev_loss > 0 for trial in fitted.trials)
    assert arm.fit(study, context) == fitted
