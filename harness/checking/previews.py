"""What each arm will really show the model for one row, as far as it is settled before the run."""

from collections.abc import Mapping

from harness.checking.findings import Seen
from harness.checking.model_text import ModelText
from harness.checking.reading import Material
from harness.contract import Previewing
from harness.errors import HarnessError
from harness.plugins import BASELINES, load


def previews(material: Material, texts: Mapping[str, ModelText]) -> tuple[Seen, ...]:
    """Render one row for every arm, in its own model's words; none while the task cannot be read.

    Args:
        material: The task.
        texts: Of each model, by its source.
    """
    if material.listed or not all(material.splits.values()):
        return ()
    study = material.content.study
    seen = []
    for spec in material.content.arms:
        arm = load(BASELINES, spec.baseline)(spec.options)
        if not isinstance(arm, Previewing):
            seen.append(Seen(spec.name, "", None, "this arm has no preview"))
            continue
        try:
            shown = arm.preview(study)
        except HarnessError as fault:
            seen.append(Seen(spec.name, "", None, f"cannot be shown: {fault}"))
            continue
        text = texts[spec.model.source]
        learnt = None if shown.learnt is None else text.answer(shown.learnt) + text.ending()
        seen.append(Seen(spec.name, text.prompt(shown.messages), learnt, shown.note))
    return tuple(seen)
