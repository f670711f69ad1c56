"""Chain of thought: the model reasons first and marks its answer (Wei et al. 2022, arXiv 2201.11903)."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

from baselines.prompt.options import ChainOfThoughtOptions
from baselines.prompt.reading import has_line_breaks
from baselines.prompt.window import longest_questions, overflow
from baselines.prompt.zero import plain_prompt, zero_shot_program
from harness.answer_reading import Reader
from harness.contract import Capability, FitContext, Fitted, Preview
from harness.errors import ArmError
from harness.program import Prompt
from harness.records import Family, GenerationSettings, Study

MARKER = "Answer:"
INSTRUCTION = (
    "Think step by step in a few short sentences. Then write the final answer alone on one last line, "
    "laid out like this:\n{marker} <the answer>"
)


@dataclass(frozen=True)
class ChainOfThought:
    """The answer is the first line after the last `Answer:`; a completion without one is unparsed, so wrong.

    Where the task has a rule of its own, its mark stands instead, and what is behind the mark is read by it.
    """

    options: ChainOfThoughtOptions
    family: ClassVar[Family] = "prompt"
    needs: ClassVar[frozenset[Capability]] = frozenset({"generate"})
    needs_documents: ClassVar[bool] = False

    @property
    def samples(self) -> int:
        """Answers drawn to a question."""
        return self.options.samples

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Return the task's prompt with the instruction to reason; nothing is settled.

        Raises:
            ArmError: If prompt, reasoning and answer exceed the context window, or the answers have
                several lines, of which the rule would read only one.
        """
        _refuse_several_lines(study)
        plain = zero_shot_program(study, context)
        program = replace(
            plain,
            prompt=_reasoned(plain.prompt, study),
            generation=self._generation(context),
            samples=self.samples,
            reader=_reader(study),
        )
        fault = overflow(program, longest_questions(study), context)
        if fault:
            raise ArmError(f"chain_of_thought: {fault}; lower reasoning_tokens or shorten the prompt")
        return Fitted(program)

    def _generation(self, context: FitContext) -> GenerationSettings:
        room = self.options.reasoning_tokens + context.max_new_tokens
        if self.samples == 1:
            return GenerationSettings(room)
        return GenerationSettings(room, self.options.temperature, context.seed)

    def preview(self, study: Study) -> Preview:
        """Show the first dev question with the instruction to reason."""
        _refuse_several_lines(study)
        return Preview(_reasoned(plain_prompt(study), study).messages(study.dev[0].question))


def _refuse_several_lines(study: Study) -> None:
    if not _reads(study) and has_line_breaks(study.train):
        raise ArmError(
            "chain_of_thought reads its answer from one line, and training targets have several; leave the arm out"
        )


def _reader(study: Study) -> Reader:
    if study.answer is None or not study.answer.reads:
        return Reader("first_line", MARKER)
    own = study.answer.reader
    return own if own.marker else Reader("whole", MARKER, then=own)


def _reads(study: Study) -> bool:
    return study.answer is not None and study.answer.reads


def _reasoned(prompt: Prompt, study: Study) -> Prompt:
    marker = (study.answer.reader.marker if study.answer else "") or MARKER
    shown = INSTRUCTION.format(marker=f"{{{{ {json.dumps(marker)} }}}}" if "{" in marker else marker)
    # the instruction is last, so that it stands against "nothing else" in the task's own prompt
    return replace(prompt, template=f"{prompt.template}\n\n{shown}")
