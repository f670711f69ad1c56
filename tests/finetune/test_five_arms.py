"""Arms that are one file each: all weights, a prefix, factors, documents read first, answers judged good or bad."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fit_ground import OPTIONS, study
from inner_process import Parent, answers, base_of, spec_in, train_here
from safetensors.torch import load_file, save_file

from baselines.finetune import loop
from baselines.finetune.cpt import cpt_lora_sft, text_rows
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.full import FULL, full_sft
from baselines.finetune.ia3 import IA3, ia3_sft
from baselines.finetune.kto import KTO, JudgedRow, lora_kto
from baselines.finetune.prefix import PREFIX, prefix_sft
from baselines.finetune.rows import Renderer
from baselines.finetune.verify import check_tensors
from harness.errors import ArmError
from harness.records import Document, Feedback, GenerationSettings, Message, Weights

FULL_NAME, IA3_NAME, PREFIX_NAME = (f"baselines.finetune.{name}" for name in ("full:FULL", "ia3:IA3", "prefix:PREFIX"))
DOCUMENTS = tuple(
    Document(f"page-{n}", f"The quick brown fox {n} jumps over the lazy dog. " * 4, f"page-{n}.txt") for n in range(3)
)
ARMS = {
    "full_sft": (full_sft, OPTIONS),
    "ia3_sft": (ia3_sft, {**OPTIONS, "trial_rates": [1e-5, 3e-1]}),
    "prefix_sft": (prefix_sft, {**OPTIONS, "virtual_tokens": 4, "trial_rates": [1e-5, 3e-1]}),
    "cpt_lora_sft": (cpt_lora_sft, {**OPTIONS, "cpt_epochs": 1, "text_tokens": 24}),
    "lora_kto": (lora_kto, {**OPTIONS, "max_pairs": 16}),
}


@pytest.fixture(scope="module")
def fitted(make_context):
    kept = {}

    def fit(name: str):
        if name not in kept:
            make, options = ARMS[name]
            context = make_context(name)
            with pytest.MonkeyPatch.context() as patch:
                train_here(patch)
                kept[name] = make(options).fit(study(documents=DOCUMENTS), context), context
        return kept[name]

    return fit


def losses(engine, weights: Weights) -> list[float]:
    requests = [([Message("user", row.question.text)], [row.target]) for row in study().train]
    return [-found[0].logprob for found in engine.loglikelihood(requests, weights)]


@pytest.mark.parametrize("name", ARMS)
def test_arm_learns_and_leaves_what_the_engine_serves(fitted, engine, name):
    done, context = fitted(name)
    weights = done.program.weights
    assert Path(weights.tuned).parent == context.folder
    assert sum(losses(engine, weights)) < sum(losses(engine, weights.base))
    assert done.training.trainable_parameters > 0
    assert (Path(weights.tuned) / "README.md").is_file()
    answer = engine.generate([[Message("user", "Route 1: fox")]], GenerationSettings(4), weights)
    assert answer[0].completion_tokens > 0


@pytest.mark.parametrize("name", ["full_sft", "ia3_sft", "prefix_sft"])
def test_trained_share_of_the_weights_is_counted(fitted, name):
    history = fitted(name)[0].training
    share = history.trainable_parameters / history.total_parameters
    assert share == 1.0 if name == "full_sft" else 0 < share < 0.2


def test_full_weights_load_in_plain_transformers_and_say_what_the_engine_says(fitted, engine):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    weights = fitted("full_sft")[0].program.weights
    model = AutoModelForCausalLM.from_pretrained(weights.checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(weights.checkpoint)
    row = study().train[0]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": row.question.text}], add_generation_prompt=True, return_dict=False
    )
    answer = tokenizer.encode(row.target, add_special_tokens=False)
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
    plain = sum(float(logits[len(prompt) - 1 + n, token]) for n, token in enumerate(answer))
    assert -losses(engine, weights)[0] == pytest.approx(plain, abs=1e-4)


def test_checkpoint_at_part_strength_lies_between_the_base_and_itself(tiny_model, fitted, tmp_path):
    from harness.engine.resident import load_base

    source = Path(fitted("full_sft")[0].program.weights.checkpoint)
    FULL.scale(source, tmp_path / "part", str(tiny_model), 0.25)
    base = dict(load_base(str(tiny_model), None, torch.device("cpu")).named_parameters())
    tuned, part = (load_file(folder / "model.safetensors") for folder in (source, tmp_path / "part"))
    assert part.keys() == tuned.keys() and any(not torch.equal(tuned[name], base[name]) for name in tuned)
    for name, tensor in part.items():
        torch.testing.assert_close(tensor, 0.75 * base[name].data + 0.25 * tuned[name])


def test_factors_at_part_strength_lie_between_one_and_themselves(fitted, tmp_path):
    source = Path(fitted("ia3_sft")[0].program.weights.adapter)
    IA3.scale(source, tmp_path / "half", "", 0.5)
    whole, half = (load_file(folder / "adapter_model.safetensors") for folder in (source, tmp_path / "half"))
    assert any(bool((tensor != 1).any()) for tensor in whole.values())
    for name, tensor in half.items():
        torch.testing.assert_close(tensor, (1 + whole[name]) / 2)


def test_factors_that_are_all_one_are_refused(fitted, tmp_path):
    source = Path(fitted("ia3_sft")[0].program.weights.adapter)
    tensors = load_file(source / "adapter_model.safetensors")
    save_file({name: torch.ones_like(tensor) for name, tensor in tensors.items()}, tmp_path / "ones.safetensors")
    with pytest.raises(ArmError, match="the IA3 is a no-op"):
        check_tensors(IA3, tmp_path)


@pytest.mark.parametrize("tuner", [FULL_NAME, IA3_NAME, PREFIX_NAME])
def test_base_is_bare_again_after_a_run_and_the_same_run_ends_the_same(tiny_model, tmp_path, tuner):
    base = base_of(Weights(str(tiny_model)))
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    ends = []
    for place in ("first", "second"):
        spec = spec_in(tmp_path / place, tuner=tuner, tuner_options={"virtual_tokens": 3}, learning_rate=1e-3)
        parent = Parent()
        loop.train(base, spec, parent, spec.steps)
        after = base.model.state_dict()
        assert after.keys() == before.keys()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
        assert not any(parameter.requires_grad for parameter in base.model.parameters())
        [weights] = (tmp_path / place / "checkpoint-7").glob("*.safetensors")
        ends.append((parent.losses, weights.read_bytes()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("tuner", [FULL_NAME, IA3_NAME, PREFIX_NAME])
def test_penalty_sees_the_bare_base_beside_what_is_trained(tiny_model, tmp_path, tuner):
    """At the first step a tuning that changes nothing has left nothing; the penalty is then no part of the gradient."""
    from baselines.finetune.anchor import divergence
    from baselines.finetune.spec import GeneralText
    from baselines.finetune.tuners import tuner_of

    base = base_of(Weights(str(tiny_model)))
    text = GeneralText(tuple(range(5, 25)), first=8)
    spec = spec_in(tmp_path, tuner=tuner, tuner_options={"virtual_tokens": 3})
    with base.tuned(spec) as tuned:
        fresh = float(divergence(tuner_of(tuner), tuned, text))
        with torch.no_grad():
            for parameter in tuned.parameters():
                if parameter.requires_grad:
                    parameter.mul_(1.05)
        moved = float(divergence(tuner_of(tuner), tuned, text))
    assert moved > fresh
    assert moved > 1e-6
    if tuner != PREFIX_NAME:  # a fresh prefix is seen at once
        assert fresh == pytest.approx(0.0, abs=1e-6)


def test_all_weights_of_a_4_bit_base_are_refused(tiny_model, tmp_path):
    base = base_of(Weights(str(tiny_model), "nf4"))
    with pytest.raises(TrainingFailure, match="4-bit base has no weights to train in full"):
        loop.train(base, spec_in(tmp_path, tuner=FULL_NAME), Parent(), 7)


def test_prefix_begins_with_what_the_model_makes_of_the_first_prompt(tiny_model, tmp_path):
    """So the model says the same as if those tokens stood there."""
    base = base_of(Weights(str(tiny_model)))
    row = answers()[0]
    spec = spec_in(tmp_path, tuner=PREFIX_NAME, tuner_options={"virtual_tokens": 3})
    later = torch.tensor([[7, 8, 9]])
    with torch.no_grad():
        spelled = base.model(torch.cat([torch.tensor([row.prompt[:3]]), later], dim=1)).logits[:, 3:]
        with base.tuned(spec) as tuned:
            prefixed = tuned(input_ids=later, attention_mask=torch.ones_like(later)).logits
    torch.testing.assert_close(prefixed, spelled, atol=1e-4, rtol=1e-4)


def test_prefix_has_no_part_strength(fitted):
    frontier = fitted("prefix_sft")[0].training.frontier
    assert not PREFIX.scales
    assert {point.strength for point in frontier} <= {0.0, 1.0}


def test_documents_are_cut_into_texts_and_nothing_is_left_out(tiny_model, engine):
    renderer = Renderer(str(tiny_model), engine)
    rows = text_rows(renderer, DOCUMENTS, 24)
    for document in DOCUMENTS:
        own = [token for row in rows if row.id.startswith(f"{document.id},") for token in row.answer]
        assert own == renderer.tokenizer.encode(document.text)
    assert all(row.prompt == () and len(row.answer) <= 24 for row in rows)
    with pytest.raises(ArmError, match="hold no text to learn from"):
        text_rows(renderer, (Document("empty", "", "empty.txt"),), 24)


def test_reading_comes_first_and_both_stages_are_told(fitted):
    done, context = fitted("cpt_lora_sft")
    history = done.training
    assert (history.method, history.start.method) == ("cpt+sft", "cpt")
    assert history.start.rows == len(text_rows(Renderer(context.base.model, context.engine), DOCUMENTS, 24))
    assert history.seconds > history.start.seconds > 0
    assert any(trial.setting.startswith("CPT learning_rate=") for trial in done.trials)


def test_reading_needs_documents(make_context):
    arm = cpt_lora_sft({})
    assert arm.needs_documents
    with pytest.raises(ArmError, match=r"give data\.documents"):
        arm.fit(study(), make_context("cpt_lora_sft"))


def judged(good: int, bad: int) -> tuple[JudgedRow, ...]:
    return tuple(JudgedRow(row.id, row.prompt, row.answer, n < good) for n, row in enumerate(answers(good + bad)))


def test_kto_loss_and_reference_are_those_of_the_paper(tiny_model, tmp_path):
    """At the start every reward is 0 and the loss half the mean weight; the rarer kind is weighted up to the other."""
    spec = spec_in(
        tmp_path, objective="baselines.finetune.kto:KTO", rows=judged(6, 2), batch_size=8, steps=1, evaluate_at=(1,)
    )
    parent = Parent()
    loop.train(base_of(Weights(str(tiny_model))), spec, parent, 1)
    assert parent.losses[0].loss == pytest.approx(0.5 * (6 * 1 + 2 * 3) / 8, abs=1e-5)


def test_kto_start_that_is_not_its_reference_is_refused():
    assert KTO.fault_of_start({"kl": 0.0, "rewards/chosen": 0.0}) == ""
    assert "not at 0" in KTO.fault_of_start({"kl": 0.0, "rewards/rejected": 0.3})
    assert "not at 0" in KTO.fault_of_start({"kl": math.pi})


def test_kto_never_passes_one_row_alone(tiny_model, tmp_path):
    spec = spec_in(tmp_path, objective="baselines.finetune.kto:KTO", rows=judged(4, 4), micro_tokens=1)
    assert loop.rows_at_once(spec, 640) == 2
    assert loop.rows_at_once(replace(spec, objective="baselines.finetune.objectives.supervised:SUPERVISED"), 640) == 1


def test_kto_arm_says_what_it_learnt_from(fitted):
    done, _ = fitted("lora_kto")
    assert done.training.method == "sft+kto"
    assert any("answers of pairs mined from the base model's wrong answers" in warning for warning in done.warnings)


@pytest.mark.parametrize("name", ARMS)
def test_arm_shows_a_row_before_the_run_and_refuses_options_that_it_lacks(name):
    make, options = ARMS[name]
    preview = make(options).preview(study(documents=DOCUMENTS))
    assert preview.learnt == study().train[0].target
    with pytest.raises(ValueError, match="rank_of_all"):
        make({"rank_of_all": 3})


def test_card_names_what_was_trained_and_how_it_is_loaded(fitted):
    cards = {name: (Path(fitted(name)[0].program.weights.tuned) / "README.md").read_text() for name in ARMS}
    assert 'AutoModelForCausalLM.from_pretrained("PATH_OF_THIS_FOLDER")' in cards["full_sft"]
    assert "PeftModel" not in cards["full_sft"]
    assert "| virtual_tokens | 4 |" in cards["prefix_sft"]
    assert "CPT, then SFT with LoRA" in cards["cpt_lora_sft"]
    assert json.loads((Path(fitted("ia3_sft")[0].program.weights.adapter) / "adapter_config.json").read_text())


def feedback(good: int, bad: int) -> tuple[Feedback, ...]:
    rows = study(train=good + bad, dev=2).train
    return tuple(Feedback(row.id, row.messages, row.target, n < good) for n, row in enumerate(rows))


def test_feedback_is_taken_before_pairs_are_mined(make_context):
    context = make_context("lora_kto")
    given = study(feedback=feedback(6, 4))
    found, source = lora_kto({}).find(given, None, context)  # no plan: nothing is asked of the model
    assert (found, source) == (given.feedback, "rows of feedback")
    assert "then 10 rows of feedback" in lora_kto({}).preview(given).note


def test_feedback_of_one_kind_alone_is_refused(make_context):
    with pytest.raises(ArmError, match="all 5 rows of data.feedback are good"):
        lora_kto({}).find(study(feedback=feedback(5, 0)), None, make_context("lora_kto"))


def test_a_prefix_is_never_trained_with_activations_that_are_computed_again(tmp_path):
    cuda = torch.device("cuda")
    kinds = {name: spec_in(tmp_path, tuner=name) for name in (FULL_NAME, IA3_NAME, PREFIX_NAME)}
    assert {name: loop.recomputes(spec, cuda) for name, spec in kinds.items()} == {
        FULL_NAME: True,
        IA3_NAME: True,
        PREFIX_NAME: False,
    }
    assert not any(loop.recomputes(spec, torch.device("cpu")) for spec in kinds.values())


@pytest.mark.parametrize("recomputed", [False, True])
def test_transformers_drops_the_prefix_where_activations_are_computed_again(tiny_model, tmp_path, recomputed):
    """Why: a prefix that is not seen gets no gradient."""
    base = base_of(Weights(str(tiny_model)))
    spec = spec_in(tmp_path, tuner=PREFIX_NAME, tuner_options={"virtual_tokens": 3})
    with base.tuned(spec) as tuned:
        if recomputed:
            base.model.gradient_checkpointing_enable()
        base.model.train()
        ids = torch.tensor([[5, 6, 7, 8]])
        try:
            tuned(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids).loss.backward()
            sees = any(p.grad is not None and bool(p.grad.any()) for p in tuned.parameters() if p.requires_grad)
        except RuntimeError:  # nothing that is trained is in the loss
            sees = False
        finally:
            base.model.gradient_checkpointing_disable()
            base.model.eval()
    assert sees is not recomputed
