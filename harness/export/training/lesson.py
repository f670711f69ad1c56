"""All that another tool needs to train the exported adapter again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.export.parcel import Parcel, make_baseline, option
from harness.export.training.recipe import Recipe, recipe_of
from harness.export.training.rows import PairRow, Row, Tokens, pair_rows, shown, train_rows
from harness.records import Checkpoint, Evidence, TrainingHistory

PENALTY = "kl_to_base"  # an option of the tuned arms
ROOM = 64  # tokens; lengths are rounded up to it, above what a template writes behind an answer


@dataclass(frozen=True, slots=True)
class Lesson:
    """One or two stages of training, with their rows."""

    arm: str
    sft: Recipe
    rows: Sequence[Row]
    dev: Sequence[Row]
    dpo: Recipe | None
    pairs: Sequence[PairRow]
    longest: int  # tokens, rounded up
    end_id: int  # the token that closes an answer
    end: str


def lesson_of(parcel: Parcel) -> tuple[Lesson | None, list[str]]:
    """Return how a tuned arm was trained, and what cannot be told of it."""
    taught, evidence = _sft_stage(parcel), parcel.evidence
    if taught is None:
        return None, [_untold(evidence)]
    sft_spec = next(spec for spec in parcel.task.arms if spec.name == taught.arm)
    sft = recipe_of(sft_spec, taught, parcel.program)
    history = taught.training
    if sft is None or history is None:
        return None, [f"the batch size of {taught.arm} cannot be told, so no training configuration is exported"]
    tokens = Tokens(parcel.program.weights.model)
    rows = train_rows(sft_spec, parcel.task, parcel.program, taught.fit.seed, tokens)
    if len(rows) != history.rows:
        return None, [
            f"{taught.arm} learnt from {history.rows} rows, and {len(rows)} can be told apart now, "
            "so no training configuration is exported"
        ]
    dev = shown(parcel.task.study.dev, parcel.program, make_baseline(sft_spec))
    dpo, pairs, notes = _dpo_stage(parcel)
    if option(make_baseline(sft_spec), PENALTY):
        notes.append(f"other tools have no {PENALTY}, so what they train may forget more of the base than this adapter")
    texts = [(row.prompt, row.answer) for row in rows]
    texts += [(pair.prompt, answer) for pair in pairs for answer in (pair.chosen, pair.rejected)]
    longest = max(tokens.length(prompt, answer) for prompt, answer in texts)
    room = ROOM * math.ceil((longest + ROOM / 2) / ROOM)
    return Lesson(parcel.arm, sft, rows, dev, dpo, pairs, room, tokens.end_id, tokens.end), notes


def _sft_stage(parcel: Parcel) -> Evidence | None:
    """Return the evidence whose history is the SFT stage: the arm's own, or of the arm from which its DPO went on."""
    history = parcel.evidence.training
    if history is None or history.method != "sft+dpo":
        return parcel.evidence
    start = history.checkpoints[0]  # step 0: what the SFT adapter reached
    return next((e for e in parcel.run.evidence if e.training and _led_to(e.training, start)), None)


def _led_to(history: TrainingHistory, start: Checkpoint) -> bool:
    """Whether the checkpoint that an SFT training kept is the one that preference training began at."""
    kept = [(point.dev_score, point.dev_loss) for point in history.checkpoints if point.step == history.best_step]
    return history.method == "sft" and start.dev_loss is not None and (start.dev_score, start.dev_loss) in kept


def _dpo_stage(parcel: Parcel) -> tuple[Recipe | None, Sequence[PairRow], list[str]]:
    evidence = parcel.evidence
    history = evidence.training
    if history is None or not history.method.endswith("dpo"):
        return None, (), []
    pairs = pair_rows(parcel.folder, parcel.task, evidence, parcel.program)
    if history.best_step == 0:
        note = "preference training gained nothing on dev, so the adapter is that of its SFT stage"
        return None, pairs or (), [note]
    if pairs is None:
        note = f"the run does not say which {history.rows} pairs it learnt from, so the DPO stage is not exported"
        return None, (), [note]
    return recipe_of(parcel.spec, evidence, parcel.program), pairs, []


def _untold(evidence: Evidence) -> str:
    return (
        f"{evidence.arm} went on from an SFT adapter that no other arm of this run tells of, so no training "
        "configuration is exported; a run that also has lora_sft with the same options tells it"
    )
