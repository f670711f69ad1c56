"""All that another tool needs to train the exported adapter again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.chat.turns import ChatForm
from harness.exporting.export_source import ExportSource, make_baseline, option
from harness.exporting.form import form_of
from harness.exporting.training.recipe import Recipe, recipe_of
from harness.exporting.training.rows import PairRow, Row, Tokens, pair_rows, shown, train_rows
from harness.records import Evidence, TrainingHistory

PENALTY = "kl_to_base"  # an option of the tuned arms
ROOM = 64  # tokens; lengths are rounded up to it, above what a template writes behind an answer


@dataclass(frozen=True, slots=True)
class TrainingPlan:
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
    form: ChatForm  # turns of rows and pairs are written by it already


def plan_of(source: ExportSource) -> tuple[TrainingPlan | None, list[str]]:
    """Return how a tuned arm was trained, and what is not known of it."""
    evidence, history = source.evidence, sft_history(source.evidence)
    if fault := _fault(source, history):
        return None, [f"{evidence.arm}: {fault}, so no training configuration is exported"]
    sft = recipe_of(history, source.program, evidence.fit.seed) if history else None
    if sft is None or history is None:
        return None, [f"{evidence.arm} does not tell how it was trained, so no training configuration is exported"]
    tokens = Tokens(source.program.weights.model)
    rows = train_rows(source.spec, source.task, source.program, evidence.fit.seed, tokens)
    if len(rows) != history.rows:
        return None, [
            f"{evidence.arm} learnt from {history.rows} rows, and {len(rows)} can be told apart now, "
            "so no training configuration is exported"
        ]
    dev = shown(source.task.study.dev, source.program, make_baseline(source.spec))
    dpo, pairs, notes = _dpo_stage(source)
    if option(make_baseline(source.spec), PENALTY):
        notes.append(f"other tools have no {PENALTY}, so what they train may forget more of the base than this adapter")
    rows, dev = (
        [replace(row, prompt=tokens.shown(row.prompt), answer=tokens.answer(row.answer)) for row in found]
        for found in (rows, dev)
    )
    pairs = [
        replace(
            pair,
            prompt=tokens.shown(pair.prompt),
            chosen=tokens.answer(pair.chosen),
            rejected=tokens.answer(pair.rejected),
        )
        for pair in pairs
    ]
    if tokens.form.closing or tokens.form.switch:
        notes.append(_written_before(tokens.form))
    texts = [(row.prompt, row.answer) for row in rows]
    texts += [(pair.prompt, answer) for pair in pairs for answer in (pair.chosen, pair.rejected)]
    longest = max(tokens.length(prompt, answer) for prompt, answer in texts)
    room = ROOM * math.ceil((longest + ROOM / 2) / ROOM)
    return TrainingPlan(source.arm, sft, rows, dev, dpo, pairs, room, tokens.end_id, tokens.end, tokens.form), notes


def sft_history(evidence: Evidence) -> TrainingHistory | None:
    """Return the history of the SFT stage: the arm's own, or that of the adapter from which a later one continued."""
    history = evidence.training
    if history is None or history.start is None or history.method.endswith("sft"):
        return history
    return history.start


def _written_before(form: ChatForm) -> str:
    """Say what other tools must be told, so that an answer stands behind the same words as in the run."""
    switched = ", ".join(f"{name}: {str(value).lower()}" for name, value in form.switch.items())
    told = [f"set {switched} for the chat template"] if switched else []
    told += [f"have {form.closing!r} written behind the opened turn"] if form.closing else []
    return (
        f"the run asked and trained without thoughts; elsewhere {' and '.join(told)} (answer.py and TRL's scripts do)"
    )


def _fault(source: ExportSource, history: TrainingHistory | None) -> str:
    """Say why other tools cannot train it in the same way, else ''."""
    if form_of(source.program.weights).kind != "lora":
        return "its configurations for other tools are written for LoRA alone"
    if history is not None and history.start is not None:
        return f"its SFT continues from {history.start.method.upper()}, which is not exported"
    return ""


def _dpo_stage(source: ExportSource) -> tuple[Recipe | None, Sequence[PairRow], list[str]]:
    evidence = source.evidence
    history = evidence.training
    if history is None or history.start is None:
        return None, (), []
    if not history.method.endswith("+dpo"):
        return None, (), [f"only the SFT stage of its training ({history.method}) is exported"]
    pairs = pair_rows(source.folder, source.task, evidence, source.program)
    if history.best_step == 0:
        note = "preference training gained nothing on dev, so the adapter is that of its SFT stage"
        return None, pairs or (), [note]
    if pairs is None:
        note = f"the run does not say which {history.rows} pairs it learnt from, so the DPO stage is not exported"
        return None, (), [note]
    beta = option(make_baseline(source.spec), "beta")
    return recipe_of(history, source.program, evidence.fit.seed, beta), pairs, []
