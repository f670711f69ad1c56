"""How many passages `rag_lora_sft` trains and asks with, settled on dev before anything is trained.

Where dev names the evidence, by how much of it the retriever finds: of numbers that cannot be told apart the smallest,
since every passage makes a training row longer. Elsewhere as `rag` does, by the base model's answers.
"""

import math
import time
from collections.abc import Sequence

from baselines.finetune.options import RagLoraOptions
from baselines.prompt.selection import Candidate, DevContest
from baselines.prompt.window import longest_questions, overflow
from baselines.rag.options import RagOptions
from harness.contract import FitContext, Retrieving
from harness.errors import ArmError
from harness.metrics.retrieval import retrieval_quality
from harness.program import Program
from harness.records import Study, Trial


def settle_passages(
    study: Study, context: FitContext, programs: Sequence[Program], arm: Retrieving, options: RagLoraOptions
) -> tuple[Program, tuple[Trial, ...], tuple[str, ...]]:
    """Return the program to train for, the trials that chose it, and warnings.

    Args:
        study: Its dev rows choose.
        context: What the harness lends.
        programs: Without an adapter, fewest passages first.
        arm: Whose index they search.
        options: Of the arm; a `k` that is given is taken as it is.

    Raises:
        ArmError: If even the fewest passages exceed the context window.
    """
    if options.k is not None:
        return programs[0], (), ()
    fitting, warnings = _fitting(study, context, programs, arm)
    if context.budget.is_fast or len(fitting) == 1:
        return fitting[0], (), warnings
    if any(example.evidence for example in study.dev):
        program, trials = _by_recall(study, fitting, arm)
        return program, trials, warnings
    contest = DevContest(context, study.dev, RagOptions().dev_rows, time.monotonic())
    contest.try_all([Candidate(f"k={k_of(program)}", program, k_of(program)) for program in fitting])
    winner = contest.best().program  # before the trials are read: it may measure losses
    return winner, contest.trials, (*warnings, *contest.warnings)


def k_of(program: Program) -> int:
    """Return how many passages a program is asked with."""
    return program.retriever.k if program.retriever else 0


def _fitting(
    study: Study, context: FitContext, programs: Sequence[Program], arm: Retrieving
) -> tuple[list[Program], tuple[str, ...]]:
    questions = longest_questions(study)
    faults = {k_of(p): overflow(p, questions, context, arm.retrieve(p, questions)) for p in programs}
    fitting = [program for program in programs if faults[k_of(program)] is None]
    warnings = tuple(f"k={k} left out: {fault}" for k, fault in faults.items() if fault is not None)
    if not fitting:
        raise ArmError(f"rag_lora_sft: {'; '.join(warnings)}; lower chunk_tokens")
    return fitting, warnings


def _by_recall(study: Study, programs: Sequence[Program], arm: Retrieving) -> tuple[Program, tuple[Trial, ...]]:
    rows = [example for example in study.dev if example.evidence]
    relevant = {row.id: frozenset(row.evidence) for row in rows}
    recalls = []
    for program in programs:
        found = arm.retrieve(program, [row.question for row in rows])
        ranked = {row.id: [(p.id, p.document) for p in shown] for row, shown in zip(rows, found, strict=True)}
        recalls.append(retrieval_quality(ranked, relevant).recall)
    most = max(recalls)
    error = math.sqrt(most * (1 - most) / len(rows))
    chosen = next(program for program, recall in zip(programs, recalls, strict=True) if recall >= most - error)
    trials = tuple(
        Trial(f"k={k_of(program)} (recall of the evidence on {len(rows)} dev rows)", recall)
        for program, recall in zip(programs, recalls, strict=True)
    )
    return chosen, trials
