"""The RAG arm: the task's prompt with retrieved passages; their number settled on dev."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from baselines.prompt.reading import reader_for
from baselines.prompt.selection import Candidate, DevContest
from baselines.prompt.window import longest_questions, overflow
from baselines.rag.options import RagOptions
from baselines.rag.prompting import passages_prompt, stand_in
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.errors import ArmError
from harness.program import Program, Retriever
from harness.records import Family, GenerationSettings, Passage, Question, Study


@dataclass(frozen=True)
class Rag:
    """Searches the task's documents by the user's last turn and shows what it found before it."""

    options: RagOptions
    family: ClassVar[Family] = "rag"
    needs: ClassVar[frozenset[Capability]] = frozenset({"generate"})
    needs_documents: ClassVar[bool] = True

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Index the documents and settle the number of passages on dev.

        Raises:
            ArmError: If there is nothing to search, or even the fewest passages exceed the context window.
        """
        contest = DevContest(context, study.dev, self.options.dev_rows, time.monotonic())
        if not study.documents:
            raise ArmError("rag needs documents to search; give data.documents in the task file")
        from baselines.rag.index import build_index, index_folder

        place = (study.documents, self.options.chunk_tokens, self.options.embedder)
        folder = index_folder(context.shared, *place)
        index = build_index(study.documents, folder, *place[1:], log=context.log)
        candidates, warnings = self._candidates(study, context, folder, len(index.passages))
        silent = {d.id for d in study.documents} - {p.document for p in index.passages}
        if silent:
            warnings.append(f"{len(silent)} documents hold no text, e.g. {min(silent)}")
        if len(candidates) == 1:
            return Fitted(candidates[0].program, warnings=tuple(warnings))
        contest.try_all(candidates)
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
        """Show the first dev question with a passage, found without the embedder."""
        example = study.dev[0]
        passages, note = stand_in(study, example, self.options.chunk_tokens)
        tried = ", ".join(map(str, self.options.candidates))
        note = f"{note}; the run tries {tried} passages on dev"
        return Preview(passages_prompt(study).messages(example.question, passages), note=note)

    def _candidates(
        self, study: Study, context: FitContext, folder: Path, passages: int
    ) -> tuple[list[Candidate], list[str]]:
        """Return a candidate for each number of passages that fits the context window."""
        wanted = self.options.candidates[:1] if context.budget.is_fast else self.options.candidates
        warnings = [f"{k} passages asked for, but there are only {passages}" for k in wanted if k > passages]
        questions = longest_questions(study)
        fitting: list[Candidate] = []
        for k in sorted({min(k, passages) for k in wanted}):
            program = _program(study, context, Retriever(str(folder), k))
            fault = overflow(program, questions, context, self.retrieve(program, questions))
            if fault is None:
                fitting.append(Candidate(f"passages={k}", program, k))
            else:
                warnings.append(f"passages={k} left out: {fault}")
        if not fitting:
            raise ArmError(f"rag: {'; '.join(warnings)}; lower passages or chunk_tokens")
        return fitting, warnings


def _program(study: Study, context: FitContext, retriever: Retriever) -> Program:
    return Program(
        weights=context.base,
        prompt=passages_prompt(study),
        generation=GenerationSettings(context.max_new_tokens),
        reader=reader_for(study),
        retriever=retriever,
    )
