"""How every item ended, arms without a figure, and warnings, in all three formats."""

import dataclasses
import json

import jsonschema
import pytest

import reports
from harness.records import AnswerRetrieval, Calibration, FormMisses, Outcome, Retrieval
from reports.json_format import schema
from reports.view.arms import arms_section
from reports.view.outcomes import outcomes_section
from reports.view.verdict import verdict

# 6 and 9 of 200 stay below the error rate of 5%; 30 do not
LOST = {"few_shot": 6, "lora_sft": 9, "qlora_sft": 30}


@pytest.fixture(scope="module")
def lossy(make_lossy_run):
    return make_lossy_run(LOST)


def cells(table):
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_every_class_that_occurs_is_a_column_with_what_it_counts_as(lossy):
    table = outcomes_section(lossy).outcomes
    assert list(zip(table.headings, table.notes, strict=True)) == [
        ("Arm", ""),
        ("Answered", "scored"),
        ("No answer could be read", "counts as wrong"),
        ("Worker crashed", "left out"),
        ("Items", ""),
        ("Worst to best case", ""),
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_class_is_named_as_scored_wrong_or_left_out(run, outcome):
    one = dataclasses.replace(run.evidence[0].predictions[0], outcome=outcome)
    alone = dataclasses.replace(run, evidence=(dataclasses.replace(run.evidence[0], predictions=(one,)),))
    wrong = {
        Outcome.UNPARSED,
        Outcome.PATTERN_STOPPED,
        Outcome.TRUNCATED,
        Outcome.EMPTY,
        Outcome.CONTEXT_OVERFLOW,
    }
    scored = {Outcome.SCORED, Outcome.REFUSED}
    expected = "counts as wrong" if outcome in wrong else "scored" if outcome in scored else "left out"
    assert outcomes_section(alone).outcomes.notes[1] == expected


def test_finding_counts_refusals_among_the_scored_answers(run):
    answers = run.evidence[0].predictions[:4]
    ends = (Outcome.SCORED, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.TIMEOUT)
    mixed = tuple(dataclasses.replace(p, outcome=end) for p, end in zip(answers, ends, strict=True))
    alone = dataclasses.replace(run, evidence=(dataclasses.replace(run.evidence[0], predictions=mixed),))
    assert outcomes_section(alone).finding == "2 of 4 answers could be scored (50.0%); 1 item could not be asked."


def test_counts_of_an_arm_add_up_to_its_items(lossy):
    rows = cells(outcomes_section(lossy).outcomes)
    assert {sum(map(int, row[:3])) for row in rows.values() if len(row) > 1} == {200}
    assert rows["lora_sft"][2] == "9"


def test_lost_items_give_a_worst_and_a_best_case_over_all_items_of_the_arm(lossy):
    tuned = next(evidence for evidence in lossy.evidence if evidence.arm == "lora_sft")
    right = sum(score.value for score in tuned.scores["exact_match"])
    rows = cells(outcomes_section(lossy).outcomes)
    assert rows["lora_sft"][-1] == f"{right / 2:.1f}% to {(right + 9) / 2:.1f}%"  # of 200 items, in percent
    assert rows["zero_shot"][-1] == "nothing lost"


def test_figure_that_is_no_mean_of_items_says_so_in_place_of_a_range(lossy):
    bounds = tuple(dataclasses.replace(b, worst=None, best=None) for b in lossy.decision.error_bounds)
    decision = dataclasses.replace(lossy.decision, error_bounds=bounds, other_verdicts=None)
    section = outcomes_section(dataclasses.replace(lossy, decision=decision))
    assert cells(section.outcomes)["lora_sft"][-1] == "not a mean of items"
    assert "so it has no worst and best case" in section.errors_note


def test_verdict_that_lost_items_could_turn_is_the_biggest_caveat(lossy):
    # lora_sft at 94.7% of 189 reaches the goal; with its nine lost items wrong, 90.5% of 200 does not
    assert verdict(lossy).caveat.startswith("items lost to infrastructure errors could turn the verdict into fine-tune")
    assert "the verdict could be fine-tune (lora_sft), goal not shown" in outcomes_section(lossy).errors_note


def test_items_of_an_arm_that_is_not_judged_are_not_said_to_change_nothing(lossy):
    alone = tuple(bound for bound in lossy.decision.error_bounds if bound.arm == "qlora_sft")
    decision = dataclasses.replace(lossy.decision, error_bounds=alone, other_verdicts=())
    note = outcomes_section(dataclasses.replace(lossy, decision=decision)).errors_note
    assert "What the items of qlora_sft would change is not known" in note
    assert "the same in either case" not in note


def test_figure_that_is_no_mean_says_so_also_where_only_an_arm_that_is_not_judged_lost_items(lossy):
    (alone,) = (bound for bound in lossy.decision.error_bounds if bound.arm == "qlora_sft")
    bounds = (dataclasses.replace(alone, worst=None, best=None),)
    decision = dataclasses.replace(lossy.decision, error_bounds=bounds, other_verdicts=())
    note = outcomes_section(dataclasses.replace(lossy, decision=decision)).errors_note
    assert "so it has no worst and best case" in note


def test_run_without_a_judged_arm_counts_no_shared_items(lossy):
    decision = dataclasses.replace(lossy.decision, scores={}, other_verdicts=())
    note = outcomes_section(dataclasses.replace(lossy, decision=decision)).errors_note
    assert "judged on the same" not in note
    assert "lora_sft and qlora_sft would change is not known" in note


def test_run_that_lost_nothing_has_no_note_and_no_range(make_run):
    section = outcomes_section(make_run(6))
    assert section.errors_note == ""
    assert "Worker crashed" not in section.outcomes.headings
    assert "Worst to best case" not in section.outcomes.headings


def test_table_of_arms_says_on_how_many_of_the_items_they_are_judged(lossy, make_run):
    judged = lossy.decision.scores["zero_shot"].n
    assert judged < 200
    assert arms_section(lossy).arms.caption == f"Every arm on the same {judged} of 200 test items"
    assert arms_section(make_run(30)).arms.caption == "Every arm on the same 30 test items"


@pytest.mark.parametrize(("write", "end"), [(reports.html, "</section>"), (reports.markdown, "**How")])
def test_absent_arms_stand_with_their_reason_and_what_it_means(lossy, write, end):
    text = write().render(lossy).text.split("Arms without a figure, and what that means")[1].split(end)[0]
    assert "loss became non-finite at step 31; lower the learning rate; whether it does better than lora_sft" in text
    assert "is invalid: 30 of 200 items could not be asked; whether it does better than lora_sft is not known" in text
    assert "was skipped: the task has no documents to search; the others are judged without it" in text


@pytest.mark.parametrize("write", [reports.html, reports.markdown, reports.json])
def test_warning_of_an_arm_is_shown(lossy, write):
    words = "ran out of memory; tried again with half the batch"
    evidence = tuple(
        dataclasses.replace(found, warnings=(words,)) if found.arm == "lora_sft" else found for found in lossy.evidence
    )
    assert words in write().render(dataclasses.replace(lossy, evidence=evidence)).text


def test_result_holds_the_bounds_the_missing_arms_and_the_other_verdicts(lossy):
    result = json.loads(reports.json().render(lossy).text)
    jsonschema.Draft202012Validator(schema()).validate(result)
    arms = {arm["name"]: arm for arm in result["arms"]}
    assert arms["qlora_sft"]["error_bounds"]["lost"] == arms["qlora_sft"]["outcomes"]["worker_error"] == 30
    assert arms["zero_shot"]["error_bounds"] is None
    assert result["verdict"]["other_verdicts"] == ["fine-tune (lora_sft), goal not shown"]
    assert [(gone["arm"], gone["matters"]) for gone in result["verdict"]["missing"]] == [
        ("qlora_sft", True),
        ("lora_dpo", True),
        ("rag_lora_sft", False),
    ]


def test_unfinished_arm_keeps_the_schema_and_is_named(run):
    evidence = (*run.evidence[:-1], dataclasses.replace(run.evidence[-1], status="unfinished", reason="not run yet"))
    unfinished = dataclasses.replace(run, evidence=evidence)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(reports.json().render(unfinished).text))
    assert "not measured: not run yet" in reports.html().render(unfinished).text


def test_form_is_told_from_knowledge_in_every_format(make_run):
    run = make_run(30)
    misses = (FormMisses("zero_shot", 6, 12, 30, 0.6, 0.8), FormMisses("lora_sft", 0, 3, 30, None, None))
    run = dataclasses.replace(run, decision=dataclasses.replace(run.decision, form_misses=misses))
    rows = cells(outcomes_section(run).forms)
    assert rows["zero_shot"] == ["12", "6", "60.0%", "80.0%"]
    assert rows["lora_sft"] == ["3", "0", "not measured", "not measured"]
    for write in (reports.html, reports.markdown):
        assert "Wrong answers that hold the right value" in write().render(run).text
    result = json.loads(reports.json().render(run).text)
    jsonschema.Draft202012Validator(schema()).validate(result)
    found = {arm["name"]: arm["form_misses"] for arm in result["arms"]}
    assert found["zero_shot"] == {"count": 6, "wrong": 12, "score_were_they_right": 0.8}
    assert found["lora_sft"]["score_were_they_right"] is None and found["few_shot"] is None


def test_probabilities_are_compared_with_what_was_right(make_run):
    run = make_run(30)
    told = Calibration(30, 0.9, 0.6, 0.31, 0.27)
    evidence = tuple(dataclasses.replace(e, calibration=told if e.arm == "few_shot" else None) for e in run.evidence)
    run = dataclasses.replace(run, evidence=evidence)
    [sentence] = outcomes_section(run).calibration
    assert "few_shot gives its answers a probability of 90.0% on average, and 60.0% of them are right" in sentence
    assert sentence in reports.html().render(run).text
    result = json.loads(reports.json().render(run).text)
    jsonschema.Draft202012Validator(schema()).validate(result)
    assert [arm["name"] for arm in result["arms"] if arm["calibration"]] == ["few_shot"]


def test_run_without_such_answers_says_so_and_draws_no_table(make_run):
    run = make_run(30)
    none = (FormMisses("zero_shot", 0, 12, 30, 0.6, 0.6),)
    section = outcomes_section(dataclasses.replace(run, decision=dataclasses.replace(run.decision, form_misses=none)))
    assert section.forms is None and section.forms_note.startswith("No wrong answer of a judged arm")


def judged_by(run, answers=None, documents=None, evidence=("page",)):
    """A run whose arm rag has these figures of its search."""
    arms = tuple(
        dataclasses.replace(arm, answer_retrieval=answers, retrieval=documents) if arm.arm == "rag" else arm
        for arm in run.evidence
    )
    examples = tuple(dataclasses.replace(example, evidence=evidence) for example in run.examples)
    return dataclasses.replace(run, evidence=arms, examples=examples)


def test_search_is_told_by_the_passage_with_the_answer_and_whose_the_loss_is(make_run):
    answers = AnswerRetrieval(2, 28, 0.75, 0.7, 0.71, 21, 18 / 21, 1 / 7)
    section = outcomes_section(judged_by(make_run(30), answers, Retrieval(2, 30, 1.0, 0.9, 0.95)))
    assert [[cell.text for cell in row] for row in section.retrieval.rows] == [
        ["rag", "the passage with the answer", "2", "75.0%", "0.700", "0.710", "28"],
        ["rag", "the document named", "2", "100.0%", "0.900", "0.950", "30"],
    ]
    assert section.retrieval_note == (
        "rag was shown the passage that holds the answer for 21 of 28 questions within 2 passages. Exact match is"
        " 85.7% on these and 14.3% on the others: what is wrong there is for retrieval to fix, not for the model."
        " For 2 questions the passage is not known, as the answer stands in no line word for word."
    )


def test_search_that_is_known_by_document_alone_says_so(make_run):
    note = outcomes_section(judged_by(make_run(30), documents=Retrieval(2, 30, 1.0, 0.9, 0.95))).retrieval_note
    assert note.startswith(
        "rag finds 100.0% of the documents that the rows name within 2 passages (n = 30). Any passage"
    )
    assert "whether the one with the answer was shown is not known" in note
    assert note.endswith("All rows name the same, so the figure says nothing.")


def test_search_of_which_nothing_is_known_is_not_measured(make_run):
    section = outcomes_section(judged_by(make_run(30), evidence=()))
    assert section.retrieval is None
    assert section.retrieval_note.startswith("Retrieval quality was not measured")


def test_result_for_programs_holds_both_figures_of_the_search(make_run):
    answers = AnswerRetrieval(2, 28, 0.75, 0.7, 0.71, 21, 18 / 21, None)
    result = json.loads(reports.json().render(judged_by(make_run(30), answers)).text)
    jsonschema.validate(result, schema())
    [arm] = [one for one in result["arms"] if one["name"] == "rag"]
    assert arm["answer_retrieval"] == {"k": 2, "n": 28, "recall": 0.75, "mrr": 0.7, "ndcg": 0.71, "found": 21,
                                       "score_found": 18 / 21, "score_missed": None}  # fmt: skip
