"""Pairs for `label_set`, by the rule in harness/metrics/label_sets.py, and the figures of its two aggregates."""

from math import isclose

import pytest
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from harness.decision.arms import MetricSpec
from harness.decision.intervals import score_interval
from harness.metrics import label_set, label_set_macro_f1, label_set_micro_f1
from harness.metrics.label_sets import read_labels
from harness.records import Example, Message

RIGHT = [
    ("**Skills:** billing, refund", "billing, refund"),
    ("Skills: billing, refund", "billing, refund"),
    ("topic: billing, topic: refund", "topic: billing, topic: refund"),
    ("refund, billing", "billing, refund"),
    ("billing,refund", "billing, refund"),
    ("billing; refund", "billing, refund"),
    ("billing | refund", "billing, refund"),
    ("billing\nrefund", "billing, refund"),
    ("- billing\n- refund", "billing, refund"),
    ("1. billing\n2. refund", "billing, refund"),
    ('["refund", "billing"]', "billing, refund"),
    ('```json\n["refund", "billing"]\n```', "billing, refund"),
    ('{"labels": ["refund", "billing"]}', "billing, refund"),
    ("refund, billing", '["billing", "refund"]'),
    ("Billing, REFUND", "billing, refund"),
    ("billing, refund.", "billing, refund"),
    ("'billing', \"refund\"", "billing, refund"),
    ("**billing**, **refund**", "billing, refund"),
    ("Labels: billing, refund", "billing, refund"),
    ("The labels are: billing, refund", "billing, refund"),
    ('Labels: ["billing", "refund"]', "billing, refund"),
    ("Here are the labels:\n- billing\n- refund", "billing, refund"),
    ("billing and refund", "billing, refund"),
    ("login, billing, and refund", "billing, refund, login"),
    ("billing und refund", "billing, refund"),
    ("login, billing et refund", "billing, refund, login"),
    ("billing y refund", "billing, refund"),
    ("billing \u0438 refund", "billing, refund"),
    ("refund + billing", "billing + refund"),
    ("billing + refund", "billing, refund"),
    ("#refund #billing", "#billing #refund"),
    ("#refund, #billing", "billing, refund"),
    ("__label__refund __label__billing", "__label__billing __label__refund"),
    ("refund, billing", "__label__billing __label__refund"),
    ("['refund', 'billing']", "billing, refund"),
    ("Labels: {'refund', \"billing\"}", "['billing', 'refund']"),
    ("['food, drink', 'login']", '["login", "food, drink"]'),
    ("login, C++", "C++, login"),
    ("billing, billing, refund", "billing, refund"),
    ("billing", "billing"),
    ("terms and conditions", "terms and conditions"),
    ("login, terms and conditions", "terms and conditions, login"),
    ("late delivery, login", "login, late delivery"),
    ('["food, drink", "login"]', '["login", "food, drink"]'),
    ("food, drink\nlogin", '["login", "food, drink"]'),
    ("\u8d26\u5355\u3001\u9000\u6b3e", "\u9000\u6b3e\uff0c\u8d26\u5355"),
    ("[]", "[]"),
    ("none", "[]"),
    ("None.", "[]"),
    ("none", "none"),
    ("[1, 2]", "2, 1"),
]
WRONG = [
    ("billing: refund", "billing, refund"),
    ("billing: refund", "refund"),
    ("Missing skills: billing, refund", "billing, refund"),
    ("Not billing: refund", "refund"),
    ("topic: billing, refund", "topic: billing, topic: refund"),
    ("billing", "billing, refund"),
    ("billing, refund, login", "billing, refund"),
    ("billing, login", "billing, refund"),
    ("billing refund", "billing, refund"),
    ("billing/refund", "billing, refund"),
    ("refunds, billing", "billing, refund"),
    ("#billing", "#billing #refund"),
    ("#billing refund", "#billing #refund"),
    ("billing oder refund", "billing, refund"),
    ("['billing']", "billing, refund"),
    ("['billing, refund']", "billing, refund"),
    ("no refund, billing", "billing, refund"),
    ("It is about billing, refund", "billing, refund"),
    ("delivery, late, login", "late delivery, login"),
    ("late, delivery", "late delivery"),
    ("terms, conditions", "terms and conditions"),
    ("terms and conditions", "terms, login"),
    ("food, drink, login", '["food, drink", "login"]'),  # the separator inside a label
    ('["billing", ["refund"]]', "billing, refund"),
    ('{"billing": true, "refund": true}', "billing, refund"),
    ('["billing, refund"]', "billing, refund"),
    ("none", "billing"),
    ("[]", "billing"),
    ("", "billing"),
    ("billing", "[]"),
    ("none, billing", "billing"),
    (None, "[]"),
    (None, "billing"),
    ("bill", "billing"),
    ("b-illing", "billing"),
]


def examples(targets):
    return [Example(str(index), (Message("user", "q"),), target) for index, target in enumerate(targets)]


def figure(make, answers, targets):
    metric = make()
    return metric.aggregate([metric.score(a, e) for a, e in zip(answers, examples(targets), strict=True)])


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_same_labels_are_right_in_any_order_and_form(answer, target):
    assert figure(label_set, [answer], [target]) == 1
    assert figure(label_set_micro_f1, [answer], [target]) == 1
    assert figure(label_set_macro_f1, [answer], [target]) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_labels_that_are_missing_too_many_or_others_are_wrong(answer, target):
    assert figure(label_set, [answer], [target]) == 0
    if answer is not None:  # with no label wanted, an answer that could not be read costs micro-F1 nothing
        assert figure(label_set_micro_f1, [answer], [target]) < 1
    assert figure(label_set_macro_f1, [answer], [target]) < 1


def test_one_of_two_labels_is_half_recalled():
    # TP 1, said 1, wanted 2
    assert isclose(figure(label_set_micro_f1, ["billing"], ["billing, refund"]), 2 * 1 / (1 + 2))
    assert isclose(figure(label_set_macro_f1, ["billing"], ["billing, refund"]), (1 + 0) / 2)


ANSWERS = ["a, b", "a", "b, c", None, "c, a", "b"]
TARGETS = ["b, a", "a, c", "b", "a", "c", "b, c"]


@pytest.mark.parametrize(("make", "average"), [(label_set_micro_f1, "micro"), (label_set_macro_f1, "macro")])
def test_f1_equals_scikit_learn_where_every_label_is_known(make, average):
    binarizer = MultiLabelBinarizer(classes=["a", "b", "c"])
    wanted = binarizer.fit_transform([target.split(", ") for target in TARGETS])
    said = binarizer.transform([answer.split(", ") if answer else [] for answer in ANSWERS])
    assert isclose(figure(make, ANSWERS, TARGETS), f1_score(wanted, said, average=average))


def test_label_that_nobody_wants_counts_against_the_answer():
    # micro: TP 1, said 2, wanted 1; macro: the unknown label is a false positive of a
    assert isclose(figure(label_set_micro_f1, ["a, zebra"], ["a"]), 2 * 1 / (2 + 1))
    assert isclose(figure(label_set_macro_f1, ["a, zebra"], ["a"]), 2 * 1 / (2 + 1))
    assert figure(label_set_macro_f1, ["zebra"], ["a"]) == 0


def test_kinds_are_a_rate_and_two_aggregates():
    assert [(one().name, one().kind) for one in (label_set, label_set_micro_f1, label_set_macro_f1)] == [
        ("label_set", "rate"),
        ("label_set_micro_f1", "aggregate"),
        ("label_set_macro_f1", "aggregate"),
    ]


@pytest.mark.parametrize("make", [label_set_micro_f1, label_set_macro_f1])
def test_aggregate_refuses_nothing_and_scores_of_another_metric(make):
    with pytest.raises(ValueError, match="no scores"):
        make().aggregate([])
    with pytest.raises(ValueError, match="score it with label_set_m"):
        make().aggregate(
            [
                label_set_macro_f1().score("a", examples(["a"])[0])
                if make is label_set_micro_f1
                else label_set_micro_f1().score("a", examples(["a"])[0])
            ]
        )


def interval(make, answers, targets):
    metric = make()
    rows = examples(targets)
    scores = [metric.score(answer, row) for answer, row in zip(answers, rows, strict=True)]
    return score_interval(scores, MetricSpec(metric.name, metric.kind, metric.aggregate, {}))


def test_macro_f1_makes_no_claim_where_a_label_is_rare_however_common_its_sets_are():
    targets = ["a, b"] * 20 + ["c"] * 4
    assert interval(label_set_macro_f1, targets, targets).method == (
        "no claim: the label 'c' has 4 test items, each label needs 5"
    )
    assert "no claim" not in interval(label_set_micro_f1, targets, targets).method


def test_each_label_is_counted_over_the_sets_that_hold_it():
    # every set is rare, and every label stands in five of them or more
    targets = ["a", "a, b", "b, c", "c, a", "a, b, c", "b", "c", "a, c", "b, a", "c, b"]
    found = interval(label_set_macro_f1, targets, targets)
    assert found.estimate == 1
    assert "no claim" not in found.method


@pytest.mark.parametrize("answer", ["#a and #b", '["#a", "#b"]', "- #a\n- #b", "1. #b\n2. #a", "#a | #b", "a, b"])
@pytest.mark.parametrize("target", ["#a, #b", "#a #b"])
def test_signs_in_front_of_labels_do_not_count_however_they_are_listed(answer, target):
    assert read_labels(answer, read_labels(target)) == read_labels(target) == {"a", "b"}
