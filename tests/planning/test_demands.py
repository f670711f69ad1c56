from dataclasses import replace
from os.path import commonprefix

import pytest

from harness.checking.model_text import ModelText
from harness.contract import Reading, TrainingDemand
from harness.planning.cost import asked_tokens
from harness.planning.demands import demands
from harness.planning.forecast import outlook
from harness.records import Feedback, Preference
from harness.task import load_task

ARMS = (
    "[zero_shot, {name: few, baseline: few_shot, options: {shots: [2, 6]}}, chain_of_thought, "
    "{name: rag, options: {passages: 2, chunk_tokens: 16, shots: 0}}, "
    "{name: lora, baseline: lora_sft, options: {rank: 4, batch_size: 2, epochs: 3, "
    "trial_steps: 5, trial_rates: [0.001, 0.003]}}, qlora_sft, "
    "{name: dpo, baseline: lora_dpo, options: {max_pairs: 9, kl_to_base: 0.0, max_length: 90}}]"
)


@pytest.fixture
def text(tiny_model):
    return ModelText(tiny_model)


@pytest.fixture
def task_of(task_file, tiny_model):
    """Load a task with these arms on the tiny model."""
    return lambda arms: load_task(task_file(str(tiny_model), arms=arms))


@pytest.fixture
def found(task_of, text):
    return {demand.arm: demand for demand in demands(task_of(ARMS), text)}


def test_prompts_are_counted_as_the_model_reads_them(found, task_file, tiny_model):
    from transformers import AutoTokenizer

    task = load_task(task_file(str(tiny_model), arms=ARMS))
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    lengths = [
        len(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": example.question.text}], add_generation_prompt=True, return_dict=False
            )
        )
        for example in task.test
    ]
    assert found["zero_shot"].longest_prompt == max(lengths)
    assert min(lengths) <= found["zero_shot"].typical_prompt <= max(lengths)


def test_what_all_prompts_begin_with_is_counted(task_of, text):
    arms = (
        "[zero_shot, {name: few, baseline: few_shot, options: {shots: [2, 6], choice: [diverse, random]}}, "
        "{name: near, baseline: few_shot, options: {shots: [2, 6], choice: nearest}}, "
        "{name: rag, options: {passages: 2, chunk_tokens: 16, shots: [2, 3]}}, lora_sft]"
    )
    task = task_of(arms)
    found = {demand.arm: demand for demand in demands(task, text)}
    ordered = sorted(task.test, key=lambda example: len(example.question.text))
    shown = [text.prompt(example.messages) for example in (ordered[-1], ordered[len(ordered) // 2])]
    [plain] = text.counts([commonprefix(shown)])
    assert found["zero_shot"].shared_prompt == found["lora_sft"].shared_prompt == plain
    question = found["zero_shot"].typical_prompt - plain
    few = found["few"]  # shots stand in front; what is left is a question's own
    assert few.typical_prompt - few.shared_prompt == pytest.approx(question, abs=2)
    assert few.shared_prompt > plain + 6 * 5
    assert found["near"].shared_prompt == 0


def test_arms_that_search_load_the_embedder(task_of, text):
    arms = "[zero_shot, few_shot, {name: fixed, baseline: few_shot, options: {choice: random}}, rag, lora_sft]"
    found = {demand.arm: demand.has_embedder for demand in demands(task_of(arms), text)}
    assert found == {"zero_shot": False, "few_shot": True, "fixed": False, "rag": True, "lora_sft": False}


def test_passages_of_a_question_are_its_own_and_shots_are_shared(task_of, text):
    def found(options):
        arms = f"[{{name: rag, options: {{chunk_tokens: 16, {options}}}}}]"
        [demand] = demands(task_of(arms), text)
        return demand

    one, two = found("passages: 1, shots: 0"), found("passages: 2, shots: 0")
    shown = found("passages: 1, shots: 3")
    own = one.typical_prompt - one.shared_prompt
    assert own >= 8 + 5  # a passage has at least so many tokens here, and so has a question
    assert two.shared_prompt == one.shared_prompt
    assert two.typical_prompt - two.shared_prompt >= own + 8
    assert shown.shared_prompt >= one.shared_prompt + 3 * (8 + 5)
    assert shown.typical_prompt - shown.shared_prompt == pytest.approx(own, abs=8)


def test_documents_that_are_read_before_the_rows_are_counted(task_of, text):
    arms = (
        "[{name: set, baseline: cpt_lora_sft, options: {cpt_learning_rate: 0.001, cpt_epochs: 2, text_tokens: 16, "
        "batch_size: 3}}, {name: tried, baseline: cpt_lora_sft, options: {cpt_epochs: 2, text_tokens: 16, "
        "batch_size: 3, trial_steps: 5, trial_rates: [0.001, 0.003]}}, lora_sft]"
    )
    task = task_of(arms)
    fixed, tried, lora = (demand.training for demand in demands(task, text))
    counts = text.counts([document.text for document in task.study.documents])
    texts = sum(-(-count // 16) for count in counts)
    steps = 2 * -(-texts // 3)
    assert (fixed.reading_tokens, fixed.reading_steps) == (2 * sum(counts), steps)
    assert tried.reading_steps == steps + 2 * 5
    assert tried.reading_tokens == pytest.approx(2 * sum(counts) + 2 * 5 * 3 * sum(counts) / texts, abs=1)
    assert (lora.reading_tokens, lora.reading_steps, lora.reading_looks) == (0, 0, 0)
    assert (fixed.reading_looks, tried.reading_looks) == (2, 2 + 2)
    assert fixed.longest == max(lora.longest, min(16, max(counts)))


def test_longest_text_that_is_read_counts_for_memory(task_of, text):
    arms = "[{name: cpt, baseline: cpt_lora_sft, options: {text_tokens: 10000}}, lora_sft]"
    task = task_of(arms)
    long = replace(task.study.documents[0], text=" ".join(["word"] * 5000))
    task = replace(task, study=replace(task.study, documents=(*task.study.documents, long)))
    cpt, lora = (demand.training.longest for demand in demands(task, text))
    assert lora < cpt == text.window  # no text is longer than what the model reads


def test_candidates_that_are_tried_on_dev_are_counted(task_of, text):
    arms = (
        "[zero_shot, {name: few, baseline: few_shot, options: {shots: [2, 6, 8], choice: [diverse, random]}}, "
        "{name: rag, options: {passages: [1, 2], shots: [0, 2, 3]}}, "
        "{name: all, baseline: few_shot, options: {shots: [2, 6]}}, label_score, "
        "{name: bare, baseline: label_score, options: {calibrated: false}}]"
    )
    found = demands(task_of(arms), text)
    # numbers of shots, and the other way; passages, and two more numbers of shots; numbers, random, numbers of nearest;
    # bare and calibrated
    tried = [1, 3 + 1, 2 + 2, 2 + 1 + 2, 2, 1]
    assert [demand.candidates for demand in found] == tried
    assert [demand.chosen_on for demand in found] == [0, 40, 40, 40, 40, 40]


def test_most_shots_are_counted(found):
    # six shots; each is a question and an answer, longer than the question's own words
    assert found["few"].longest_prompt > found["zero_shot"].longest_prompt + 6 * 5
    assert found["few"].family == "prompt"


def test_reasoning_takes_room_behind_the_prompt(found):
    assert found["chain_of_thought"].new_tokens == found["zero_shot"].new_tokens + 96
    assert found["chain_of_thought"].longest_prompt > found["zero_shot"].longest_prompt


def test_what_an_arm_is_expected_to_write_is_over_all_of_its_samples(task_of, tiny_model, tmp_path):
    arms = "[{name: one, baseline: chain_of_thought}, {name: five, baseline: chain_of_thought, options: {samples: 5}}]"
    found = outlook(task_of(arms), lambda name: tiny_model, tmp_path, limit=None, is_fast=False).writing
    assert found["five"].answers == found["one"].answers
    assert found["five"].expected == 5 * found["one"].expected > 0


def test_each_sample_costs_a_request(task_file, tiny_model):
    arms = "[{name: one, baseline: chain_of_thought}, {name: five, baseline: chain_of_thought, options: {samples: 5}}]"
    one, five = demands(load_task(task_file(str(tiny_model), arms=arms)), ModelText(tiny_model))
    assert (one.samples, five.samples) == (1, 5)
    assert asked_tokens(five, 0) == 5 * asked_tokens(one, 0)


def test_passages_are_counted_up_to_their_chunks(found):
    assert found["rag"].passages == 2
    assert found["zero_shot"].longest_prompt < found["rag"].longest_prompt


def test_shots_are_counted_with_their_passages(task_file, tiny_model):
    def longest(shots):
        arms = f"[{{name: rag, options: {{passages: 2, chunk_tokens: 16, shots: {shots}}}}}]"
        [demand] = demands(load_task(task_file(str(tiny_model), arms=arms)), ModelText(tiny_model))
        return demand.longest_prompt

    none, tried, given = longest("0"), longest("[0, 3]"), longest("3")
    # three shots of two passages, which have at least eight tokens here; the preview shows those that are given
    assert min(tried, given) - none > 3 * 2 * 8


def test_general_questions_are_asked_without_passages(task_file, tiny_model):
    arms = (
        "[{name: one, baseline: rag_lora_sft, options: {k: 1}}, {name: nine, baseline: rag_lora_sft, options: {k: 9}}]"
    )
    one, nine = demands(load_task(task_file(str(tiny_model), arms=arms)), ModelText(tiny_model))
    assert nine.training.longest > one.training.longest
    assert nine.general_row == one.general_row


def test_training_is_read_off_the_arms_options(found):
    training = found["lora"].training
    assert (training.rank, training.batch_rows, training.epochs) == (4, 2, 3)
    assert training.trial_steps == 2 * 5
    assert (training.rows, training.steps) == (16, 8)
    assert training.has_penalty
    assert training.longest > found["zero_shot"].longest_prompt - 10
    assert found["zero_shot"].training is None


def test_quantised_and_preference_arms_are_told_apart(found):
    assert found["qlora_sft"].is_quantised
    assert not found["lora"].is_quantised
    dpo = found["dpo"].training
    assert (dpo.pairs, dpo.has_penalty) == (9, False)
    assert dpo.longest <= 90


@pytest.mark.parametrize("preferences", [0, 3])
@pytest.mark.parametrize("feedback", [0, 25])
def test_feedback_is_learnt_from_by_kto_alone_whole_and_before_preferences(
    task_file, tiny_model, feedback, preferences
):
    arms = "[{name: dpo, baseline: lora_dpo, options: {max_pairs: 9}}, "
    arms += "{name: kto, baseline: lora_kto, options: {max_pairs: 9}}]"
    task = load_task(task_file(str(tiny_model), arms=arms))
    messages = task.study.train[0].messages
    given = replace(
        task.study,
        preferences=tuple(Preference(f"p{n}", messages, "A1", "B2") for n in range(preferences)),
        feedback=tuple(Feedback(f"f{n}", messages, "A1", is_good=n % 2 == 0) for n in range(feedback)),
    )
    dpo, kto = (found.training.pairs for found in demands(replace(task, study=given), ModelText(tiny_model)))
    assert dpo == (preferences or 9)
    assert kto == (13 if feedback else dpo)  # two answers are a pair


def test_an_arm_without_options_or_preview_gets_usual_figures_and_says_so(found, task_file, tiny_model, monkeypatch):
    from harness.planning import demands as module

    class Foreign:
        family, needs, needs_documents = "tune", frozenset({"training"}), False

    monkeypatch.setattr(module, "load", lambda group, name: lambda options: Foreign())
    task = load_task(task_file(str(tiny_model)))
    [demand] = demands(task, ModelText(tiny_model))
    assert demand.training.rank == module.RANK
    prompt, training = demand.assumed
    assert "shows no prompt" in prompt
    assert "does not say what its training takes: LoRA of rank 8, 4 rows a step and 3 epochs are counted" in training


def test_an_arm_of_somebody_elses_states_what_its_training_takes_and_how_many_programs_it_compares(
    task_of, text, monkeypatch
):
    from harness.planning import demands as module

    class Foreign:
        family, needs, needs_documents = "tune", frozenset({"training"}), False
        candidates, choosing_rows = 3, 5

        def demand(self, study, rows):
            reading = Reading(epochs=2, text_tokens=16, trials=3, trial_steps=5)
            return TrainingDemand(rows // 2, 7, 11, 3, has_penalty=True, max_length=20, pairs=13, reading=reading)

    task = task_of("[zero_shot]")
    monkeypatch.setattr(module, "load", lambda group, name: lambda options: Foreign())
    [found] = demands(task, text)
    training, rows = found.training, len(task.study.train)
    assert (found.candidates, found.chosen_on) == (3, 5)
    assert (training.rows, training.batch_rows, training.steps, training.epochs) == (rows, rows // 2, 2, 7)
    assert (training.trial_steps, training.rank, training.pairs, training.has_penalty) == (11, 3, 13, True)
    counts = text.counts([document.text for document in task.study.documents])
    texts = sum(-(-count // 16) for count in counts)
    assert training.reading_steps == 2 * -(-texts // (rows // 2)) + 3 * 5
    assert (training.reading_looks, training.longest) == (2 + 3, max(20, min(16, max(counts))))


def test_without_a_tokenizer_lengths_are_estimated(task_file, tiny_model):
    task = load_task(task_file(str(tiny_model)))
    [demand] = demands(task, ModelText(None))
    assert demand.longest_prompt > 0
