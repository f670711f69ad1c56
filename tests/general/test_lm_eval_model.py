"""In what parts lm-eval's requests reach the engine."""

from types import SimpleNamespace

from pytest import fixture

from harness.general import lm_eval_model
from harness.general.lm_eval_model import EngineLM
from harness.records import Likelihood


@fixture
def limits(monkeypatch):
    monkeypatch.setattr(lm_eval_model, "_CHARACTERS", 100)
    monkeypatch.setattr(lm_eval_model, "_IN_ALL", 300)


class Counting:
    """Knows each text's length as its log-probability, and keeps what each call asked."""

    def __init__(self):
        self.calls = []

    def loglikelihood(self, requests, weights):
        self.calls.append(requests)
        return [[Likelihood(-float(len(c + text)), 1, False) for text in texts] for c, texts in requests]


def test_a_part_takes_so_many_characters_of_contexts_own(limits):
    own = [letter * 60 for letter in "abc"]
    assert list(lm_eval_model._chunks(own)) == [[text] for text in own]
    assert list(lm_eval_model._chunks(text[:50] for text in own)) == [["a" * 50, "b" * 50], ["c" * 50]]


def test_contexts_that_begin_alike_share_a_part_until_they_are_too_long_in_all(limits):
    alike = [90 * "x" + str(n) for n in range(6)]
    mixed = [alike[3], "a", alike[0], alike[5], alike[1], alike[4], alike[2]]
    parts = list(lm_eval_model._chunks(mixed))
    assert parts == [["a", *alike[:3]], alike[3:]]  # 1 + 3 x 91 = 274 characters; another would be 365


def test_whole_texts_are_asked_in_parts_and_answered_in_order(limits):
    engine, told = Counting(), []
    model = EngineLM(engine, None, lambda done, total: told.append((done, total)))
    texts = ["c" * 70, "a" * 60, "c" * 70, "b" * 80]
    requests = [SimpleNamespace(args=(text,)) for text in texts]
    assert model.loglikelihood_rolling(requests) == [-70, -60, -70, -80]
    assert [[text for _, [text] in call] for call in engine.calls] == [["a" * 60], ["b" * 80], ["c" * 70]]
    assert told == [(0, 4), (1, 4), (2, 4), (4, 4)]
