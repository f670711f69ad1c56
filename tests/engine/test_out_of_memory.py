import weakref

import torch
from pytest import approx, fixture, mark, raises

from harness.engine.halving import in_halves
from harness.engine.likelihood import PassLimits
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError
from harness.records import GenerationSettings, Message, Weights

PROMPTS = [
    (Message("user", question),) for question in ("Is it snowing?", "E4", "What is the capital of France?", "No")
]
PROMPTS += ["The quick brown", "raw text that continues"]
# too long to share a row: one for each context
REQUESTS = [(f"{n} {'The quick brown fox jumps over the lazy dog. ' * 12}", [" Paris", " the fox"]) for n in range(6)]
SETTINGS = GenerationSettings(8)
CPU_FAULT = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 9437184000 bytes. Error code 12 (Cannot allocate memory)"
)


@fixture
def engine(tiny_model):
    engine = TransformersEngine(str(tiny_model))
    engine.loglikelihood([("a", ["b"])], Weights(str(tiny_model)))  # loads the model
    return engine


@fixture
def weights(tiny_model):
    return Weights(str(tiny_model))


def holding(engine, rows, fault):
    """Let the model refuse, as an allocator does, whatever has more rows than that; note the sizes it was given."""
    sizes = []

    def refuse(_, given):
        sizes.append(given[0].shape[0])
        if given[0].shape[0] > rows:
            raise fault

    engine._resident.base.model.embed_tokens.register_forward_pre_hook(refuse)
    return sizes


@mark.parametrize(
    ("rows", "fault"),
    [(1, RuntimeError(CPU_FAULT)), (2, torch.OutOfMemoryError("CUDA out of memory.")), (4, MemoryError())],
)
def test_batch_that_does_not_fit_is_answered_in_parts_with_equal_answers(engine, weights, rows, fault):
    expected = engine.generate(PROMPTS, SETTINGS, weights)
    sizes = holding(engine, rows, fault)
    found = engine.generate(PROMPTS, SETTINGS, weights)
    assert [(a.text, a.finish, a.prompt_tokens, a.completion_tokens) for a in found] == [
        (a.text, a.finish, a.prompt_tokens, a.completion_tokens) for a in expected
    ]
    assert max(sizes) == len(PROMPTS)  # the whole was tried first


@mark.parametrize("rows", [1, 4])
def test_scores_of_a_batch_done_in_parts_equal_those_of_the_whole(engine, weights, rows):
    expected = [part for found in engine.loglikelihood(REQUESTS, weights) for part in found]
    sizes = holding(engine, rows, RuntimeError(CPU_FAULT))
    found = [part for found in engine.loglikelihood(REQUESTS, weights) for part in found]
    assert max(sizes) > rows
    for a, b in zip(expected, found, strict=True):
        assert (a.logprob, a.tokens, a.greedy) == (approx(b.logprob, abs=1e-4 * a.tokens), b.tokens, b.greedy)


def test_one_prompt_that_does_not_fit_is_an_error_with_its_size(engine, weights):
    holding(engine, 0, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."))
    tokens = engine.count_tokens(PROMPTS[0])
    with raises(ArmError, match=f"{tokens} tokens with up to 8 new ones needs more memory.*20.00 GiB.*smaller model"):
        engine.generate(PROMPTS[:1], SETTINGS, weights)
    with raises(ArmError, match="a text of 4 tokens needs more memory than there is"):
        engine.loglikelihood([("", ["E4 "])], weights)


@mark.parametrize(
    "fault",
    [
        RuntimeError("CUDA error: device-side assert triggered"),
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
        ValueError("some fault"),
    ],
)
def test_fault_of_another_kind_is_passed_on_unchanged_at_once(engine, weights, fault):
    sizes = holding(engine, 1, fault)
    with raises(type(fault)) as caught:
        engine.generate(PROMPTS, SETTINGS, weights)
    assert caught.value is fault and len(sizes) == 1
    with raises(type(fault)) as caught:
        engine.loglikelihood(REQUESTS, weights)
    assert caught.value is fault and len(sizes) == 2


def test_halves_keep_the_order_and_are_tried_from_the_whole_down():
    tried = []

    def do(part):
        tried.append(list(part))
        if len(part) > 2:
            raise MemoryError
        return [10 * item for item in part]

    assert in_halves(do, [1, 2, 3, 4, 5], str) == [10, 20, 30, 40, 50]
    assert tried == [[1, 2, 3, 4, 5], [1, 2], [3, 4, 5], [3], [4, 5]]


def test_fewer_places_are_tried_before_a_prompt_is_too_large(engine, weights):
    expected = [found.text for found in engine.generate(PROMPTS, SETTINGS, weights)]
    sizes = holding(engine, 2, MemoryError())
    assert [found.text for found in engine.generate(PROMPTS, SETTINGS, weights)] == expected
    assert sizes[:2] == [6, 3] and set(sizes[2:]) == {1}


def test_failed_pass_holds_no_tensor_while_its_halves_run():
    held = []

    def do(part):
        assert not any(block() is not None for block in held)
        block = torch.zeros(1)
        held.append(weakref.ref(block))
        if len(part) > 1:
            raise MemoryError
        return list(part)

    assert in_halves(do, [1, 2, 3], str) == [1, 2, 3]
    assert len(held) == 5


def test_shrinking_halves_what_a_pass_may_take(tiny_model):
    limits = PassLimits(tokens=2048, logits=1000)
    assert limits.halved(0) == limits
    assert limits.halved(3) == PassLimits(tokens=256, logits=125)
    assert limits.halved(20) == PassLimits(tokens=1, logits=1)
    assert TransformersEngine(str(tiny_model), limits=limits, shrink=3)._limits == PassLimits(256, 125)
