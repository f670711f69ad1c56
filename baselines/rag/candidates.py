"""Programs of the RAG arm for numbers of passages and of solved examples, as far as they fit the window."""

from collections.abc import Sequence
from dataclasses import dataclass

from baselines.prompt.reading import reader_for
from baselines.prompt.selection import Candidate
from baselines.prompt.shots import pick
from baselines.prompt.window import longest_questions, overflow
from baselines.rag.index import PassageIndex
from baselines.rag.prompting import passages_prompt, with_shots
from harness.contract import FitContext
from harness.program import Program, Retriever, Shot
from harness.records import Constraint, Example, GenerationSettings, Study


@dataclass(frozen=True)
class CandidateMaker:
    """Makes the candidates of one fit."""

    study: Study
    context: FitContext
    index: PassageIndex
    rows: Sequence[Example]  # of train, that may be shown
    constraint: Constraint | None = None  # on answers

    def fitting(self, numbers: Sequence[tuple[int, int]]) -> tuple[list[Candidate], list[str]]:
        """Return a candidate for each (passages, shots) that fits the context window; a warning for each other."""
        questions = longest_questions(self.study)
        found: list[Candidate] = []
        warnings: list[str] = []
        for k, shots in numbers:
            setting = f"passages={k} shots={shots}" if shots else f"passages={k}"
            program = self._program(k, shots)
            fault = overflow(program, questions, self.context, self.index.search([q.text for q in questions], k))
            if fault is None:
                found.append(Candidate(setting, program, size=k * (shots + 1)))  # passages in the prompt
            else:
                warnings.append(f"{setting} left out: {fault}")
        return found, warnings

    def _program(self, k: int, shots: int) -> Program:
        return Program(
            weights=self.context.base,
            prompt=with_shots(passages_prompt(self.study), self._shots(k, shots)),
            generation=GenerationSettings(self.context.max_new_tokens, constraint=self.constraint),
            reader=reader_for(self.study),
            retriever=Retriever(str(self.index.folder), k),
        )

    def _shots(self, k: int, count: int) -> tuple[Shot, ...]:
        """Return `count` diverse rows, each with the `k` passages that its own question finds."""
        rows = pick(self.rows, count, "diverse", self.context.seed)
        found = self.index.search([row.question.text for row in rows], k)
        shown = [tuple(passage.text for passage in passages) for passages in found]
        return tuple(Shot.of(row, texts) for row, texts in zip(rows, shown, strict=True))
