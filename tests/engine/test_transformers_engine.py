import os

import torch
from pytest import approx, fixture, mark, raises
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.engine.likelihood import PassLimits, passes, plan, score_texts
from harness.engine.token_tree import LEAST_TRUNK, ScoredText, groves
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError, ModelError
from harness.records import GenerationSettings, Message, Weights

CONTEXTS = [
    ("Question: What is the capital of France? Answer:", [" Paris", " the brown fox", " No"]),
    ("Is it snowing? ", ["Yes, it is.", "No"]),  # white space at its end belongs to the continuation
    ("A machine that stops with code E4 needs", [" a new filter", " the lazy dog; call the service team"]),
    ((Message("user", "Is it snowing in Beijing today?"),), ["Yes", "No, it is not."]),
    ("", ["The quick brown fox jumps over the lazy dog."]),
]


@fixture(scope="module")
def engine(tiny_model):
    return TransformersEngine(str(tiny_model))


@fixture(scope="module")
def plain(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model).eval(), AutoTokenizer.from_pretrained(tiny_model)


@fixture(scope="module")
def base(tiny_model):
    return Weights(str(tiny_model))


def asked(question):
    return (Message("user", question),)


def logprob_alone(plain, context, continuation):
    """One forward pass per item, with nothing shared: how the figure is defined."""
    model, tokenizer = plain
    if isinstance(context, str):
        whole = tokenizer.encode(context + continuation)
        given = tokenizer.encode(context.rstrip()) if context else []
    else:
        turns = [{"role": m.role, "content": m.content} for m in context]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        given = tokenizer.encode(text, add_special_tokens=False)
        whole = given + tokenizer.encode(continuation, add_special_tokens=False)
    scored = whole[len(given) :]
    given = given or [tokenizer.bos_token_id]
    with torch.no_grad():
        logprobs = model(torch.tensor([given + scored])).logits[0].log_softmax(-1)
    steps = range(len(given) - 1, len(given) + len(scored) - 1)
    return sum(float(logprobs[step, token]) for step, token in zip(steps, scored, strict=True)), len(scored)


def test_likelihoods_equal_a_plain_loop_over_single_items(engine, base, plain):
    for (context, continuations), found in zip(CONTEXTS, engine.loglikelihood(CONTEXTS, base), strict=True):
        for continuation, likelihood in zip(continuations, found, strict=True):
            logprob, tokens = logprob_alone(plain, context, continuation)
            assert likelihood.tokens == tokens
            assert likelihood.logprob == approx(logprob, abs=1e-4 * tokens)


@mark.parametrize("tokens", [1, 60, 100_000])
def test_likelihoods_do_not_depend_on_the_batch_size(tiny_model, engine, base, tokens):
    other = TransformersEngine(str(tiny_model), limits=PassLimits(tokens=tokens, logits=10**9))
    expected = [part for row in engine.loglikelihood(CONTEXTS, base) for part in row]
    found = [part for row in other.loglikelihood(CONTEXTS, base) for part in row]
    for a, b in zip(expected, found, strict=True):
        assert a.logprob == approx(b.logprob, abs=1e-4 * a.tokens)


def test_rows_without_packing_give_the_same_likelihoods(tiny_model, engine, base):
    other = TransformersEngine(str(tiny_model))
    other._packs = False
    expected = [part for row in engine.loglikelihood(CONTEXTS, base) for part in row]
    found = [part for row in other.loglikelihood(CONTEXTS, base) for part in row]
    for a, b in zip(expected, found, strict=True):
        assert (a.logprob, a.tokens) == (approx(b.logprob, abs=1e-4 * a.tokens), b.tokens)


def test_greedy_flag_is_true_for_the_most_likely_continuation_only(plain):
    model, _ = plain
    context, best = [5, 6, 7], []
    with torch.no_grad():
        for _ in range(3):
            best.append(int(model(torch.tensor([context + best])).logits[0, -1].argmax()))
        other = [*best[:2], best[2] - 1]
        texts = [ScoredText(tuple(context), tuple(continuation)) for continuation in (best, other)]
        own, changed = score_texts(model, texts, PassLimits(tokens=100, logits=10**9))
    assert own.greedy and not changed.greedy


def test_text_longer_than_the_window_is_scored_once_per_token(engine, base):
    text = "The quick brown fox jumps over the lazy dog. " * 60
    tokens = len(engine.tokenizer.encode(text))
    assert tokens > engine.context_window
    [[likelihood]] = engine.loglikelihood([("", [text])], base)
    assert likelihood.tokens == tokens


def test_context_that_exceeds_the_window_is_an_error_with_its_length(engine, base):
    with raises(ArmError, match=f"window of 512 of model '{engine.model}'"):
        engine.loglikelihood([("word " * 600, ["a"])], base)


@mark.parametrize("weight", [float("nan"), float("inf")])
def test_likelihood_that_is_not_finite_is_an_error(tiny_model, weight):
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    model.lm_head.weight = torch.nn.Parameter(torch.full_like(model.lm_head.weight, weight))
    with raises(ArmError, match="text of 2 tokens a log-probability of (nan|-?inf)"), torch.no_grad():
        score_texts(model, [ScoredText((1, 2), (3, 4))], PassLimits(512, 10**8))


def test_no_requests_give_no_results(engine, base):
    assert engine.loglikelihood([], base) == []
    assert engine.generate([], GenerationSettings(4), base) == []


def test_plan_holds_every_text_once_within_the_limit():
    texts = [ScoredText((1,) * n, (1, 2)) for n in (5, 40, 7, 40, 1)]
    batches = list(plan(texts, PassLimits(tokens=90, logits=10**9), vocabulary=400))
    assert sorted(i for batch in batches for i in batch) == [0, 1, 2, 3, 4]
    assert all(len(batch) * max(len(texts[i].inputs) for i in batch) <= 90 for batch in batches)


def test_passes_hold_every_row_once_within_each_limit():
    texts = [ScoredText((n, *range(10, 210)), (1, 2)) for n in range(7)]  # 201 columns each, of which 2 predict
    [grove] = groves(texts)
    roomy = {"limits": PassLimits(tokens=10**6, logits=10**9), "vocabulary": 400}
    assert [len(rows) for rows in passes(grove.rows, **roomy)] == [7]
    by_tokens = list(passes(grove.rows, **roomy | {"limits": PassLimits(tokens=3 * 202, logits=10**9)}))
    by_logits = list(passes(grove.rows, **roomy | {"limits": PassLimits(tokens=10**6, logits=3 * 2 * 400)}))
    for found in (by_tokens, by_logits):
        assert [len(rows) for rows in found] == [3, 3, 1]
        assert sorted(text for rows in found for row in rows for text in row.texts) == list(range(7))


def test_text_without_a_token_is_what_a_model_begins_with(engine, base):
    empty, start = engine.generate(["", engine.tokenizer.bos_token], GenerationSettings(4), base)
    assert (empty.text, empty.prompt_tokens) == (start.text, 1)


def test_batched_answers_equal_single_ones(engine, base):
    questions = ["Is it snowing?", "What is the capital of France? " * 3, "E4"]
    settings = GenerationSettings(max_new_tokens=12)
    together = engine.generate([asked(q) for q in questions], settings, base)
    alone = [engine.generate([asked(q)], settings, base)[0] for q in questions]
    assert [c.text for c in together] == [c.text for c in alone]
    assert [c.completion_tokens for c in together] == [c.completion_tokens for c in alone]


@mark.parametrize(
    "questions",
    [
        ["Is it snowing?", "What is the capital of France? " * 3, "E4"],
        ["E4", "E4", "E4"],
        ["E4", "E4 needs a new filter"],  # one prompt's beginning is nearly all of the other
    ],
)
def test_beginning_that_prompts_share_is_computed_once_with_equal_answers(tiny_model, engine, base, questions):
    begun = [Message("system", "You are a helpful assistant. " * 3), *asked("E4"), Message("assistant", "filter")]
    prompts = [(*begun, *asked(question)) for question in questions]
    lengths = []
    engine.generate(prompts[:1], GenerationSettings(1), base)  # loads the model
    model = engine._resident.base
    watch = model.model.embed_tokens.register_forward_pre_hook(lambda _, given: lengths.append(given[0].numel()))
    shared = engine.generate(prompts, GenerationSettings(12), base)
    watch.remove()
    alone = [engine.generate([prompt], GenerationSettings(12), base)[0] for prompt in prompts]
    assert [a.text for a in shared] == [a.text for a in alone]
    assert [a.prompt_tokens for a in shared] == [a.prompt_tokens for a in alone]
    prefix, rest = lengths[:2]
    assert prefix >= len(engine.tokenizer.encode(begun[0].content))  # the shared turns, embedded for one row
    assert rest <= len(prompts) * (max(a.prompt_tokens for a in shared) - prefix)


def test_short_beginning_is_computed_once_where_many_prompts_share_it(engine, base):
    prompts = [asked(question) for question in ("E4", "Is it", "You are", "machine", "filter", "Paris")]
    ids = [engine._text.prompt(prompt) for prompt in prompts]
    same = len(os.path.commonprefix(ids))
    assert same < LEAST_TRUNK <= same * (len(prompts) - 1)
    assert first_pass(engine, base, prompts[:2]) == 2 * max(map(len, ids[:2]))  # what it would spare is too little
    assert first_pass(engine, base, prompts) == same


def first_pass(engine, weights, prompts):
    """Return how many tokens the first pass over some prompts computes."""
    lengths = []
    engine.generate(prompts[:1], GenerationSettings(1), weights)  # loads the model
    model = engine._resident.base
    watch = model.model.embed_tokens.register_forward_pre_hook(lambda _, given: lengths.append(given[0].numel()))
    engine.generate(prompts, GenerationSettings(1), weights)
    watch.remove()
    return lengths[0]


def test_answers_equal_a_plain_greedy_loop(engine, base, plain):
    model, tokenizer = plain
    ids = tokenizer.encode(engine.render(asked("E4")), add_special_tokens=False)
    expected = []
    with torch.no_grad():
        while len(expected) < 10 and (not expected or expected[-1] != tokenizer.eos_token_id):
            expected.append(int(model(torch.tensor([ids + expected])).logits[0, -1].argmax()))
    [answer] = engine.generate([asked("E4")], GenerationSettings(10), base)
    assert answer.text == tokenizer.decode(expected, skip_special_tokens=True)
    assert answer.completion_tokens == len(expected)
    assert answer.prompt_tokens == len(ids) == engine.count_tokens(asked("E4"))


def test_end_token_stops_and_is_counted(tiny_model, tmp_path, plain):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    tokenizer = plain[1]
    with torch.no_grad():  # tied weights: a final norm that points at the end token makes it always likeliest
        end = model.model.embed_tokens.weight[tokenizer.eos_token_id].clone()
        model.model.embed_tokens.weight.mul_(1e-3)
        model.model.embed_tokens.weight[:, 0] = 1.0
        model.model.embed_tokens.weight[tokenizer.eos_token_id] = 10 * end.sign() + torch.eye(64)[0] * 100
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    engine = TransformersEngine(str(tmp_path))
    [answer] = engine.generate([asked("E4")], GenerationSettings(10), Weights(str(tmp_path)))
    assert (answer.finish, answer.completion_tokens, answer.text) == ("stop", 1, "")


def test_prompt_without_room_for_the_answer_overflows_and_the_rest_is_answered(engine, base):
    answers = engine.generate([asked("word " * 500), asked("E4")], GenerationSettings(8), base)
    assert [a.finish for a in answers][0] == "context_overflow"
    assert answers[0].text == "" and answers[0].completion_tokens == 0
    assert answers[1].text == engine.generate([asked("E4")], GenerationSettings(8), base)[0].text


def test_sampling_defaults_of_the_model_do_not_leak_into_greedy_answers(tiny_model, tmp_path, engine, base):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    model.generation_config.update(do_sample=True, temperature=5.0, top_k=3, repetition_penalty=3.0)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
    settings = GenerationSettings(16)
    expected = engine.generate([asked("E4")], settings, base)[0].text
    found = TransformersEngine(str(tmp_path)).generate([asked("E4")], settings, Weights(str(tmp_path)))[0].text
    assert found == expected


def test_stop_string_ends_the_answer(engine, base):
    [whole] = engine.generate(["The quick brown"], GenerationSettings(30), base)
    assert len(whole.text) > 12
    [cut] = engine.generate(["The quick brown"], GenerationSettings(30), base, until=[whole.text[8:10]])
    assert cut.finish == "stop"
    assert cut.completion_tokens < whole.completion_tokens
    assert whole.text.startswith(cut.text)


def test_answer_tokens_count_the_end_token(engine):
    assert engine.answer_tokens("Paris") == len(engine.tokenizer.encode("Paris", add_special_tokens=False)) + 1


def test_description_names_what_an_answer_depends_on_besides_weights_and_prompt(engine):
    said = dict(engine.description)
    assert set(said) == {
        "device", "instructions", "dtype", "threads", "context_window", "chat_template_sha256"
    }  # fmt: skip
    engine.tokenizer.chat_template, template = engine.tokenizer.chat_template + " ", engine.tokenizer.chat_template
    assert engine.description["chat_template_sha256"] != said["chat_template_sha256"]
    engine.tokenizer.chat_template = template
    torch.set_num_threads(said["threads"] + 1)
    assert engine.description["threads"] == said["threads"] + 1
    torch.set_num_threads(said["threads"])


def test_weights_of_another_model_are_refused(engine):
    with raises(ModelError, match="open another engine"):
        engine.generate([asked("E4")], GenerationSettings(1), Weights("other/model"))


def test_model_without_chat_template_is_refused(tiny_model, tmp_path):
    AutoModelForCausalLM.from_pretrained(tiny_model).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    with raises(ModelError, match="chat template"):
        TransformersEngine(str(tmp_path))


def test_folder_that_is_no_model_is_a_model_error(tmp_path):
    with raises(ModelError, match=str(tmp_path)):
        TransformersEngine(str(tmp_path))


def test_start_token_of_the_chat_template_is_not_doubled(engine):
    ids = engine._text.prompt(asked("E4"))
    start = engine.tokenizer.bos_token_id
    # the template writes one start token a turn: the system's, the user's, the assistant's
    assert ids.count(start) == 3 and ids[0] == start and ids[1] != start
