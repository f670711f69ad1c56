import dataclasses
import json
import math
from pathlib import Path

import pytest

from harness.answer_reading import AnswerRule
from harness.errors import ArmError
from harness.program import Choices, Filling, Program, Prompt, Reader, Retriever, Shot, general_question, render
from harness.records import Column, GenerationSettings, Message, Passage, Question, Weights

QUESTION = Question("q", (Message("user", "Which desk?"),))


def test_prompt_builds_system_shots_and_the_question_with_its_passages():
    prompt = Prompt(
        system="Route it.",
        template="{% for p in passages %}[{{ p }}] {% endfor %}Message: {{ input }}",
        shots=(Shot("It leaks.", "M7B"), Shot("It hums.", "K2", ("Hums go to K2.",))),
        shot_template="{% for p in passages %}({{ p }}) {% endfor %}Message: {{ input }}",
    )
    assert prompt.messages(QUESTION, [Passage("d#0", "d", "Leaks go to M7B.")]) == (
        Message("system", "Route it."),
        Message("user", "Message: It leaks."),
        Message("assistant", "M7B"),
        Message("user", "(Hums go to K2.) Message: It hums."),
        Message("assistant", "K2"),
        Message("user", "[Leaks go to M7B.] Message: Which desk?"),
    )


def test_system_turn_of_a_row_joins_the_prompts_so_that_there_is_one():
    row = Question("q", (Message("system", "You are polite."), *QUESTION.messages))
    assert Prompt(system="Use the passages.").messages(row) == (
        Message("system", "Use the passages.\n\nYou are polite."),
        Message("user", "Which desk?"),
    )
    assert Prompt().messages(row)[0] == Message("system", "You are polite.")


def test_program_comes_back_equal_from_json_in_another_place(tmp_path):
    run, moved = tmp_path / "run", tmp_path / "moved"
    program = Program(
        Weights("model", "nf4", str(run / "adapters" / "a")),
        Prompt("s", "{{ input }}", (Shot("i", "o"), Shot("i", "o", ("a", "b")))),
        GenerationSettings(12),
        Reader("first_line", "Answer:"),
        Retriever(str(run / "shared" / "index"), 3),
    )
    data = json.loads(json.dumps(program.to_dict(run)))
    assert str(run) not in json.dumps(data)
    assert Program.from_dict(data, run) == program
    assert Path(Program.from_dict(data, moved).weights.adapter) == moved / "adapters" / "a"


def test_program_kept_before_shots_had_passages_is_read(tmp_path):
    program = Program(Weights("m"), Prompt(shots=(Shot("i", "o"),)), GenerationSettings(4))
    data = json.loads(json.dumps(program.to_dict(tmp_path)))
    del data["prompt"]["shots"][0]["passages"]
    assert Program.from_dict(data, tmp_path) == program


def test_found_examples_stand_as_turns_behind_the_shots_the_nearest_last():
    prompt = Prompt("Route it.", "Q: {{ input }}", (Shot("always", "A"),), "Q: {{ input }}")
    program = Program(Weights("m"), prompt, GenerationSettings(4), retriever=Retriever("index", 2, "examples"))
    found = [Passage(n, n, json.dumps({"input": f"{n} one", "answer": n.upper()})) for n in ("near", "far")]
    assert [message.content for message in program.messages(QUESTION, found)] == [
        *("Route it.", "Q: always", "A"),
        *("Q: far one", "FAR", "Q: near one", "NEAR", "Q: Which desk?"),
    ]
    assert len(program.messages(QUESTION)) == 4  # without a search its own shots are left


def test_likeliest_label_is_that_of_the_highest_log_likelihood_less_its_prior():
    assert Choices(("a", "b"), (0, 0)).likeliest([-1, -2])[0] == "a"
    assert Choices(("a", "b"), (-1, -3)).likeliest([-1, -2])[0] == "b"  # 0 against 1
    assert Choices(("a", "b"), (-1, -2)).likeliest([-1, -2]) == ("a", 0.5)  # equal


def test_probability_of_a_label_is_its_share_among_all():
    # three times as likely as the other, however unlikely both are
    for start in (-1.0, -2000.0):
        label, probability = Choices(("a", "b"), (0, 0)).likeliest([start, start + math.log(3)])
        assert (label, probability) == ("b", pytest.approx(0.75))
    assert Choices(("only",), (0,)).likeliest([-9]) == ("only", 1.0)


def test_column_may_have_any_name_and_a_general_question_has_nothing_in_columns():
    prompt = Prompt(template="{{ template }}|{{ options }}|{{ input }}")
    row = Question("q", (Message("user", "Why?"),), (Column("template", "a", False), Column("options", "b", False)))
    assert prompt.messages(row)[-1].content == "a|b|Why?"
    assert prompt.messages(general_question(prompt, "g", "What is it?"))[-1].content == "||What is it?"


def test_rule_that_only_ignores_something_leaves_the_reading_to_the_arm():
    program = Program(Weights("m"), Prompt(), GenerationSettings(4), Reader("first_line"))
    only = program.reading(AnswerRule(ignore=("accents",)))
    assert only == dataclasses.replace(program, ignore=("accents",))  # by which votes are counted, and nothing is read
    assert program.reading(AnswerRule(Reader("last_number"))).reader.read("I say 4\n5") == "4"


def test_equal_programs_have_equal_digests_and_a_changed_word_another():
    first = Program(Weights("m"), Prompt("a"), GenerationSettings(4))
    assert first.digest == Program(Weights("m"), Prompt("a"), GenerationSettings(4)).digest
    assert first.digest != Program(Weights("m"), Prompt("b"), GenerationSettings(4)).digest


@pytest.mark.parametrize("template", ["{{ inptu }}", "{% if %}", "{{ input.__class__.__mro__[1].__subclasses__() }}"])
def test_wrong_or_hostile_template_is_an_arm_error_that_shows_it(template):
    with pytest.raises(ArmError) as fault:
        render(template, [Filling("x")])
    assert repr(template) in str(fault.value)


@pytest.mark.parametrize(
    ("reader", "text", "found", "complete"),
    [
        (Reader(), " a\nb ", "a\nb", False),
        (Reader("first_line"), "\n  a \nb", "a", True),
        (Reader("first_line"), "a", "a", False),
        (Reader("first_line", "Answer:"), "Answer: x\nANSWER: y\n", "y", True),
        (Reader("first_line", "Answer:"), "no marker", None, False),
        (Reader("first_line", "Answer:"), "Answer:", None, False),
    ],
)
def test_reader_takes_what_its_rule_says_and_knows_a_whole_line(reader, text, found, complete):
    assert reader.read(text) == found
    assert reader.is_complete(text) is complete
