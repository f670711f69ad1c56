"""Label score: the likeliest of the answers that train knows, so that there is no form to miss.

Of some labels a model is fond whatever it is asked. What it thinks of each under an empty input can be taken off
(contextual calibration, Zhao et al. 2021, arXiv 2102.09690; pointwise mutual information, Holtzman et al. 2021,
arXiv 2104.08315); dev says whether that helps.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from baselines.prompt.closed_set import labels_of
from baselines.prompt.options import LabelScoreOptions
from baselines.prompt.selection import Candidate, DevContest
from baselines.prompt.window import longest_questions, overflow
from baselines.prompt.zero import plain_prompt
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.errors import ArmError
from harness.program import Choices, Program, general_question
from harness.records import Example, Family, GenerationSettings, Question, Study

SHOWN = 20  # labels that a preview names


@dataclass(frozen=True)
class LabelScore:
    """Asks with the task's own prompt and compares the log-likelihoods of all training targets."""

    options: LabelScoreOptions
    family: ClassVar[Family] = "prompt"
    needs: ClassVar[frozenset[Capability]] = frozenset({"loglikelihood"})
    needs_documents: ClassVar[bool] = False

    @property
    def candidates(self) -> int:
        """Bare and calibrated, unless one is given."""
        return 2 if self.options.calibrated is None else 1

    @property
    def choosing_rows(self) -> int:
        """Of dev."""
        return self.options.dev_rows

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Take the labels from train, and settle on dev whether they are calibrated.

        Raises:
            ArmError: If the targets are not a closed set, cannot be compared as is asked, or exceed the context window.
        """
        contest = DevContest(context, study.dev, self.options.dev_rows, time.monotonic())
        labels = labels_of(study.train)
        bare = Program(
            weights=context.base,
            prompt=plain_prompt(study),
            generation=GenerationSettings(max(map(context.engine.answer_tokens, labels))),
            choices=Choices(labels, (0.0,) * len(labels)),
        )
        fault = overflow(bare, longest_questions(study), context)
        if fault:
            raise ArmError(f"label_score: {fault}; shorten the prompt")
        ways, warnings = self._ways(labels)
        warnings += _unknown(study.dev, labels)
        if context.budget.is_fast:
            ways = ways[:1]
        empty = general_question(bare.prompt, "empty", "")
        programs = [_calibrated(bare, empty, context) if is_calibrated else bare for is_calibrated in ways]
        if len(programs) == 1:
            return Fitted(programs[0], warnings=tuple(warnings))
        settings = zip(("calibrated=no", "calibrated=yes"), programs, strict=True)
        contest.try_all([Candidate(setting, program, size) for size, (setting, program) in enumerate(settings)])
        winner = contest.best()  # before the trials are read: it may measure losses
        return Fitted(winner.program, contest.trials, warnings=(*warnings, *contest.warnings))

    def preview(self, study: Study) -> Preview:
        """Show the first dev question under the task's own prompt, and say what is compared."""
        labels = labels_of(study.train)
        more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
        shown = ", ".join(map(repr, labels[:SHOWN])) + more
        note = f"nothing is generated: the answer is the likeliest of {len(labels)} labels of train ({shown})"
        return Preview(plain_prompt(study).messages(study.dev[0].question), note=note)

    def _ways(self, labels: Sequence[str]) -> tuple[list[bool], list[str]]:
        """Return whether to calibrate, bare first where both are to be tried, and a warning where one cannot be."""
        given = self.options.calibrated
        pair = _nested(labels)
        if pair is None:
            return ([False, True] if given is None else [given]), []
        why = f"'{pair[0]}' begins '{pair[1]}', and of such labels the shorter always looks likelier"
        if given is False:
            raise ArmError(f"label_score: {why}; leave calibrated: false out")
        return [True], [f"{why}, so only calibrated likelihoods are compared"]


def _nested(labels: Sequence[str]) -> tuple[str, str] | None:
    """Return a label and another that continues it, which are neighbours in sorted order; None without any."""
    return next(((a, b) for a, b in zip(labels, labels[1:], strict=False) if b.startswith(a)), None)


def _unknown(dev: Sequence[Example], labels: Sequence[str]) -> list[str]:
    others = sorted({example.target.strip() for example in dev} - set(labels))
    return [f"{len(others)} answers of dev are not labels of train, e.g. '{others[0]}'"] if others else []


def _calibrated(program: Program, empty: Question, context: FitContext) -> Program:
    """Return the program with each label's log-likelihood under an empty input taken off."""
    assert program.choices
    labels = program.choices.labels
    [found] = context.engine.loglikelihood([(program.messages(empty), labels)], program.weights)
    return replace(program, choices=Choices(labels, tuple(likelihood.logprob for likelihood in found)))
