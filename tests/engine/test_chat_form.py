"""Chat forms of other families in the engine: what is asked, what is said, and tokenizers that add too much."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from templated_models import BY_ITSELF, QWEN3, change, copied
from transformers import AutoTokenizer

from harness.chat.form import ChatFormat
from harness.chat.jinja import read_template
from harness.engine.cached import CachedEngine
from harness.engine.tokens import Text
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ModelError
from harness.evidence.arm import room_for
from harness.records import Example, Message, Study
from harness.store.cache import AnswerStore


@pytest.fixture
def changed(tiny_model, tmp_path):
    """Return a function that copies the tiny model with another template, or with other settings of its tokenizer."""

    def make(template=None, tokens=lambda file: None, settings=lambda file: None):
        folder = copied(tiny_model, tmp_path / "model", template)
        change(folder / "tokenizer.json", tokens)
        change(folder / "tokenizer_config.json", settings)
        return str(folder)

    return make


def text_of(folder):
    return Text(AutoTokenizer.from_pretrained(folder), "M")


def post_processor(before=(), behind=()):
    """Make a tokenizer add tokens around every text, as Llama's and T5's do."""

    def put(file):
        number = {token["content"]: token["id"] for token in file["added_tokens"]}
        pieces = [{"SpecialToken": {"id": token, "type_id": 0}} for token in (*before, *behind)]
        single = [*pieces[: len(before)], {"Sequence": {"id": "A", "type_id": 0}}, *pieces[len(before) :]]
        tokens = {token: {"id": token, "ids": [number[token]], "tokens": [token]} for token in (*before, *behind)}
        file["post_processor"] = {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": tokens,
        }

    return put


def test_family_that_thinks_by_itself_gets_room_for_a_thought(changed, tmp_path):
    engine = TransformersEngine(changed(BY_ITSELF))
    assert engine.thought_tokens == engine.context_window // 4  # 512 in all, less than a thought may have
    kept = CachedEngine(engine, AnswerStore(tmp_path / "answers.sqlite", print))
    assert kept.thought_tokens == engine.thought_tokens


def test_room_for_an_answer_grows_by_the_thought(changed, tiny_model):
    rows = (Example("a", (Message("user", "dog"),), "Paris"), Example("b", (Message("user", "fox"),), "a new filter"))
    task = SimpleNamespace(study=Study(train=rows, dev=rows))  # of a task nothing else is looked at
    thinking = TransformersEngine(changed(BY_ITSELF))
    assert room_for(task, thinking) == room_for(task, TransformersEngine(str(tiny_model))) + thinking.thought_tokens


def test_model_whose_thoughts_are_off_needs_no_room_for_them(changed):
    assert TransformersEngine(changed(QWEN3)).thought_tokens == 0


def test_thought_is_kept_in_what_a_model_says_where_its_ends_are_special_tokens(changed):
    text = text_of(changed())
    text.tokenizer.add_special_tokens({"extra_special_tokens": ["[THINK]", "[/THINK]"]})
    text = Text(text.tokenizer, "M")
    said = "[THINK]a fox[/THINK]dog"
    assert text.decode([*text.bare(said), text.end_id]) == said


def test_tokenizer_that_adds_the_start_twice_gives_it_once(changed):
    text = text_of(changed(tokens=post_processor(before=("<|im_start|>", "<|im_start|>"))))
    assert text.tokenizer.encode("dog")[:2] == [text.tokenizer.bos_token_id] * 2
    assert text.raw("dog") == [text.tokenizer.bos_token_id, *text.bare("dog")]


def test_end_that_a_tokenizer_adds_to_every_text_is_left_out_where_the_text_continues(changed):
    text = text_of(changed(tokens=post_processor(behind=("<|im_end|>",))))
    assert text.tokenizer.encode("dog")[-1] == text.tokenizer.eos_token_id
    assert text.raw("dog") == text.bare("dog")
    assert text.pair("The quick", " fox") == (
        text.bare("The quick"),
        text.bare("The quick fox")[len(text.bare("The quick")) :],
    )


def test_tokenizer_without_an_end_takes_the_templates(changed):
    folder = changed(settings=lambda file: file.pop("eos_token"))
    assert TransformersEngine(folder).tokenizer.eos_token == "<|im_end|>"
    [note] = ChatFormat(read_template(Path(folder)), "M").notes
    assert "ends an answer with <|im_end|>: it serves as the end token" in note


def test_tokenizer_and_template_without_an_end_are_refused(changed):
    template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    with pytest.raises(ModelError, match="would never stop"):
        TransformersEngine(changed(template, settings=lambda file: file.pop("eos_token")))


def test_template_that_never_opens_the_assistants_turn_has_it_opened(changed):
    template = (
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
        "{% endfor %}"
    )
    asked = TransformersEngine(changed(template)).render([Message("user", "dog")])
    assert asked == "<|im_start|>user\ndog<|im_end|>\n<|im_start|>assistant\n"
