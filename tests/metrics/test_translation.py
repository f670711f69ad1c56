"""Pairs for chrF and BLEU, whose figures are sacrebleu's."""

import pytest
import sacrebleu
from pydantic import ValidationError

from harness.metrics import bleu, chrf, spearman
from harness.records import Example, Message

SAID = ["the cat sat on the mat today", "a dog runs home", "it rains"]
WANTED = ["the cat sat on the mat now", "the dog runs home", "it is raining"]


def example(target):
    return Example("e", (Message("user", "q"),), target)


def scores(metric, answers, targets):
    return [metric.score(answer, example(target)) for answer, target in zip(answers, targets, strict=True)]


@pytest.mark.parametrize("text", ["The part is broken.", "北京今天下雪了。", "Часть сломана", "零"])
def test_text_is_right_against_itself_in_every_script(text):
    assert chrf().score(text, example(text)).value == pytest.approx(1)
    assert bleu().score(text, example(text)).value == pytest.approx(1)


@pytest.mark.parametrize("metric", [chrf(), bleu()])
@pytest.mark.parametrize("answer", [None, "", "zzz"])
def test_nothing_in_common_is_nothing(metric, answer):
    assert metric.score(answer, example("The part is broken.")).value == 0


def test_nearer_wording_scores_higher():
    near, far = (
        chrf().score(text, example("The part is broken.")).value for text in ("The parts are broken.", "Parts")
    )
    assert 1 > near > far > 0


def test_chrf_of_an_item_is_sacrebleus_and_the_figure_its_mean():
    found = scores(chrf(), SAID, WANTED)
    expected = [sacrebleu.sentence_chrf(said, [wanted]).score / 100 for said, wanted in zip(SAID, WANTED, strict=True)]
    assert [score.value for score in found] == pytest.approx(expected)
    assert chrf().aggregate(found) == pytest.approx(sum(expected) / 3)


def test_bleu_is_sacrebleus_for_the_corpus():
    expected = sacrebleu.corpus_bleu(SAID, [WANTED]).score / 100
    assert 0 < expected < 1
    assert bleu().aggregate(scores(bleu(), SAID, WANTED)) == pytest.approx(expected)
    # an answer that could not be read is an empty one
    with_none = sacrebleu.corpus_bleu([*SAID, ""], [[*WANTED, "a b c d e"]]).score / 100
    assert bleu().aggregate(scores(bleu(), [*SAID, None], [*WANTED, "a b c d e"])) == pytest.approx(with_none)


def test_order_of_words_counts_for_bleu():
    assert bleu().aggregate(scores(bleu(), ["mat the on sat cat the"], ["the cat sat on the mat"])) == 0


def test_bleu_splits_words_as_it_is_told():
    said, wanted = ["北京今天下雪了"], ["北京今天下雨了"]
    assert bleu().aggregate(scores(bleu(), said, wanted)) == 0  # one word
    by_character = bleu(tokenize="zh")
    expected = sacrebleu.corpus_bleu(said, [wanted], tokenize="zh").score / 100
    assert by_character.aggregate(scores(by_character, said, wanted)) == pytest.approx(expected)
    with pytest.raises(ValidationError):
        bleu(tokenize="words")


def test_no_items_and_items_of_another_metric_are_errors():
    for metric in (chrf(), bleu()):
        with pytest.raises(ValueError, match="no scores"):
            metric.aggregate([])
    with pytest.raises(ValueError, match="no n-gram counts"):
        bleu().aggregate([spearman().score("1", example("1"))])
