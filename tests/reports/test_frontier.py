"""Gain against forgetting by strength: the curve, its words, and what is said where there is none."""

import dataclasses
import math
import re

import pytest

import reports
from harness.records import Forgetting, StrengthPoint
from reports.charts.frontier import Axis, Point, frontier
from reports.view.frontier import applied, strength_section, strength_sentence


def trained(run, arm):
    return next(evidence for evidence in run.evidence if evidence.arm == arm)


def changed(run, arm="lora_sft", **new):
    """The run with other fields in one arm's training history."""
    evidence = tuple(
        dataclasses.replace(found, training=dataclasses.replace(found.training, **new)) if found.arm == arm else found
        for found in run.evidence
    )
    return dataclasses.replace(run, evidence=evidence)


def sentence(run, arm="lora_sft"):
    return dict(strength_section(run).sentences)[arm]


def figure(run, arm="lora_sft"):
    return next(found for found in strength_section(run).figures if found.title.startswith(arm))


def point(strength, score, spent, text_loss=0.0):
    return StrengthPoint(strength, score, 0.5, Forgetting(text_loss, 0.0, 0.0, spent))


def test_part_strength_says_what_full_strength_had_and_what_was_given_up(run):
    # of the best dev score, 0.96: the base has 0.32, half strength 0.94, full strength all of it
    assert sentence(run) == (
        "At full strength 96.0% on dev, +65.3 points over the base, for 14.0 times the forgetting budget."
        " Applied at strength 0.5: 90.2% on dev, +59.5 points over the base, for 0.80 times the forgetting budget;"
        " this gives up 5.8 points on dev."
    )


def test_full_strength_inside_the_budget_gives_nothing_up(run):
    whole = changed(run, strength=1.0, frontier=(point(0.0, 0.3, 0.0), point(1.0, 0.9, 0.4)), checkpoints=())
    assert sentence(whole) == (
        "Applied at full strength: 90.0% on dev, +60.0 points over the base, for 0.40 times the forgetting budget;"
        " nothing on dev is given up."
    )


def test_other_checkpoint_at_full_strength_is_a_mark_beside_the_curve(run):
    taken = applied(trained(run, "qlora_sft").training)
    assert (taken.name, taken.is_on_curve) == ("step 80", False)
    assert "Applied at full strength is the checkpoint of step 80: 74.2% on dev" in sentence(run, "qlora_sft")
    rows = [row[0] for row in figure(run, "qlora_sft").table.rows]
    assert [row.text for row in rows] == ["0, the base", "0.25", "0.5", "0.75", "1", "step 80"]
    assert [row.note for row in rows] == ["", "", "", "", "", "applied"]


def test_kept_checkpoint_that_was_swept_is_the_end_of_the_curve(run):
    history = trained(run, "lora_sft").training
    last = history.checkpoints[-1]
    end = StrengthPoint(1.0, last.dev_score, last.dev_loss, last.forgetting)
    whole = dataclasses.replace(history, strength=1.0, best_step=last.step, frontier=(*history.frontier[:-1], end))
    assert applied(whole).is_on_curve
    assert applied(whole).point is end


@pytest.mark.parametrize(
    ("taken", "why"),
    [
        (point(0.25, 0.30, 0.9), "the base is as good"),
        (point(0.25, 0.25, 0.9), "the base is better"),
        (point(0.25, 0.90, 1.7), "it is outside the budget"),
        (point(0.25, math.nan, 0.1), "its score is not a number"),
    ],
)
def test_arm_that_is_best_at_zero_strength_says_so(run, taken, why):
    base, whole = point(0.0, 0.30, 0.0), point(1.0, 0.95, 9.0)
    text = sentence(changed(run, strength=0.25, frontier=(base, taken, whole)))
    assert "Best at zero strength: the base has 30.0% on dev, and no strength does better inside the budget." in text
    assert "Applied all the same at strength 0.25" in text


def test_adapter_applied_at_zero_is_the_base(run):
    text = sentence(changed(run, strength=0.0))
    assert text.endswith("applied at 0, the adapter is the base, so nothing is gained or forgotten.")


@pytest.mark.parametrize("spent", [math.inf, math.nan])
def test_figure_that_is_no_number_is_not_drawn_and_said_in_words(run, spent):
    points = (point(0.0, 0.3, 0.0), point(0.5, 0.9, 0.7), point(1.0, 0.95, spent, text_loss=spent))
    odd = changed(run, strength=0.5, frontier=points)
    drawn = figure(odd)
    assert "Not drawn: 1, with a figure that is not a number, which is outside the budget." in drawn.note
    assert str(drawn.drawing).count("<polygon") == 2
    assert "nan" not in str(drawn.drawing) and "inf" not in str(drawn.drawing).replace("inference", "")
    last = drawn.table.rows[-1]
    assert (last[2].text, last[2].note, last[2].mood) == ("not a number", "outside", "bad")
    assert "for a share of the forgetting budget that is not a number" in sentence(odd)
    reports.html().render(odd)


def test_curve_without_a_single_number_is_words(run):
    points = tuple(point(strength, math.nan, math.nan) for strength in (0.0, 0.5, 1.0))
    drawn = figure(changed(run, strength=0.5, frontier=points))
    assert "no strength has figures that are numbers" in str(drawn.drawing)
    assert "<polygon" not in str(drawn.drawing)


SMOKE, FULL = (True, "a smoke run sweeps none"), (False, "no strengths were tried on dev")


@pytest.mark.parametrize(("is_fast", "why"), [SMOKE, FULL])
def test_without_a_frontier_nothing_is_drawn_and_its_absence_is_said(run, is_fast, why):
    bare = dataclasses.replace(changed(run, frontier=(), strength=1.0), is_fast=is_fast)
    assert [found.title.split(":")[0] for found in strength_section(bare).figures] == ["qlora_sft"]
    assert sentence(bare) == f"Applied at full strength: {why}, so there is no curve of gain against forgetting."


def test_run_without_trained_arms_says_that_there_is_no_adapter(run):
    untrained = dataclasses.replace(run, evidence=run.evidence[:4])
    assert strength_section(untrained).sentences == ()
    assert "No arm was trained, so there is no adapter to apply." in reports.html().render(untrained).text


def test_routed_run_draws_text_loss_without_a_budget(routed_run):
    drawn = figure(routed_run)
    assert "text loss above the base, nats a token" in str(drawn.drawing)
    assert "the budget ends here" not in str(drawn.drawing) and "danger" not in str(drawn.drawing)
    assert "no budget is asked" in drawn.note
    assert {row[2].text for row in drawn.table.rows} == {"no budget"}
    assert "for a text loss of +0.280 nats a token" in sentence(routed_run)
    assert "forgetting budget" not in sentence(routed_run)


def test_points_outside_the_budget_are_hollow_and_the_applied_one_is_ringed(run):
    drawing = str(figure(run).drawing)
    assert drawing.count('class="mark tune hollow"') == 2  # strengths 0.75 and 1
    assert drawing.count('class="mark tune"') == 3
    assert drawing.count('class="halo"') == 1
    assert "0.5, applied" in drawing and "the budget ends here" in drawing


def test_budget_stays_in_sight_beside_a_point_that_spends_a_hundred():
    axis = Axis.over([0.0, 0.5, 100.0], has_budget=True)
    # the root of 1 is a tenth of the root of 100: 10 times as much room as on an even axis
    assert (axis(1.0) - axis(0.0)) / (axis(100.0) - axis(0.0)) == pytest.approx(0.1)
    assert {1.0, 100.0} <= set(axis.ticks())
    assert not Axis.over([0.0, 3.9], has_budget=True).is_root


@pytest.mark.parametrize("together", [(0.9, 0.9, 0.9, 0.9, 0.9), (0.30, 0.31, 0.32, 0.33, 0.34)])
def test_names_of_points_that_lie_together_do_not_cover_each_other(together):
    points = [Point(f"{i / 4:g}", 0.1 * i, score, True, i == 2) for i, score in enumerate(together)]
    drawing = str(frontier("a", "tune", points, has_budget=True, said=""))
    found = re.findall(r'<text class="[^"]*over" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]+)<', drawing)
    boxes = []
    for x, y, anchor, text in found:
        width, left = 6.6 * len(text), float(x)
        left -= {"start": 0, "middle": width / 2, "end": width}[anchor]
        boxes.append((left, float(y) - 11, left + width, float(y) + 3))
    assert len(boxes) == 5
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]]
    assert not [1 for a, b in pairs if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
    assert all(box[0] >= 50 and box[2] <= 480 for box in boxes)


def test_same_frontier_is_drawn_the_same(run):
    assert figure(run) == figure(run)


def test_markdown_says_at_which_strength_each_adapter_is_applied(run):
    text = reports.markdown().render(run).text
    assert "**Strength at which each adapter is applied**" in text
    assert "- lora_sft: At full strength 96.0% on dev" in text
    assert strength_sentence(run, trained(run, "lora_sft").training) in text
