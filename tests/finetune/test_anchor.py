"""The penalty for leaving the base's predictions on general text."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fit_ground import OPTIONS, study
from inner_process import Parent, base_of, spec_in

import baselines.finetune
from baselines.finetune.anchor import divergence
from baselines.finetune.rows import TEXTS, Renderer, general_texts, replay_rows
from baselines.finetune.sft import prepare
from baselines.finetune.spec import GeneralText
from baselines.finetune.tuners import LORA, tuner_of
from baselines.prompt.zero import zero_shot_program
from harness.general.off_task import all_questions
from harness.program import Program, Prompt
from harness.records import GenerationSettings, Weights

# whole texts, and such of which the last four predictions count
ANCHORS = tuple(
    GeneralText(tuple(5 + (7 * n + 3 * i) % 90 for i in range(6 + n % 4)), first=n % 2 * (2 + n % 4)) for n in range(6)
)
SETTINGS = GenerationSettings(8)
OTHERS = tuple(GeneralText(tuple(9 + (5 * n + 11 * i) % 90 for i in range(8))) for n in range(6))


def trained(tiny_model, folder: Path, **changes) -> Path:
    from baselines.finetune import loop

    spec = spec_in(folder, **changes)
    loop.train(base_of(Weights(str(tiny_model))), spec, Parent(), spec.steps)
    return folder / "checkpoint-7"


def left(tiny_model, adapter: Path, texts) -> float:
    """KL(base || tuned), nats per prediction, from two models loaded by themselves and one text at a time."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    def predictions(model, text):
        return model(input_ids=torch.tensor([text.ids])).logits[0, text.first :].log_softmax(-1)

    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32), adapter)
    total = 0.0
    with torch.no_grad():
        for text in texts:
            p, q = predictions(base, text), predictions(tuned.eval(), text)
            total += float((p.exp() * (p - q)).sum())
    return total / sum(text.predictions for text in texts)


def test_divergence_is_the_kl_of_two_models_loaded_apart(tiny_model, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = trained(tiny_model, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    both = PeftModel.from_pretrained(base, adapter).eval()
    expected = left(tiny_model, adapter, ANCHORS)
    assert expected > 1e-3
    found = sum(float(divergence(tuner_of(LORA), both, text)) for text in ANCHORS)
    assert found / sum(text.predictions for text in ANCHORS) == pytest.approx(expected, rel=1e-4)


def plain_pair(tiny_model, adapter: Path):
    """The base and the tuned model, loaded apart; the adapter's weights take gradients."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base, other = (AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32) for _ in range(2))
    return base.eval(), PeftModel.from_pretrained(other, adapter, is_trainable=True).eval()


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}


@pytest.fixture(scope="module")
def an_adapter(tiny_model, tmp_path_factory):
    return trained(tiny_model, tmp_path_factory.mktemp("adapter"))


def test_value_and_gradient_are_those_of_two_models_loaded_apart(tiny_model, an_adapter):
    text = ANCHORS[1]
    base, plain = plain_pair(tiny_model, an_adapter)
    with torch.no_grad():
        p = base(input_ids=torch.tensor([text.ids])).logits[0, -text.predictions :].log_softmax(-1)
    q = plain(input_ids=torch.tensor([text.ids])).logits[0, -text.predictions :].log_softmax(-1)
    expected = (p.exp() * (p - q)).sum()
    expected.backward()
    _, tuned = plain_pair(tiny_model, an_adapter)
    known = {}
    for _ in range(2):  # what the base says of a text is computed, then known
        tuned.zero_grad()
        found = divergence(tuner_of(LORA), tuned, text, known)
        found.backward()
        assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)
        for name, gradient in gradients(plain).items():
            torch.testing.assert_close(gradients(tuned)[name], gradient, atol=1e-5, rtol=1e-4)
    assert max(float(gradient.abs().max()) for gradient in gradients(plain).values()) > 1e-3


def test_known_text_goes_through_the_tuned_model_alone(tiny_model, an_adapter):
    _, tuned = plain_pair(tiny_model, an_adapter)
    known = {}
    divergence(tuner_of(LORA), tuned, ANCHORS[0], known)
    read = []
    tuned.get_input_embeddings().register_forward_pre_hook(lambda module, given: read.append(given[0].numel()))
    divergence(tuner_of(LORA), tuned, ANCHORS[0], known)
    assert sorted(read) == [1, len(ANCHORS[0].ids)]  # the head is asked for the base's predictions through one token


def test_an_anchored_training_stays_nearer_to_its_base_also_on_other_texts(tiny_model, tmp_path):
    free = trained(tiny_model, tmp_path / "free")
    whole = tuple(replace(text, first=0) for text in ANCHORS)
    held = trained(tiny_model, tmp_path / "held", anchors=whole, kl_weight=10.0)
    assert left(tiny_model, held, whole) < 0.5 * left(tiny_model, free, whole)
    assert left(tiny_model, held, OTHERS) < left(tiny_model, free, OTHERS)


def test_the_penalty_counts_once_a_step_however_few_rows_go_through_at_once(tiny_model, tmp_path):
    from safetensors.torch import load_file

    changes = {"anchors": ANCHORS, "kl_weight": 10.0, "learning_rate": 1e-3}
    together = trained(tiny_model, tmp_path / "four", **changes)
    apart = trained(tiny_model, tmp_path / "one", micro_tokens=1, **changes)
    one, four = (load_file(folder / "adapter_model.safetensors") for folder in (apart, together))
    for name, tensor in four.items():
        # Adam divides by the gradient's size, so that rounding shows in its first steps: a tenth of one is allowed
        torch.testing.assert_close(one[name], tensor, atol=1e-4, rtol=0)


def test_texts_take_turns_step_by_step(tiny_model, tmp_path, monkeypatch):
    taken = []

    def noted(tuner, adapted, text, known):
        taken.append(text)
        return divergence(tuner, adapted, text, known)

    monkeypatch.setattr("baselines.finetune.anchor.divergence", noted)
    trained(tiny_model, tmp_path, anchors=ANCHORS, kl_weight=1.0)
    assert taken == [*ANCHORS, ANCHORS[0]]  # of seven steps


def test_general_texts_are_rendered_as_the_engine_reads_them(tiny_model, engine):
    program = Program(Weights(str(tiny_model)), Prompt("Answer with a code.", "Message: {{ input }}"), SETTINGS)
    texts = general_texts(Renderer(str(tiny_model), engine), program)
    items = [json.loads(line) for line in TEXTS.read_text().splitlines()]
    prompted, text, _, alone = (engine.tokenizer.decode(text.ids) for text in texts[:4])
    assert text.startswith("A lighthouse stands")
    assert alone.startswith("<|im_start|>system")
    assert alone.endswith(items[1]["answer"])
    assert f"Message: {items[1]['question']}" in prompted
    assert "Answer with a code." in prompted and "Answer with a code." not in alone
    assert prompted.endswith(items[1]["answer"])
    # what is predicted is the answer, and its end behind it
    assert texts[1].first == 0
    for text in (texts[0], texts[3]):
        assert engine.tokenizer.decode(text.ids[text.first + 1 :]) == items[1]["answer"]


def test_half_of_the_turns_are_under_the_task_s_prompt_and_every_text_has_one(tiny_model, engine):
    program = Program(Weights(str(tiny_model)), Prompt("Answer with a code."), SETTINGS)
    texts = general_texts(Renderer(str(tiny_model), engine), program)
    told = [engine.tokenizer.decode(text.ids) for text in texts]
    assert ["Answer with a code." in text for text in told] == [True, False] * (len(texts) // 2)
    assert [text.first > 0 for text in texts[1::2]] == [False, True] * (len(texts) // 4)  # prose, then a question
    items = [json.loads(line) for line in TEXTS.read_text().splitlines()]
    assert len(set(texts)) == sum(1 if "text" in item else 2 for item in items)


def test_template_that_cannot_show_a_plain_question_is_put_to_none(tiny_model, engine):
    picky = Program(Weights(str(tiny_model)), Prompt(template="{{ {'Route 1': input}[input] }}"), SETTINGS)
    texts = general_texts(Renderer(str(tiny_model), engine), picky)
    assert len(set(texts)) == len(TEXTS.read_text().splitlines())  # prose, and each question alone


def test_replayed_rows_are_general_questions_with_their_answers(tiny_model, engine):
    program = Program(Weights(str(tiny_model)), Prompt(template="Message: {{ input }}"), SETTINGS)
    renderer = Renderer(str(tiny_model), engine)
    rows = replay_rows(renderer, program, 100, seed=0)
    assert len({row.id for row in rows}) == len(rows) == 100
    answers = {renderer.answer(json.loads(line).get("answer", "")) for line in TEXTS.read_text().splitlines()}
    assert {row.answer for row in rows} <= answers
    assert replay_rows(renderer, program, 0, seed=0) == ()


def test_no_general_text_is_a_question_of_the_off_task_probe():
    texts = TEXTS.read_text().casefold()
    assert len(all_questions()) > 150
    assert not [asked.question for asked in all_questions() if asked.question.casefold() in texts]


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_arm_with_the_penalty_warns_that_two_parts_of_the_gate_are_no_independent_evidence(
    make_context, trained_here, weight
):
    arm = baselines.finetune.lora_sft({**OPTIONS, "kl_to_base": weight})
    fitted = arm.fit(study(), make_context("lora_sft"))
    words = "its text loss and unrelated questions are not independent evidence, its benchmarks are"
    assert any(words in warning for warning in fitted.training.warnings) is (weight > 0)


def test_replay_adds_rows_to_learn_from_that_are_no_rows_of_the_task(make_context):
    options = baselines.finetune.lora_sft({"replay": 0.25, "kl_to_base": 0.0}).options
    context = make_context("lora_sft")
    plan = prepare(study(), context, zero_shot_program(study(), context), options)
    assert len(plan.rows) == 24 + 6  # a quarter of 24
    assert {row.id for row in plan.rows[:24]} == {example.id for example in plan.examples}
    assert plan.anchors == ()  # without a penalty there is nothing to hold on to
