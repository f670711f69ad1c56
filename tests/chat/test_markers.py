"""Markers of other families in data, and end markers behind answers."""

from time import process_time

import pytest

from harness.chat.markers import ENDS, family_markers, without_end


@pytest.mark.parametrize("marker", ENDS)
def test_end_marker_of_any_family_is_taken_off_an_answer(marker):
    assert without_end(f"K-11{marker}") == ("K-11", marker)
    assert without_end(f"K-11 {marker}\n") == ("K-11", marker)


@pytest.mark.parametrize(("start", "end"), [("<s>", "</s>"), ("<bos>", "<eos>"), ("<|begin_of_text|>", "<|eot_id|>")])
def test_start_marker_goes_with_the_end_marker(start, end):
    assert without_end(f"{start} K-11{end}") == ("K-11", f"{start}...{end}")
    assert without_end(f"{start}K-11{end}\n<|endoftext|>") == ("K-11", f"{start}...{end}")
    assert family_markers(f"{start} K-11{end}") == [start, end]
    assert without_end(f"{start} K-11") == (f"{start} K-11", "")


def test_several_end_markers_are_taken_off_together():
    assert without_end("K-11<|im_end|>\n<|endoftext|>") == ("K-11", "<|im_end|>")


@pytest.mark.parametrize(
    "answer",
    [
        "K-11",
        "the tag <|im_end|> ends a turn",
        "it was <s>80</s>",  # HTML: struck out
        "<s>80</s> and <s>90</s>",
        "<s><b>80</b></s>",
        "<|billing|>",  # a label of somebody's own
        '<|tool_call|>{"name": "f"}<|/tool_call|>',
    ],
)
def test_other_answers_stay_as_they_are(answer):
    assert without_end(answer) == (answer, "")


def test_markers_of_families_are_found_wherever_they_stand():
    assert family_markers("[INST] Hello [/INST] Good day.</s>") == ["[INST]", "[/INST]", "</s>"]
    assert family_markers("<|start_header_id|>user<|end_header_id|>") == ["<|start_header_id|>", "<|end_header_id|>"]
    assert family_markers("K-11<extra_id_1> [|user|]&lt;|im_end|&gt;") == [
        "<extra_id_1>",
        "[|user|]",
        "&lt;|im_end|&gt;",
    ]


@pytest.mark.parametrize("text", ["it was <s>80</s> 70", "a <b>bold</b> word", "<|pad| >", "[1] INST"])
def test_text_without_a_marker_has_none(text):
    assert family_markers(text) == []


@pytest.mark.parametrize("text", ["a" + " " * 100_000 + "b", "<s>" * 33_000, "</s> " * 20_000 + "x", "[" * 100_000])
def test_hostile_text_is_looked_at_in_linear_time(text):
    begun = process_time()
    without_end(text)
    family_markers(text)
    assert process_time() - begun < 1
