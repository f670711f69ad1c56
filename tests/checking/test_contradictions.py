from dataclasses import dataclass
from math import log

import pytest
from scripted_context import ScriptedEngine

from harness.checking import read_material
from harness.checking.contradictions import find_contradictions
from harness.records import Completion, Likelihood, Weights


@dataclass
class SureEngine(ScriptedEngine):
    """Gives its own answers a probability of `sure` a token and everything else one of 5%."""

    sure: float = 0.95
    finish: str = "stop"

    def generate(self, conversations, settings, weights):
        self.asked.extend(conversations)
        return [Completion(self.reply(one), self.finish, 1, 1, 0.0) for one in conversations]

    def loglikelihood(self, requests, weights):
        return [
            [Likelihood(log(self.sure if text == self.reply(context) else 0.05), 1, True) for text in texts]
            for context, texts in requests
        ]


@pytest.fixture
def material(task_folder):
    """Read a task whose train rows are (question, answer)."""

    def of(rows, system=None):
        task_folder.settings["prompt"] = {"system": system}
        task_folder.write_rows("train.jsonl", [{"question": q, "answer": a} for q, a in rows])
        return read_material(task_folder.save())

    return of


FACTS = [(f"What is thing {n}?", f"fact {n}") for n in range(10)]


def says(wrong):
    """Answer every question by its number as FACTS do, but those in `wrong`."""

    def reply(conversation):
        number = conversation[-1].content.split()[-1].rstrip("?")
        return "surely another" if int(number) in wrong else f"It is fact {number}."

    return reply


def contradicted(material, engine, said=None, **options):
    found = find_contradictions(material, engine, Weights("m"), (said if said is not None else []).append, **options)
    return [(finding.severity, [hit.rows[0].number for hit in finding.hits]) for finding in found]


def test_row_is_named_where_the_model_is_sure_of_another_answer(material):
    assert contradicted(material(FACTS), SureEngine(says({3}))) == [("warning", [4])]


@pytest.mark.parametrize("doubt", [{"sure": 0.7}, {"finish": "length"}])
def test_doubtful_or_unfinished_answers_contradict_nothing(material, doubt):
    assert contradicted(material(FACTS), SureEngine(says({3}), **doubt)) == []


def test_model_that_contradicts_most_rows_is_a_matter_of_style(material):
    assert contradicted(material(FACTS), SureEngine(says(set(range(6))))) == [("note", [1, 2, 3, 4, 5, 6])]


def test_answer_that_is_no_label_contradicts_no_label(material):
    rows = [(f"Is it {n}?", "yes" if n % 2 else "no") for n in range(10)]
    task = material(rows)
    task.splits["dev"].clear()
    task.splits["test"].clear()
    assert contradicted(task, SureEngine(lambda conversation: "I cannot say")) == []
    assert contradicted(task, SureEngine(lambda conversation: "Yes."))[0][1] == [1, 3, 5, 7, 9]


def test_sample_of_rows_is_told(material):
    said: list[str] = []
    engine = SureEngine(says({3}))
    contradicted(material(FACTS), engine, said, most=4)
    assert len(engine.asked) == 4
    assert said[0] == "asking 4 of the 10 training rows, drawn with seed 0"


@pytest.mark.model
def test_small_model_contradicts_a_wrong_capital(material):
    from harness.assets.models import resolve_model
    from harness.engine.cached import open_engine

    model = resolve_model("smollm2-135m", lambda message: None)
    rows = [("What is the capital city of France, please?", "Lyon"), ("What is the capital of Italy?", "Rome")]
    task = material(rows, "Answer with one word.")
    [finding] = find_contradictions(task, open_engine(model, cache=None), Weights(model), lambda message: None)
    [hit] = finding.hits
    assert hit.rows[0].number == 1
    assert "Paris" in hit.detail
