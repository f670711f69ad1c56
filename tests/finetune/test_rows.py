from dataclasses import replace

import pytest
from fit_ground import example
from plain_engine import PlainEngine
from templated_models import CHANNELS, GEMMA, OPENS_OR_CLOSES, QWEN3, R1, copied

from baselines.finetune.rows import Renderer, answer_rows, pair_rows, within
from baselines.finetune.spec import AnswerRow
from harness.engine.tokens import end_of_turn
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError
from harness.program import Program, Prompt
from harness.records import GenerationSettings, Passage, Preference, Weights

ROW = replace(example(0), target="Paris")
TURN = "<|im_start|>user\nRoute 0: dog<|im_end|>\n<|im_start|>assistant\n"
SYSTEM = "<|im_start|>system\nRoute it.<|im_end|>\n"


@pytest.fixture(scope="module")
def engine(tiny_model):
    return PlainEngine(str(tiny_model))


@pytest.fixture(scope="module")
def renderer(tiny_model, engine):
    return Renderer(str(tiny_model), engine)


@pytest.fixture
def program(tiny_model):
    return Program(Weights(str(tiny_model)), Prompt(system="Route it."), GenerationSettings(4))


def test_a_row_is_the_template_once_then_the_answer_and_its_end(renderer, program):
    (row,) = answer_rows(renderer, program, [ROW], [()])
    decode = renderer.tokenizer.decode
    # the template written out by hand; <|im_start|> is this model's BOS and opens the text once
    assert decode(row.prompt) == (
        "<|im_start|>system\nRoute it.<|im_end|>\n<|im_start|>user\nRoute 0: dog<|im_end|>\n<|im_start|>assistant\n"
    )
    assert decode(row.answer) == "Paris<|im_end|>"
    assert row.answer[-1] == renderer.tokenizer.eos_token_id


def test_the_training_prompt_is_what_the_engine_will_ask(renderer, program, engine):
    (row,) = answer_rows(renderer, program, [ROW], [()])
    assert len(row.prompt) == engine.count_tokens(program.messages(ROW.question))


def test_retrieved_passages_stand_in_the_training_prompt(renderer, program):
    asked = replace(program, prompt=Prompt(template="{{ passages | join(' ') }} {{ input }}"))
    (row,) = answer_rows(renderer, asked, [ROW], [[Passage("p", "d", "A lazy fox.")]])
    assert "A lazy fox. Route 0: dog" in renderer.tokenizer.decode(row.prompt)


def test_an_engine_that_renders_otherwise_is_refused(tiny_model, program):
    class Other(PlainEngine):
        def count_tokens(self, conversation):
            return super().count_tokens(conversation) + 1

    with pytest.raises(ArmError, match="row-0.*must render alike"):
        answer_rows(Renderer(str(tiny_model), Other(str(tiny_model))), program, [ROW], [()])


def test_rows_without_an_answer_token_are_refused_by_name(renderer, program):
    rows = [ROW, replace(example(1), target=""), replace(example(2), target="")]
    with pytest.raises(ArmError, match="2 of 3 training rows.*row-1, row-2"):
        answer_rows(renderer, program, rows, [()] * 3)


@pytest.mark.parametrize(("chosen", "rejected"), [("", "today"), ("Paris", "")])
def test_pairs_with_an_answer_without_a_token_are_refused_by_name(renderer, program, chosen, rejected):
    given = [Preference("full", ROW.messages, "Paris", "today"), Preference("bare", ROW.messages, chosen, rejected)]
    with pytest.raises(ArmError, match="1 of 2 preference pairs.*: bare;"):
        pair_rows(renderer, program, given)


def test_a_template_that_doubles_the_first_token_is_shown_with_one(renderer, tiny_model, tmp_path, program):
    # this model's template opens with its BOS; a second one in front is what a wrong template does
    doubled = "{{ bos_token }}" + renderer.tokenizer.chat_template
    folder = copied(tiny_model, tmp_path / "doubled", doubled)
    (right,) = answer_rows(renderer, program, [ROW], [()])
    (row,) = answer_rows(Renderer(str(folder), TransformersEngine(str(folder))), program, [ROW], [()])
    assert row == right


def test_no_training_rows_at_all_are_refused(renderer, program):
    with pytest.raises(ArmError, match="0 of 0 training rows"):
        answer_rows(renderer, program, [], [])


def test_the_end_of_turn_is_read_from_the_template_not_from_eos(tiny_model, engine):
    tokenizer = Renderer(str(tiny_model), engine).tokenizer
    tokenizer.eos_token = "<|pad|>"  # as in models whose end of text is not their end of turn
    assert end_of_turn(tokenizer) == tokenizer.convert_tokens_to_ids("<|im_end|>")


def row_of(length: int) -> AnswerRow:
    return AnswerRow(f"long-{length}", tuple(range(length - 2)), (1, 2))


def test_rows_above_the_window_are_refused_by_name_never_cut():
    with pytest.raises(ArmError, match=r"long-11 \(11 tokens\)"):
        within((row_of(5), row_of(11)), window=10, max_length=None)


def test_rows_above_max_length_are_left_out_by_name():
    rows, warnings = within((row_of(5), row_of(9)), window=10, max_length=8)
    assert [row.id for row in rows] == ["long-5"]
    assert "1 rows above max_length 8 were left out: long-9" in warnings[0]


@pytest.mark.parametrize(
    ("template", "asked"),
    [
        (OPENS_OR_CLOSES, f"{SYSTEM}{TURN}<think>\n\n</think>\n\n"),
        (GEMMA, "<|im_start|>user\nRoute it.\n\nRoute 0: dog<|im_end|>\n<|im_start|>assistant\n"),
        (R1, f"{SYSTEM}{TURN}<think>\n\n</think>\n\n"),
        (QWEN3, f"{SYSTEM}{TURN}<think>\n\n</think>\n\n"),
        (
            CHANNELS,
            f"{SYSTEM}<|im_start|>user\nRoute 0: dog<|im_end|>\n<|im_start|>assistant<|channel|>final<|message|>",
        ),
    ],
)
def test_answer_is_learnt_behind_the_very_prompt_that_is_asked(tiny_model, tmp_path, program, template, asked):
    folder = str(copied(tiny_model, tmp_path / "model", template))
    engine = TransformersEngine(folder)
    (row,) = answer_rows(Renderer(folder, engine), program, [ROW], [()])
    assert engine.render(program.messages(ROW.question)) == asked
    assert list(row.prompt) == engine.tokenizer.encode(asked, add_special_tokens=False)
    assert engine.tokenizer.decode(row.answer) == "Paris<|im_end|>"
