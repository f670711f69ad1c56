"""The check as a whole: reads the task, looks for everything, and renders what the arms will see."""

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.checking.answers import (
    find_conflicts,
    find_given_away,
    find_label_faults,
    find_length_drift,
)
from harness.checking.documents import find_odd_documents
from harness.checking.encoding import find_file_marks, find_odd_texts
from harness.checking.findings import SEVERITIES, CheckReport, Finding
from harness.checking.groups import find_rows_without_group, find_torn_groups
from harness.checking.judging import find_judges, judge_previews, judge_texts
from harness.checking.lengths import find_long_rows
from harness.checking.model_format import find_formats, find_markers, find_refusals
from harness.checking.model_text import ModelText
from harness.checking.overlaps import find_answers_in_train, find_contained, find_in_documents, find_in_prompt
from harness.checking.pairs import find_pair_faults
from harness.checking.previews import find_lost_examples, find_skipped, previews, shown_by_arms
from harness.checking.reading import Material
from harness.checking.repeats import (
    find_leaks,
    find_near_duplicates,
    find_repeats,
    find_shared_ids,
)
from harness.checking.retrieval import find_missing_answers, find_unjudged, find_unknown_evidence
from harness.checking.sizes import find_small_splits
from harness.checking.unused import find_left_out, find_unused
from harness.errors import ModelError
from harness.task.task import models_of

CHECKS: tuple[Callable[[Material], list[Finding]], ...] = (
    find_leaks,
    find_torn_groups,
    find_conflicts,
    find_unknown_evidence,
    find_pair_faults,
    find_in_prompt,
    find_near_duplicates,
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
    find_unjudged,
    find_in_documents,
    find_odd_documents,
    find_small_splits,
    find_left_out,
    find_unused,
    find_skipped,
)


def examine(material: Material, folder_of: Callable[[str], Path | None] = lambda source: None) -> CheckReport:
    """Check a task without a model.

    Args:
        material: What could be read of the task.
        folder_of: Gives a model's folder by its source, where it is on this machine: its tokenizer is read. A
            ModelError of it is a fault of the task.

    Returns:
        Findings with errors first; what a model refuses is a fault of the task, as what cannot be read is.
    """
    content = material.content
    models = models_of(content.arms) or (content.model,)
    texts = {source: _text(source, folder_of) for source in dict.fromkeys(m.source for m in models)}
    judges = judge_texts(material, folder_of)
    refused = find_refusals(material, texts)
    found = [finding for check in CHECKS for finding in check(material)]
    found += [*find_long_rows(material, texts), *find_formats(texts), *find_markers(material, texts)]
    shown = [] if refused else shown_by_arms(material)
    found += [*find_lost_examples(shown, texts), *find_judges(material, judges)]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return CheckReport(
        task=str(content.path),
        faults=(*material.listed, *refused),
        findings=tuple(found),
        seen=() if refused else (*previews(shown, texts), *judge_previews(material, judges)),
        notes=content.data.notes,
        lengths=_how(texts),
    )


def _text(source: str, folder_of: Callable[[str], Path | None]) -> ModelText:
    try:
        return ModelText(folder_of(source), _named(source))
    except ModelError as fault:
        return ModelText(None, fault=str(fault))


def _named(source: str) -> str:
    """Return a model's name as the user knows it, without the path that it lies at."""
    return Path(source).name if Path(source).is_absolute() else source


def _how(texts: Mapping[str, ModelText]) -> str:
    """Say how tokens are counted: once where it is so for all models."""
    said = {text.how for text in texts.values()}
    if len(said) == 1:
        return said.pop()
    return "; ".join(f"{source}: {text.how}" for source, text in texts.items())
