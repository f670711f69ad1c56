"""Any two arms against each other, and slices, as the page shows them."""

from dataclasses import replace

import reports
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


def test_pairs_with_the_leading_arm_and_the_best_prompt_have_examples_each_way_without_a_script(run):
    told = pairs_section(run).flips
    others = ["zero_shot", "few_shot", "chain_of_thought", "rag", "qlora_sft"]
    pairs = [("lora_sft", other) for other in others]  # the recommended one first, then dev's prompt
    pairs += [("few_shot", other) for other in others if other != "few_shot"]
    assert [pair.title.partition(":")[0] for pair in told] == [" against ".join(pair) for pair in pairs]
    right = {e.arm: {s.example_id: s.value for s in e.scores["exact_match"]} for e in run.evidence if e.scores}
    ids = {f"{place}: {example.id}": example.id for place, example in enumerate(run.examples, 1)}
    for (first, second), pair in zip(pairs, told, strict=True):
        ways = [(first, second), (second, first)]
        shared = right[first].keys() & right[second].keys()
        counts = [sum(right[a][item] > right[b][item] for item in shared) for a, b in ways]
        assert pair.title.endswith(f": higher on {counts[0]} item{'s' * (counts[0] != 1)}, lower on {counts[1]}")
        ways = [way for way, count in zip(ways, counts, strict=True) if count]
        for table, (better, worse), count in zip(pair.tables, ways, filter(None, counts), strict=True):
            items = [ids[row[0].text] for row in table.rows]
            assert len(set(items)) == min(3, count)
            assert all(right[better][item] > right[worse][item] for item in items)
    page = reports.html().render(run).text
    assert page.count(told[0].title) == 1 and page.index(told[0].title) < page.index('id="item-pack"')


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
