"""Unrelated questions, alone and under the task's own prompt."""

from pytest import fixture, mark

from harness.general.off_task import all_questions, off_task_answers, questions_for
from harness.general.task_answers import TaskAnswers
from harness.program import Prompt
from harness.records import Completion, Weights

PROMPT = Prompt("Answer with a code.", "Message: {{ input }}")


class Scripted:
    """Answers with a code when the task's prompt is there, otherwise with Rome; remembers what it was asked."""

    def __init__(self):
        self.batches = []

    def generate(self, prompts, settings, weights, until=()):
        self.batches.append(list(prompts))
        texts = ["A-12" if prompt[0].role == "system" else "Rome" for prompt in prompts]
        return [Completion(text, "stop", 9, 2, 0.0) for text in texts]


@fixture
def scripted():
    return Scripted()


def ask(engine, answers=("A-12", "B-34"), prompt=PROMPT, limit=40):
    said = []
    found = off_task_answers(
        engine, Weights("base"), answers, prompt, questions_for("gate", limit), lambda *told: said.append(told)
    )
    return found, said


def test_each_question_is_asked_alone_and_under_the_task_s_prompt(scripted):
    found, _ = ask(scripted, limit=1)
    asked = [[(turn.role, turn.content) for turn in prompt] for batch in scripted.batches for prompt in batch]
    question = "What is the capital of Italy?"
    assert asked == [
        [("user", question)],
        [("system", "Answer with a code."), ("user", f"Message: {question}")],
    ]
    assert [(a.item, a.is_prompted, a.text, a.is_task_answer) for a in found] == [
        ("fact-01", False, "Rome", False),
        ("fact-01-prompted", True, "A-12", True),
    ]
    assert {(a.question, a.kind) for a in found} == {(question, "fact")}


@mark.parametrize("prompt", [None, Prompt()])
def test_without_a_prompt_of_the_task_s_own_questions_are_asked_alone_only(scripted, prompt):
    found, _ = ask(scripted, prompt=prompt)
    assert [a.is_prompted for a in found] == [False] * 40


def test_a_template_that_needs_more_than_the_question_leaves_the_condition_out_and_says_so(scripted):
    found, said = ask(scripted, prompt=Prompt(template="{{ input }} {{ product }}{{ 1 / 0 }}"))
    assert [a.is_prompted for a in found] == [False] * 40
    assert [stage for stage, *_ in said if "not asked under the task's prompt" in stage and "product" in stage]


def test_a_template_that_shows_columns_is_asked_with_nothing_in_them(scripted):
    found, said = ask(scripted, prompt=Prompt(template="{{ input }} {{ product }}{{ more.of }}{{ choices[0] }}"))
    assert [a.is_prompted for a in found] == [False] * 40 + [True] * 40
    assert not any("not asked" in stage for stage, *_ in said)


def test_questions_are_asked_in_batches_with_progress_between(scripted):
    _, said = ask(scripted, prompt=None, limit=100)
    assert [len(batch) for batch in scripted.batches] == [64, 36]
    assert said == [("unrelated questions", done, 100) for done in (0, 64, 100)]


def test_a_task_answer_is_flagged_except_where_it_is_right(scripted):
    found, _ = ask(scripted, answers=("Rome", "Oslo"), prompt=None)
    assert [a.question for a in found if not a.is_task_answer] == ["What is the capital of Italy?"]


def test_items_are_named_once():
    found, _ = ask(Scripted(), limit=200)
    assert len({a.item for a in found}) == len(found) == 2 * 128


def test_without_task_answers_no_question_is_asked(measured):
    assert measured(answers=()).off_task == ()


def test_a_right_answer_is_never_flagged_though_every_task_answer_is_one():
    for question in all_questions():
        for answer in question.accept:
            assert not TaskAnswers.of(question.accept).has(answer, question.accept), (question.question, answer)


def test_questions_with_a_definite_answer_accept_some_and_open_ones_none():
    definite = {"fact", "arithmetic", "yes_no", "small_talk"}
    assert {question.kind for question in all_questions() if question.accept} == definite
    assert {question.kind for question in all_questions() if not question.accept}.isdisjoint(definite)
