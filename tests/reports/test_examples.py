from collections import Counter

import pytest

from reports.view.examples import Caps, choose, examples_section


def kinds(split: int, wrong: int, right: int):
    names = ["split"] * split + ["wrong"] * wrong + ["right"] * right
    return [(f"{name}-{index}", name) for index, name in enumerate(names)]


@pytest.mark.parametrize(
    ("there", "shown"),
    [
        # of 20 places: 12 for disagreement, 5 for all wrong, 3 for all right
        ((100, 100, 100), {"split": 12, "wrong": 5, "right": 3}),
        ((100, 0, 100), {"split": 17, "right": 3}),  # the 5 free places go to disagreement
        ((2, 1, 100), {"split": 2, "wrong": 1, "right": 17}),
        ((3, 0, 0), {"split": 3}),
    ],
)
def test_places_go_to_disagreement_first_and_none_stays_empty(there, shown):
    chosen = choose(kinds(*there), 20)
    assert Counter(identity.split("-")[0] for identity in chosen) == shown
    assert len(set(chosen)) == len(chosen)


def test_disagreements_come_first_and_are_spread_over_the_test_set():
    chosen = choose(kinds(100, 10, 10), 10)
    order = [identity.split("-")[0] for identity in chosen]
    assert order == sorted(order, key=["split", "wrong", "right"].index)
    assert chosen[:6] == ["split-0", "split-16", "split-33", "split-50", "split-66", "split-83"]  # i * 100 // 6


def test_long_answer_says_how_much_is_left_out(make_run):
    section = examples_section(make_run(6, text="x" * 1000), Caps(items=1, characters=100))
    reply = next(reply for reply in section.items[0].replies if reply.answer)
    assert (reply.answer.shown, reply.answer.note) == ("x" * 50, "… 950 more characters")  # answers get half
    assert (reply.raw.shown, reply.raw.note) == ("x" * 100, "… 1,900 more characters")  # it is 2,000 long


def test_item_that_could_not_be_asked_is_not_called_wrong(make_run):
    section = examples_section(make_run(200), Caps(items=200))
    lost = [reply for item in section.items for reply in item.replies if reply.outcome == "worker crashed"]
    assert lost and {reply.mark for reply in lost} == {"not scored"}
