"""Any two arms against each other, and slices, as the page shows them."""

from dataclasses import replace

from harness.records import UNCORRECTED, Interval
from reports.numbers import points
from reports.view.pairs import pairs_section
from reports.view.slices import slices_section


def test_each_pair_stands_both_ways_with_flips_counted_from_the_answers(run):
    table = pairs_section(run).pairs
    arms = list(table.headings[1:])
    cells = {(row[0].text, arm): cell for row in table.rows for arm, cell in zip(arms, row[1:], strict=True)}
    right = {e.arm: {s.example_id: s.value for s in e.scores["exact_match"]} for e in run.evidence if e.scores}
    shared = right["lora_sft"].keys() & right["zero_shot"].keys()
    wins = sum(right["lora_sft"][item] > right["zero_shot"][item] for item in shared)
    losses = sum(right["lora_sft"][item] < right["zero_shot"][item] for item in shared)
    ahead, behind = cells["lora_sft", "zero_shot"], cells["zero_shot", "lora_sft"]
    assert (ahead.text, behind.text) == (points((wins - losses) / len(shared)), points((losses - wins) / len(shared)))
    assert ahead.note.endswith(f"\n{wins} : {losses}") and behind.note.endswith(f"\n{losses} : {wins}")
    assert len(cells) == len(arms) ** 2 and {cells[arm, arm].text for arm in arms} == {"same arm"}


def test_slices_have_gains_with_intervals_and_warn_of_looking_at_many(run):
    section = slices_section(run)
    assert [table.caption for table in section.tables] == [
        "By label", "By length of the question", "By source document",
    ]  # fmt: skip
    assert f"{len(run.decision.slices)} slices were looked at" in section.warning
    assert all(" to " in row[4].note or row[4].text == "too few items" for t in section.tables for row in t.rows)


def test_slices_of_a_judge_show_no_claim_where_nothing_corrects_it(run):
    word = Interval(0.1, -1.0, 1.0, 24, f"no claim: too few labels; the figure is {UNCORRECTED}")
    bare = [
        replace(one, figure=None, against=None, gain=replace(one.gain, difference=word) if one.gain else None)
        for one in run.decision.slices
    ]
    section = slices_section(replace(run, decision=replace(run.decision, slices=tuple(bare), basis="none")))
    cells = {str(cell.text) for table in section.tables for row in table.rows for cell in row[3:5]}
    assert {cell for cell in cells} <= {"no claim", "too few items"} and "no claim" in cells
    assert "no gain on them can be claimed" in section.warning
