"""Decoding in which answers leave their place to the next prompt: equal answers, whoever stands beside them."""

import random
import weakref

import torch
from pytest import fixture, mark, raises
from transformers import AutoModelForCausalLM

from harness.engine.decoding import Decoder, Rules, _Buffer
from harness.engine.generation import _PLACES, places_for
from harness.engine.trunk import ATTENTION, Trunk

NEW = 9
STOPS = frozenset(range(0, 400, 11))  # of 400 tokens: answers of a random model end after about 11 without a limit


@fixture(scope="module")
def model(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model, attn_implementation=ATTENTION).eval()


@fixture(scope="module")
def plain(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model).eval()


@fixture(autouse=True)
def inference():
    with torch.inference_mode():
        yield


def prompts(count, shortest=2, longest=30):
    drawn = random.Random(5)
    return [tuple(drawn.choices(range(400), k=drawn.randint(shortest, longest))) for _ in range(count)]


def rules(**changes):
    plain = {"new_tokens": NEW, "temperature": 0.0, "seed": 1, "stop_ids": STOPS, "constraint": None}
    return Rules(**plain | {"has_ended": lambda _: False} | changes)


def alone(plain, ids):
    """Answer one prompt token by token, with no cache and no batch."""
    new: list[int] = []
    while len(new) < NEW and not (new and new[-1] in STOPS):
        new.append(int(plain(torch.tensor([[*ids, *new]])).logits[0, -1].argmax()))
    return new


@mark.parametrize("places", [1, 3, 8, 64])
@mark.parametrize("beginning", [(), tuple(range(50, 90))])
def test_answers_do_not_depend_on_how_many_are_written_at_once(model, plain, places, beginning):
    asked = prompts(20)
    trunk = Trunk(model, 64)
    trunk.become(beginning)
    found = Decoder(trunk, rules(), places, most=64).run(asked)
    assert found == [alone(plain, beginning + ids) for ids in asked]
    assert len({len(ids) for ids in found}) > 2  # they end at different times


def test_places_are_filled_again_as_answers_end_and_never_exceeded(model):
    passes = []
    hook = model.model.embed_tokens.register_forward_pre_hook(lambda _, args: passes.append(tuple(args[0].shape)))
    asked = prompts(20)
    found = Decoder(Trunk(model, 64), rules(), 4, most=64).run(asked)
    hook.remove()
    steps = [rows for rows, columns in passes if columns == 1]
    assert max(steps) == 4
    # one batch of four after another takes as many steps as the longest answer of each; the first token is no step
    order = sorted(range(20), key=lambda number: -len(asked[number]))
    by_batches = sum(max(len(found[n]) - 1 for n in order[start : start + 4]) for start in range(0, 20, 4))
    assert len(steps) < by_batches


def test_one_pass_reads_no_more_of_the_prompts_than_it_may(model):
    passes = []
    hook = model.model.embed_tokens.register_forward_pre_hook(lambda _, args: passes.append(args[0].numel()))
    Decoder(Trunk(model, 64), rules(), 64, most=64).run(prompts(20))
    hook.remove()
    assert max(passes) <= 64


def test_draws_of_an_answer_do_not_depend_on_its_neighbours(model):
    asked = prompts(12)
    drawn = [Decoder(Trunk(model, 64), rules(temperature=1.0), places, most=64).run(asked) for places in (1, 5, 64)]
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0] != Decoder(Trunk(model, 64), rules(temperature=1.0, seed=2), 5, most=64).run(asked)


def test_each_answer_keeps_its_own_constraint(model):
    class Counting:
        """Forces the tokens 100, 101, 102 and so on."""

        def __init__(self):
            self.next = 100

        def __call__(self, ids, scores):
            scores[:] = float("-inf")
            scores[:, self.next] = 0.0
            self.next += 1
            return scores

    found = Decoder(Trunk(model, 64), rules(constraint=Counting, stop_ids=frozenset({104})), 3, most=64).run(
        prompts(10)
    )
    assert found == [[100, 101, 102, 103, 104]] * 10


def test_answer_ends_where_the_rules_say(model):
    def has_ended(new):
        return len(new) == 3

    found = Decoder(Trunk(model, 64), rules(has_ended=has_ended, stop_ids=frozenset()), 4, most=64).run(prompts(10))
    assert {len(ids) for ids in found} == {3}


def test_beginning_is_extended_and_cut_as_if_it_were_computed_alone(model, plain):
    trunk = Trunk(model, 16)
    for beginning in (tuple(range(40)), tuple(range(60)), (*range(30), 7, 8), (5, 6), ()):
        trunk.become(beginning)
        assert trunk.columns == len(beginning)
        [found] = Decoder(trunk, rules(), 1, most=64).run([(9, 10, 11)])
        assert found == alone(plain, (*beginning, 9, 10, 11))


def test_model_whose_attention_takes_no_beginning_is_an_error(plain):
    trunk = Trunk(plain, 64)
    trunk._layers = [(torch.zeros(2, 5, 8), torch.zeros(2, 5, 8))] * plain.config.num_hidden_layers
    with raises(RuntimeError, match="0 of 2 layers attended to the common beginning"):
        Decoder(trunk, rules(), 1, most=64).run([(1, 2)])


def test_draws_of_an_answer_do_not_depend_on_what_is_common_to_its_batch(model):
    beginning, asked = tuple(range(50, 90)), prompts(6)
    behind = Trunk(model, 64)
    behind.become(beginning)
    found = Decoder(behind, rules(temperature=1.0), 3, most=64).run(asked)
    whole = [beginning + ids for ids in asked]
    assert found == Decoder(Trunk(model, 64), rules(temperature=1.0), 3, most=64).run(whole)


def of_a_token(model):
    config = model.config
    return 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 4  # bytes, fp32


def test_places_are_bounded_by_what_their_keys_and_values_take(model):
    room = 400 * 2**20 // of_a_token(model)
    assert places_for(room // 10, 0, model) == 10
    assert places_for(0, room // 20, model) == 10  # an answer, and room for another's
    assert places_for(10, 0, model) == 64
    assert places_for(2 * room, 0, model) == 1
    assert places_for(room // 10, 0, model, shrink=1) == 5


def test_keys_and_values_take_what_was_counted_for_them(model, monkeypatch):
    places, longest, new = 4, 60, 3
    held, taken = [], []
    fill, read = _Buffer.fill, Decoder._read

    def filled(buffer, *args):
        fill(buffer, *args)
        held.append(weakref.ref(buffer._both))
        taken.append(sum(block.nbytes for block in (one() for one in held) if block is not None))

    def was_read(decoder, rows):
        layers = read(decoder, rows)
        held.extend(weakref.ref(tensor) for pair in layers for tensor in pair)
        return layers

    monkeypatch.setattr(_Buffer, "fill", filled)
    monkeypatch.setattr(Decoder, "_read", was_read)
    Decoder(Trunk(model, 64), rules(new_tokens=new), places, most=64).run(prompts(20, longest - 5, longest))
    monkeypatch.setitem(_PLACES, "cpu", (64, places * (longest + 2 * new) * of_a_token(model)))
    assert places_for(longest, new, model) == places
    counted = _PLACES["cpu"][1]
    layers = model.config.num_hidden_layers
    assert 0.5 * counted < max(taken) <= counted * (1 + 1 / layers)  # one layer is there twice while it is put together
