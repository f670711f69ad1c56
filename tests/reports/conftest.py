"""A run made by hand: eight arms, one failed, one skipped, texts in several scripts."""

import dataclasses
import random
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import pytest

from harness.decision import decide
from harness.decision.arms import Arm, MetricSpec
from harness.decision.bounds import error_bounds
from harness.decision.paired import compare
from harness.decision.slices import slice_gains
from harness.decision.smoke import without_verdict
from harness.program import Program, Prompt, Retriever, Shot
from harness.records import (
    Band,
    Comparison,
    Cost,
    Decision,
    Evidence,
    Example,
    Fit,
    GenerationSettings,
    Limits,
    Message,
    Missing,
    Outcome,
    Prediction,
    Retrieval,
    RuleOfThumb,
    Run,
    Rung,
    Score,
    TrainingHistory,
    Trial,
    Weights,
)

sys.path.insert(0, str(Path(__file__).parent))  # so that `sample_tuning` imports wherever pytest starts

from sample_tuning import CODES, ability, around, blind_gate, forgotten, gate, history, wilson  # noqa: E402

# arm, family, share right, seconds an item, change of general ability (None: weights untouched)
ARMS = (
    ("zero_shot", "prompt", 0.31, 0.21, None),
    ("few_shot", "prompt", 0.62, 0.64, None),
    ("chain_of_thought", "prompt", 0.48, 1.92, None),
    ("rag", "rag", 0.66, 0.88, None),
    ("lora_sft", "tune", 0.96, 0.23, -0.006),
    ("qlora_sft", "tune", 0.93, 0.41, -0.071),
    ("lora_dpo", "tune", 0.0, 0.0, None),
    ("rag_lora_sft", "combine", 0.0, 0.0, None),
)
QUESTIONS = (
    "My parcel says delivered, but there is nothing at the door. Which desk handles this?",
    "請問退貨需要原始收據嗎？",
    "كيف أغيّر عنوان الشحن بعد الطلب؟",
    "Kann ich die Rechnung auf meine Firma umschreiben lassen?",
    "मेरा ऑर्डर रद्द कैसे करें?",
    "The <b>X-200</b> blinks twice & stops: E|07?",
)


PASSAGE = "Parcels that arrive broken are handled by the desk whose code stands on page 4 of"


def program(arm: str, family: str) -> dict:
    """What the arm answers with: a system prompt, solved examples for few_shot, passages for rag."""
    retriever = {"index": "index", "k": 2, "finds": "passages"} if family == "rag" else None
    shown = "{% for passage in passages %}{{ passage }}\n{% endfor %}{{ input }}" if retriever else "{{ input }}"
    shots = tuple(Shot(f"Solved question {n} of the desk", CODES[n]) for n in range(3)) if arm == "few_shot" else ()
    made = Program(
        Weights("smollm2"), Prompt("Answer with the code of a desk.", shown, shots), GenerationSettings(16),
        retriever=Retriever(**retriever) if retriever else None,
    )  # fmt: skip
    return made.to_dict(Path("/run"))


def examples(count: int) -> tuple[Example, ...]:
    return tuple(
        Example(
            f"item-{index:03}",
            (Message("user", f"{QUESTIONS[index % 6]} ({index})"),),
            CODES[index % 6],
            evidence=(f"doc-{index % 6}",),
        )
        for index in range(count)
    )


def predictions(family: str, share: float, seconds: float, items: Sequence[Example], text: str | None):
    chance = random.Random(f"{family}{share}")
    made = []
    for item in items:
        is_right = chance.random() < share
        answer = text if text is not None else (item.target if is_right else chance.choice(CODES[1:]) + "?")
        outcome = Outcome.SCORED
        if not is_right and chance.random() < 0.08:
            outcome, answer = Outcome.UNPARSED, None
        if family == "rag" and chance.random() < 0.02:
            outcome, answer = Outcome.WORKER_ERROR, None
        completion = (text or "") * 2 or f"The customer asks about item {item.id}.\nDesk: {answer or 'I am not sure'}"
        passages = (f"doc-{chance.randrange(6)}#0", "doc-1#2") if family == "rag" else ()
        texts = tuple(f"{PASSAGE} {passage}." for passage in passages)
        documents = tuple(passage.partition("#")[0] for passage in passages)
        made.append(
            Prediction(item.id, completion, answer, outcome, "stop", 180, 9, seconds, passages, documents, None, texts)
        )
    return tuple(made)


def scored(items: Sequence[Example], made: Sequence[Prediction]) -> tuple[Score, ...]:
    return tuple(
        Score(item.id, float(prediction.answer == item.target))
        for item, prediction in zip(items, made, strict=True)
        if prediction.outcome.is_measured
    )


def arm_evidence(arm, family, share, seconds, change, items, text) -> Evidence:
    if arm == "lora_dpo":
        return Evidence(Fit(arm), arm, family, "failed", "loss became non-finite at step 31; lower the learning rate")
    if arm == "rag_lora_sft":
        return Evidence(Fit(arm), arm, family, "skipped", "the task has no documents to search")
    made = predictions(family, share, seconds, items, text)
    scores = scored(items, made)
    figure = sum(score.value for score in scores) / len(scores)
    tuned = change is not None
    return Evidence(
        Fit(arm), arm, family, "ok", dev_score=share - 0.01, predictions=made,
        scores={"exact_match": scores, "f1": scores}, aggregates={"exact_match": figure, "f1": min(1.0, figure + 0.02)},
        cost=Cost(330.0 if tuned else 24.0, 312.4 if tuned else None, seconds, seconds * 2.2, 180.0, 9.0,
                  None if arm == "zero_shot" else 900 + 600 * tuned),
        general=ability(arm, change) if tuned else None,
        reference="base_nf4" if arm == "qlora_sft" else "base",
        training=history(arm, share) if tuned else None,
        retrieval=Retrieval(3, len(items), 0.81, 0.74, 0.77) if family == "rag" else None,
        trials=(
            Trial("kl_to_base=0.3", share, 0.1, forgotten(9.0)),
            Trial("kl_to_base=1", share - 0.01, 0.2, forgotten(0.8)),
            Trial("learning_rate=0.0001", 0.4),
        ) if tuned else (),
        program=program(arm, family),
    )  # fmt: skip


def decision(evidence: Sequence[Evidence], items: int) -> Decision:
    ran = [found for found in evidence if found.status == "ok"]
    scores = {found.arm: wilson(found.aggregates["exact_match"], items) for found in ran}
    reference = scores["few_shot"].estimate
    comparisons = tuple(
        Comparison(
            arm,
            "few_shot",
            around(score.estimate - reference, 0.08, items),
            70,
            12,
            score.estimate - reference - 0.08 > 0.02,
        )  # fmt: skip
        for arm, score in scores.items()
        if arm != "few_shot"
    )
    rungs = (
        Rung("prompt", "few_shot", scores["few_shot"], False, False, (), "lower bound is below the goal of 90%"),
        Rung("rag", "rag", scores["rag"], False, False, comparisons[2:3], "gain over few_shot is not shown"),
        Rung("tune", "lora_sft", scores["lora_sft"], True, True, comparisons[3:4], "gain over every cheaper arm"),
        Rung("combine", None, None, False, False, (), "rag_lora_sft was skipped"),
    )
    edges, chances = (0.0, 0.2, 0.9, 0.99, 1.0), (0.0, 0.998, 0.002, 0.0)
    bands = tuple(
        Band(name, low, high, p)
        for name, low, high, p in zip(
            ("rethink", "between", "promising", "nearly_sure"), edges[:-1], edges[1:], chances, strict=True
        )
    )
    top = scores["lora_sft"]
    kept = [Arm(found, {score.example_id: score for score in found.scores["exact_match"]}) for found in ran]
    by_name = {arm.name: arm for arm in kept}
    tests = examples(items)
    spec = MetricSpec("exact_match", "rate", lambda own: sum(s.value for s in own) / len(own), dict.fromkeys(
        example.id for example in tests))  # fmt: skip
    pairs = tuple(compare(later, earlier, spec, 0.02) for earlier, later in combinations(kept, 2))
    has_both = {"lora_sft", "few_shot"} <= set(by_name)
    slices = slice_gains(tests, by_name["lora_sft"], by_name["few_shot"], spec) if has_both else ()
    return Decision(
        "fine_tune", "lora_sft", "met",
        f"Fine-tune (lora_sft): {100 * top.estimate:.1f}% right (95% CI {100 * top.low:.1f} to {100 * top.high:.1f},"
        f" n={top.n}), which reaches the goal of 90%; no cheaper option does.",
        ("few_shot, the best prompt, stays below the goal with its whole interval.",
         "rag does not show a gain over few_shot that is worth a rung.",
         "lora_sft beats every cheaper arm by more than 2 points even at the low end."),
        ("Forgetting by lora_sft is not excluded: about 1,400 benchmark items would show it.",
         "One training run: this adapter is judged, another seed was not measured.",
         "lora_dpo failed, so preference tuning was not judged."),
        "Ship lora_sft to a pilot, and repeat the training with a second seed before relying on it.",
        None, scores, rungs, comparisons, (gate("lora_sft", -0.006), gate("qlora_sft", -0.071)),
        RuleOfThumb("few_shot", bands, "between 20% and 90%: the rule is silent, so measure",
                    "few_shot 62.0%; lora_sft 96.0%"),
        missing=(Missing("lora_dpo", "failed: loss became non-finite at step 31; lower the learning rate",
                         "whether it does better than lora_sft is not known", True),
                 Missing("rag_lora_sft", "was skipped: the task has no documents to search",
                         "the others are judged without it", False)),
        error_bounds=error_bounds(evidence, spec), turning=2, pairs=pairs, slices=slices,
    )  # fmt: skip


def build_run(items: int = 60, text: str | None = None, arms=ARMS, is_fast: bool = False) -> Run:
    """Return a whole run; `text` replaces every answer."""
    tests = examples(items)
    evidence = tuple(arm_evidence(*arm, tests, text) for arm in arms)
    decided = decision(evidence, items)
    return Run(
        folder="support-routing-1a2b3c4d", name="support-routing",
        description="Send each customer message to the right desk, by the house codes.", is_fast=is_fast,
        limits=Limits(), primary_metric="exact_match",
        task={"version": 1, "name": "support-routing", "model": {"source": "smollm2-135m"},
              "cost": {"gpu_hour": 2.5, "requests_per_month": 50000}},
        examples=tests, evidence=evidence, bases=(ability("base", 0.0), ability("base_nf4", -0.01)),
        decision=without_verdict(decided) if is_fast else decided,
        manifest={"started": "2026-11-21T04:00:00+00:00", "seeds": [0], "data_sha256": "9f86d081884c7d65",
                  "models": [{"name": "", "source": "smollm2-135m", "identity": "aa11"}],
                  "rows": {"train": 600, "preferences": None},
                  "versions": {"torch": "2.11.0", "transformers": "5.23.1"}},
    )  # fmt: skip


def build_blind_run() -> Run:
    """Return a run whose recommended arm cannot be judged, beside one that failed the gate."""
    run = build_run()
    gates = tuple(blind_gate(gate.arm) if gate.arm == "lora_sft" else gate for gate in run.decision.gates)
    return dataclasses.replace(run, decision=dataclasses.replace(run.decision, gates=gates))


def build_routed_run() -> Run:
    """Return a run in which only the task's inputs reach the adapters: nothing is asked of them, and nothing blocks."""
    run = build_run()
    free = tuple(dataclasses.replace(found, training=_unasked(found.training)) for found in run.evidence)
    gates = tuple(dataclasses.replace(gate, blocks=False) for gate in run.decision.gates)
    return dataclasses.replace(
        run, evidence=free, limits=Limits(deployment="routed"), decision=dataclasses.replace(run.decision, gates=gates)
    )


def _unasked(training: TrainingHistory | None) -> TrainingHistory | None:
    if training is None:
        return None

    def spend_nothing(tried):
        return dataclasses.replace(tried, forgetting=dataclasses.replace(tried.forgetting, spent=0.0))

    return dataclasses.replace(
        training, strength=1.0, frontier=tuple(map(spend_nothing, training.frontier)),
        checkpoints=tuple(map(spend_nothing, training.checkpoints)),
    )  # fmt: skip


def lose(evidence: Evidence, wanted: int) -> Evidence:
    """Let the worker crash over the first items of an arm, and lose their scores with them."""
    lost = {prediction.example_id for prediction in evidence.predictions[:wanted]}
    predictions = tuple(
        dataclasses.replace(p, outcome=Outcome.WORKER_ERROR, answer=None, text="") if p.example_id in lost else p
        for p in evidence.predictions
    )
    scores = {
        name: tuple(score for score in found if score.example_id not in lost) for name, found in evidence.scores.items()
    }
    status = "invalid" if len(lost) > Limits().max_error_rate * len(predictions) else evidence.status
    reason = f"{len(lost)} of {len(predictions)} items could not be asked" if status == "invalid" else evidence.reason
    return dataclasses.replace(evidence, status=status, reason=reason, predictions=predictions, scores=scores)


def build_lossy_run(lost: dict[str, int], items: int = 200) -> Run:
    """Return a run whose arms lost so many items each, decided by the real decision."""
    run = build_run(items)
    evidence = tuple(lose(found, lost.get(found.arm, 0)) for found in run.evidence)
    decided = decide(
        evidence, run.bases, run.limits, primary_metric="exact_match", metric_kind="rate",
        aggregate=lambda scores: sum(score.value for score in scores) / len(scores),
        groups={example.id: None for example in run.examples}, constant_scores=None,
        planned_arms=[found.arm for found in evidence],
    )  # fmt: skip
    return dataclasses.replace(run, evidence=evidence, decision=decided)


@pytest.fixture(scope="session")
def make_lossy_run() -> Callable[..., Run]:
    return build_lossy_run


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return build_run


@pytest.fixture(scope="session")
def run() -> Run:
    return build_run()


@pytest.fixture(scope="session")
def blind_run() -> Run:
    return build_blind_run()


@pytest.fixture(scope="session")
def routed_run() -> Run:
    return build_routed_run()
