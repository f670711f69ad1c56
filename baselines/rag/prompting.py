"""How passages enter the prompt."""

from harness.program import Prompt
from harness.records import Study

INSTRUCTION = "Use the numbered passages to answer."
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
