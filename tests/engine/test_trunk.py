"""Attention behind a trunk is one softmax over the trunk's keys and each row's own."""

from types import SimpleNamespace

import torch
from pytest import approx, mark

from harness.engine import trunk as module
from harness.engine.trunk import additive, attend

ROWS, HEADS, FEW, COLUMNS, OWN, FAR, SIZE = 3, 4, 2, 5, 7, 11, 8  # OWN: what a cache holds, and the columns


of_slice = module._of_slice


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


@mark.parametrize("kernel", ["_flash", "_in_full"])  # a CPU's, and any other device's
def test_trunk_and_own_keys_are_attended_to_by_one_softmax(kernel, monkeypatch):
    monkeypatch.setattr(module, "_flash", getattr(module, kernel))
    found, expected = behind_a_trunk(*parts()), one_softmax(*parts())
    assert found.shape == (ROWS, COLUMNS, HEADS, SIZE)
    assert (found - expected).abs().max() == approx(0, abs=1e-6)


@mark.parametrize("slices", [1, 2, COLUMNS])
def test_scores_of_a_slice_alone_are_in_memory(slices, monkeypatch):
    query, key, value, *_, seen = parts()
    query, mask = query[:, :FEW], additive(seen, query.dtype)
    columns = -(-COLUMNS // slices)
    monkeypatch.setattr(module, "SCORES", ROWS * FEW * OWN * columns)
    kept = []
    monkeypatch.setattr(module, "_of_slice", lambda *args: kept.append(args[0].shape[2]) or of_slice(*args))
    found, sums = module._in_full(query, key, value, 0.5, mask)
    expected, expected_sums = module._flash(query, key, value, 0.5, mask)
    assert (max(kept), sum(kept)) == (columns, COLUMNS)
    assert (found - expected).abs().max() == approx(0, abs=1e-6)
    assert (sums - expected_sums).abs().max() == approx(0, abs=1e-5)
