"""A redacted report holds no text of rows, documents and answers, and every figure."""

import dataclasses
import re

import pytest
from test_items import unpacked

import reports
from harness.evidence.redaction import FEWEST_CHARACTERS, WITHHELD, redacted, texts_of, withholding
from harness.records import Missing
from reports.items.pack import packed

FORMATS = [reports.html, reports.markdown, reports.json, reports.junit]


def quoting(run):
    """The run with sentences that quote a label, a passage and an answer."""
    label, passage = run.examples[0].target, run.evidence[3].predictions[0].passages[0]
    decision = dataclasses.replace(
        run.decision,
        caveats=(f"every second answer is {label}", *run.decision.caveats),
        missing=(Missing("lora_dpo", f"failed: cannot read {passage}", "not known", True),),
    )
    return dataclasses.replace(run, decision=decision, notes=(f"train row 3: {label} stands twice",))


@pytest.mark.parametrize("form", FORMATS)
def test_no_text_of_the_run_is_in_any_report(make_run, form):
    run = quoting(make_run(30))
    texts = {text.strip() for text in texts_of(run) if len(text.strip()) >= FEWEST_CHARACTERS}
    assert len(texts) > 100
    open_text, bare = form().render(run).text, form().render(redacted(run)).text
    shown = re.sub(r'<script type="text/plain".*?</script>', "", bare, flags=re.DOTALL)
    assert [text for text in texts if text in shown] == []
    assert run.examples[0].target in open_text or form is reports.junit  # so that the search finds what is there


def test_packed_items_hold_no_text_either(make_run):
    run = quoting(make_run(30))
    strings = "\n".join(unpacked(packed(redacted(run), {}))["strings"])
    assert [text for text in texts_of(run) if len(text) >= FEWEST_CHARACTERS and text in strings] == []


def test_figures_stay(make_run):
    run = make_run(30)
    figures = [re.findall(r"[−+]?\d+\.\d%?", reports.markdown().render(one).text) for one in (run, redacted(run))]
    assert figures[0] == figures[1] and len(figures[0]) > 30


def test_sentence_is_withheld_where_it_quotes_a_text_in_whole_words(make_run):
    withhold = withholding(make_run(6))
    assert withhold("the commonest answer is QX-DELIVERY, always") == WITHHELD
    assert withhold("the commonest answer is QX-DELIVERYMAN") != WITHHELD
    assert withhold("no text of the task") == "no text of the task"
