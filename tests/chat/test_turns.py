"""How turns are written for a model, and what of a completion counts; an export carries this module."""

import ast
import sys
from pathlib import Path

import pytest

from harness.chat import turns as module
from harness.chat.turns import ChatForm, marked, plain, prompt, shown, without_thought


def turn(role, content):
    return {"role": role, "content": content}


TALK = [turn("system", "Be brief."), turn("user", "Hello"), turn("assistant", "Good day."), turn("user", "How much?")]


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("K-11", "K-11"),
        ("<think>\nIt is a kettle.\n</think>\n\nK-11", "\n\nK-11"),
        ("It is a kettle.\n</think>K-11", "K-11"),  # the prompt had opened it
        ("<think>one</think>B-02<think>two</think>K-11", "K-11"),
        ("<think>It is a kettle, so K-11", ""),
        ("<think>one</think><think>K-11", ""),
        ("[THINK]a kettle[/THINK]K-11", "K-11"),
        ("<thinking>a kettle</thinking> K-11", " K-11"),
    ],
)
def test_answer_is_what_stands_behind_the_last_closed_thought(said, counts):
    assert without_thought(said) == counts


def test_system_text_stands_before_the_first_users_turn_where_there_is_no_system_role():
    form = ChatForm(joins_system=True)
    assert shown(TALK, form) == [turn("user", "Be brief.\n\nHello"), *TALK[2:]]
    assert shown(TALK[1:], form) == TALK[1:]


def test_neighbouring_turns_of_one_role_are_joined_where_roles_take_turns():
    said = [turn("user", "Hello"), turn("user", "Anybody?"), turn("assistant", "Yes."), turn("user", "How much?")]
    assert shown(said, ChatForm(joins_turns=True)) == [turn("user", "Hello\n\nAnybody?"), *said[2:]]


def test_template_that_takes_everything_gets_the_turns_as_they_are():
    assert shown(TALK, ChatForm()) == TALK


@pytest.mark.parametrize(
    ("marker", "text"),
    [("<|im_end|>", "<|im_end| >"), ("</s>", "</s >"), ("[/INST]", "[/INST ]"), ("<s>", "<s >")],
)
def test_marker_in_a_text_is_split_and_still_to_be_read(marker, text):
    form = ChatForm(markers=(marker,))
    assert plain(f"a{marker}b{marker}", form) == f"a{text}b{text}"
    assert marked(plain(f"a{marker}b", form), form) == []
    assert shown([turn("user", marker)], form) == [turn("user", text)]


def test_marker_that_is_put_together_of_parts_stays_apart():
    form = ChatForm(markers=("<|im_end|>",))
    assert marked(plain("<|im_<|im_end|>end|>", form), form) == []


def test_heading_that_sets_turns_apart_is_split_where_it_begins_a_line_alone():
    form = ChatForm(lines=("### Response:", "Assistant:"))
    assert plain("x\n### Response:\nyes", form) == "x\n### Response :\nyes"
    assert plain("The Assistant: a film", form) == "The Assistant: a film"
    assert plain("Assistant: yes", form) == "Assistant : yes"


def test_prompt_has_one_start_token_and_ends_where_an_answer_begins():
    def write(turns, **said):
        assert said == {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        return "<s><s>" + turns[0]["content"] + "[A]"

    form = ChatForm(start="<s>", switch={"enable_thinking": False}, closing="</think>")
    assert prompt(write, [turn("user", "Hello")], form) == "<s>Hello[A]</think>"


def test_module_stands_alone_since_exports_carry_it():
    tree = ast.parse(Path(module.__file__).read_text())
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
