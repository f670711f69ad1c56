"""Pairs for `tool_call`: the same calls in the forms that models and data give them, and calls that differ."""

import pytest
from pydantic import ValidationError

from harness.metrics import tool_call
from harness.records import Example, Message

CALL = '{"name": "get_forecast", "arguments": {"city": "Graz", "days": 7}}'
OPENAI = (
    '{"role": "assistant", "content": "Let me look.", "tool_calls": [{"id": "c0", "type": "function", "function": '
    '{"name": "get_forecast", "arguments": "{\\"city\\": \\"Graz\\", \\"days\\": 7}"}}]}'
)
OTHER = '{"name": "get_time", "arguments": {}}'


def value(answer, target, **options):
    return tool_call(**options).score(answer, Example("e", (Message("user", "q"),), target)).value


RIGHT = [
    (CALL, CALL),
    ('{"arguments": {"days": 7, "city": "Graz"}, "name": "get_forecast"}', CALL),
    ('{"name": "get_forecast", "parameters": {"city": "Graz", "days": 7}}', CALL),
    ('{"name": "get_forecast", "arguments": "{\\"city\\": \\"Graz\\", \\"days\\": 7}"}', CALL),
    (OPENAI, CALL),
    (CALL, OPENAI),
    ('{"function": ' + CALL + "}", CALL),
    ('{"function_call": ' + CALL + "}", CALL),
    ('{"tool_calls": [' + CALL + "]}", CALL),
    (f"[{CALL}]", CALL),
    (f"```json\n{CALL}\n```", CALL),
    (f"<tool_call>\n{CALL}\n</tool_call>", CALL),
    (f"Let me look that up. {CALL}", CALL),
    ('{"id": "c9", "name": "get_forecast", "arguments": {"city": "Graz", "days": 7}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "Graz", "days": 7.0}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": " Graz ", "days": 7}}', CALL),
    ('{"type": "tool_use", "id": "t", "name": "get_forecast", "input": {"city": "Graz", "days": 7}}', CALL),
    ('{"tool": "get_forecast", "args": {"city": "Graz", "days": 7}}', CALL),
    ('{"function": "get_forecast", "arguments": {"city": "Graz", "days": 7}}', CALL),
    ('<function=get_forecast>{"city": "Graz", "days": 7}</function>', CALL),
    (
        '<function=get_forecast>{"city": "Graz", "days": 7}</function><function=get_time>{}</function>',
        f"[{CALL}, {OTHER}]",
    ),
    ('{"name": "get_time"}', OTHER),
    (OTHER, '{"name": "get_time"}'),
    ('{"name": "get_time", "arguments": ""}', OTHER),
    ('{"name": "get_time", "arguments": null}', OTHER),
    ('{"name": "get_time", "arguments": "{}"}', OTHER),
    (f"{CALL}\n{OTHER}", f"[{CALL}, {OTHER}]"),
    (f"<tool_call>{CALL}</tool_call><tool_call>{OTHER}</tool_call>", f"[{CALL}, {OTHER}]"),
    (f"```json\n{CALL}\n```\n```json\n{OTHER}\n```", f"[{CALL}, {OTHER}]"),
    ("It is 28 degrees.", "It will rain."),  # neither calls; the words are another metric's
    ('{"t": 12}', "No call is needed."),
    ("[]", "[]"),
]
WRONG = [
    ('{"name": "get_forecast", "arguments": {"city": "Graz", "days": "7"}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "Graz", "days": 8}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "graz", "days": 7}}', CALL),
    ('{"name": "get_forecast", "arguments": {"City": "Graz", "days": 7}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "Graz"}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "Graz", "days": 7, "unit": "C"}}', CALL),
    ('{"name": "get_forecast", "arguments": {"city": "Graz", "days": 7, "unit": null}}', CALL),
    ('{"name": "get_forecast", "arguments": {}}', CALL),
    ('{"name": "get_forecast"}', CALL),
    ('{"name": "get_weather", "arguments": {"city": "Graz", "days": 7}}', CALL),
    ('{"name": "Get_Forecast", "arguments": {"city": "Graz", "days": 7}}', CALL),
    ('{"name": "get_forecast", "arguments": ["Graz", 7]}', CALL),
    ('{"name": "get_forecast", "arguments": "city=Graz, days=7"}', CALL),
    ('{"name": "get_forecast", "arguments": {"arguments": {"city": "Graz", "days": 7}}}', CALL),
    ('{"name": "get_forecast", "input": {"city": "Graz", "days": 7}}', CALL),  # no tool_use
    ('{"type": "tool_use", "name": "get_forecast", "input": {"city": "Graz"}}', CALL),
    ('<function=get_time>{"city": "Graz", "days": 7}</function>', CALL),
    ('{"name": "get_time"}', "No call is needed."),
    ("No call is needed.", '{"name": "get_time"}'),
    ('{"city": "Graz", "days": 7}', CALL),
    ('get_forecast(city="Graz", days=7)', CALL),
    ("Let me look that up.", CALL),
    (CALL[:-1], CALL),
    (CALL.replace('"', "'"), CALL),
    (f"{CALL}\n{CALL}", CALL),  # called twice
    (f"{CALL}\n{OTHER}", CALL),
    (CALL, f"[{CALL}, {OTHER}]"),
    (f"[{OTHER}, {CALL}]", f"[{CALL}, {OTHER}]"),
    (CALL, "No call is needed."),
    ("", CALL),
    (None, CALL),
    (None, "No call is needed."),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_same_calls_are_right_in_every_form(answer, target):
    assert value(answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_another_name_argument_or_number_of_calls_is_wrong(answer, target):
    assert value(answer, target) == 0


def test_order_of_calls_may_be_ignored_and_repeats_still_count():
    assert value(f"[{OTHER}, {CALL}]", f"[{CALL}, {OTHER}]", ignore_call_order=True) == 1
    assert value(f"[{CALL}, {CALL}]", f"[{CALL}, {OTHER}]", ignore_call_order=True) == 0
    assert value(f"[{CALL}, {CALL}]", CALL, ignore_call_order=True) == 0


def test_wrong_options_are_refused():
    with pytest.raises(ValidationError):
        tool_call(any_order=True)


def test_figure_is_the_share_of_right_calls():
    metric = tool_call()
    assert (metric.name, metric.kind) == ("tool_call", "rate")
    scores = [metric.score(answer, Example(str(n), (), CALL)) for n, answer in enumerate([CALL, OTHER, None])]
    assert metric.aggregate(scores) == 1 / 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It is 20 degrees.", 1),
        ("I need no tool.", 1),
        ('The JSON {"a": 1} is not a call.', 1),
        ('I found {"name": "Anna"} in the list.', 1),
        ('[{"id": 1, "name": "Bob"}]', 1),
        ('{"name": "get_time"}', 0),
        ('```json\n{"name": "get_time"}\n```', 0),
        ('<tool_call>{"name": "get_time"}</tool_call>', 0),
        ('Let me look. {"function": {"name": "get_time"}}', 0),
        ('{"type": "tool_use", "id": "t", "name": "get_time", "input": {}}', 0),
        ('Let me look. {"type": "tool_use", "name": "get_time", "input": {}}', 0),
        (CALL, 0),
        (CALL[:-4], 0),  # damaged, and still a call
        ("<tool_call>get_time</tool_call>", 0),
        ("get_time()", 0),
        ("", 1),
        (None, 0),
    ],
)
def test_where_the_target_calls_nothing_no_call_is_right(answer, expected):
    assert value(answer, "You are welcome.") == expected


@pytest.mark.parametrize(
    ("target", "is_fault"),
    [
        (CALL, False),
        (OPENAI, False),
        ("You are welcome.", False),
        ("Call me (soon)", False),
        (CALL[:-4], True),
        ("<tool_call>get_time</tool_call>", True),
        ("get_forecast(city='Graz', days=7)", True),
        ("[get_time()]", True),
    ],
)
def test_target_with_a_call_that_cannot_be_read_is_refused(target, is_fault):
    assert ("cannot be read" in tool_call().target_fault(target)) is is_fault
