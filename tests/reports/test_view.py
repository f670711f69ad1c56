import dataclasses

import pytest

from harness.records import Score
from reports import numbers
from reports.charts.svg import Drawing, Scale, spread, ticks
from reports.view.arms import arms_section
from reports.view.costs import cost_section, per_thousand
from reports.view.forgetting import forgetting_section
from reports.view.ladder import ladder_section
from reports.view.names import option_name
from reports.view.options import options
from reports.view.page import facts
from reports.view.shapes import benchmark_name, join
from reports.view.verdict import verdict


def cells(table):
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_price_of_a_thousand_answers_is_time_times_the_hour(run):
    # 1,000 answers of 0.23 s at 2.50 an hour: 230 s / 3600 s * 2.50
    lora = next(evidence for evidence in run.evidence if evidence.arm == "lora_sft")
    assert per_thousand(run, lora) == pytest.approx(230 / 3600 * 2.5)


def test_price_of_a_month_is_that_of_its_requests(run):
    """50,000 requests a month, as the task says, cost fifty times a thousand answers."""
    option = next(one for one in options(run).rows if one.arm == "few_shot")
    evidence = next(one for one in run.evidence if one.arm == "few_shot")
    assert option.cells[4].note == f"{numbers.money(50 * per_thousand(run, evidence))} a month"
    silent = dataclasses.replace(run, task={**run.task, "cost": {"gpu_hour": 2.5}})
    assert {one.cells[4].note for one in options(silent).rows if one.cells} == {""}


def test_groups_of_the_items_are_counted_where_there_are_some(run):
    examples = [dataclasses.replace(one, group=f"g{place % 7}") for place, one in enumerate(run.examples)]
    grouped = dataclasses.replace(run, examples=tuple(examples))
    assert f"{len(examples)} test items in 7 groups" in facts(grouped)
    assert f"{len(examples)} test items" in facts(run)


def test_what_a_constant_answer_would_score_is_said_where_it_is_known(run):
    known = dataclasses.replace(run, decision=dataclasses.replace(run.decision, constant=0.25))
    said = "Always giving train's most frequent answer would score 25.0%."
    assert said in arms_section(known).finding
    assert "most frequent" not in arms_section(run).finding


def test_a_task_with_one_metric_has_no_column_of_others(run):
    def widths(run):
        shown = arms_section(run).arms
        return {sum(cell.span for cell in row) for row in shown.rows} | {len(shown.headings)}, shown.headings

    only = tuple(
        dataclasses.replace(one, aggregates={k: v for k, v in one.aggregates.items() if k == run.primary_metric})
        for one in run.evidence
    )
    several, columns = widths(run)
    one, fewer = widths(dataclasses.replace(run, evidence=only))
    assert several == {len(columns)}
    assert one == {len(columns) - 1}
    assert [column for column in columns if column not in fewer] == ["Other metrics"]


def test_break_even_is_training_over_the_saving(run):
    # training 312.4 s; against rag each answer saves 0.88 - 0.23 s: 312.4 / 0.65 = 480.6 requests
    back = next(row for row in cost_section(run).pays_back.rows if [c.text for c in row[:2]] == ["lora_sft", "rag"])
    assert back[-1].text == "481 requests"


def test_dearer_tuned_arm_never_pays_back(run):
    evidence = tuple(
        dataclasses.replace(e, cost=dataclasses.replace(e.cost, seconds_per_item=5.0))
        if e.family == "tune" and e.cost
        else e
        for e in run.evidence
    )
    section = cost_section(dataclasses.replace(run, evidence=evidence))
    assert "never pays back" in section.money
    assert section.break_even is None
    assert {row[-1].text for row in section.pays_back.rows} == {"never"}


def test_without_a_price_nothing_is_said_in_money(run):
    section = cost_section(dataclasses.replace(run, task={}))
    assert section.money.startswith("No price was given")
    assert section.pays_back is section.break_even is None


def test_quantising_counts_items_lost_and_gained(run):
    base, quantised = run.bases
    table = forgetting_section(run).quantising_table
    before = {(item.task, item.item): item.score for item in base.items}
    lost = sum(item.score < before[item.task, item.item] for item in quantised.items)
    everything = cells(table)["All"]
    assert everything[3] == str(lost)
    assert everything[-1] == "750"


def test_ladder_finding_names_the_highest_rung_that_climbed(run):
    assert ladder_section(run).finding.startswith("The highest rung that earned its cost is fine-tuning: lora_sft, 9")


def test_undecided_run_shows_the_highest_arm_without_recommending_it(run):
    decision = dataclasses.replace(run.decision, action="undecided", arm=None, labels_needed=340)
    shown = verdict(dataclasses.replace(run, decision=decision))
    assert not any(row.is_recommended for row in shown.options.rows)
    best = max(run.decision.scores, key=lambda arm: run.decision.scores[arm].estimate)
    assert shown.sentences[0].startswith(f"The highest score is that of “{option_name(run, best)}”")


def test_untuned_winner_leaves_the_model_untouched(run):
    shown = verdict(dataclasses.replace(run, decision=dataclasses.replace(run.decision, arm="rag")))
    assert (shown.options.rows[0].arm, shown.options.rows[0].cells[2].text) == ("rag", "none")


def test_gate_without_figures_is_not_measured(run):
    bare = dataclasses.replace(run, decision=dataclasses.replace(run.decision, gates=()))
    assert verdict(bare).options.rows[0].cells[2].text == "not measured"


def test_graded_scores_count_as_right_from_one_half(make_run):
    from reports.view.examples import Caps, examples_section

    run = make_run(4)
    graded = tuple(Score(example.id, 0.6) for example in run.examples)
    evidence = (dataclasses.replace(run.evidence[0], scores={"exact_match": graded}),)
    section = examples_section(dataclasses.replace(run, evidence=evidence), Caps())
    assert {item.kind for item in section.items} == {"right"}
    assert "50% or more counts as right" in section.note


def test_chart_text_is_escaped_and_shown():
    drawing = Drawing(10, 10)
    drawing.text(0, 0, '<script>"\x1b\n')
    assert str(drawing.render('"><script>')) == (
        '<svg role="img" aria-label="&#34;&gt;&lt;script&gt;" viewBox="0 0 10 10" width="10" height="10">'
        '<text class="t" x="0" y="0" text-anchor="start">&lt;script&gt;&#34;␛ ⏎</text></svg>'
    )


def test_scale_maps_ends_and_holds_what_lies_outside():
    scale = Scale(0, 2, 100, 300)
    assert [scale(0), scale(1), scale(2), scale(9)] == [100, 200, 300, 300]


def test_ticks_are_round_and_inside():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(-0.13, 0.07, 4) == pytest.approx([-0.1, -0.05, 0, 0.05])


def test_labels_are_moved_apart_in_their_order():
    assert spread([50, 50, 52], 10, 0, 100) == [50, 60, 70]
    assert spread([95, 96], 10, 0, 100) == [90, 100]


def test_known_benchmarks_get_their_names_and_others_keep_theirs():
    assert benchmark_name("core_social_iqa") == "Social IQa"
    assert benchmark_name("my_own_task") == "my_own_task"


def test_lists_read_as_english():
    assert [join([]), join(["a"]), join(["a", "b"]), join(["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
