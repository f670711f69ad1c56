"""Answers that the decoder holds to a constraint, on random weights that would write anything."""

import json
import re

import pytest

from harness.engine.transformers_engine import TransformersEngine
from harness.records import Constraint, GenerationSettings, Message, Weights

LABELS = ("repair desk", "billing", 'the "other" one', "billing desk")
SCHEMA = {
    "type": "object",
    "properties": {"desk": {"enum": ["A", "B"]}, "urgent": {"type": "boolean"}},
    "required": ["desk", "urgent"],
    "additionalProperties": False,
}
KINDS = {
    "labels": Constraint("labels", json.dumps(LABELS)),
    "pattern": Constraint("pattern", r"[A-C][0-9]{2,3}(-x)?"),
    "json_schema": Constraint("json_schema", json.dumps(SCHEMA)),
}
QUESTIONS = [
    [Message("user", text)]
    for text in ("Where to?", "The lazy dog jumps over the quick brown fox, and over and over.", "It is 5 o'clock.")
]


@pytest.fixture(scope="module")
def asked(tiny_model):
    engine, weights = TransformersEngine(str(tiny_model)), Weights(str(tiny_model))

    def ask(constraint, questions=QUESTIONS, tokens=60, temperature=0.0):
        return engine.generate(questions, GenerationSettings(tokens, temperature, constraint=constraint), weights)

    return ask


def is_kept(kind: str, text: str) -> bool:
    if kind == "labels":
        return text in LABELS
    if kind == "pattern":
        return re.fullmatch(KINDS["pattern"].text, text) is not None
    found = json.loads(text)
    return set(found) == {"desk", "urgent"} and found["desk"] in ("A", "B") and isinstance(found["urgent"], bool)


@pytest.mark.parametrize("temperature", [0.0, 3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_keeps_the_constraint_and_ends(asked, kind, temperature):
    assert not any(answer.text in LABELS for answer in asked(None, tokens=8))
    for answer in asked(KINDS[kind], temperature=temperature):
        assert is_kept(kind, answer.text)
        assert answer.finish == "stop"


@pytest.mark.parametrize("kind", KINDS)
def test_answer_does_not_depend_on_the_batch(asked, kind):
    together = [answer.text for answer in asked(KINDS[kind])]
    assert together == [asked(KINDS[kind], [question])[0].text for question in QUESTIONS]


def test_answer_without_room_is_cut_and_says_so(asked):
    [answer] = asked(KINDS["json_schema"], QUESTIONS[:1], tokens=3)
    assert (answer.finish, answer.completion_tokens) == ("length", 3)


def test_of_what_is_allowed_the_likelier_is_written(tiny_model, asked):
    engine, weights = TransformersEngine(str(tiny_model)), Weights(str(tiny_model))
    for question in QUESTIONS:
        one, other = engine.loglikelihood([(question, ["A", "B"])], weights)[0]
        assert (one.tokens, other.tokens) == (1, 1)
        [answer] = asked(Constraint("pattern", "A|B"), [question])
        assert answer.text == ("A" if one.logprob > other.logprob else "B")
