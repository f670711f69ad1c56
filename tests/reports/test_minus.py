"""One minus sign a format: U+2212 where people read a page, '-' where programs and terminals do."""

import dataclasses

import pytest

import reports
from reports.minus import typeset

SAID = "lora_sft loses -99.5 points (95% CI -99.9 to -98.0) since 2026-11-29, as in gpt-4, item-007 and '-5'"
SET = "lora_sft loses −99.5 points (95% CI −99.9 to −98.0) since 2026-11-29, as in gpt-4, item-007 and '-5'"


@dataclasses.dataclass(frozen=True)
class Record:
    name: str
    said: tuple[str, ...]
    by_arm: dict[str, str]
    figure: float


def test_minus_before_a_number_is_set_in_sentences_and_in_nothing_else():
    record = Record("-5", (SAID, "-7"), {"arm -1": "by -1 point"}, -1.0)
    assert typeset(record) == Record("-5", (SET, "-7"), {"arm -1": "by −1 point"}, -1.0)


@pytest.fixture
def odd(run):
    """A run whose sentences have negative figures, and whose first row has one too."""
    decision = dataclasses.replace(run.decision, sentence=SAID, caveats=(SAID,))
    first = dataclasses.replace(run.examples[0], target="it is -5 degrees")
    evidence = tuple(dataclasses.replace(one, warnings=(SAID,)) for one in run.evidence)
    return dataclasses.replace(run, decision=decision, evidence=evidence, examples=(first, *run.examples[1:]))


@pytest.mark.parametrize("form", [reports.html, reports.markdown])
def test_sentences_have_the_sign_that_figures_have_in_reports_for_people(odd, form):
    text = form().render(odd).text
    assert "−99.9 to −98.0" in text
    assert "-99.9" not in text


def test_rows_keep_their_own_sign(odd):
    assert "it is -5 degrees" in reports.html().render(odd).text


@pytest.mark.parametrize("form", [reports.json, reports.junit])
def test_files_for_programs_have_the_plain_sign(odd, form):
    text = form().render(odd).text
    assert "−" not in text and "-99.5 points" in text
