"""Few-shot: solved examples from train, as turns of the conversation; number and choice settled on dev.

Examples that are nearest to a question (Liu et al. 2021, arXiv 2101.06804) are found by the harness when it asks, as
passages are: the program names an index of training rows.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar

from baselines.prompt.constraining import needed
from baselines.prompt.options import FewShotOptions, Way
from baselines.prompt.selection import Candidate, DevContest, drawn
from baselines.prompt.shots import Choice, choose, fillable, usable_rows, without_systems
from baselines.prompt.window import longest_questions, overflow
from baselines.prompt.zero import plain_prompt, zero_shot_program
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.errors import ArmError
from harness.program import Program, Prompt, Retriever, Shot
from harness.records import Example, Family, Passage, Question, Study

FAST_SHOTS = 2


@dataclass(frozen=True)
class FewShot:
    """Examples come from train alone; a row that dev asks too is never shown.

    The numbers of shots are compared with diverse examples first, then random examples with the best number, and
    those nearest to each question with every number, as of these the first tell most: two dev evaluations a number,
    and one more.
    """

    options: FewShotOptions
    family: ClassVar[Family] = "prompt"
    needs_documents: ClassVar[bool] = False

    @property
    def needs(self) -> frozenset[Capability]:
        """To generate, and to hold answers to what they may be."""
        return needed(self.options.constrain)

    @property
    def candidates(self) -> int:
        """The numbers of shots, the other ways with one number, and of nearest examples every number."""
        numbers, ways = len(self.options.candidates), self.options.ways
        return numbers + len(ways) - 1 + (numbers - 1 if "nearest" in ways[1:] else 0)

    @property
    def choosing_rows(self) -> int:
        """Of dev."""
        return self.options.dev_rows

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Settle number and choice of the examples on dev.

        Raises:
            ArmError: If no training row can be shown, or the fewest shots exceed the context window.
        """
        contest = DevContest(context, study.dev, self.options.dev_rows, time.monotonic())
        numbers, rows, warnings = self._numbers(study, context)
        way, *other_ways = self.options.ways
        candidates, left_out = self._candidates(numbers, [way], rows, study, context)
        if not candidates:
            raise ArmError(f"few_shot: {left_out[0]}")  # the fewest shots
        warnings += left_out
        if len(candidates) == 1 and (context.budget.is_fast or not other_ways):
            return Fitted(candidates[0].program, warnings=tuple(warnings))
        contest.try_all(candidates)
        if other_ways:
            best = contest.best().size
            for other in other_ways:
                tried = numbers if other == "nearest" else [best]
                others, left_out = self._candidates(tried, [other], rows, study, context)
                contest.try_all(others)
                warnings += left_out
        winner = contest.best()  # before the trials are read: it may measure losses
        return Fitted(winner.program, contest.trials, warnings=(*warnings, *contest.warnings))

    def retrieve(self, program: Program, questions: Sequence[Question]) -> list[tuple[Passage, ...]]:
        """Return each question's nearest examples from the program's index, nearest first."""
        from baselines.rag.index import open_index

        if program.retriever is None:
            raise ArmError("this program has no retriever; its examples are the same for every question")
        index = open_index(program.retriever.index)
        return index.search([question.text for question in questions], program.retriever.k)

    def preview(self, study: Study) -> Preview:
        """Show the first dev question behind the fewest shots, drawn with seed 0."""
        rows = usable_rows(study)
        if not rows:
            raise ArmError(_nothing_to_show(study))
        number, way = min(self.options.candidates[0], len(rows)), self.options.ways[0]
        choice: Choice = "diverse" if way == "nearest" else way
        prompt = _shot_prompt(plain_prompt(study), choose(rows, number, choice, seed=0))
        tried = ", ".join(map(str, self.options.candidates))
        note = f"{number} shots are shown ({choice}); the run tries {tried} on dev"
        if way == "nearest":
            note += "; those nearest to each question take their place"
        elif "nearest" in self.options.ways:
            note += ", and those nearest to each question"
        note = "; ".join([note, *without_systems(rows)])
        return Preview(prompt.messages(study.dev[0].question), note=note)

    def _numbers(self, study: Study, context: FitContext) -> tuple[list[int], list[Example], list[str]]:
        """Return the numbers of shots that train can fill, and the rows to choose from."""
        rows = list(drawn(usable_rows(study), context.budget.train_rows, context.seed))
        if not rows:
            raise ArmError(_nothing_to_show(study))
        wanted = (FAST_SHOTS,) if context.budget.is_fast else self.options.candidates
        numbers, warnings = fillable(wanted, rows)
        return numbers, rows, warnings + without_systems(rows)

    def _candidates(
        self, numbers: Sequence[int], ways: Sequence[Way], rows: Sequence[Example], study: Study, context: FitContext
    ) -> tuple[list[Candidate], list[str]]:
        """Return the candidates that fit the context window, and a warning for each that does not."""
        fitting: list[Candidate] = []
        warnings: list[str] = []
        plain, questions = zero_shot_program(study, context, self.options.constrain), longest_questions(study)
        for number, way in product(numbers, ways):
            setting = f"shots={number} choice={way}"
            try:
                program = _with_shots(plain, rows, number, way, context)
                found = self.retrieve(program, questions) if program.retriever else None  # a long row finds itself
            except ArmError as fault:  # of the embedder, on a text of train or of a question
                warnings.append(f"{setting} left out: {fault}")
                continue
            if excess := overflow(program, questions, context, found):
                warnings.append(f"{setting} left out: {excess}; ask for fewer shots or shorten the rows")
            else:
                fitting.append(Candidate(setting, program, number))
        return fitting, warnings


def _nothing_to_show(study: Study) -> str:
    return (
        f"few_shot: none of the {len(study.train)} training rows can be shown, as dev asks the questions of all; add "
        "rows with other questions or leave the arm out"
    )


def _with_shots(program: Program, rows: Sequence[Example], number: int, way: Way, context: FitContext) -> Program:
    if way != "nearest":
        return replace(program, prompt=_shot_prompt(program.prompt, choose(rows, number, way, context.seed)))
    from baselines.rag.index import build_example_index

    folder = build_example_index(rows, context.shared, context.log).folder
    prompt = _shot_prompt(program.prompt, ())
    return replace(program, prompt=prompt, retriever=Retriever(str(folder), number, "examples"))


def _shot_prompt(prompt: Prompt, shots: tuple[Shot, ...]) -> Prompt:
    return replace(prompt, shots=shots, shot_template=prompt.template)
