"""The check as a whole: reads the task, looks for everything, and renders what the arms will see."""

from collections.abc import Callable
from pathlib import Path

from harness.checking.answers import (
    find_conflicts,
    find_given_away,
    find_label_faults,
    find_length_drift,
)
from harness.checking.encoding import find_file_marks, find_odd_texts
from harness.checking.findings import SEVERITIES, CheckReport, Finding
from harness.checking.groups import find_rows_without_group, find_torn_groups
from harness.checking.lengths import find_long_rows
from harness.checking.model_text import ModelText
from harness.checking.overlaps import find_answers_in_train, find_contained, find_in_documents, find_in_prompt
from harness.checking.pairs import find_pair_faults
from harness.checking.previews import previews
from harness.checking.reading import Material
from harness.checking.repeats import (
    find_leaks,
    find_near_copies,
    find_repeats,
    find_shared_ids,
)
from harness.checking.retrieval import find_missing_answers, find_unknown_evidence
from harness.checking.sizes import find_small_splits

CHECKS: tuple[Callable[[Material], list[Finding]], ...] = (
    find_leaks,
    find_torn_groups,
    find_conflicts,
    find_unknown_evidence,
    find_pair_faults,
    find_in_prompt,
    find_near_copies,
    find_contained,
    find_answers_in_train,
    find_given_away,
    find_repeats,
    find_shared_ids,
    find_rows_without_group,
    find_label_faults,
    find_length_drift,
    find_odd_texts,
    find_file_marks,
    find_missing_answers,
    find_in_documents,
    find_small_splits,
)


def examine(material: Material, model_folder: Path | None) -> CheckReport:
    """Check a task without a model.

    Args:
        material: What could be read of the task.
        model_folder: Where the model's tokenizer lies; None when it is not on this machine.

    Returns:
        Findings with errors first.
    """
    text = ModelText(model_folder)
    found = [finding for check in CHECKS for finding in check(material)]
    found += find_long_rows(material, text)
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return CheckReport(
        task=str(material.content.path),
        faults=material.listed,
        findings=tuple(found),
        seen=previews(material, text),
        notes=material.content.data.notes,
        lengths=text.how,
    )
