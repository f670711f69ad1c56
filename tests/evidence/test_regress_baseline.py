import dataclasses
import json
import math

import pytest

from harness.errors import StoreError
from harness.evidence.baseline_file import FORMAT, Baseline, recall, record
from harness.records import BenchmarkItem, GeneralAbility, OffTaskAnswer, Outcome, Prediction, TextLoss

BOUND = {"model": "4c1f", "items": "77aa", "version of torch": "2.11"}
ABILITY = GeneralAbility(
    "base",
    (BenchmarkItem("core_piqa", "3", 1.0, 0.75, 0.5),),
    (TextLoss("text1", 80.5, 40),),
    (OffTaskAnswer("fact-01", "Wer schrieb „Faust“?", "Göthe 🙂", False),),
    12.5,
)
ANSWER = Prediction("q1", "text", None, Outcome.EMPTY, "stop", 10, 2, 0.1)
BASELINE = Baseline(FORMAT, "2026-11-28T12:00:00+00:00", BOUND, ABILITY, (ANSWER,))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "base.json"


def test_what_is_recorded_is_what_is_recalled(file):
    record(file, BASELINE)
    assert recall(file, BOUND) == BASELINE


def test_file_that_is_not_there_yet_is_no_fault(file):
    assert recall(file, BOUND) is None


def test_record_is_plain_json_that_people_can_read(file):
    record(file, BASELINE)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["bound_to"] == BOUND
    assert data["ability"]["items"][0]["task"] == "core_piqa"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_figures_that_are_no_numbers_come_back_as_they_were(file, value):
    items = (BenchmarkItem("a", "1", value, None, 0.5), BenchmarkItem("a", "2", 1.0, value, 0.5))
    record(file, Baseline(FORMAT, "now", BOUND, GeneralAbility("base", items, (TextLoss("t", value, 3),)), ()))
    json.loads(file.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    found = recall(file, BOUND).ability
    assert repr((found.items[0].score, found.items[1].probability, found.texts[0].loss)) == repr((value,) * 3)
    assert found.items[0].probability is None


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BOUND | {"model": "9a2b"}, "(model is 4c1f there and 9a2b now);"),
        (BOUND | {"version of torch": "2.12"}, "(version of torch is 2.11 there and 2.12 now);"),
        (BOUND | {"threads": "2"}, "(threads is none there and 2 now);"),
        ({"model": "4c1f"}, "(items is 77aa there and none now; version of torch is 2.11 there and none now);"),
        ({name: "x" for name in "abcd"}, "4 more differ);"),
    ],
)
def test_refusal_says_what_differs_there_and_now(file, now, said):
    record(file, BASELINE)
    with pytest.raises(StoreError, match="recorded of something else") as fault:
        recall(file, now)
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


def edited(file, change):
    data = json.loads(file.read_text(encoding="utf-8"))
    change(data)
    file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["ability"]["items"][0].update(score=0.0),
        lambda data: data["bound_to"].update(model="9a2b"),
        lambda data: data["ability"].update(texts=[]),
        lambda data: data.update(recorded="yesterday"),
        lambda data: data.update(more=1),
        lambda data: data.pop("seal"),
        lambda data: data.update(recorded="\ud800"),  # half a character, which JSON may spell
    ],
)
def test_edited_record_is_refused(file, change):
    record(file, BASELINE)
    edited(file, change)
    with pytest.raises(StoreError, match="its seal does not fit"):
        recall(file, {**BOUND, "model": "9a2b"})


def test_record_that_was_only_laid_out_otherwise_still_stands(file):
    record(file, BASELINE)
    edited(file, lambda data: None)
    assert recall(file, BOUND) == BASELINE


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", '{"format": 2}', "version: 1\nname: task\n", "[" * 100_000])
def test_what_is_no_record_is_refused_in_one_sentence(file, text):
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(StoreError) as fault:
        recall(file, BOUND)
    assert str(file) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_record_of_another_format_is_refused_as_that(file):
    record(file, dataclasses.replace(BASELINE, format=FORMAT + 1))
    with pytest.raises(StoreError, match="is not a recorded base of format 1"):
        recall(file, BOUND)


def test_every_cut_of_a_record_is_refused(file):
    record(file, BASELINE)
    whole = file.read_bytes()
    for end in range(0, len(whole) - 2, 7):
        file.write_bytes(whole[:end])
        with pytest.raises(StoreError):
            recall(file, BOUND)
