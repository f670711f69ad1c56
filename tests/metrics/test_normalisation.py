import pytest

from harness.metrics.normalisation import label, normalise, tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris", " paris. "),
        ("Paris", '"Paris".'),
        ("Paris", "**Paris**"),
        ("Paris", "\u201cParis\u201d"),  # curly quotes
        ("don't", "don\u2019t"),
        ("-5", "\u22125"),  # minus sign
        ("5-10", "5\u201310"),  # en dash
        ("New  York", "New\nYork"),
        ("New York", "New\u00a0York"),
        ("naive", "nai\u200bve"),  # zero-width space
        ("\ufb01ne", "fine"),  # fi ligature
        ("\uff21\uff22\uff23\uff11", "abc1"),  # full width
        ("cafe\u0301", "caf\u00e9"),  # composed and decomposed
        ("STRASSE", "stra\u00dfe"),
        ("\u5317\u4eac\u3002", "\u5317\u4eac"),  # Beijing, with a CJK full stop
        ("\u300c\u5317\u4eac\u300d", "\u5317\u4eac"),
        ("\u00bfQui\u00e9n?", "qui\u00e9n"),
    ],
)
def test_spellings_of_one_answer_are_equal(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-5", "5"),
        ("K-12", "K12"),
        ("1.5", "15"),
        (".5", "5"),
        ("1,500", "1.500"),
        ("50%", "50"),
        ("$5", "5"),
        ("C#", "C"),
        ("C++", "C"),
        ("the who", "who"),
        ("10\u00b2", "102"),  # ten squared
        ("3\u00bd", "31/2"),  # three and a half
        ("H\u2082O", "H2O"),
        ("12:30", "1230"),
        ("(5)", "5"),  # an accountant's minus five
        ("A+", "A"),
        ("Mg", "mg2"),
        ("resume", "r\u00e9sum\u00e9"),
        ("\u043c\u0438\u0440", "mir"),  # Cyrillic is not transliterated
    ],
)
def test_marks_that_change_a_meaning_are_kept(one, other):
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("text", ["?", "...", '""', "**", "'", ""])
def test_text_of_marks_alone_is_not_emptied_into_another(text):
    assert normalise(text) == text


def test_normalising_twice_changes_nothing_more():
    for text in ['**"Paris".**', "'\"a\"'", "\u300c\u300ea\u300f\u300d", "a.'", "-5.", "\u0130stanbul!"]:
        assert normalise(normalise(text)) == normalise(text)


def test_quotes_around_two_parts_are_not_taken_for_one_pair():
    assert normalise('"a" and "b"') == '"a" and "b"'


def test_label_is_the_first_line_without_brackets():
    assert label("\n [Billing].\nbecause of the invoice") == "billing"
    assert label("(A)") == label("a") == label('"A"')
    assert label("-1") != label("1")


def test_tokens_keep_signs_points_and_inner_hyphens():
    text = "It was -5, then 1.5 and .5; K-12 (don't!) 1,500 at 12:30, 50% of $5."
    wanted = "it was -5 then 1.5 and .5 k-12 don't 1,500 at 12:30 50% of $5"
    assert tokens(text) == wanted.split()


def test_scripts_without_spaces_are_cut_by_character():
    assert tokens("\u5317\u4eac\uff0c2024\u5e74\u3002") == ["\u5317", "\u4eac", "2024", "\u5e74"]
    # Thai: a vowel sign stays with its consonant
    assert tokens("\u0e01\u0e34\u0e19") == ["\u0e01\u0e34", "\u0e19"]


def test_combining_marks_do_not_break_words():
    hindi = "\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e\u0964"
    assert tokens(hindi) == ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092d\u093e\u0937\u093e"]


def test_pure_punctuation_is_no_token_but_symbols_are():
    assert tokens("a - b + \U0001f600 ... !") == ["a", "b", "+", "\U0001f600"]
