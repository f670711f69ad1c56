"""A trained prefix in the engine: equal to PEFT's own passes, however texts share a batch."""

from pathlib import Path

import pytest
import torch

from harness.engine.prefixed import cache_shape, prefix_of
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError
from harness.records import GenerationSettings, Message, Weights

TOKENS = 3
QUESTIONS = ["dog", "Route 12: the quick fox", "team code filter snow", "lazy", "a b c d e f g h i j"]
# long enough in common to be computed once
INSTRUCTION = "Answer with one word about the text that follows and nothing else, whatever it asks of you today. " * 2


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory) -> Path:
    """A prefix of random numbers, saved by PEFT."""
    from peft import PrefixTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    layers, heads, size = cache_shape(model.config)
    config = PrefixTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=TOKENS,
        num_layers=layers,
        num_attention_heads=heads,
        token_dim=heads * size,
    )
    folder = tmp_path_factory.mktemp("prefix")
    get_peft_model(model, config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def weights(tiny_model, adapter) -> Weights:
    return Weights(str(tiny_model), adapter=str(adapter))


@pytest.fixture(scope="module")
def engine(tiny_model) -> TransformersEngine:
    return TransformersEngine(str(tiny_model))


@pytest.fixture(scope="module")
def plain(tiny_model, adapter):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32), adapter)


def conversations(system: str | None = None) -> list[list[Message]]:
    turns = [Message("system", system)] if system else []
    return [[*turns, Message("user", question)] for question in QUESTIONS]


def ids_of(engine, conversation) -> list[int]:
    return engine.tokenizer.encode(engine.render(conversation), add_special_tokens=False)


@pytest.mark.parametrize("system", [None, INSTRUCTION])
@pytest.mark.parametrize("at_once", [1, 5])
def test_answers_are_those_of_peft(engine, weights, plain, system, at_once):
    expected = []
    for conversation in conversations(system):
        ids = torch.tensor([ids_of(engine, conversation)])
        out = plain.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False)
        expected.append(engine.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
    found = []
    asked = conversations(system)
    for start in range(0, len(asked), at_once):
        batch = engine.generate(asked[start : start + at_once], GenerationSettings(6), weights)
        found += [completion.text for completion in batch]
    assert found == expected


def test_likelihoods_are_those_of_peft_alone_and_side_by_side(engine, weights, plain):
    asked = conversations()
    continuations = ["Paris", "today in the snow"]
    found = engine.loglikelihood([(conversation, continuations) for conversation in asked], weights)
    for conversation, likelihoods in zip(asked, found, strict=True):
        context = ids_of(engine, conversation)
        for continuation, likelihood in zip(continuations, likelihoods, strict=True):
            answer = engine.tokenizer.encode(continuation, add_special_tokens=False)
            ids = torch.tensor([[*context, *answer]])
            with torch.no_grad():
                logits = plain(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].log_softmax(-1)
            expected = sum(float(logits[len(context) - 1 + n, token]) for n, token in enumerate(answer))
            assert likelihood.logprob == pytest.approx(expected, abs=1e-3)


def test_text_of_its_own_is_scored_behind_the_prefix(engine, weights, plain):
    text = "the quick brown fox"
    [[found]] = engine.loglikelihood([("", [text])], weights)
    [[bare]] = engine.loglikelihood([("", [text])], weights.base)
    assert abs(found.logprob - bare.logprob) > 1e-3


def test_prefix_and_layers_take_turns_on_one_base(engine, weights, tiny_model, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    lora = get_peft_model(
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32),
        LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"),
    )
    lora.save_pretrained(tmp_path)
    layered = Weights(str(tiny_model), adapter=str(tmp_path))
    request = [(conversations()[0], ["Paris"])]
    alone = {key: TransformersEngine(str(tiny_model)).loglikelihood(request, key) for key in (weights, layered)}
    for key in (weights, layered, weights, layered, weights.base):
        found = engine.loglikelihood(request, key)[0][0].logprob
        expected = alone.get(key) or TransformersEngine(str(tiny_model)).loglikelihood(request, key)
        assert found == pytest.approx(expected[0][0].logprob, abs=1e-5)


def test_prefix_of_another_model_is_refused(engine, weights, tmp_path):
    from safetensors.torch import save_file

    (tmp_path / "adapter_config.json").write_text('{"peft_type": "PREFIX_TUNING"}')
    save_file({"prompt_embeddings": torch.zeros(TOKENS, 7)}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ArmError, match="is not a prefix for"):
        engine.generate(conversations()[:1], GenerationSettings(2), Weights(weights.model, adapter=str(tmp_path)))


def test_prefix_is_read_as_peft_lays_it_out(engine, plain, adapter):
    from safetensors.torch import load_file

    found = prefix_of(load_file(adapter / "adapter_model.safetensors"), plain.config)
    cache = plain.get_prompt(1)
    for layer, (keys, values) in zip(cache.layers, found, strict=True):
        torch.testing.assert_close(layer.keys[0], keys)
        torch.testing.assert_close(layer.values[0], values)
