"""Tool calls in a model's own form: written as its template writes them, and read back as JSON.

The templates of families are those that TRL carries as the hub has them (trl/chat_templates).
"""

import json
from pathlib import Path

import pytest
import trl
from templated_models import DONE, EACH, OPENED, copied

from harness.chat.form import ChatFormat
from harness.chat.jinja import read_template
from harness.engine.tokens import Text
from harness.metrics import tool_call
from harness.records import Example, Message

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
ONE = {"name": "book", "arguments": {"day": "2026-05-01", "café": [1, None], "quote": 'a "b" <|im_end|>'}}
TWO = {"name": "cancel", "arguments": {}}
OWN = ("qwen2_5", "qwen3", "qwen3_instruct_2507", "qwen3_vl")
# Calls behind a token that is not text, as Mistral's later templates have it.
BRACKETS = (
    EACH + "{% if message['tool_calls'] is defined %}{{ '<|im_start|>assistant\n[TOOL_CALLS]' }}{% for call in "
    "message['tool_calls'] %}{{ call['function'] | tojson }}{% endfor %}{{ '<|im_end|>\n' }}{% else %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endif %}"
    + DONE
    + OPENED
    + "{% endif %}"
)


@pytest.fixture
def family(tmp_path):
    """Return the format of a model that has nothing but a template of TRL's."""

    def made(name):
        (tmp_path / "chat_template.jinja").write_text((TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8"))
        (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<bos>", "eos_token": "<eos>"}')
        return ChatFormat(read_template(tmp_path), "M")

    return made


def text(*calls):
    return json.dumps(calls[0] if len(calls) == 1 else list(calls), ensure_ascii=False)


@pytest.mark.parametrize("name", [*OWN, "llama3_1", "llama3_2"])
def test_call_is_written_as_the_template_writes_it_and_read_back(family, name):
    chat = family(name)
    plain = {"name": "book", "arguments": {"day": "1 May", "café": [1, None]}}
    end = "<|eot_id|>" if name.startswith("llama") else "<|im_end|>"
    turns = [{"role": "user", "content": "x"}]
    made = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": plain}]}
    whole = chat.template.write([*turns, made], tokenize=False, add_generation_prompt=False, **chat.form.switch)
    assert chat.answer(text(plain)) + end in whole
    assert chat.said(chat.answer(text(plain))) == text(plain)


def test_forms_are_those_that_the_families_publish(family):
    assert family("qwen2_5").answer(text(TWO)) == '<tool_call>\n{"name": "cancel", "arguments": {}}\n</tool_call>'
    assert family("llama3_1").answer(text(TWO)) == '{"name": "cancel", "parameters": {}}'


@pytest.mark.parametrize("name", OWN)
def test_several_calls_are_written_and_read(family, name):
    chat = family(name)
    written = chat.answer(text(ONE, TWO))
    assert written.count("<tool_call>") == 2 and chat.said(written) == text(ONE, TWO)


@pytest.mark.parametrize("name", ["llama3_1", "llama3", "gemma3", "phi3", "glm4moe"])
def test_what_a_template_cannot_write_stays_json(family, name):
    """Llama writes one call alone; the others write none, or not as JSON."""
    chat = family(name)
    assert chat.answer(text(ONE, TWO)) == text(ONE, TWO)
    if name != "llama3_1":
        assert chat.answer(text(ONE)) == text(ONE)


@pytest.mark.parametrize(
    "other",
    [
        "a word",
        '{"name": "Ada", "age": 36}',  # an object that makes no call
        '{"name":"f","arguments":{}}',  # not as calls are written here: a text of the task's own
        '{"arguments": {}, "name": "f"}',
        "[]",
        '{"name": 1, "arguments": {}}',
        'Wait.\n{"name": "f", "arguments": {}}',
    ],
)
def test_other_answers_are_neither_written_nor_read_otherwise(family, other):
    for name in ("qwen2_5", "llama3_1"):
        chat = family(name)
        assert chat.answer(other) == other and chat.said(other) == other


@pytest.mark.parametrize(
    ("completion", "means"),
    [
        ('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>', '{"name": "f", "arguments": {"a": 1}}'),
        (
            'I look.\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n',
            'I look.\n{"name": "f", "arguments": {}}',
        ),
        ('<tool_call>\n{"name": "f", "arguments": {}}', '{"name": "f", "arguments": {}}'),
        ('<tool_call>\n{"name": "f", "argum', None),
        ('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call> and so on', None),
        ("<tool_call>nothing</tool_call>", None),
    ],
)
def test_completions_are_read_where_they_are_calls_alone(family, completion, means):
    assert family("qwen2_5").said(completion) == (completion if means is None else means)


def test_answer_in_either_form_is_scored_alike(family):
    example = Example("one", (Message("user", "x"),), text(ONE))
    for name in ("qwen2_5", "llama3_1"):
        own = family(name).answer(text(ONE))
        assert tool_call().score(own, example).value == tool_call().score(family(name).said(own), example).value == 1.0


def test_earlier_calls_are_shown_in_the_template_s_form(family):
    chat = family("qwen2_5")
    shown = chat.render((Message("user", "Do it."), Message("assistant", text(TWO)), Message("user", "Go on.")))
    assert f"<|im_start|>assistant\n{chat.answer(text(TWO))}<|im_end|>" in shown


def test_what_a_user_writes_is_no_call(family):
    chat = family("qwen2_5")
    shown = chat.render((Message("user", text(TWO)),))
    assert "<tool_call>" not in shown and text(TWO) in shown


def test_tokens_learnt_are_those_of_the_template_and_completions_come_back_as_json(tiny_model, tmp_path):
    """With a token that is not text in front of the call, which decoding leaves out."""
    from transformers import AutoTokenizer

    folder = copied(tiny_model, tmp_path / "brackets", BRACKETS, weights=False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["[TOOL_CALLS]"]})
    tokens = Text(tokenizer, "M")
    ids = tokens.answer(text(TWO))
    assert tokenizer.decode(ids) == "[TOOL_CALLS]" + text(TWO)
    assert tokens.decode(ids) == text(TWO)
    _, scored = tokens.pair((Message("user", "x"),), text(TWO))
    assert scored == ids
