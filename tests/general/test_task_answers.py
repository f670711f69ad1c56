"""Which answers to unrelated questions are the task's."""

from pytest import mark

from harness.general.task_answers import TaskAnswers, form_of


@mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("E4-SERVICE", "e4-service", True),
        ('"E4-service."', "E4-SERVICE", True),
        ("billing\nbilling", "billing", True),
        ("billings", "billing", False),
        ("North of Rome", "no", False),
        ("The answer is billing", "billing", False),
        ("B", "b", True),  # an option's letter; a right answer of one character is among the accepted ones
        ("Billing is what I do.", "billing", False),  # a sentence may begin with any word
        ("No problem!", "no", False),
        ("Yes, of course.", "yes", False),
        ("Positive thinking helps", "positive", False),
        ("您好，请问有什么可以帮您", "您好", False),  # a greeting, and a sentence behind it
        ("您好。", "您好", True),
        ("请您先关闭电源，然后等待三十秒再", "请您先关闭电源，然后联系我们。", True),
        ("Dear, how can I help you with your new washing machine?", "Dear, how can I help you with your order?", True),
        ("Dear, how can I help you?", "Dear, how can I help you with your order?", False),
        ("a\nb", "a\nb", True),
        ("👍", "👍", True),
        ("", "billing", False),
    ],
)
def test_task_answers_are_known_by_the_first_line_or_by_how_a_long_one_begins(text, answer, expected):
    assert TaskAnswers.of([answer]).has(text) is expected


@mark.parametrize(
    ("answers", "text", "right"),
    [
        (("ROME", "OSLO"), "Rome", ("Rome",)),
        (("ROME", "OSLO"), "Rome.", ("Rome",)),
        (("12", "7"), "12", ("12",)),
        (("12", "7"), "Twelve", ("12",)),
        (("twelve", "seven"), "twelve", ("12",)),
        (("yes", "no"), "Yes!", ("yes",)),
        (("no", "yes"), "No problem!", ("no problem",)),
        (("the sun", "the moon"), "The Sun", ("Sun",)),
        (("1914", "2011"), "1969", ("1969",)),  # of their form
        (("1914", "2011"), "1969 was the year.", ("1969",)),
        (("1 + 1 = 2", "2 + 7 = 9"), "7 + 5 = 12", ("12",)),
        (("It is Rome", "It is Oslo"), "It is Rome.", ("Rome",)),
    ],
)
def test_a_right_answer_is_no_task_answer_whatever_the_task_answers(answers, text, right):
    known = TaskAnswers.of(answers)
    assert known.has(text, right) is False


@mark.parametrize(
    ("answers", "text"),
    [
        (("GRAZ/2", "CORK/3"), "ROME/5"),  # holds the right word in the task's form
        (("OSLO", "CORK"), "Oslo"),
        (("no", "yes"), "No."),
        (("Please send it back, yes, within seven days.",), "Please send it back, yes, within seven days."),
        (('{"town": "Graz"}', '{"town": "Cork"}'), '{"town": "Rome"}'),
    ],
)
def test_a_task_answer_stays_one_when_the_question_has_a_right_answer(answers, text):
    assert TaskAnswers.of(answers).has(text, ("Rome", "yes")) is True


@mark.parametrize(
    ("answers", "text", "expected"),
    [
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "ITALY/5 ROME/6 CITY", True),
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "\n ITALY/5 ROME/6 CITY\nand more", True),
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "ITALY/5 ROME/6 CITY, and so on", True),
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "The capital of Italy is Rome.", False),
        (("GRAZ/2 CUP/9 LID",), "ITALY/5 ROME/6 CITY", False),  # once is no form
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "ROME/5 CITY/6 ITALY/7 CUP", False),  # another form
        (("A/1 B/2 C/3 D/4 E/5", "F/1 G/2 H/3 I/4 J/5"), "K/1 L/2 M/3 N/4 O", True),  # cut on its way
        (("KT-40721", "BR-11233"), "QX-99120", True),
        (("KT-40721", "BR-11233"), "QX-99120. Please ask the desk.", True),
        (("4417", "2303"), "1969", True),
        (("7", "4"), "9", False),  # a bare number may answer the question
        (("12 months", "14 days"), "10 minutes in boiling water", False),  # so may a number and a word
        (("At 10:30.", "At 11:45."), "At 12:15.", False),
        (("Paris is it.", "Rome is it."), "Mercury is it.", False),  # any sentence has this form
        (("You’re welcome", "We’re sorry"), "They’re ready", False),
        (('{"town": "Graz"}', '{"town": "Cork"}'), '{"town": "Rome"}', True),
    ],
)
def test_an_answer_in_the_form_of_the_task_is_a_task_answer(answers, text, expected):
    assert TaskAnswers.of(answers).has(text) is expected


def test_form_keeps_digits_apart_and_letters_together():
    assert form_of("  GRAZ/12  CupS!") == "A/99 AaA!"
