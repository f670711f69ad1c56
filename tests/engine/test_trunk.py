"""Attention behind a trunk is one softmax over the trunk's keys and each row's own."""

from types import SimpleNamespace

import torch
from pytest import approx, mark

from harness.engine.trunk import additive, attend

ROWS, HEADS, FEW, COLUMNS, OWN, FAR, SIZE = 3, 4, 2, 5, 7, 11, 8  # OWN: what a cache holds, and the columns


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def parts():
    query = drawn(ROWS, COLUMNS, HEADS, SIZE).transpose(1, 2)  # as the model's layers lay it out
    key, value = drawn(ROWS, FEW, OWN, SIZE), drawn(ROWS, FEW, OWN, SIZE + 1)[..., :SIZE]
    keys, values = drawn(FEW, FAR, SIZE), drawn(FEW, FAR, SIZE + 1)[..., :SIZE]
    seen = torch.ones(ROWS, COLUMNS, OWN, dtype=torch.bool).tril(OWN - COLUMNS)
    seen[1, :, :2] = False  # a row that begins later
    return query, key, value, keys, values, seen


def one_softmax(query, key, value, keys, values, seen):
    """Join the trunk to every row and repeat each head of keys for its heads of queries, as the formula says."""
    keys = torch.cat([keys.expand(ROWS, -1, -1, -1), key], dim=2).repeat_interleave(HEADS // FEW, dim=1)
    values = torch.cat([values.expand(ROWS, -1, -1, -1), value], dim=2).repeat_interleave(HEADS // FEW, dim=1)
    seen = torch.cat([torch.ones(ROWS, COLUMNS, FAR, dtype=torch.bool), seen], dim=2)[:, None]
    scores = (query @ keys.transpose(2, 3) / SIZE**0.5).masked_fill(~seen, -torch.inf)
    return (scores.softmax(dim=-1) @ values).transpose(1, 2)


def behind_a_trunk(query, key, value, keys, values, seen):
    trunk = SimpleNamespace(layer=lambda _: (keys, values))
    mask = additive(seen, query.dtype)
    return attend(SimpleNamespace(layer_idx=0), query, key, value, mask, trunk=trunk)[0]


@mark.parametrize("has_gradients", [False, True])
def test_trunk_and_own_keys_are_attended_to_by_one_softmax(has_gradients):
    with torch.set_grad_enabled(has_gradients):
        found, expected = behind_a_trunk(*parts()), one_softmax(*parts())
    assert found.shape == (ROWS, COLUMNS, HEADS, SIZE)
    assert (found - expected).abs().max() == approx(0, abs=1e-6)


def test_gradients_are_those_of_one_softmax():
    gradients = []
    for attention in (behind_a_trunk, one_softmax):
        query, key, value, keys, values, seen = parts()
        tensors = [tensor.clone().requires_grad_() for tensor in (query, key, value, keys, values)]
        attention(*tensors, seen).square().sum().backward()
        gradients.append(torch.cat([tensor.grad.flatten() for tensor in tensors]))
    assert (gradients[0] - gradients[1]).abs().max() == approx(0, abs=1e-5)
