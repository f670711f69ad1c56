"""Tiny random models of every family, tuned by the real loop, beside plain transformers and PEFT."""

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import torch
from family_models import FAMILIES, Family, build_family, logprob_alone
from inner_process import Parent, answers, pairs, spare_the_libraries, spec_in
from peft import PeftModel
from pytest import approx, fixture, mark, param, raises
from transformers import AutoModelForCausalLM

from baselines.finetune import loop
from baselines.finetune.anchor import divergence
from baselines.finetune.base import Base
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.full import FULL
from baselines.finetune.objectives import PREFERENCE, SUPERVISED
from baselines.finetune.spec import GeneralText
from baselines.finetune.tuners import LORA, tuner_of
from harness.engine.resident import load_base
from harness.engine.transformers_engine import TransformersEngine
from harness.records import Message, Weights

NAMES = [param(name, marks=() if family.trained else mark.slow) for name, family in FAMILIES.items()]
REQUESTS = [
    ("Question: What is the capital of France? Answer:", [" Paris", " the brown fox"]),
    ((Message("user", "Is it snowing in Beijing today?"),), ["No, it is not."]),
    ("E4 needs a filter. " * 5, [" Call the team"]),  # beyond every window of a family that has one
]
PER_TOKEN = 5e-5  # nats
MIXTURES = ["qwen3_moe", "qwen3_next", "gpt_oss"]
MAMBAS = ["falcon_h1", "mamba"]


@dataclass
class Tuned:
    """A family's tiny model and what two steps of SFT and one of DPO after them left."""

    folder: str
    base: Base
    sft: Parent
    dpo: Parent
    adapter: str

    @property
    def engine(self) -> TransformersEngine:
        return TransformersEngine(self.folder)


def train(base: Base, spec: Any) -> Parent:
    parent = Parent()
    loop.train(base, spec, parent, spec.steps)
    return parent


def sft_in(folder: Path, **changes: Any) -> Any:
    """One batch of all rows a step, on which a plain loss is easily taken."""
    said = {"rows": answers(4), "steps": 2, "evaluate_at": (2,), "resume_seconds": math.inf, **changes}
    return spec_in(folder, **said)


@fixture(scope="module")
def tuned(tmp_path_factory):
    """Tune a family once."""
    spare_the_libraries()

    @cache
    def tune(name: str) -> Tuned:
        root = tmp_path_factory.mktemp(name)
        base = Base.load(str(build_family(FAMILIES[name], root / "model")), None)
        sft = train(base, sft_in(root / "sft"))
        adapter = str(root / "sft" / "checkpoint-2")
        dpo = train(
            base, sft_in(root / "dpo", objective=PREFERENCE, rows=pairs(4), start=adapter, steps=1, evaluate_at=(1,))
        )
        return Tuned(str(root / "model"), base, sft, dpo, adapter)

    return tune


@fixture(params=NAMES)
def family(request, tuned):
    return tuned(request.param)


def scores(engine, weights):
    return [part for found in engine.loglikelihood(REQUESTS, weights) for part in found]


def plain_scores(engine, model):
    asked = [engine._text.pair(context, text) for context, texts in REQUESTS for text in texts]
    return [(logprob_alone(model, given, scored), len(scored)) for given, scored in asked]


def assert_equal(found, expected):
    for likelihood, (logprob, tokens) in zip(found, expected, strict=True):
        assert (likelihood.tokens, likelihood.logprob) == (tokens, approx(logprob, abs=PER_TOKEN * tokens))


def test_first_loss_of_sft_is_what_plain_transformers_says_of_the_answers(family):
    plain = AutoModelForCausalLM.from_pretrained(family.folder).eval()
    rows = answers(4)
    nats = -sum(logprob_alone(plain, [*row.prompt], [*row.answer]) for row in rows)
    assert family.sft.losses[0].loss == approx(nats / sum(len(row.answer) for row in rows), abs=1e-3)


def test_dpo_starts_at_its_reference(family):
    [point] = family.dpo.losses
    assert point.loss == approx(math.log(2), abs=1e-5)


def test_tuned_scores_equal_plain_peft_and_the_base_is_left_alone(family):
    engine = family.engine
    plain = AutoModelForCausalLM.from_pretrained(family.folder).eval()
    before = plain_scores(engine, plain)
    tuned = plain_scores(engine, PeftModel.from_pretrained(plain, family.adapter).eval())
    assert max(abs(a - b) / tokens for (a, tokens), (b, _) in zip(before, tuned, strict=True)) > 10 * PER_TOKEN
    base = Weights(family.folder)
    assert_equal(scores(engine, replace(base, adapter=family.adapter)), tuned)
    assert_equal(scores(engine, base), before)  # switched off
    assert_equal(scores(engine, replace(base, adapter=family.adapter)), tuned)  # and on again


def test_merged_model_scores_as_the_adapter_does(family, tmp_path):
    engine = family.engine
    plain = AutoModelForCausalLM.from_pretrained(family.folder).eval()
    PeftModel.from_pretrained(plain, family.adapter).merge_and_unload(safe_merge=True).save_pretrained(tmp_path)
    engine.tokenizer.save_pretrained(tmp_path)
    found = scores(TransformersEngine(str(tmp_path)), Weights(str(tmp_path)))
    expected = scores(engine, Weights(family.folder, adapter=family.adapter))
    assert_equal(found, [(part.logprob, part.tokens) for part in expected])


@mark.parametrize("name", [name for name in NAMES if name.values != ("rwkv",)])
def test_adapter_on_4_bit_weights_scores_as_plain_peft_does(tuned, name):
    family = tuned(name)
    engine = family.engine
    weights = Weights(family.folder, "nf4", family.adapter)
    plain = load_base(family.folder, "nf4", torch.device("cpu"))
    assert_equal(scores(engine, replace(weights, adapter=None)), plain_scores(engine, plain))
    assert_equal(scores(engine, weights), plain_scores(engine, PeftModel.from_pretrained(plain, family.adapter).eval()))


@mark.parametrize("name", ["llama", "qwen3_moe", "falcon_h1", "gpt2", "mamba", "bloom"])
def test_family_trains_on_4_bit_weights(tuned, tmp_path, name):
    base = Base.load(tuned(name).folder, "nf4")
    assert any(type(module).__name__ == "Linear4bit" for module in base.model.modules())
    assert len(train(base, sft_in(tmp_path)).losses) == 2


@mark.parametrize("name", ["gemma3", "gpt_oss", "falcon_h1", "lfm2", "gpt2", "mamba", "bloom"])
def test_penalty_for_leaving_the_base_is_what_plain_transformers_says(tuned, tmp_path, name):
    family = tuned(name)
    text, first = tuple(range(5, 35)), 12  # what stands before that position counts for nothing
    plain = AutoModelForCausalLM.from_pretrained(family.folder).eval()
    before = predictions(plain, text)[first:]
    after = predictions(PeftModel.from_pretrained(plain, family.adapter).eval(), text)[first:]
    expected = float((before.exp() * (before - after)).sum())
    with family.base.tuned(spec_in(tmp_path, start=family.adapter)) as adapted, torch.no_grad():
        found = float(divergence(tuner_of(LORA), adapted, GeneralText(text, first)))
    assert found > 1e-4
    assert found == approx(expected, rel=1e-3)


def predictions(model: Any, text: tuple[int, ...]) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.tensor([text]), use_cache=False).logits[0].float().log_softmax(-1)


@mark.parametrize("name", MIXTURES)
def test_loss_of_a_mixture_of_experts_holds_no_auxiliary_loss_even_where_the_model_asks_for_it(tuned, tmp_path, name):
    family = tuned(name)
    folder = copytree(family.folder, tmp_path / "asks")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(config | {"output_router_logits": True, "router_aux_loss_coef": 10.0})
    )
    base = Base.load(str(folder), None)
    spec = sft_in(tmp_path / "dpo", objective=PREFERENCE, rows=pairs(4), steps=1, evaluate_at=(1,))
    dpo = train(base, spec)  # before SFT, which unsets the flag
    sft = train(base, sft_in(tmp_path / "sft"))
    assert sft.losses[0].loss == approx(family.sft.losses[0].loss, abs=1e-5)
    assert dpo.losses[0].loss == approx(math.log(2), abs=1e-5)


@mark.parametrize("name", NAMES)
def test_all_weights_are_served_scaled_and_taken_up_as_they_were_trained(tuned, tmp_path, name):
    family = tuned(name)
    changes = {"tuner": "baselines.finetune.full:FULL", "learning_rate": 1e-2, "schedule": "constant"}
    done = train(family.base, sft_in(tmp_path / "full", **changes))
    checkpoint, half = tmp_path / "full" / "checkpoint-2", tmp_path / "half"
    plain = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    served = scores(family.engine, Weights(family.folder, checkpoint=str(checkpoint)))
    assert_equal(served, plain_scores(family.engine, plain))
    FULL.scale(checkpoint, half, family.folder, 0.5)
    ends = [AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32) for place in (family.folder, half)]
    moved = 0
    for base, mixed, whole in zip(*(model.parameters() for model in (*ends, plain)), strict=True):
        torch.testing.assert_close(mixed, (base + whole) / 2)
        moved += not torch.equal(base, whole)
    assert moved > 0
    further = train(
        family.base, sft_in(tmp_path / "further", **changes, start=str(checkpoint), steps=1, evaluate_at=(1,))
    )
    assert further.losses[0].loss < done.losses[-1].loss < done.losses[0].loss


def trained_names(base: Base, folder: Path) -> set[str]:
    with base.tuned(spec_in(folder)) as adapted:
        return {name for name, weight in adapted.named_parameters() if weight.requires_grad}


@mark.parametrize("name", MIXTURES)
def test_experts_and_their_router_are_left_as_they_are(tuned, tmp_path, name):
    names = trained_names(tuned(name).base, tmp_path)
    assert names and not [name for name in names if ".mlp." in name]


@mark.parametrize("name", MAMBAS)
def test_modules_whose_weights_mamba_takes_without_calling_them_get_no_adapter(tuned, tmp_path, name):
    names = trained_names(tuned(name).base, tmp_path)
    assert any(".in_proj." in name for name in names)
    assert not [name for name in names if any(module in name for module in ("out_proj", "conv1d", "dt_proj"))]


@mark.parametrize("name", MAMBAS)
def test_every_trained_tensor_of_a_mamba_has_moved(tuned, name):
    from safetensors.torch import load_file

    tensors = load_file(Path(tuned(name).adapter) / "adapter_model.safetensors")
    assert all(bool(tensor.any()) for tensor in tensors.values())


def test_dense_models_are_tuned_on_all_linear_layers_as_before(tuned, tmp_path):
    assert tuner_of(LORA).config(tuned("llama").base.model, spec_in(tmp_path)).target_modules == "all-linear"


def test_what_peft_refuses_is_one_sentence_and_leaves_the_base_usable(tuned, tmp_path, monkeypatch):
    from baselines.finetune.tuners import lora as module

    family = tuned("falcon_h1")
    monkeypatch.setattr(module, "_MAMBA_TYPES", frozenset())
    with raises(TrainingFailure, match="LoRA cannot be put on .* of type falcon_h1: .*'out_proj' is incompat") as e:
        train(family.base, sft_in(tmp_path / "refused"))
    assert "\n" not in str(e.value)
    monkeypatch.undo()
    assert train(family.base, sft_in(tmp_path / "again")).losses[0].loss == family.sft.losses[0].loss


LLAMA_4 = Family(
    "Llama 4",
    "llama4_text",
    {
        "head_dim": 8,
        "attention_chunk_size": 16,
        "layer_types": ["chunked_attention", "full_attention"],
        "no_rope_layers": [1, 0],
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
        "intermediate_size_mlp": 64,
    },
)


@mark.parametrize(("objective", "rows"), [(SUPERVISED, answers(4)), (PREFERENCE, pairs(4))])
def test_model_without_a_backbone_for_the_fused_head_is_refused_in_one_sentence(tmp_path, objective, rows):
    base = Base.load(str(build_family(LLAMA_4, tmp_path / "model")), None)
    with raises(TrainingFailure, match="^TRL cannot train a model of type llama4_text: .*last_hidden_state'$"):
        train(base, sft_in(tmp_path / "run", objective=objective, rows=rows))


def test_head_that_scores_otherwise_than_the_model_is_refused(tuned, tmp_path, monkeypatch):
    family = tuned("granite")
    model = type(family.base.model)
    forward = model.forward

    def louder(self, *given, **named):
        output = forward(self, *given, **named)
        output.logits = output.logits * 1.1
        return output

    monkeypatch.setattr(model, "forward", louder)
    with raises(TrainingFailure, match="granite .* nats per token off what the model says"):
        train(Base.load(family.folder, None), sft_in(tmp_path))


@mark.parametrize("name", ["gpt2", "seed_oss"])  # one has modules for it, the other plain numbers
def test_dropout_of_the_base_is_off_in_training(tuned, name):
    model = tuned(name).base.model
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        still, moving = model.eval()(ids).logits, model.train()(ids).logits
    model.eval()
    assert torch.equal(still, moving)
