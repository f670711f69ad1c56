from collections import Counter

import pytest
from scripted_context import row

from baselines.prompt.shots import choose, usable_rows, without_systems
from harness.program import Prompt
from harness.records import Example, Message, Study

LABELS = ["a"] * 12 + ["b"] * 6 + ["c"] * 2
LABELLED = [row(f"t{i}", f"question {i}", label) for i, label in enumerate(LABELS)]


def test_diverse_shots_cover_every_label_before_any_is_shown_twice():
    for seed in range(5):
        assert {shot.answer for shot in choose(LABELLED, 3, "diverse", seed)} == {"a", "b", "c"}
        assert Counter(shot.answer for shot in choose(LABELLED, 8, "diverse", seed)) == {"a": 3, "b": 3, "c": 2}


def test_fewer_diverse_shots_than_labels_show_the_commonest():
    assert [shot.answer for shot in choose(LABELLED, 2, "diverse", 0)] == ["a", "b"]


def test_diverse_shots_of_unlike_targets_are_unlike_questions():
    rows = [row(f"n{i}", f"what is the price of model {i}", f"{i} euro") for i in range(20)]
    rows.append(row("other", "can it be repaired at home", "no"))
    for seed in range(5):
        assert "no" in {shot.answer for shot in choose(rows, 2, "diverse", seed)}


@pytest.mark.parametrize("choice", ["diverse", "random"])
def test_choice_depends_on_the_seed_alone_and_grows_by_adding(choice):
    chosen = choose(LABELLED, 6, choice, 1)
    assert chosen == choose(LABELLED, 6, choice, 1)
    assert chosen[:3] == choose(LABELLED, 3, choice, 1)
    assert any(choose(LABELLED, 6, choice, seed) != chosen for seed in range(2, 5))
    assert len(set(chosen)) == 6


TALK = (Message("user", "hi"), Message("assistant", "hello"), Message("user", "and?"))
OTHER_TALK = (Message("user", "hey"), Message("assistant", "hello"), Message("user", "and?"))


def test_rows_that_dev_asks_too_and_repeats_are_not_shown():
    train = (row("t1", "Open the door", "a"), row("t2", "open  the DOOR", "b"), row("t3", "Close it", "c"))
    study = Study(train=train, dev=(row("d1", "close it", "c"),))
    assert [example.id for example in usable_rows(study)] == ["t1"]


def test_conversations_are_shown_with_the_turns_before_and_told_apart_by_them():
    train = (Example("t1", TALK, "x"), Example("t2", OTHER_TALK, "y"), Example("t3", TALK, "z"))
    study = Study(train=train, dev=(Example("d1", OTHER_TALK, "y"),))
    assert [example.id for example in usable_rows(study)] == ["t1"]
    [shot] = choose(usable_rows(study), 1, "random", 0)
    shown = Prompt("Be kind.", "Q: {{ input }}", (shot,), "Q: {{ input }}").messages(row("q", "why?", "").question)
    assert [(turn.role, turn.content) for turn in shown] == [
        ("system", "Be kind."),
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "Q: and?"),
        ("assistant", "x"),
        ("user", "Q: why?"),
    ]


def test_rows_with_system_turns_are_shown_without_them_where_no_others_are_there():
    def train(*systems):
        turns = [(Message("system", text),) if text else () for text in systems]
        return tuple(Example(f"t{n}", (*turn, Message("user", f"q{n}")), "a") for n, turn in enumerate(turns))

    def shown(*systems, dev=()):
        rows = usable_rows(Study(train(*systems), dev))
        return [example.id for example in rows], without_systems(rows)

    differ = "solved examples are shown without the system turns of their rows, which differ (2 texts)"
    assert shown("Be brief.", "Be brief.") == (["t0", "t1"], [])
    assert shown("Be brief.", "Be kind.") == (["t0", "t1"], [differ])
    assert shown("Be brief.", None) == (["t1"], [])
    assert shown("Be brief.", None, dev=(row("d1", "q1", "a"),)) == (["t0"], [])
    [shot, _] = choose(usable_rows(Study(train("Be brief.", "Be brief."), ())), 2, "random", 0)
    assert shot.history == ()
