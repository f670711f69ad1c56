"""How passages enter the prompt."""

from collections.abc import Sequence
from dataclasses import replace

from baselines.rag.chunks import passages_of
from harness.errors import ArmError
from harness.program import Prompt, Shot
from harness.records import Example, Passage, Study

INSTRUCTION = "Use the numbered passages to answer."
CHARACTERS_PER_TOKEN = 4  # of English text, where the embedder's tokenizer is not asked
# Without passages (the harness's control condition) the user's turn is the task's own.
PASSAGES = (
    "{% if passages %}Passages:\n"
    "{% for passage in passages %}[{{ loop.index }}] {{ passage }}\n{% endfor %}\n{% endif %}"
)


def passages_prompt(study: Study) -> Prompt:
    """Return the task's own prompt with numbered passages before the user's turn."""
    return Prompt(
        system=f"{study.system} {INSTRUCTION}" if study.system else INSTRUCTION,
        template=PASSAGES + study.template,
    )


def with_shots(prompt: Prompt, shots: Sequence[Shot]) -> Prompt:
    """Return the prompt with solved examples, which are shown with their own passages, as the question is."""
    return replace(prompt, shots=tuple(shots), shot_template=prompt.template) if shots else prompt


def stand_in(study: Study, example: Example, chunk_tokens: int) -> tuple[tuple[Passage, ...], str]:
    """Return one passage as the search might find it, and what it is: for a preview without the embedder.

    Raises:
        ArmError: If there are no documents.
    """
    if not study.documents:
        raise ArmError("there are no documents to search; give data.documents in the task file")
    named = [document for document in study.documents if document.id in example.evidence]
    document = (named or list(study.documents))[0]
    passages = passages_of([document], lambda text: -(-len(text) // CHARACTERS_PER_TOKEN), chunk_tokens)
    which = "the row's evidence" if named else "the first document"
    return passages[:1], f"the first chunk of {which} ({document.id}) stands for what the search will find"
