"""Templates come to an end: each rendering has limits, and one that is stopped costs no other."""

import os
import signal
import time
from resource import RUSAGE_SELF, getrusage

import pytest

from harness.confined import (
    MOST_CHARACTERS,
    TemplateFault,
    names_in,
    pattern_groups,
    private_attribute,
    render_chats,
    render_prompts,
)
from harness.confined.process import SECONDS
from harness.confined.renderer import _RENDERER
from harness.confined.sandbox import only_copies

PASSED = "{% for passage in passages %}{{ passage }} {% endfor %}{{ input }}"
ENDLESS = "{% for a in 'x'|center(100000) %}{% for b in 'x'|center(100000) %}{% endfor %}{% endfor %}"


def filled(template, *texts):
    rows = [{"input": text, "passages": ["p"], "columns": {}} for text in texts or ("Which?",)]
    return list(render_prompts(template, rows))


def test_template_is_filled_in_the_child_and_the_same_child_serves_the_next_row():
    assert filled(PASSED) == ["p Which?"]
    first = _RENDERER._child.pid
    assert filled(PASSED, *map(str, range(1_200))) == [f"p {number}" for number in range(1_200)]
    assert _RENDERER._child.pid == first


def test_fault_of_one_row_costs_no_other():
    found = filled("{{ 6 // input|int }}", "2", "0", "3")
    assert [found[0], found[2]] == ["3", "2"]
    assert "division" in str(found[1]) and not found[1].is_endless


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (ENDLESS, f"takes more than {SECONDS} seconds of processor time"),
        ("{{ 'x'|center(2000000000) }}", "takes more than 1 GB of memory"),
        ("{{ 'x'|center(5000000) }}", f"writes more than {MOST_CHARACTERS:,} characters"),
        (
            "{% for x in [1,1] recursive %}{% if loop.depth < 60 %}{{ loop([1,1]) }}{% endif %}{% endfor %}",
            "takes more than",
        ),
    ],
)
def test_template_without_an_end_is_stopped_and_the_next_one_is_rendered(template, fault):
    begun = time.monotonic()
    [found] = filled(template)
    assert isinstance(found, TemplateFault) and found.is_endless
    assert fault in str(found)
    assert time.monotonic() - begun < 30  # seconds of a busy machine; the limit is of processor time
    assert filled(PASSED) == ["p Which?"]


@pytest.mark.parametrize("template", ["{{ input }}", "{{ input|string }}"])
def test_text_that_is_copied_here_has_the_limit_of_the_child(template):
    times = 5
    text = "x" * (MOST_CHARACTERS // times)  # five of these are as many characters as there may be
    assert only_copies(template) is ("|" not in template)
    assert filled(template * times, text) == [text * times]
    found = filled(template * times, text + "x", "short")
    assert {str(one) for one in found} == {f"writes more than {MOST_CHARACTERS:,} characters"}
    assert all(one.is_endless for one in found)


@pytest.mark.parametrize(
    "template",
    [
        f"{{{{ {'not ' * 400}input }}}}",
        f"{{{{ input{' and input' * 400} }}}}",
        f"{{{{ {'(' * 3000}input{')' * 3000} }}}}",
        f"{{{{ input{'.a' * 1500} }}}}",
        "{% if input %}" * 150 + "{% endif %}" * 150,
    ],
)
def test_template_that_nests_too_deeply_is_a_fault_whoever_looks_at_it(template):
    assert not only_copies(template)
    assert names_in(template) == frozenset()
    assert private_attribute(template) is None
    [found] = filled(template)
    assert "nests too deeply" in str(found) and found.is_endless
    assert filled(PASSED) == ["p Which?"]


def test_no_row_is_tried_behind_one_that_comes_to_no_end():
    begun = time.process_time(), time.monotonic()
    found = filled(f"{{% if input == 'bad' %}}{ENDLESS}{{% endif %}}{{{{ input }}}}", "good", *["bad"] * 20)
    assert found[0] == "good"
    assert {str(one) for one in found[1:]} == {f"takes more than {SECONDS} seconds of processor time"}
    assert time.monotonic() - begun[1] < 20 * SECONDS


def test_child_that_is_killed_is_said_and_replaced():
    assert filled(PASSED) == ["p Which?"]
    os.kill(_RENDERER._child.pid, signal.SIGKILL)
    [found] = filled(PASSED)
    assert found == "p Which?" or "ends the process that runs it" in str(found)
    assert filled(PASSED) == ["p Which?"]


def test_names_are_told_without_working_out_a_template_s_constants_here():
    before = getrusage(RUSAGE_SELF).ru_maxrss
    assert names_in("{{ other }}{{ 'x'|center(1900000000) }}") == {"other"}
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB; the text would take four times that


@pytest.mark.parametrize("template", ["{{ input }}", "Q: {{ input }}{% if context %} by {{ context }}{% endif %}", "a"])
def test_template_that_only_copies_texts_needs_no_child(template):
    assert only_copies(template)


@pytest.mark.parametrize(
    "template",
    [PASSED, "{{ input|upper }}", "{{ input.x }}", "{{ 2 * 3 }}", "{{ f() }}", "{% set a = 1 %}", "{{ a[0] }}"],
)
def test_template_that_does_more_goes_to_the_child(template):
    assert not only_copies(template)


def test_chat_template_is_stopped_too():
    [found] = render_chats(ENDLESS + "{{ messages }}", [{"messages": []}])
    assert found.is_endless


@pytest.mark.parametrize(
    "template",
    [
        "{{ a.__class__ }}",
        "{{ a['__class__'] }}",
        "{{ a|attr('__class__') }}",
        "{{ a|map(attribute='_x')|list }}",
        "{% if namespace.__init__ is defined %}x{% endif %}",
    ],
)
def test_attribute_with_an_underscore_in_front_is_named(template):
    assert private_attribute(template) in ("__class__", "_x", "__init__")


@pytest.mark.parametrize("template", ["{{ _a }}", "{{ a.b_c }}", "__class__", "{{ '__class__' }}", "{% if %}"])
def test_text_and_names_are_no_such_attribute(template):
    assert private_attribute(template) is None


def test_pattern_that_cannot_be_compiled_in_time_is_stopped():
    with pytest.raises(TemplateFault) as found:
        pattern_groups("((a{9999}){9999}){9999}")
    assert found.value.is_endless
    assert pattern_groups(r"is (\w+)") == 1


def test_pattern_that_is_none_says_why():
    with pytest.raises(TemplateFault, match="missing \\)"):
        pattern_groups("(a")
