from math import isclose

import pytest
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import f1_score

from harness.plugins import METRICS, load, plugins
from harness.records import Example, Message

OURS = (
    "exact_match f1 contains rouge_1 rouge_2 rouge_l label_accuracy macro_f1 json_valid json_fields".split()
)  # fmt: skip
SAME_TEXTS = {
    "chinese": "\u5317\u4eac\u4eca\u5929\u4e0b\u96ea\u4e86\u3002",
    "russian": "\u0421\u0435\u0433\u043e\u0434\u043d\u044f \u0438\u0434\u0451\u0442 \u0441\u043d\u0435\u0433.",
    "arabic": "\u0627\u0644\u062b\u0644\u062c \u064a\u062a\u0633\u0627\u0642\u0637\u061f",
    "hindi": "\u0906\u091c \u092c\u0930\u094d\u092b\u093c \u0917\u093f\u0930 \u0930\u0939\u0940 \u0939\u0948",
    "one word": "Paris",
    "mark": "?",
}


def metric(name):
    return load(METRICS, name)()


def value(name, answer, target):
    example = Example("e1", (Message("user", "q"),), target)
    score = metric(name).score(answer, example)
    assert score.example_id == "e1"
    return score.value


def test_every_metric_of_ours_enters_through_the_door_under_its_own_name():
    assert set(OURS) <= plugins(METRICS).keys()
    assert [metric(name).name for name in OURS] == OURS


@pytest.mark.parametrize("name", OURS)
def test_answer_that_could_not_be_read_scores_zero(name):
    assert value(name, None, '{"a": 1}') == 0


@pytest.mark.parametrize("name", OURS)
def test_aggregate_of_nothing_is_an_error_and_not_zero(name):
    with pytest.raises(ValueError, match="no scores"):
        metric(name).aggregate([])


@pytest.mark.parametrize("name", ["exact_match", "f1", "contains", "rouge_1", "rouge_2", "rouge_l", "label_accuracy"])
@pytest.mark.parametrize("text", SAME_TEXTS.values(), ids=SAME_TEXTS)
def test_text_scores_one_against_itself_in_every_script(name, text):
    assert value(name, text, text) == 1


@pytest.mark.parametrize("name", ["f1", "rouge_1", "rouge_2", "rouge_l"])
@pytest.mark.parametrize("text", SAME_TEXTS.values(), ids=SAME_TEXTS)
def test_text_without_a_common_token_scores_zero(name, text):
    assert value(name, "nothing alike", text) == 0


def test_exact_match_keeps_signs_and_articles():
    assert value("exact_match", "Paris.", "paris") == 1
    assert value("exact_match", "5", "-5") == 0
    assert value("exact_match", "Who", "The Who") == 0


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    # said: the capital is paris (4); wanted: paris france (2); common 1; P = 1/4, R = 1/2
    expected = 2 * (1 / 4) * (1 / 2) / (1 / 4 + 1 / 2)
    assert isclose(value("f1", "The capital is Paris", "Paris, France"), expected)


def test_f1_counts_a_repeated_token_once_for_each_time_it_is_wanted():
    # said: a a a; wanted: a b; common 1; P = 1/3, R = 1/2
    assert isclose(value("f1", "a a a", "a b"), 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))


def test_f1_of_chinese_is_by_character():
    # said 3 characters, wanted 2, common 2: P = 2/3, R = 1
    assert isclose(value("f1", "\u5317\u4eac\u5e02", "\u5317\u4eac"), 2 * (2 / 3) / (2 / 3 + 1))


def test_contains_finds_whole_tokens_only():
    assert value("contains", "I think it is New York, really.", "new york") == 1
    assert value("contains", "\u6211\u4f4f\u5728\u5317\u4eac\u5e02", "\u5317\u4eac") == 1
    for answer, target in [("15", "5"), ("-5", "5"), ("1.5", "5"), ("not", "no"), ("York New", "New York")]:
        assert value("contains", answer, target) == 0


@pytest.mark.parametrize(("name", "variant"), [("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")])
def test_rouge_of_plain_english_equals_the_reference_tokenizer(name, variant):
    target, answer = "the quick brown fox jumps over the lazy dog", "the brown fox quick over a lazy dog"
    expected = RougeScorer([variant]).score(target, answer)[variant].fmeasure
    assert 0 < expected < 1
    assert value(name, answer, target) == expected


def test_label_accuracy_reports_both_labels_as_compared():
    score = metric("label_accuracy").score("Billing.\nBecause ...", Example("e", (), "billing"))
    assert (score.value, score.predicted, score.expected) == (1, "billing", "billing")
    assert value("label_accuracy", "The label is billing", "billing") == 0


def test_macro_f1_equals_scikit_learn_with_unknown_and_unread_predictions():
    expected = ["a", "a", "a", "b", "b", "c", "c", "c"]
    answers = ["a", "A.", "b", "b", "zebra", "a", None, "c"]
    rows = [Example(str(i), (), target) for i, target in enumerate(expected)]
    macro = metric("macro_f1")
    scores = [macro.score(answer, row) for answer, row in zip(answers, rows, strict=True)]
    predicted = ["a", "a", "b", "b", "zebra", "a", "", "c"]
    reference = f1_score(expected, predicted, labels=["a", "b", "c"], average="macro")
    assert isclose(macro.aggregate(scores), reference)
    assert not isclose(reference, sum(score.value for score in scores) / len(scores))


def test_macro_f1_refuses_scores_of_another_metric():
    other = metric("exact_match").score("a", Example("e", (), "a"))
    with pytest.raises(ValueError, match="no expected label"):
        metric("macro_f1").aggregate([other])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"a": 1}', 1),
        ('```json\n{"a":\n 1}\n```', 1),
        ('```\n{"a": 1}\n```', 1),
        ('Here: {"a": 1}', 0),
        ('{"a": 1', 0),
        ("{'a': 1}", 0),
        ('{"a": NaN}', 0),
        ("5", 0),  # JSON, but the target is an object
        ("[1]", 0),
        ("[" * 100_000, 0),
    ],
)
def test_json_validity(answer, expected):
    assert value("json_valid", answer, '{"a": 2}') == expected


def test_any_json_is_valid_where_the_target_is_no_object():
    assert value("json_valid", "5", "7") == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"n": 1.0, "s": "x ", "t": true, "l": [1, {"k": null}]}', 1),
        ('{"n": true, "s": "x", "t": 1, "l": [1, {"k": null}]}', 2 / 4),  # true is not 1
        ('{"n": 1, "s": "X", "t": true}', 2 / 4),  # strings are exact, a field is missing
        ('{"n": "1", "s": "x", "t": true, "l": [{"k": null}, 1]}', 2 / 4),  # "1" is no number, order counts
        ('{"n": 1, "s": "x", "t": true, "l": [1, {"k": null}], "more": 0}', 4 / 5),  # extra fields cost
        ("{}", 0),
        ("no JSON", 0),
        ("[1]", 0),
    ],
)
def test_json_fields_is_the_share_of_right_fields_among_all_named(answer, expected):
    target = '{"n": 1, "s": "x", "t": true, "l": [1, {"k": null}]}'
    assert value("json_fields", answer, target) == expected


def test_json_fields_are_the_same_composed_and_decomposed():
    assert value("json_fields", '{"caf\u00e9": "\u00e9"}', '{"cafe\u0301": "e\u0301"}') == 1


def test_json_fields_names_a_target_that_is_no_object():
    with pytest.raises(ValueError, match="item 'e1'.*'Paris'"):
        value("json_fields", "{}", "Paris")
