"""A redacted report holds no text of rows, documents and answers, and every figure."""

import dataclasses
import re

import pytest
from test_items import unpacked

import reports
from harness.evidence.redaction import (
    FEWEST_CHARACTERS,
    WITHHELD,
    redacted,
    texts_beside,
    texts_of,
    withholding,
)
from harness.records import Document, Example, JudgeFindings, Message, Missing, Study
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


def test_ordinary_word_counts_where_it_is_quoted_alone_and_a_long_text_by_its_beginning(make_run):
    row = "On which extension can Wanda Ivanova of the third floor be reached today?"
    withhold = withholding(make_run(6), ["points", "pass", row])
    assert withhold("a gain of 3 points is not shown, and 2 arms pass") != WITHHELD
    assert withhold("always answering 'points' scores more") == WITHHELD
    assert withhold("row 3: 'On which extension can Wanda I...' is odd") == WITHHELD
    assert withhold("cannot read 'a stretch from the middle of some page' of it") == WITHHELD


def test_texts_of_training_rows_and_documents_are_withheld_as_well():
    train = Example("t1", (Message("user", "May I return an opened box?"),), "RETURNS-2")
    study = Study((train,), (), documents=(Document("d", "Opened boxes go back.", "d.md"),))
    texts = set(texts_beside(study))
    assert {"t1", "May I return an opened box?", "RETURNS-2", "Opened boxes go back."} <= texts


def test_names_of_ours_are_no_sentences_even_where_a_label_is_spelt_alike(make_run):
    run = make_run(30)
    states = tuple(gate.state for gate in run.decision.gates)
    labels = ("pass", "fail", "missed", *states)
    examples = tuple(dataclasses.replace(one, target=labels[n % len(labels)]) for n, one in enumerate(run.examples))
    bare = redacted(dataclasses.replace(run, examples=examples))
    assert tuple(gate.state for gate in bare.decision.gates) == states
    assert (bare.decision.action, bare.decision.goal) == (run.decision.action, run.decision.goal)
    reports.html().render(bare)


def test_run_with_a_judge_is_redacted_too(make_run):
    run = make_run(30)
    found = JudgeFindings("judge", "m", True, "none", None, (), (), 3, 0.5, 10, 1.0)
    metric = {"primary": "judge", "options": {"judge": {"rubric": "Is it kind?", "choose_by": "rouge_l"}}}
    run = dataclasses.replace(run, judging=(found,), task={**run.task, "metric": metric})
    text = reports.html().render(redacted(run)).text
    assert "Is it kind?" not in text
    assert "made their choices on dev by ROUGE-L" in text


def test_items_without_a_judgement_are_named_as_the_others_are(make_run):
    run = make_run(30)
    first = run.examples[0].id
    evidence = (dataclasses.replace(run.evidence[0], unjudged=(first,)), *run.evidence[1:])
    bare = redacted(dataclasses.replace(run, evidence=evidence))
    assert bare.evidence[0].unjudged == (bare.examples[0].id,) != (first,)
