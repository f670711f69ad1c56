"""How many passages `rag_lora_sft` trains and asks with, settled on dev before anything is trained.

Where dev names the evidence, by how often the retriever finds the passage with the answer, or any passage of the
document where most answers stand in no line word for word: of numbers that cannot be distinguished the smallest, since
every passage makes a training row longer. Elsewhere as `rag` does, by the base model's answers.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from baselines.finetune.options import RagLoraOptions
from baselines.prompt.selection import Candidate, DevContest
from baselines.prompt.window import longest_questions, overflow
from baselines.rag.options import RagOptions
from harness.answer_places import AnswerPlaces
from harness.contract import FitContext, Retrieving
from harness.errors import ArmError
from harness.metrics.retrieval import answer_retrieval, retrieval_quality
from harness.program import Program
from harness.records import Example, Passage, Study, Trial

Shown = Mapping[str, Sequence[Passage]]  # by question id, best first


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
    named = [example for example in study.dev if example.evidence]
    places = AnswerPlaces(study.documents, study.answer.reader if study.answer else None)
    known = [row for row in named if places.knows(row)]
    recall: Callable[[Shown, Sequence[Example]], float]
    rows, what, recall = named, "the evidence", _recall_of_evidence
    if 2 * len(known) >= len(named):
        rows, what, recall = known, "the passages with the answer", partial(_recall_of_answers, places=places)
    recalls = []
    for program in programs:
        found = arm.retrieve(program, [row.question for row in rows])
        recalls.append(recall({row.id: shown for row, shown in zip(rows, found, strict=True)}, rows))
    most = max(recalls)
    error = math.sqrt(most * (1 - most) / len(rows))
    chosen = next(program for program, recall in zip(programs, recalls, strict=True) if recall >= most - error)
    trials = tuple(
        Trial(f"k={k_of(program)} (recall of {what} on {len(rows)} dev rows)", recall)
        for program, recall in zip(programs, recalls, strict=True)
    )
    return chosen, trials


def _recall_of_answers(shown: Shown, rows: Sequence[Example], places: AnswerPlaces) -> float:
    judged = answer_retrieval(shown, rows, places, {})
    assert judged is not None  # every row is known
    return judged.recall


def _recall_of_evidence(shown: Shown, rows: Sequence[Example]) -> float:
    ranked = {item: [(passage.id, passage.document) for passage in found] for item, found in shown.items()}
    return retrieval_quality(ranked, {row.id: frozenset(row.evidence) for row in rows}).recall
