"""The RAG arm: the task's prompt with retrieved passages and solved examples; their numbers settled on dev."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from baselines.prompt.constraining import constraint_of, needed
from baselines.prompt.selection import DevContest, drawn
from baselines.prompt.shots import fillable, pick, usable_rows, without_systems
from baselines.rag.options import RagOptions
from baselines.rag.prompting import passages_prompt, stand_in, with_shots
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.errors import ArmError
from harness.program import Program, Shot
from harness.records import Example, Family, Passage, Question, Study


@dataclass(frozen=True)
class Rag:
    """Searches the task's documents by the user's last turn and shows what it found before it.

    Solved examples come from train alone, each with the passages that its own question finds. The number of
    passages is settled with the fewest examples, then the number of examples with so many passages: one dev
    evaluation a number of either.
    """

    options: RagOptions
    family: ClassVar[Family] = "rag"
    needs_documents: ClassVar[bool] = True

    @property
    def needs(self) -> frozenset[Capability]:
        """To generate, and to hold answers to what they may be."""
        return needed(self.options.constrain)

    @property
    def candidates(self) -> int:
        """The numbers of passages, and further numbers of examples with one of them."""
        return len(self.options.candidates) + len(self.options.shot_candidates) - 1

    @property
    def choosing_rows(self) -> int:
        """Of dev."""
        return self.options.dev_rows

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Index the documents and settle the numbers of passages and of examples on dev.

        Raises:
            ArmError: If there is nothing to search, or even the fewest passages exceed the context window.
        """
        contest = DevContest(context, study.dev, self.options.dev_rows, time.monotonic())
        if not study.documents:
            raise ArmError("rag needs documents to search; give data.documents in the task file")
        from baselines.rag.candidates import CandidateMaker
        from baselines.rag.index import build_index, index_folder

        place = (study.documents, self.options.chunk_tokens, self.options.embedder)
        folder = index_folder(context.shared, *place)
        index = build_index(study.documents, folder, *place[1:], log=context.log)
        rows = drawn(usable_rows(study), context.budget.train_rows, context.seed)
        passages, shots, warnings = self._numbers(context, len(index.passages), rows)
        silent = {d.id for d in study.documents} - {p.document for p in index.passages}
        if silent:
            warnings.append(f"{len(silent)} documents hold no text, e.g. {min(silent)}")
        maker = CandidateMaker(study, context, index, rows, constraint_of(self.options.constrain, study))
        candidates, left_out = maker.fitting([(k, shots[0]) for k in passages])
        warnings += left_out
        if not candidates:
            raise ArmError(f"rag: {'; '.join(warnings)}; lower passages, shots or chunk_tokens")
        if len(candidates) == len(shots) == 1:
            return Fitted(candidates[0].program, warnings=tuple(warnings))
        contest.try_all(candidates)
        if len(shots) > 1:
            others, left_out = maker.fitting([(_k_of(contest.best().program), number) for number in shots[1:]])
            contest.try_all(others)
            warnings += left_out
        winner = contest.best()  # before the trials are read: it may measure losses
        return Fitted(winner.program, contest.trials, warnings=(*warnings, *contest.warnings))

    def retrieve(self, program: Program, questions: Sequence[Question]) -> list[tuple[Passage, ...]]:
        """Return each question's passages from the program's index, best first."""
        from baselines.rag.index import open_index

        if program.retriever is None:
            raise ArmError("this program has no retriever; it was not made by rag")
        index = open_index(program.retriever.index)
        return index.search([question.text for question in questions], program.retriever.k)

    def preview(self, study: Study) -> Preview:
        """Show the first dev question behind the fewest examples, each with a passage found without the embedder."""
        example = study.dev[0]
        passages, note = stand_in(study, example, self.options.chunk_tokens)
        tried = ", ".join(map(str, self.options.candidates))
        shots = ", ".join(map(str, self.options.shot_candidates))
        note = f"{note}; the run tries {tried} passages and {shots} solved examples on dev"
        rows = usable_rows(study)
        shown = pick(rows, self.options.shot_candidates[0], "diverse", seed=0)
        note = "; ".join([note, *(without_systems(rows) if shown else ())])
        prompt = with_shots(passages_prompt(study), [self._stand_in_shot(study, row) for row in shown])
        return Preview(prompt.messages(example.question, passages), note=note)

    def _stand_in_shot(self, study: Study, row: Example) -> Shot:
        passages, _ = stand_in(study, row, self.options.chunk_tokens)
        return Shot.of(row, [passage.text for passage in passages])

    def _numbers(
        self, context: FitContext, passages: int, rows: Sequence[Example]
    ) -> tuple[list[int], list[int], list[str]]:
        """Return the numbers of passages and of shots to try, and warnings of what there is too little for."""
        most = 1 if context.budget.is_fast else None
        wanted = self.options.candidates[:most]
        warnings = [f"{k} passages asked for, but there are only {passages}" for k in wanted if k > passages]
        shots, short = fillable(self.options.shot_candidates[:most], rows)
        told = without_systems(rows) if shots[-1] else []
        return sorted({min(k, passages) for k in wanted}), shots, warnings + short + told


def _k_of(program: Program) -> int:
    return program.retriever.k if program.retriever else 0
