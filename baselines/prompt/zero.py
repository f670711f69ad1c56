"""Zero-shot: the task's own prompt and nothing else."""

from dataclasses import dataclass
from typing import ClassVar

from baselines.prompt.constraining import Constrain, constraint_of, needed
from baselines.prompt.options import ZeroShotOptions
from baselines.prompt.reading import reader_for
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.program import Program, Prompt
from harness.records import Family, GenerationSettings, Study


@dataclass(frozen=True)
class ZeroShot:
    """The cheapest arm, and the one that every other must beat."""

    options: ZeroShotOptions
    family: ClassVar[Family] = "prompt"
    needs_documents: ClassVar[bool] = False

    @property
    def needs(self) -> frozenset[Capability]:
        """To generate, and to hold answers to what they may be."""
        return needed(self.options.constrain)

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Return the task's prompt as a program; nothing is settled."""
        return Fitted(zero_shot_program(study, context, self.options.constrain))

    def preview(self, study: Study) -> Preview:
        """Show the first dev question under the task's own prompt."""
        return Preview(plain_prompt(study).messages(study.dev[0].question))


def zero_shot_program(study: Study, context: FitContext, constrain: Constrain | None = None) -> Program:
    """Return the base model under the task's own prompt, read by the rule that train suggests."""
    return Program(
        weights=context.base,
        prompt=plain_prompt(study),
        generation=GenerationSettings(context.max_new_tokens, constraint=constraint_of(constrain, study)),
        reader=reader_for(study),
    )


def plain_prompt(study: Study) -> Prompt:
    """Return the task's own prompt."""
    return Prompt(system=study.system, template=study.template)
