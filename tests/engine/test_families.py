"""Tiny random models of every family that docs/models.md names, beside plain transformers, one item at a time."""

import json
from dataclasses import replace
from functools import cache

import torch
from family_models import (
    CONTEXT_WINDOW,
    FAMILIES,
    LINEAR_ONLY,
    SLIDING,
    TURN,
    answer_alone,
    build_family,
    logprob_alone,
)
from pytest import approx, fixture, mark, raises
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.engine.architectures import PACKING, PADDED_STATES
from harness.engine.generation import DecodingContext, _groups, _shared
from harness.engine.likelihood import PassLimits, plan, score_texts
from harness.engine.token_tree import LEAST_TRUNK, ScoredText, groves
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ModelError
from harness.records import GenerationSettings, Message, Weights

LONG = "The quick brown fox jumps over the lazy dog. A machine that stops with code E4 needs a new filter. "
REQUESTS = [
    ("Question: What is the capital of France? Answer:", [" Paris", " the brown fox", " No"]),
    ((Message("user", "Is it snowing in Beijing today?"),), ["Yes", "No, it is not."]),
    ("E4 needs", [" a new filter"]),
    ("E4 needs a filter. " * 8, [" Call the team today", " No"]),
]
QUESTIONS = ("Is it snowing?", "What is the capital of France? " * 3, "E4")
PROMPTS = (*((Message("user", question),) for question in QUESTIONS), "The quick brown", LONG)
BEGINNING = Message("system", "Question: What is the capital of France? Answer: Paris. " * 2)
SHARED = tuple((BEGINNING, Message("user", question)) for question in ("E4", "Is it snowing?", "No"))
SHOWN = [(f"{LONG * 2}Does E{n} need {LONG[n : n + 30]}? Answer:", [" Yes", " No, call the team."]) for n in range(48)]
NEW = 10
PER_TOKEN = 2e-5  # nats; fp32 and another order of sums


@fixture(scope="session")
def opened(tmp_path_factory):
    """Build a family once: its engine, its weights, and the same model in plain transformers."""

    @cache
    def open_family(name):
        folder = build_family(FAMILIES[name], tmp_path_factory.mktemp(name))
        plain = AutoModelForCausalLM.from_pretrained(folder).eval()
        return TransformersEngine(str(folder)), Weights(str(folder)), plain

    return open_family


@fixture(params=FAMILIES)
def family(request, opened):
    return opened(request.param)


def pairs(engine, requests):
    return [engine._text.pair(context, text) for context, texts in requests for text in texts]


def scores(engine, weights, requests=REQUESTS):
    return [part for found in engine.loglikelihood(requests, weights) for part in found]


@cache
def plain_answers(engine, plain, prompts):
    end = engine.tokenizer.eos_token_id
    found = [answer_alone(plain, engine._text.prompt(prompt), NEW, end) for prompt in prompts]
    return [(engine._text.decode(ids), len(ids)) for ids in found]


def answers(engine, weights, prompts):
    return [(a.text, a.completion_tokens) for a in engine.generate(prompts, GenerationSettings(NEW), weights)]


def test_likelihoods_equal_plain_transformers(family):
    engine, weights, plain = family
    asked = pairs(engine, REQUESTS)
    assert max(len(given) for given, _ in asked) > max(SLIDING, TURN)
    for (given, scored), found in zip(asked, scores(engine, weights), strict=True):
        assert found.tokens == len(scored)
        assert found.logprob == approx(logprob_alone(plain, given, scored), abs=PER_TOKEN * len(scored))


def test_rolling_text_equals_plain_transformers(family):
    engine, weights, plain = family
    ids = engine._text.raw(LONG * 5)
    before, size = engine._text.prefix_id, engine.context_window
    assert len(ids) > size == CONTEXT_WINDOW
    # Each piece follows one token: the last of the piece before it.
    expected = sum(
        logprob_alone(plain, [ids[start - 1] if start else before], ids[start : start + size])
        for start in range(0, len(ids) - size, size)
    )
    # The last piece is filled up with what came before, and scores its own tokens alone.
    rest = len(ids) % size
    expected += logprob_alone(plain, ids[-size - 1 : -rest], ids[-rest:])
    [[found]] = engine.loglikelihood([("", [LONG * 5])], weights)
    assert (found.tokens, found.logprob) == (len(ids), approx(expected, abs=PER_TOKEN * len(ids)))


def test_likelihoods_behind_a_common_beginning_equal_plain_transformers(family):
    engine, weights, plain = family
    asked = pairs(engine, SHOWN)
    texts = [ScoredText(tuple(given), tuple(scored)) for given, scored in asked]
    assert [len(grove.trunk) >= LEAST_TRUNK for grove in groves(texts)] == [True]
    found = scores(engine, weights, SHOWN)
    for (given, scored), likelihood in list(zip(asked, found, strict=True))[::7]:
        expected = logprob_alone(plain, given, scored)
        assert likelihood.logprob == approx(expected, abs=PER_TOKEN * len(scored))


def test_likelihoods_do_not_depend_on_the_batch(family):
    engine, weights, _ = family
    together = scores(engine, weights)
    alone = [part for request in REQUESTS for part in scores(engine, weights, [request])]
    for a, b in zip(together, alone, strict=True):
        assert a.logprob == approx(b.logprob, abs=PER_TOKEN * a.tokens)


@mark.parametrize("batch", [1, 5])
def test_answers_equal_plain_generate(family, batch):
    engine, weights, plain = family
    found = [a for i in range(0, len(PROMPTS), batch) for a in answers(engine, weights, PROMPTS[i : i + batch])]
    assert found == plain_answers(engine, plain, PROMPTS)


def test_prompts_with_a_common_beginning_are_answered_as_plain_generate_does(family):
    engine, weights, plain = family
    ids = [engine._text.prompt(prompt) for prompt in SHARED]
    assert 0 < _shared(ids) < TURN < min(map(len, ids))
    assert answers(engine, weights, SHARED) == plain_answers(engine, plain, SHARED)


def test_every_family_that_an_engine_list_names_is_tested():
    assert PACKING | PADDED_STATES <= {family.type for family in FAMILIES.values()}


@mark.parametrize("name", ["gemma2", "gemma3", "gpt_oss", "mistral_window", "qwen2_window"])
def test_sliding_window_is_felt_by_the_texts_of_these_tests(opened, name):
    engine, _, plain = opened(name)
    given, scored = pairs(engine, REQUESTS)[-1]
    wide = AutoModelForCausalLM.from_pretrained(plain.name_or_path, sliding_window=10_000).eval()
    felt = abs(logprob_alone(plain, given, scored) - logprob_alone(wide, given, scored)) / len(scored)
    assert felt > 100 * PER_TOKEN


def test_beginning_is_shared_only_where_all_attention_is_full(opened):
    assert {name for name in FAMILIES if opened(name)[0]._packs} == {
        "llama", "mistral", "qwen2", "qwen3", "qwen3_moe", "phi3", "olmo", "olmo2", "granite", "smollm3"
    }  # fmt: skip


def test_long_rope_is_not_mixed_across_its_turn():
    texts = [ScoredText((1,) * n, (1, 2)) for n in (10, TURN - 1, TURN, TURN + 20)]
    batches = list(plan(texts, PassLimits(10**6, 10**9), 400, turn=TURN))
    assert batches == [[3, 2], [1, 0]]  # the model reads a context and one token of the continuation


def test_prompts_that_cross_the_turn_while_they_are_answered_are_answered_as_plain_generate_does(opened):
    engine, weights, plain = opened("phi3_long")
    questions = ("What is the capital of France? Paris, not Rome", "What is the capital of France?", "E4")
    prompts = tuple((Message("user", question),) for question in questions)
    lengths = [len(engine._text.prompt(prompt)) for prompt in prompts]
    assert len({length for length in lengths if length <= TURN < length + NEW}) == 2
    assert answers(engine, weights, prompts) == plain_answers(engine, plain, prompts)


def test_prompts_share_a_batch_only_where_that_is_right():
    context = DecodingContext(None, (1,), CONTEXT_WINDOW, packs=False, turn=TURN)
    lengths = [30, TURN - 1, TURN - 2, TURN - 1, TURN + 1, CONTEXT_WINDOW - NEW, CONTEXT_WINDOW - NEW + 1, TURN - NEW]
    assert _groups(lengths, NEW, True, context) == [[0, 7], [1, 3], [2], [4, 5]]  # the last but one has no room
    assert _groups([30, 30], NEW, False, context) == [[0], [1]]
    assert _groups([30, 60], NEW, True, replace(context, turn=None)) == [[0, 1]]


@mark.parametrize("name", LINEAR_ONLY)
def test_stack_without_attention_is_refused_when_the_engine_opens(tmp_path, name):
    folder = build_family(LINEAR_ONLY[name], tmp_path)
    with raises(ModelError, match=f"{name}.*has no attention layer, and transformers cannot generate"):
        TransformersEngine(str(folder))


@mark.parametrize("name", LINEAR_ONLY)
def test_stack_without_attention_fails_in_plain_transformers(tmp_path, name):
    plain = AutoModelForCausalLM.from_pretrained(build_family(LINEAR_ONLY[name], tmp_path))
    with raises(ValueError, match="only contain LinearAttention"):
        answer_alone(plain, [5, 6, 7], 2, 1)


@mark.parametrize(("name", "key"), [("mamba", "max_position_embeddings"), ("bloom", "seq_length")])
def test_model_that_states_no_window_is_refused_and_accepted_once_it_does(tmp_path, name, key):
    folder = build_family(FAMILIES[name], tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 10**30
    tokenizer.save_pretrained(folder)
    with raises(ModelError, match="set max_position_embeddings in its config.json"):
        TransformersEngine(str(folder))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: 64}))
    assert TransformersEngine(str(folder)).context_window == 64


def test_encoder_decoder_is_refused(tmp_path):
    from transformers import BartConfig

    BartConfig(vocab_size=400, d_model=16, encoder_layers=1, decoder_layers=1).save_pretrained(tmp_path)
    build_family(FAMILIES["llama"], tmp_path / "llama")
    AutoTokenizer.from_pretrained(tmp_path / "llama").save_pretrained(tmp_path)
    with raises(ModelError, match="does not read a text from left to right alone"):
        TransformersEngine(str(tmp_path))


def test_family_without_logits_to_keep_is_scored_on_all_its_logits():
    class Plain(torch.nn.Module):
        """Gives every token's successor, whatever it is asked to keep."""

        class config:  # noqa: N801
            vocab_size = 9
            get_text_config = classmethod(lambda cls, **_: cls)

        device = torch.device("cpu")

        def forward(self, input_ids, use_cache, logits_to_keep):
            logits = torch.nn.functional.one_hot((input_ids + 1) % 9, 9) * 50.0
            return type("Output", (), {"logits": logits})

    texts = [ScoredText((1, 2), (3, 4)), ScoredText((4, 5), (6, 7, 8))]
    found = score_texts(Plain(), texts, PassLimits(100, 10**6), packs=False)
    assert [likelihood.greedy for likelihood in found] == [True, True]
