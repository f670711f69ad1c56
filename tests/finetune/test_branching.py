"""A batch that goes through as a tree has the loss and the gradient of its rows, each alone in plain PEFT."""

import math
from pathlib import Path

import pytest
import torch
from inner_process import Parent, base_of, pairs, spec_in
from torch.nn.functional import logsigmoid

from baselines.finetune import loop, trees
from baselines.finetune.branching import branch
from baselines.finetune.objectives import PREFERENCE
from baselines.finetune.objectives.preference import PREFERENCE as DPO
from baselines.finetune.objectives.supervised import SUPERVISED as SFT
from baselines.finetune.spec import AnswerRow, PairRow
from harness.records import Weights

TEMPLATE = (5, 6, 7, 8, 9)
# One prompt begins as another does and continues; two are the same, with answers that begin alike; one shares nothing.
ROWS = (
    AnswerRow("first", (*TEMPLATE, 20, 21), (100, 1)),
    AnswerRow("longer", (*TEMPLATE, 20, 21, 22), (101, 102, 1)),
    AnswerRow("same prompt", (*TEMPLATE, 20, 21), (100, 50, 1)),
    AnswerRow("unlike", (40, 41), (100, 1)),
)
PAIRS = tuple(
    PairRow(row.id, row.prompt, row.answer, answer)
    for row, answer in zip(ROWS, [(60, 1), (101, 103, 1), (100, 51, 52, 1), (61, 1)], strict=True)
)
TUNING = {"rank": 4, "alpha": 8.0, "dropout": 0.0}


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("adapter")
    loop.train(base_of(Weights(str(tiny_model))), spec_in(folder, steps=3, evaluate_at=(3,)), Parent(), 3)
    return folder / "checkpoint-3"


def tuned_by(tiny_model, adapter: Path, *, fused: bool):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    if fused:
        add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1", "mean_logits"))
    return PeftModel.from_pretrained(base, adapter, is_trainable=True).eval(), base


def logprob(model, prompt, answer) -> torch.Tensor:
    """Log-probability of one answer, the row alone in plain PEFT."""
    logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].float().log_softmax(-1)
    return logits[torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1), torch.tensor(answer)].sum()


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}


def assert_same_gradients(found, expected):
    assert max(float(gradient.abs().max()) for gradient in expected.values()) > 1e-3
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-4)


def batch_of(rows, objective) -> dict[str, torch.Tensor]:
    """Return a batch as TRL collates it, with labels."""
    batch = objective.collator(pad_token_id=0)(objective.columns(rows))
    if "completion_mask" in batch:
        batch["labels"] = batch["input_ids"].masked_fill(batch.pop("completion_mask") == 0, -100)
    return batch


@pytest.mark.parametrize(
    ("rows", "objective", "texts"),
    [
        (ROWS, SFT, [(row.prompt, row.answer) for row in ROWS]),
        (PAIRS, DPO, [*((p.prompt, p.chosen) for p in PAIRS), *((p.prompt, p.rejected) for p in PAIRS)]),
    ],
    ids=["sft", "dpo"],
)
@pytest.mark.parametrize("widest", [640, 13], ids=["one row", "several rows"])
def test_each_text_has_the_logprob_and_the_gradient_that_it_has_alone(
    tiny_model, adapter, monkeypatch, rows, objective, texts, widest
):
    monkeypatch.setattr(trees, "WIDEST", widest)
    plain, _ = tuned_by(tiny_model, adapter, fused=False)
    expected = [logprob(plain, *text) for text in texts]
    weights = torch.arange(1, len(texts) + 1) / len(texts)  # a text's gradient must not pass for another's
    (torch.stack(expected) @ weights).backward()
    tuned, base = tuned_by(tiny_model, adapter, fused=True)
    branch(base)
    found = tuned(**batch_of(rows, objective), fused_lm_head=True).log_probs.sum(1)
    (found @ weights).backward()
    assert found.tolist() == pytest.approx([float(value) for value in expected], abs=1e-5)
    assert_same_gradients(gradients(tuned), gradients(plain))


def test_what_the_fused_head_says_of_every_token_is_where_it_would_be_without_trees(tiny_model, adapter):
    tuned, base = tuned_by(tiny_model, adapter, fused=True)
    batch = batch_of(ROWS, SFT)
    with torch.no_grad():
        expected = tuned(**batch, fused_lm_head=True)
        branch(base)
        found = tuned(**batch, fused_lm_head=True)
    for name in ("log_probs", "entropy", "mean_logits"):
        torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-5)
    assert torch.equal(found.label_mask, expected.label_mask)
    assert torch.equal(found.is_top1, expected.is_top1)
    assert float(found.loss) == pytest.approx(float(expected.loss), abs=1e-5)


def test_a_shared_beginning_goes_through_once_and_nothing_is_padded(tiny_model, adapter):
    tuned, base = tuned_by(tiny_model, adapter, fused=True)
    branch(base)
    read = []
    tuned.get_input_embeddings().register_forward_pre_hook(lambda module, given: read.append(given[0].shape))
    tuned(**batch_of(ROWS, SFT), fused_lm_head=True)
    # (5 6 7 8 9 20 21) before the second row's own columns; of each row its prompt's last token, and its answer but
    # the last token; of the fourth all of that and one token more
    assert read == [(1, 7 + (1 + 2) + (1 + 1) + (1 + 2) + (1 + 1 + 1))]


def test_rows_of_one_length_that_share_nothing_stay_rows(tiny_model):
    texts = [trees.ScoredText((first, 40, 41), (1, 2, 3)) for first in (5, 6, 7)]
    assert [row.texts for row in trees.rows_of(texts)] == [(0,), (1,), (2,)]
    texts[2] = trees.ScoredText((6, 40, 41), (1, 2))  # two columns are the second's too
    assert [row.texts for row in trees.rows_of(texts)] == [(0, 2, 1)]


def trained(tiny_model, folder: Path, **changes) -> tuple[Parent, Path]:
    settings = {"steps": 2, "evaluate_at": (1, 2), "schedule": "constant_with_warmup", "warmup_steps": 0}
    spec = spec_in(folder, tuner_options=TUNING, **{**settings, **changes})
    parent = Parent()
    loop.train(base_of(Weights(str(tiny_model))), spec, parent, spec.steps)
    return parent, folder / "checkpoint-1"


@pytest.mark.parametrize("micro_tokens", [None, 1], ids=["at once", "row by row"])
def test_sft_loss_and_gradient_norm_of_a_step_are_those_of_rows_one_by_one(tiny_model, tmp_path, micro_tokens):
    parent, before = trained(tiny_model, tmp_path, rows=ROWS, micro_tokens=micro_tokens)
    plain, _ = tuned_by(tiny_model, before, fused=False)
    tokens = sum(len(row.answer) for row in ROWS)
    loss = -torch.stack([logprob(plain, row.prompt, row.answer) for row in ROWS]).sum() / tokens
    loss.backward()
    point = parent.losses[1]
    assert point.loss == pytest.approx(float(loss.detach()), abs=1e-5)
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients(plain).values()))
    assert point.grad_norm == pytest.approx(norm, rel=1e-4)


def test_dpo_loss_and_gradient_norm_of_a_step_are_those_of_pairs_one_by_one(tiny_model, adapter, tmp_path):
    beta = 0.1
    parent, before = trained(
        tiny_model, tmp_path, rows=PAIRS, objective=PREFERENCE, start=str(adapter), learning_rate=1e-2
    )
    assert parent.losses[0].loss == pytest.approx(math.log(2), abs=1e-6)
    start, _ = tuned_by(tiny_model, adapter, fused=False)
    policy, _ = tuned_by(tiny_model, before, fused=False)

    def margin(model, pair):
        return logprob(model, pair.prompt, pair.chosen) - logprob(model, pair.prompt, pair.rejected)

    losses = [-logsigmoid(beta * (margin(policy, pair) - margin(start, pair).detach())) for pair in PAIRS]
    loss = torch.stack(losses).mean()
    loss.backward()
    point = parent.losses[1]
    assert point.loss == pytest.approx(float(loss.detach()), abs=1e-5)
    assert abs(point.loss - math.log(2)) > 1e-3
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients(policy).values()))
    assert point.grad_norm == pytest.approx(norm, rel=1e-4)


def test_reference_of_a_pair_is_computed_once_over_all_epochs(tiny_model, adapter, tmp_path):
    base = base_of(Weights(str(tiny_model)))
    learns = []
    embeddings = base.model.get_input_embeddings()
    hook = embeddings.register_forward_pre_hook(lambda module, given: learns.append(torch.is_grad_enabled()))
    spec = spec_in(tmp_path, rows=pairs(8), objective=PREFERENCE, start=str(adapter), learning_rate=1e-3, steps=6)
    try:
        loop.train(base, spec, Parent(), 6)
    finally:
        hook.remove()
    # three epochs of two steps: each batch of the first is passed without a gradient before it is learnt from
    assert learns == [False, True, False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("changes", "shares"),
    [
        ({}, True),
        ({"tuner_options": {**TUNING, "dropout": 0.1}}, False),
        ({"tuner": "baselines.finetune.prefix:PREFIX", "tuner_options": {"virtual_tokens": 3}}, False),
        ({"tuner": "baselines.finetune.ia3:IA3", "tuner_options": {}}, True),
        ({"tuner": "baselines.finetune.full:FULL", "tuner_options": {}}, True),
    ],
    ids=["lora", "dropout", "prefix", "ia3", "full"],
)
def test_trees_are_used_where_nothing_would_be_learnt_otherwise(tiny_model, tmp_path, changes, shares):
    base = base_of(Weights(str(tiny_model)))
    with base.tuned(spec_in(tmp_path, rows=ROWS, **changes)) as adapted:
        assert trees.packs(adapted) is shares


def test_rows_at_once_count_what_they_begin_with_alike_once(tmp_path):
    rows = tuple(AnswerRow(str(n), (*range(90), 100 + n), (5,) * 9) for n in range(8))  # 100 tokens each, 90 alike
    spec = spec_in(tmp_path, rows=rows, batch_size=8)
    assert spec.columns(8) == 90 + 8 * 10
    assert loop.rows_at_once(spec, 170, shares=True) == 8
    assert loop.rows_at_once(spec, 169, shares=True) == 4
    assert loop.rows_at_once(spec, 170) == 1
    half = spec_in(tmp_path, rows=rows, batch_size=8, micro_tokens=4 * spec.longest)
    assert loop.rows_at_once(half, 170, shares=True) == 4  # memory ran out at eight rows: half of them, not eight again


def test_memory_that_an_earlier_run_had_does_not_raise_what_the_device_takes(tmp_path):
    rows = tuple(AnswerRow(str(n), (*range(90), 100 + n), (5,) * 9) for n in range(8))
    ample = spec_in(tmp_path, rows=rows, batch_size=8, micro_tokens=800)  # eight rows of 100, of longer rows perhaps
    assert loop.rows_at_once(ample, 200) == 2
    assert loop.rows_at_once(ample, 170, shares=True) == 8
    assert loop.rows_at_once(ample, 169, shares=True) == 4


def test_rows_that_one_tree_does_not_hold_count_as_if_they_shared_nothing(tmp_path):
    rows = tuple(AnswerRow(str(n), (*range(40), 100 + n), (5,) * 60) for n in range(16))  # 101 tokens each, 40 alike
    spec = spec_in(tmp_path, rows=rows, batch_size=16)
    assert spec.columns(8) == 40 + 8 * 61 <= trees.WIDEST < 40 + 16 * 61
    assert spec.columns(16) == 16 * 101
    laid = trees.rows_of([trees.ScoredText(row.prompt, row.answer) for row in rows])
    assert 40 + 16 * 61 < len(laid) * max(len(row.tokens) for row in laid) <= spec.columns(16)
    assert loop.rows_at_once(spec, 1500, shares=True) == 8  # one tree would be 1016 columns; two of them are more


def test_no_batch_of_rows_takes_more_columns_than_a_run_counts_with(tmp_path):
    for rows in (ROWS, PAIRS):
        spec = spec_in(tmp_path, rows=rows)
        texts = [
            trees.ScoredText(row.prompt, answer)
            for row in rows
            for answer in ([row.answer] if isinstance(row, AnswerRow) else [row.chosen, row.rejected])
        ]
        [row] = trees.rows_of(texts)
        assert len(row.tokens) <= spec.columns(len(rows))
