"""The label of a verdict says what is the case, and nothing on the page says otherwise."""

import dataclasses
import re

import pytest

import reports
from harness.decision.smoke import NO_VERDICT
from harness.records import Interval
from reports.view.forgetting import forgetting_section
from reports.view.gain import gain_section
from reports.view.gates import FORGETTING
from reports.view.lookup import leading
from reports.view.names import option_names, plain_words
from reports.view.options import options
from reports.view.standing import UNDECIDED, standing
from reports.view.verdict import verdict


def decided(run, **new):
    return dataclasses.replace(run, decision=dataclasses.replace(run.decision, **new))


def with_gate(run, arm, **new):
    gates = tuple(dataclasses.replace(g, **new) if g.arm == arm else g for g in run.decision.gates)
    return decided(run, gates=gates)


@pytest.mark.parametrize("kind", [kind for kind in UNDECIDED if kind])
def test_each_way_of_being_undecided_has_a_label_of_its_own(run, kind):
    label = standing(decided(run, action="undecided", arm=None, goal="not_shown", undecided=kind)).label
    assert label.mood == "unsure" and label.text == UNDECIDED[kind]
    assert list(UNDECIDED.values()).count(label.text) == 1


def test_strength_of_a_recommendation_is_that_of_its_weakest_part(run):
    sure = with_gate(run, "lora_sft", state="pass", failed=(), doubted=())
    assert standing(sure).label.mood == "good"
    assert standing(run).label.mood == "unsure"  # forgetting is not excluded
    assert standing(decided(sure, goal="not_shown")).label.mood == "unsure"
    assert standing(decided(sure, goal="missed")).label.mood == "bad"
    assert [mark.text for mark in standing(sure).marks] == ["Goal of 90.0% met", "Forgetting excluded"]


def test_smoke_run_has_no_verdict_in_any_colour(make_run):
    smoke = make_run(12, is_fast=True)
    stands = standing(smoke)
    assert (stands.label.mood, stands.marks) == ("", ())
    text = reports.html().render(smoke).text
    assert 'class="chip none"' in text and ", recommended" not in text
    assert 'class="chosen"' not in text.split('id="arms"')[0]
    assert smoke.decision.sentence == NO_VERDICT and NO_VERDICT in re.sub("<[^>]+>", "", text)


@pytest.mark.parametrize("state", list(FORGETTING))
def test_every_place_says_of_forgetting_what_the_gate_says(run, state):
    changed = with_gate(run, "lora_sft", state=state)
    word = FORGETTING[state][0]
    page = verdict(changed)
    assert page.marks[1].text == f"Forgetting {word}"
    assert next(row for row in page.options.rows if row.arm == "lora_sft").cells[2].text == word
    finding, title = forgetting_section(changed).finding, gain_section(changed).figures[1].title
    assert finding.startswith(title) and f"{word} for " in title


def test_share_retained_with_bounds_beyond_sense_is_not_measurable(run):
    wild = with_gate(run, "lora_sft", retention=Interval(1.0, -8.28, 10.28, 40, "ratio"))
    text = reports.html().render(wild).text
    assert "not measurable" in text and "828" not in text


def test_caveat_shown_is_one_that_could_overturn_the_verdict(run):
    assert verdict(run).caveat.startswith("Forgetting by “Fine-tuned (LoRA)”")
    harmless = verdict(decided(run, turning=0))
    assert harmless.caveat.startswith("Nothing on record") and len(harmless.more_caveats) == len(run.decision.caveats)


def test_every_sentence_of_page_one_has_one_interval(run):
    assert all(sentence.count("interval ") <= 1 and sentence.count("n = ") <= 1 for sentence in verdict(run).sentences)


def test_nothing_is_praised_where_every_option_scores_zero(run):
    zero = {arm: dataclasses.replace(score, estimate=0.0, low=0.0) for arm, score in run.decision.scores.items()}
    page = verdict(decided(run, action="undecided", arm=None, goal="missed", scores=zero))
    assert page.sentences[0] == "Every option scores 0.0% by “Exact match”."


def test_options_are_called_by_what_they_do_and_number_their_examples(run):
    shot = {"prompt": {"shots": [{}] * 8}, "retriever": None}
    evidence = tuple(
        dataclasses.replace(found, program=shot) if found.arm == "few_shot" else found for found in run.evidence
    )
    names = option_names(dataclasses.replace(run, evidence=evidence))
    assert (names["few_shot"], names["rag"], names["lora_sft"]) == (
        "8 examples in the prompt", "Your documents", "Fine-tuned (LoRA)",
    )  # fmt: skip


def test_examples_that_are_found_for_each_question_are_called_nearest_and_use_all_rows(run):
    found = {"prompt": {"shots": []}, "retriever": {"index": "index", "k": 2, "finds": "examples"}}
    evidence = tuple(dataclasses.replace(e, program=found) if e.arm == "few_shot" else e for e in run.evidence)
    listed = {option.arm: option for option in options(dataclasses.replace(run, evidence=evidence)).rows}
    assert listed["few_shot"].name == "2 nearest examples in the prompt"
    assert listed["few_shot"].cells[-1].text == "all: the 2 nearest are shown"


def test_arms_names_become_plain_ones_in_whole_words_only(run):
    plain = plain_words(run)
    assert plain("few_shot beats my_few_shot_two") == "“3 examples in the prompt” beats my_few_shot_two"


def test_terms_of_page_one_lead_to_the_glossary(run):
    text = reports.html().render(run).text
    targets = set(re.findall(r'class="term" href="#([\w-]+)"', text))
    assert len(targets) > 5 and all(f'id="{target}"' in text for target in targets)


def test_every_spelling_of_a_term_has_its_entry():
    from reports.view.terms import SPELLINGS
    from reports.view.words import GLOSSARY

    assert set(SPELLINGS.values()) <= {word for word, _ in GLOSSARY}


def test_goal_that_the_interval_lies_above_is_not_said_to_be_reached_below(run):
    lead = leading(run)
    low = run.decision.scores[lead.arm].low
    limits = dataclasses.replace(run.limits, goal=low - 0.01)
    held = dataclasses.replace(
        decided(run, goal="not_shown", action="undecided", arm=None, undecided="few_items"), limits=limits
    )
    [said] = [text for text in verdict(held).sentences if text.startswith("The goal of at least")]
    assert "not shown to be met" in said and "reaches below" not in said


def test_goal_that_would_change_the_verdict_is_the_bound_that_was_held_against_it(run):
    rungs = tuple(dataclasses.replace(rung, goal_bound=0.8125) for rung in run.decision.rungs)
    assert any("A goal" in text and "81.2%" in text for text in verdict(decided(run, rungs=rungs)).changes)


def test_report_of_a_smoke_run_holds_no_judgement_anywhere(make_run):
    whole, smoke = make_run(60), make_run(60, is_fast=True)
    judged = ("No rung above", "earned its cost", "climb", "gains most", "reach the goal of", "No reason was recorded")
    judged += ("could overturn", "would change this verdict", "rethink the approach", "pays for its training")
    judged += (whole.decision.rule.predicts,)
    for render in (reports.html, reports.markdown):
        text = render().render(smoke).text.split('id="words"')[0]  # the glossary says what such words mean
        text = re.sub("<style>.*?</style>|<[^>]+>", "", text, flags=re.DOTALL).replace("\\", "")
        assert "Smoke run: no verdict" in text and "without --fast" in text
        assert [word for word in judged if word in text] == []
    assert "earned its cost" in reports.html().render(whole).text
