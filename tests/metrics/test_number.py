"""Pairs for `number`: what the rule in harness/metrics/quantities.py calls the same number, and what not."""

import pytest
from pydantic import ValidationError

from harness.metrics import number
from harness.records import Example, Message


def value(answer, target, **options):
    return number(**options).score(answer, Example("e", (Message("user", "q"),), target)).value


RIGHT = [
    ("合計は1万5千円です。", "15000"),
    ("forty-two", "42"),
    ("Twelve eggs.", "12"),
    ("First we count the eggs.\n\nTwelve", "12"),
    ("The answer is twelve.", "12"),
    ("3 boxes of 4 eggs. The answer: twelve eggs", "12"),
    ("zwölf", "12"),
    ("Check: 4 * 9 = 36", "36"),
    ("6w = 36, w = 6.\n\nVerify: 2(6 + 12) = 36.\n\n#### 6", "6"),
    ("450 / 60 = 7.5. We cannot rent half a bus, so we need 8 buses.", "8"),
    ("We can't have a negative length, thus x = 3 m.", "3"),
    ("I don't know the exact figure, though it is about 42.", "42"),
    ("I cannot verify the 3.5 figure, but the total is 42.", "42"),
    ("Let me see whether it fits or not\n17 boxes fit in the van", "17"),
    ("정답은 7만 가능하다.", "7"),
    ("It is fıve. 5", "5"),
    ("two million", "2000000"),
    ("One.", "1"),
    ("42", "forty-two"),
    ("Всего продано 5 тыс. билетов.", "5000"),
    ("El gobierno invirtió 2 mil millones de euros.", "2000000000"),
    ("3,5 Millionen Einwohner", "3500000"),
    ("1,2 miliardi", "1200000000"),
    ("It is 17 stops, not 19.", "17"),
    ("I cannot be sure, but it is 42.", "42"),
    ("I do not know this for certain: 42", "42"),
    # separators
    ("1,000", "1000"),
    ("1,234.5", "1234.5"),
    ("1.234,5", "1234.5"),
    ("1 234,5", "1234.5"),
    ("1\u00a0234,5", "1234.5"),  # no-break space
    ("1\u202f234", "1234"),  # narrow no-break space
    ("1'234", "1234"),
    ("1\u2019234.50", "1234.5"),  # curly apostrophe
    ("1.234.567", "1234567"),
    ("12,34,567", "1234567"),  # India
    ("1_000", "1000"),
    ("10,5", "10.5"),
    ("0,125", "0.125"),
    ("1234.567", "1234,567"),
    ("12.0", "12"),
    ("0.50", "0.5"),
    (".5", "0.5"),
    ("007", "7"),
    # signs
    ("\u22125", "-5"),
    ("\u20135", "-5"),  # en dash
    ("minus 5", "-5"),
    ("(1,234)", "-1234"),
    ("($5.00)", "-$5"),
    ("-$5", "$-5"),
    ("+5", "5"),
    ("- 5", "5"),  # a bullet
    # digits of any script
    ("\u0661\u066c\u0662\u0663\u0664\u066b\u0665", "1234.5"),  # Arabic-Indic, with its own marks
    ("\u0967\u0968\u0969", "123"),  # Devanagari
    ("\uff14\uff12", "42"),  # full-width
    ("\u516142\u5143", "42 yuan"),
    ("3\u4e07", "30000"),
    # units, currency, percent
    ("$12.00", "$12"),
    ("12 USD", "$12"),
    ("US$12", "12 dollars"),
    ("\u20ac1.234,50", "1234.5 euros"),
    ("5 kg", "5kg"),
    ("5 kilograms", "5 kg"),
    ("3 apples", "3 apple"),
    ("12 percent", "12%"),
    ("12 %", "12 per cent"),
    ("12", "12%"),
    ("12%", "12"),
    ("42", "42 euros"),
    ("42 euros", "42"),
    ("\u00a35", "5 pounds"),
    ("5 lbs", "5 pounds"),
    # scales
    ("5k", "5000"),
    ("$5M", "$5,000,000"),
    ("1.2 million", "1200000"),
    ("1.2 billion", "1,200 million"),
    ("1e6", "1000000"),
    ("1.5 x 10^3", "1500"),
    ("1/2", "0.5"),
    ("1\u00bd", "1.5"),
    ("2 1/2 cups", "2.5 cups"),
    ("2\\frac{1}{2}", "2.5"),
    ("-\\frac{1}{2}", "-0.5"),
    ("10^5", "100000"),
    ("10\u2075", "$10^{5}$"),
    ("1.5 * 10^3", "1500"),
    ("$3 \\cdot 10^4$", "30000"),
    ("two dozen are 2 dozen", "24"),
    ("12 k\u20ac", "12000 \u20ac"),
    ("5 Tsd. \u20ac", "5000 \u20ac"),
    ("5 Mrd.", "5000000000"),
    # more units
    ("5 K\u010d", "5 CZK"),
    ("5 TL", "5 \u20ba"),
    ("5 Fr.", "5 CHF"),
    ("500 SEK", "500 kr"),
    ("20 \u00b0C", "20 degrees Celsius"),
    ("5 \u00b5m", "5 um"),
    ("5 m2", "5 m\u00b2"),
    ("5 km per hour", "5 km/h"),
    ("5 miles per hour", "5 mph"),
    ("9.8 m/s2", "9.8 m/s\u00b2"),
    ("$5 an hour", "$5 per hour"),
    ("$5", "$5 per hour"),  # left out
    ("$5/mo", "$5 per month"),
    ("$5/yr", "$5 per year"),
    ("$5 per wk", "$5 a week"),
    ("$3 per pound", "$3/lb"),
    ("5 \u20ac/St.", "5 \u20ac/St\u00fcck"),
    ("300 mg a pill", "300 mg per tablet"),
    ("5 yrs", "5 years"),
    ("5 Mbps", "5 Mbit/s"),
    # units in other languages
    ("5 Kilogramm", "5 kg"),
    ("20 Prozent", "20%"),
    ("20 por ciento", "20%"),
    ("5 кг", "5 kg"),
    ("90 км/ч", "90 km/h"),
    ("3 Stunden", "3 h"),
    ("3 Std.", "3 hours"),
    ("3 heures", "3 horas"),
    ("21 градус", "21 градусов"),
    ("20 Grad Celsius", "20 °C"),
    ("100 рублей", "100 руб."),
    ("5公斤", "5千克"),
    ("3個小時", "3時間"),
    ("3시간입니다", "3 h"),
    ("5000원", "5000 won"),
    ("10周年", "10 years"),
    ("직원 5명", "5명"),  # the end of a word is no currency
    ("Всего 42 грамма в 2024 г.", "42 грамма"),  # a year, no grams
    ("5 kilómetros", "5 км"),
    # no cents
    ("1.250,- €", "1250 €"),
    ("Fr. 5.–", "5 CHF"),
    ("1'250.- CHF", "1250 CHF"),
    # which one of a text
    ("The total is 42 euros.", "42 euros"),
    ("42 euros", "The total is 42 euros."),
    ("\\boxed{42}", "42"),
    ("So we get $\\boxed{1{,}234}$.", "1234"),
    ("**Answer:** 42", "42"),
    ("The answer is 42, since 6 times 7 is 42 and 2 is small.", "42"),
    ("It sold 31 first.\nThen 31+6 = <<31+6=37>>37 pears.\n#### 37", "37"),
    ("31 + 6 = 37", "37"),
    ("Answer: 31 + 6 = 37 pears (see page 4)", "37"),
    ("42\nBecause 6 and 7 make it, on page 3.", "42"),
    ("First 6, then 7.\n42 euros", "42 euros"),
    ("It is 42 euros for 3 people", "42 euros"),
    ("There are 42 of them", "42"),
    ("It took 42 km on 2024-05-01 at 12:30", "42"),
    ("4 out of 5", "4"),
    ("Shops: >3. **Answer**: 42", "42"),
    ("x -> 42", "42"),
    ("6 times 7 is what we want:\n\n> 42", "42"),
    ("> 42\n\nsince 6 times 7 makes it", "42"),
    ("<answer>42</answer>", "42"),
    ("Antwort: 42, denn 6 mal 7", "42"),
    ("Die Antwort ist 42, denn 6 mal 7", "42"),
    ("The result is 12 per box. With 3 boxes we get 42.", "42"),
    ("The test result is 5.\nTotal = 42", "42"),
    ("The answer is 42. As a result: all 7 fit.", "42"),
    ("Respuesta: 42 (6*7)", "42"),
    ("Risposta finale: 42 (6*7)", "42"),
    ("R\u00e9ponse : 42 (6*7)", "42"),
    ("\u041e\u0442\u0432\u0435\u0442: 42 (6*7)", "42"),
    ("\u7b54\u6848\uff1a42\uff086\u00d77\uff09", "42"),
    ("\ub2f5: 42 (6*7)", "42"),
    ("<answer>42</answer> as 6*7", "42"),
    ("<answer>x = 42</answer> where y = 7", "42"),
    ('{"answer": 42, "why": "6*7"}', "42"),
    ("It is 42!", "42"),
    # no number in the target
    ("Unknown.", "unknown"),
    ("12:30", "12:30"),
    ("40-42", "40\u201342"),
]
WRONG = [
    ("Line 7 has 17 stops, not 19.", "19"),
    ("It is not 42.", "42"),
    ("one hundred and five", "5"),
    ("one hundred twenty-three", "23"),
    ("treinta y cinco", "5"),
    ("cinco mil", "5"),
    ("two and a half", "2"),
    ("two thirds", "2"),
    ("three point five", "3"),
    ("three point five", "5"),
    ("There are two unknowns, x and y.", "2"),
    ("It is fıve.", "5"),
    ("Dix and Otto", "10"),
    ("I cannot verify whether it is 23 or any other amount.", "23"),
    ("Ich weiß nicht, ob es 23 sind.", "23"),
    ("One of them is right, twelve are not: 13", "12"),
    ("5 mil", "5000"),
    ("> 42", "42"),
    ("> 42\n\n", "42"),
    ("So it must be\n>= 42", "42"),
    ("So x must be\n> 42", "42"),
    ("Range:\n> 42", "42"),
    ("1.5", "15"),
    ("15", "1.5"),
    ("-5", "5"),
    ("5", "-5"),
    ("10,5", "105"),
    ("1.234", "1234"),  # ambiguous, and read with a decimal point
    ("1,234", "1.234"),
    ("1,23", "123"),
    ("1.2.3", "123"),
    ("192.168.0.1", "1"),
    ("(5)", "5"),
    ("42 dollars", "42 euros"),
    ("$42", "\u20ac42"),
    ("5 kg", "5 g"),
    ("5000 g", "5 kg"),
    ("3 pears", "3 apples"),
    ("5 Gramm", "5 kg"),
    ("5 мг", "5 г"),
    ("5 г", "5 градусов"),
    ("3 Minuten", "3 Stunden"),
    ("5克拉", "5 g"),
    ("5平方米", "5 m"),
    ("10周年", "10 weeks"),
    ("100 доллар", "100 евро"),
    ("5 mil", "5 miles"),
    ("(5,-3)", "5"),
    ("12%", "0.12"),
    ("0.12", "12%"),
    ("12%", "12 kg"),
    ("5", "5 million"),
    ("5k", "5"),
    ("5m", "5000000"),  # metres
    ("5 million", "5 billion"),
    ("40-42", "42"),
    ("40 to 42", "40"),
    ("between 40 and 42", "42"),
    ("42 or 43", "42"),
    ("42 or 43", "43"),
    ("The answer is 42 or 43", "42"),
    ("2024-01-05", "5"),
    ("12:30", "30"),
    ("covid-19", "19"),
    ("covid-19", "-19"),
    ("A4", "4"),
    ("10\u00b2", "10"),
    ("10\u00b2", "102"),
    ("42 of the 100", "42"),  # the last number is 100
    (">42", "42"),
    ("x \u2264 42", "42"),
    ("at least 42", "42"),
    ("42+", "42"),
    ("42 or more", "42"),
    ("2^10", "10"),
    ("10^2", "10"),
    ("3 \\cdot 10^4", "10000"),
    ("x^2", "2"),
    ("\\sqrt{2}", "2"),
    ("2\u03c0", "2"),
    ("5i", "5"),
    ("6*7", "67"),
    ("6 * 700", "6700"),
    ("5 h 30 min", "30 min"),
    ("5h30min", "5 h"),
    ("1\u4e072\u5343", "2"),
    ("Q3 2024", "2024"),
    ("5 dozen", "5"),
    ("$5 per hour", "$5 per day"),
    ("$5/mo", "$5 per day"),
    ("5 \u20ac/kg", "5 \u20ac/g"),
    ("5 kg/m3", "5 kg/m2"),
    ("5 m2", "5 m"),
    ("5 oz", "5 fl oz"),
    ("5 GB", "5 Gb"),
    ("5 mbps", "5 MBps"),
    ("no idea", "0"),
    ("", "0"),
    (None, "0"),
    ("42", "unknown"),
    ("1/2", "2"),
    ("\u0661\u0662", "21"),
    ("1" * 5000, "1"),  # more digits than Python turns into a number
    ("1e99999", "1"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_same_number_is_right_however_it_is_written(answer, target):
    assert value(answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_another_number_is_wrong_however_near_its_form(answer, target):
    assert value(answer, target) == 0


UNCLEAR = [
    ("5 h 30 min", "2 h 30 min"),
    ("6 ft 10 in", "5 ft 10 in"),
    ("\u20ac3 and 20 cents", "\u20ac7 and 20 cents"),
    ("(2, 3)", "(1, 3)"),
    ("[1, 3]", "[2, 3]"),
    ("4, 3", "5, 3"),
    ("3\\sqrt{2}", "5\\sqrt{2}"),
    ("12 (of 15)", "11 (of 15)"),
    ("2 of 7", "3 of 7"),
    ("42", ">42"),
    ("42", "at least 42"),
    ("42", "40-42"),
    ("42", "The bill of table 4 is 42 euros"),
    ("5 h", "Answer: 5 h 30 min"),
]


@pytest.mark.parametrize(("answer", "target"), UNCLEAR)
def test_target_that_does_not_say_one_number_is_a_fault_and_is_compared_as_a_text(answer, target):
    assert "says several numbers" in number().target_fault(target)
    assert (value(answer, target), value(target, target)) == (0, 1)


@pytest.mark.parametrize(
    "target",
    ["42", "5 \u20ac/kg", "2 1/2", "unknown", "12:30", "Q3 2024", "3 + 4 = 7\n#### 7", "7 + 8\n\n15 nuts", "4 of them"],
)
def test_target_that_says_one_number_or_none_is_no_fault(target):
    assert number().target_fault(target) == ""


@pytest.mark.parametrize(
    ("answer", "target", "options", "expected"),
    [
        ("10.01", "10", {"tolerance": 0.01}, 1),  # exactly the tolerance: no binary rounding
        ("10.011", "10", {"tolerance": 0.01}, 0),
        ("0.3", "0.1", {"tolerance": 0.2}, 1),
        ("101", "100", {"relative_tolerance": 0.01}, 1),
        ("101.1", "100", {"relative_tolerance": 0.01}, 0),
        ("-101", "-100", {"relative_tolerance": 0.01}, 1),
        ("0.01", "0", {"relative_tolerance": 0.5}, 0),  # a share of nothing is nothing
        ("0.01", "0", {"relative_tolerance": 0.5, "tolerance": 0.01}, 1),
        ("1.234", "1234", {"decimal_mark": ","}, 1),
        ("1,234", "1.234", {"decimal_mark": ","}, 0),
        ("1,234", "1,2340", {"decimal_mark": ","}, 1),
        ("1,234.5", "1234.5", {"decimal_mark": ","}, 1),  # not ambiguous
        ("12%", "0.12", {"percent": "hundredth"}, 1),
        ("12%", "12", {"percent": "hundredth"}, 0),
        ("42 dollars", "42 euros", {"tolerance": 100}, 0),
    ],
)
def test_options_say_how_near_is_near_and_what_a_mark_means(answer, target, options, expected):
    assert value(answer, target, **options) == expected


@pytest.mark.parametrize("options", [{"tolerance": -1}, {"tolerance": "1"}, {"decimal_mark": ";"}, {"tolerence": 1}])
def test_wrong_options_are_refused(options):
    with pytest.raises(ValidationError):
        number(**options)


def test_figure_is_the_share_of_right_numbers():
    metric = number()
    assert (metric.name, metric.kind) == ("number", "rate")
    scores = [
        metric.score(answer, Example(str(n), (), "5")) for n, answer in enumerate(["5.0", "6", None, "five", "fife"])
    ]
    assert metric.aggregate(scores) == 2 / 5
