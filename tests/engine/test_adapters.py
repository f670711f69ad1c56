import json
import os
import shutil

import torch
from bitsandbytes.functional import dequantize_4bit
from peft import LoraConfig, PeftModel, get_peft_model
from pytest import approx, fixture, mark, raises
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from harness.engine.resident import ADAPTERS_KEPT, load_base
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError
from harness.records import GenerationSettings, Message, Weights

REQUESTS = [("The quick brown", [" fox jumps", " dog"]), ((Message("user", "E4"),), ["a new filter"])]
ASKED = [(Message("user", "What is the capital of France?"),)]


def save_adapter(model_folder, folder, seed):
    """A LoRA whose B matrices are random, so that it changes what the model says."""
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    torch.manual_seed(seed)
    tuned = get_peft_model(model, config)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    tuned.save_pretrained(folder)
    return str(folder)


@fixture(scope="module")
def adapters(tiny_model, tmp_path_factory):
    room = tmp_path_factory.mktemp("adapters")
    return [save_adapter(tiny_model, room / str(seed), seed) for seed in range(ADAPTERS_KEPT + 2)]


@fixture
def engine(tiny_model):
    return TransformersEngine(str(tiny_model))


def logprobs(engine, weights):
    return [part.logprob for row in engine.loglikelihood(REQUESTS, weights) for part in row]


def test_adapter_answers_as_plain_peft_does(engine, tiny_model, adapters):
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), adapters[0]).eval()
    prompt = engine.tokenizer(engine.render(ASKED[0]), add_special_tokens=False, return_tensors="pt")
    expected = tuned.generate(**prompt, max_new_tokens=10, do_sample=False)[0, prompt.input_ids.shape[1] :]
    [answer] = engine.generate(ASKED, GenerationSettings(10), Weights(str(tiny_model), adapter=adapters[0]))
    assert answer.text == engine.tokenizer.decode(expected, skip_special_tokens=True)


def test_switching_adapters_leaves_no_trace_on_the_base(engine, tiny_model, adapters):
    base = Weights(str(tiny_model))
    before = logprobs(engine, base)
    tuned = logprobs(engine, Weights(str(tiny_model), adapter=adapters[0]))
    other = logprobs(engine, Weights(str(tiny_model), adapter=adapters[1]))
    assert logprobs(engine, base) == approx(before, abs=1e-5)
    assert logprobs(engine, Weights(str(tiny_model), adapter=adapters[0])) == approx(tuned, abs=1e-5)
    assert abs(tuned[0] - before[0]) > 1e-3 and abs(tuned[0] - other[0]) > 1e-3


def test_more_adapters_than_are_kept_still_answer_right(engine, tiny_model, adapters):
    first = logprobs(engine, Weights(str(tiny_model), adapter=adapters[0]))
    for adapter in adapters[1:]:
        logprobs(engine, Weights(str(tiny_model), adapter=adapter))
    assert len(engine._resident._switch.peft_config) == ADAPTERS_KEPT
    assert logprobs(engine, Weights(str(tiny_model), adapter=adapters[0])) == approx(first, abs=1e-5)


def test_adapter_rewritten_in_place_is_loaded_again(engine, tiny_model, adapters, tmp_path):
    folder = tmp_path / "adapter"
    shutil.copytree(adapters[0], folder)
    first = logprobs(engine, Weights(str(tiny_model), adapter=str(folder)))
    shutil.rmtree(folder)
    save_adapter(tiny_model, folder, seed=1)
    assert logprobs(engine, Weights(str(tiny_model), adapter=str(folder))) != approx(first, abs=1e-3)


def test_adapter_rewritten_with_equal_size_and_time_is_loaded_again(engine, tiny_model, adapters, tmp_path):
    shutil.copytree(adapters[0], tmp_path, dirs_exist_ok=True)
    file = tmp_path / "adapter_model.safetensors"
    state = file.stat()
    first = logprobs(engine, Weights(str(tiny_model), adapter=str(tmp_path)))
    shutil.copyfile(f"{adapters[1]}/{file.name}", file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    found = logprobs(engine, Weights(str(tiny_model), adapter=str(tmp_path)))
    assert found != approx(first, abs=1e-3)
    assert found == approx(logprobs(engine, Weights(str(tiny_model), adapter=adapters[1])), abs=1e-5)


@mark.parametrize("loaded_before", [False, True])
@mark.parametrize("change", ["missing", "unexpected", "size mismatch"])
def test_adapter_that_does_not_fit_the_base_is_refused(engine, tiny_model, adapters, tmp_path, change, loaded_before):
    if loaded_before:
        logprobs(engine, Weights(str(tiny_model), adapter=adapters[1]))
    folder = tmp_path / "adapter"
    shutil.copytree(adapters[0], folder)
    weights = load_file(folder / "adapter_model.safetensors")
    name = next(iter(weights))
    if change == "missing":
        del weights[name]
    elif change == "size mismatch":
        weights[name] = torch.zeros(2, 2)
    else:
        weights[name.replace("layers.0", "layers.7")] = weights[name].clone()
    save_file(weights, folder / "adapter_model.safetensors")
    with raises(ArmError, match=change):
        logprobs(engine, Weights(str(tiny_model), adapter=str(folder)))
    fresh = TransformersEngine(str(tiny_model))  # a refused adapter leaves no trace
    for good in (Weights(str(tiny_model)), Weights(str(tiny_model), adapter=adapters[0])):
        assert logprobs(engine, good) == approx(logprobs(fresh, good), abs=1e-5)


@mark.parametrize("changed", [{"r": 10**12}, {"rank_pattern": {"q_proj": 10**12}}])
def test_rank_that_its_weights_do_not_have_is_refused_before_anything_of_that_size_is_made(
    engine, tiny_model, adapters, tmp_path, changed
):
    folder = shutil.copytree(adapters[0], tmp_path / "adapter")
    config = json.loads((folder / "adapter_config.json").read_text())
    rank = config["r"]
    (folder / "adapter_config.json").write_text(json.dumps(config | changed))
    with raises(ArmError, match=f"says rank 1,000,000,000,000, and its weights have {rank};"):
        logprobs(engine, Weights(str(tiny_model), adapter=str(folder)))


@mark.parametrize("kind", ["PROMPT_TUNING", "P_TUNING"])
def test_adapter_of_trained_tokens_is_refused_and_leaves_no_trace(engine, tiny_model, adapters, tmp_path, kind):
    folder = shutil.copytree(adapters[0], tmp_path / "adapter")
    said = {"peft_type": kind, "task_type": "CAUSAL_LM", "num_virtual_tokens": 4}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    with raises(ArmError, match=f"it is of type {kind}, which is trained tokens and no layers"):
        logprobs(engine, Weights(str(tiny_model), adapter=str(folder)))
    assert logprobs(engine, Weights(str(tiny_model), adapter=adapters[0]))


def test_rank_that_a_pattern_overrules_everywhere_does_no_harm(engine, tiny_model, adapters, tmp_path):
    folder = shutil.copytree(adapters[0], tmp_path / "adapter")
    config = json.loads((folder / "adapter_config.json").read_text())
    pattern, alphas = (dict.fromkeys(config["target_modules"], config[key]) for key in ("r", "lora_alpha"))
    overruled = {"r": 4 * config["r"], "rank_pattern": pattern, "alpha_pattern": alphas}
    (folder / "adapter_config.json").write_text(json.dumps(config | overruled))
    weights = Weights(str(tiny_model), adapter=str(folder))
    expected = logprobs(engine, Weights(str(tiny_model), adapter=adapters[0]))
    assert logprobs(engine, weights) == approx(expected, abs=1e-5)


def test_folder_without_adapter_weights_is_refused(engine, tiny_model, tmp_path):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with raises(ArmError, match=r"adapter_model\.safetensors"):
        logprobs(engine, Weights(str(tiny_model), adapter=str(tmp_path)))


def test_nf4_base_replaces_the_full_one_and_is_close_to_it(engine, tiny_model, adapters):
    full = logprobs(engine, Weights(str(tiny_model)))
    quantised = logprobs(engine, Weights(str(tiny_model), "nf4"))
    layer = engine._resident.base.model.layers[0].self_attn.q_proj
    assert type(layer).__name__ == "Linear4bit"
    assert quantised != approx(full, abs=1e-3)  # 16 levels a weight cannot reproduce fp32
    tuned = logprobs(engine, Weights(str(tiny_model), "nf4", adapters[0]))
    assert tuned != approx(quantised, abs=1e-3)
    assert logprobs(engine, Weights(str(tiny_model))) == approx(full, abs=1e-5)


def dequantised(tiny_model, adapter):
    """The 4-bit weights multiplied out into plain linear layers, with an adapter on top."""
    model = load_base(str(tiny_model), "nf4", torch.device("cpu"))
    for name, layer in list(model.named_modules()):
        if type(layer).__name__ == "Linear4bit":
            plain = torch.nn.Linear(layer.in_features, layer.out_features, bias=False)
            plain.weight.data = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
            model.set_submodule(name, plain)
    return PeftModel.from_pretrained(model, adapter).eval()


@mark.parametrize("number", range(2))
def test_adapter_on_nf4_weights_that_have_answered_before_computes_with_those_weights(
    engine, tiny_model, adapters, number
):
    logprobs(engine, Weights(str(tiny_model), "nf4"))
    for adapter in adapters[: number + 1]:
        logprobs(engine, Weights(str(tiny_model), "nf4", adapter))
    text, answer = engine.render(ASKED[0]), "team"
    [[found]] = engine.loglikelihood([(text, [answer])], Weights(str(tiny_model), "nf4", adapters[number]))
    ids = engine.tokenizer(text + answer, add_special_tokens=False, return_tensors="pt").input_ids[0]
    with torch.inference_mode():
        scores = dequantised(tiny_model, adapters[number])(input_ids=ids[None]).logits[0].log_softmax(-1)
    expected = sum(float(scores[i - 1, ids[i]]) for i in range(len(ids) - found.tokens, len(ids)))
    assert found.logprob == approx(expected, abs=1e-4)


def test_nf4_weights_do_not_depend_on_the_batch_size(engine, tiny_model):
    weights = Weights(str(tiny_model), "nf4")
    together = logprobs(engine, weights)
    alone = [part.logprob for request in REQUESTS for part in engine.loglikelihood([request], weights)[0]]
    assert alone == approx(together, abs=1e-4)
