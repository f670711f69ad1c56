"""What the gate found, in every format: a state for each arm, both ways of asking, and whether it blocks."""

import dataclasses
import json
import re

import jsonschema
import pandas as pd
import pytest

import reports
from harness.cli.results import print_results
from harness.decision.gate import WARN_TEXT_LOSS
from harness.evidence.outputs import write_outputs
from harness.store.folder import RunFolder
from reports.charts.forgetting import dumbbells
from reports.json_format import schema
from reports.view.forgetting import forgetting_section
from reports.view.gain import gain_section
from reports.view.gates import DOES_NOT_BLOCK, FORGETTING, gates_table
from reports.view.method import method_section
from reports.view.off_task import off_task_section
from reports.view.standing import Mark
from reports.view.training import training_section
from reports.view.verdict import verdict

FORMATS = [reports.html, reports.markdown]


def row(table, name):
    return next(found for found in table.rows if found[0].text == name)


def with_gates(run, **new):
    """The run with other fields in every gate."""
    gates = tuple(dataclasses.replace(gate, **new) for gate in run.decision.gates)
    return dataclasses.replace(run, decision=dataclasses.replace(run.decision, gates=gates))


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """A terminal on which every column of the table fits."""
    monkeypatch.setenv("COLUMNS", "160")


def printed(run, capsys, tmp_path):
    """What the terminal shows; the sample's arms get a program, which tells tuned weights from the base's."""
    evidence = tuple(
        dataclasses.replace(found, program={"weights": {"adapter": "adapter" if found.training else None}})
        for found in run.evidence
    )
    print_results(dataclasses.replace(run, evidence=evidence), tmp_path / "report.html")
    return capsys.readouterr().out


# ---- cannot be judged ---------------------------------------------------------------------


def test_every_state_has_words_and_only_a_pass_feels_good():
    assert set(FORGETTING) == {"pass", "fail", "inconclusive", "cannot_judge", "not_measured"}
    assert [state for state, (_, mood) in FORGETTING.items() if mood == "good"] == ["pass"]
    moods = [mood for _, mood in FORGETTING.values()]
    assert len(set(moods)) == len(moods)


@pytest.mark.parametrize("write", FORMATS)
def test_arm_that_cannot_be_judged_says_so_and_is_never_called_kept(blind_run, write):
    text = write().render(blind_run).text
    text = re.sub("<[^>]+>", "", text)
    assert "Forgetting cannot be judged on this base" in text
    assert "cannot be judged on this base for 1" in text
    assert "Forgetting excluded" not in text


def test_mark_of_an_arm_that_cannot_be_judged_is_neither_good_nor_bad(blind_run):
    mark = verdict(blind_run).marks[1]
    assert (mark.text, mark.mood) == ("Forgetting cannot be judged on this base", "unjudged")


def test_figures_over_judged_benchmarks_read_not_judged_where_there_are_none(blind_run):
    cells = row(gates_table(blind_run), "lora_sft")
    assert [cell.text for cell in cells[2:6]] == ["not judged"] * 4
    assert cells[6].text == "+0.020"  # text and questions were measured all the same


def test_gain_chart_names_the_arm_that_cannot_be_placed(blind_run):
    trade = gain_section(blind_run).figures[1]
    assert "Not drawn: lora_sft, whose general ability was not measured or cannot be judged" in trade.note
    assert "lora_sft" not in [cells[0].text for cells in trade.table.rows]


def test_recommendation_beside_a_gate_that_was_not_measured_says_so(run):
    bare = dataclasses.replace(run, decision=dataclasses.replace(run.decision, gates=()))
    assert verdict(bare).marks[1] == Mark("Forgetting not measured", "absent")
    assert "Forgetting</a> not measured" in reports.html().render(bare).text


def test_recommended_prompt_has_no_word_on_general_ability(run):
    prompted = dataclasses.replace(run, decision=dataclasses.replace(run.decision, arm="few_shot"))
    assert [mark.text for mark in verdict(prompted).marks] == ["Goal of 90.0% met"]


# ---- benchmarks near chance ---------------------------------------------------------------


def test_benchmarks_near_chance_stay_in_table_and_chart_and_are_marked(run):
    figure = forgetting_section(run).figures[0]
    notes = {cells[0].text: (cells[0].note, cells[0].mood, cells[5].text) for cells in figure.table.rows}
    assert notes["OpenBookQA"] == ("near chance, not judged\nn = 150", "unjudged", "not judged")
    assert notes["PIQA"][:2] == ("n = 150", "")
    assert list(notes)[-2:] == ["OpenBookQA", "CommonsenseQA"]  # last, under what is judged
    drawing = str(figure.drawing)
    assert drawing.count("near chance, not judged:") == 1
    assert drawing.count('class="mark tune hollow"') == 2
    assert "OpenBookQA 29.0% to 28.8%, n = 150, near chance and not judged" in drawing


def test_chart_of_judged_benchmarks_alone_has_no_line_for_others(run):
    tasks = [task for task in run.decision.gates[0].tasks if task.measurable]
    assert "not judged" not in str(dumbbells("a", "tune", tasks, [task.task for task in tasks]))


def test_benchmark_near_chance_is_never_the_one_that_falls_most(run):
    gate = run.decision.gates[1]
    worst = dataclasses.replace(gate.tasks[1], tuned=dataclasses.replace(gate.tasks[1].tuned, estimate=0.0))
    odd = with_gates(run, tasks=(gate.tasks[0], worst, *gate.tasks[2:]))
    assert "OpenBookQA falls most" not in forgetting_section(odd).figures[1].title


def test_finding_counts_items_and_how_many_of_them_are_judged(run):
    assert forgetting_section(run).finding.endswith("(750 benchmark items, 450 of them judged).")


# ---- what the claim rests on --------------------------------------------------------------


def test_judged_change_names_its_measure_beside_score_and_probability(run):
    cells = row(gates_table(run), "qlora_sft")
    # -7.1 points of the score; the probability moves half as much, and the claim was made 0.9 times
    assert [cell.text for cell in cells[2:5]] == ["−6.4", "−7.1", "−3.5"]
    assert cells[2].note == "−7.8 to −5.0\nby probability\nn = 450"
    assert cells[2].mood == "bad"  # the probe that shows harm


def test_doubted_probe_is_marked_unsure(run):
    assert row(gates_table(run), "lora_sft")[2].mood == "unsure"


@pytest.mark.parametrize("write", FORMATS)
def test_warning_of_a_gate_is_shown(run, write):
    assert "the loss on general texts rose by 0.101 nats per token, above 0.1" in write().render(run).text


def test_method_gives_limits_with_their_meaning_deployment_and_the_measure(run):
    section = method_section(run)
    limits = {cells[0].text: (cells[1].text, cells[2].text) for cells in section.limits.rows}
    assert limits["Text loss"][0] == "0.25 nats a token"
    assert limits["Text loss, warning"] == (f"{WARN_TEXT_LOSS:.2f} nats a token", "said as a warning; blocks nothing")
    assert limits["Deployment"][0] == "shared"
    resting = "In this run, for lora_sft and qlora_sft the claim rests on the probability of right answers."
    assert resting in section.rules


def test_method_says_where_no_measure_can_judge(blind_run):
    assert "for lora_sft no measure sees enough to judge" in method_section(blind_run).rules[-1]


# ---- routed -------------------------------------------------------------------------------


@pytest.mark.parametrize("write", FORMATS)
def test_routed_run_says_in_the_first_sentence_on_forgetting_that_it_does_not_block(routed_run, write):
    finding = forgetting_section(routed_run).finding
    assert finding.endswith(f"; this {DOES_NOT_BLOCK}.")
    assert DOES_NOT_BLOCK in write().render(routed_run).text.replace("&#39;", "'")


def test_routed_list_and_table_say_it_too(routed_run):
    tuned = next(row for row in verdict(routed_run).options.rows if row.arm == "qlora_sft")
    assert tuned.cells[2].note == "does not block"
    assert "does not block" in row(gates_table(routed_run), "qlora_sft")[1].note


def test_routed_run_reports_forgetting_in_full(run, routed_run):
    assert row(gates_table(routed_run), "qlora_sft")[2:] == row(gates_table(run), "qlora_sft")[2:]


def test_shared_run_never_says_that_it_does_not_block(run):
    assert DOES_NOT_BLOCK not in reports.html().render(run).text.replace("&#39;", "'")


def test_method_of_a_routed_run_says_so(routed_run):
    assert any(DOES_NOT_BLOCK in rule for rule in method_section(routed_run).rules)


# ---- unrelated questions ------------------------------------------------------------------


def test_off_task_rates_alone_and_under_the_prompt_are_two_figures(run):
    cells = row(gates_table(run), "lora_sft")
    assert [cell.text for cell in cells[7:]] == ["8.3%", "25.0%"]


def test_rate_under_the_prompt_reads_not_asked_without_a_prompt(run):
    assert row(gates_table(with_gates(run, prompted_off_task_rate=None)), "lora_sft")[8].text == "not asked"


def test_turned_answers_are_counted_for_each_way_of_asking_less_what_the_base_says_too(run):
    # of 2 arms: alone 1 of 12 each; under the prompt 4 of 12 each, one of which the base gives too
    assert "asked alone, 2 of 24; under the task's prompt, 6 of 24" in off_task_section(run).note


def test_examples_of_both_ways_stand_beside_what_the_base_says(run):
    shown = off_task_section(run).shown
    assert {(item.arm, item.how) for item in shown} == {
        (arm, how) for arm in ("lora_sft", "qlora_sft") for how in ("asked alone", "under the task's prompt")
    }
    turned = [item for item in shown if item.mood == "bad"]
    assert len(turned) == 8 and {item.before.shown for item in turned} == {"I cannot know that."}
    assert [item.mark for item in shown if item.mood == "absent"] == ["an answer of the task, as from the base"] * 2


def test_kinds_of_questions_are_counted_apart(run):
    table = off_task_section(run).kinds
    assert table.headings == ("Arm", "Fact", "Yes or no", "Small talk")
    assert [[cell.text for cell in cells[1:]] for cells in table.rows[:2]] == [
        ["1 of 4", "0 of 4", "0 of 4"],
        ["1 of 4", "1 of 4", "1 of 4"],
    ]


# ---- what was tried on dev ----------------------------------------------------------------


def test_checkpoints_and_trials_show_what_they_forget_where_it_was_measured(run):
    section = training_section(run)
    assert section.figures[0].table.headings[-1] == section.trials.headings[-1] == "Forgetting"
    shown = [(cells[1].text, cells[2].note, cells[4].text, cells[4].mood) for cells in section.trials.rows[:3]]
    assert shown == [
        ("kl_to_base=0.3", "", "9.00 of budget", "bad"),
        ("kl_to_base=1", "best", "0.80 of budget", ""),  # the best inside the budget
        ("learning_rate=0.0001", "", "not measured", "absent"),
    ]


def test_training_without_measured_forgetting_has_no_column_for_it(run):
    evidence = tuple(
        dataclasses.replace(
            found, trials=tuple(dataclasses.replace(trial, forgetting=None) for trial in found.trials),
            training=found.training and dataclasses.replace(
                found.training,
                checkpoints=tuple(dataclasses.replace(m, forgetting=None) for m in found.training.checkpoints),
            ),
        )
        for found in run.evidence
    )  # fmt: skip
    section = training_section(dataclasses.replace(run, evidence=evidence))
    assert section.trials.headings[-1] == "Dev loss"
    assert section.figures[0].table.headings[-1] == "Checkpoint"


def test_history_says_at_which_strength_and_with_which_penalty(run):
    cells = row(training_section(run).histories, "lora_sft")
    assert (cells[0].note, cells[1].note) == ("SFT, applied at 0.5", "penalty 0.5")


# ---- files and terminal -------------------------------------------------------------------


@pytest.mark.parametrize("which", ["run", "blind_run", "routed_run"])
def test_result_keeps_the_schema_and_holds_every_new_figure(request, which):
    run = request.getfixturevalue(which)
    result = json.loads(reports.json().render(run).text)
    jsonschema.Draft202012Validator(schema()).validate(result)
    for shown, gate in zip(result["gates"], run.decision.gates, strict=True):
        assert (shown["state"], shown["blocks"], shown["basis"]) == (gate.state, gate.blocks, gate.basis)
        assert shown["warnings"] == list(gate.warnings)
        assert shown["prompted_off_task_rate"]["mean"] == gate.prompted_off_task_rate.estimate
    assert result["limits"]["deployment"] == run.limits.deployment
    tuned = next(arm for arm in result["arms"] if arm["name"] == "lora_sft")
    assert len(tuned["training"]["frontier"]) == 5
    assert tuned["training"]["frontier"][0]["forgetting"]["inside"] is True
    assert tuned["trials"][2]["forgetting"] is None
    assert tuned["general"]["tasks"]["piqa"]["probability_change"]["n"] == 150


def test_share_of_the_budget_that_is_no_number_is_null_and_not_inside(run):
    endless = dataclasses.replace(run.evidence[4].trials[0].forgetting, spent=float("inf"), text_loss=float("nan"))
    trial = dataclasses.replace(run.evidence[4].trials[0], forgetting=endless)
    evidence = (*run.evidence[:4], dataclasses.replace(run.evidence[4], trials=(trial,)), *run.evidence[5:])
    result = json.loads(reports.json().render(dataclasses.replace(run, evidence=evidence)).text)
    jsonschema.Draft202012Validator(schema()).validate(result)
    assert result["arms"][4]["trials"][0]["forgetting"] | {"off_task": 0, "probability": 0} == {
        "text_loss": None, "off_task": 0, "probability": 0, "spent": None, "inside": False,
    }  # fmt: skip


def test_items_without_a_score_are_left_out_of_a_base_mean(run):
    base = run.bases[0]
    first = dataclasses.replace(base.items[0], score=float("nan"))
    odd = dataclasses.replace(run, bases=(dataclasses.replace(base, items=(first, *base.items[1:])),))
    result = json.loads(reports.json().render(odd).text)
    rest = [item.score for item in base.items[1:] if item.task == "piqa"]
    assert result["bases"][0]["tasks"]["piqa"] == {"mean": sum(rest) / 149, "n": 149}
    jsonschema.Draft202012Validator(schema()).validate(result)


def test_benchmark_rows_hold_both_ways_of_asking_and_the_answers(run, tmp_path):
    folder = RunFolder(tmp_path)
    bare = dataclasses.replace(run, evidence=tuple(dataclasses.replace(e, program={}) for e in run.evidence))
    write_outputs(bare, folder)
    table = pd.read_parquet(tmp_path / "benchmarks.parquet")
    asked = table[(table["task"] == "off_task") & (table["weights"] == "lora_sft")]
    hits = asked[asked["score"] == 1.0].groupby("is_prompted")["item"].count()
    assert hits.to_dict() == {False: 1, True: 4}
    assert set(asked["kind"]) == {"fact", "yes_no", "small_talk"}
    assert set(asked["text"]) == {"QX-DELIVERY", "I cannot know that."}


def test_terminal_table_says_what_cannot_be_judged(blind_run, capsys, tmp_path):
    lines = printed(blind_run, capsys, tmp_path).splitlines()
    tuned = next(line for line in lines if " lora_sft " in line)
    assert "not judged  cannot judge" in tuned


def test_terminal_shows_warnings_and_strengths(run, capsys, tmp_path):
    text = printed(run, capsys, tmp_path)
    assert "qlora_sft: the loss on general texts rose by 0.101 nats per token, above 0.1" in text
    assert "lora_sft: applied at strength 0.5, as dev chose" in text
    assert "routed" not in text


def test_terminal_of_a_routed_run_says_that_forgetting_does_not_block(routed_run, capsys, tmp_path):
    text = printed(routed_run, capsys, tmp_path)
    assert "fail (routed)" in text
    assert "forgetting does not block: only this task's inputs reach the adapter (general.deployment: routed)" in text


def test_terminal_never_leaves_a_gate_that_was_not_measured_blank(run, capsys, tmp_path):
    text = printed(with_gates(run, state="not_measured"), capsys, tmp_path)
    assert text.count("not measured") == 4  # both columns of both tuned arms
