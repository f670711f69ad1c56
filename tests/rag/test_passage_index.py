"""The passage index and the RAG arm on the real embedder."""

import json
import os
import re
import resource
import shutil

import numpy as np
import pytest
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.rag import rag
from baselines.rag.embedder import Embedder, open_embedder
from baselines.rag.index import build_index, index_folder, open_index
from baselines.rag.options import DEFAULT_EMBEDDER
from baselines.rag.prompting import passages_prompt
from harness.contract import Budget, Retrieving
from harness.errors import ArmError, StoreError
from harness.program import Program, Retriever
from harness.records import Document, Message, Passage, Study, Weights

pytestmark = pytest.mark.model

TEXTS = {
    "filter.md": "The water filter of the M200 must be replaced every three months.",
    "noise.md": "A humming noise comes from the fan. Clean the fan with a dry brush.",
    "warranty.md": "The warranty lasts twenty-four months from the day of purchase.",
    "price.md": "A spare jug costs nineteen euros, shipping included.",
}
DOCUMENTS = tuple(Document(name, text, name) for name, text in TEXTS.items())
ASKED = {
    "How often do I change the filter?": "filter.md",
    "My machine hums loudly": "noise.md",
    "How long is the guarantee?": "warranty.md",
    "What does a new jug cost?": "price.md",
}
TRAIN = tuple(row(f"t{i}", text, name) for i, (text, name) in enumerate(ASKED.items()))
DEV = tuple(row(f"d{i}", f"Please tell me: {text}", name) for i, (text, name) in enumerate(ASKED.items()))
STUDY = Study(TRAIN, DEV, DOCUMENTS, system="Answer briefly.", template="Q: {{ input }}")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


def fit(arm, folder, engine, study=STUDY, budget=None):
    return arm.fit(study, scripted_context(folder, engine, arm, budget))


def remade(folder, documents=DOCUMENTS, **settings):
    """Build into an existing folder; return whether its vectors were written again, and what was logged."""
    before = (folder / "index.faiss").stat().st_mtime_ns
    os.utime(folder / "index.faiss", ns=(before - 1, before - 1))  # a clock tick is coarser than a write
    lines = []
    build_index(documents, folder, log=lines.append, **settings)
    return (folder / "index.faiss").stat().st_mtime_ns != before - 1, lines


def test_search_finds_the_passage_that_answers(folder):
    index = build_index(DOCUMENTS, folder)
    found = index.search(list(ASKED), 2)
    assert [passages[0].document for passages in found] == list(ASKED.values())
    assert {len(passages) for passages in found} == {2}


def test_search_for_more_than_there_is_returns_all_of_it(folder):
    (found,) = build_index(DOCUMENTS, folder).search(["filter"], 50)
    assert len(set(found)) == len(found) == len(DOCUMENTS)


def test_search_result_does_not_depend_on_who_else_asks(folder):
    index = build_index(DOCUMENTS, folder)
    assert [index.search([text], 3)[0] for text in ASKED] == index.search(list(ASKED), 3)
    assert index.search([], 3) == []


def test_reopened_index_is_the_one_that_was_built(folder):
    built = build_index(DOCUMENTS, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["n"], manifest["dim"], manifest["metric"]) == (4, 384, "inner_product")
    assert open_index(str(folder)).search(list(ASKED), 4) == built.search(list(ASKED), 4)
    assert open_index(folder) is open_index(str(folder))  # kept in memory


def test_index_that_is_up_to_date_is_not_built_again(folder):
    build_index(DOCUMENTS, folder)
    assert remade(folder) == (False, [])


def test_changed_documents_or_chunks_build_the_index_again(folder):
    build_index(DOCUMENTS, folder)
    changed = (Document("filter.md", "The filter lasts a year.", "filter.md"), *DOCUMENTS[1:])
    assert remade(folder, changed)[0]
    assert open_index(folder).search(["filter"], 1)[0][0].text == "The filter lasts a year."
    assert remade(folder, changed, chunk_tokens=8)[0]


def test_changed_embedder_is_noticed_and_builds_the_index_again(folder, tmp_path):
    copy = tmp_path / "embedder"
    shutil.copytree(open_embedder(DEFAULT_EMBEDDER).folder, copy)
    build_index(DOCUMENTS, folder, embedder=str(copy))
    assert remade(folder, embedder=str(copy)) == (False, [])
    settings = json.loads((copy / "sentence_bert_config.json").read_text())
    (copy / "sentence_bert_config.json").write_text(json.dumps({**settings, "max_seq_length": 250}))
    open_embedder.cache_clear()  # as another process would find it
    os.utime(folder / "manifest.json")
    with pytest.raises(ArmError, match="has changed since"):
        open_index(folder)
    assert remade(folder, embedder=str(copy))[0]


@pytest.mark.parametrize("file", ["index.faiss", "passages.jsonl", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_damaged_file_is_never_used_and_is_built_again(folder, file, damage):
    build_index(DOCUMENTS, folder)
    path = folder / file
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-20] if damage == "cut" else b"\x00" + data[1:])
    with pytest.raises(ArmError, match="run the arm again"):
        open_index(folder)
    index = build_index(DOCUMENTS, folder)
    assert index.search(["How long is the guarantee?"], 1)[0][0].document == "warranty.md"


def test_killed_build_leaves_no_index(folder, monkeypatch):
    def dies(self, texts, role):
        raise KeyboardInterrupt

    build_index(DOCUMENTS, folder)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Embedder, "encode", dies)
        build_index(DOCUMENTS[:2], folder)
    with pytest.raises(ArmError, match=r"no passage index"):
        open_index(folder)


def test_full_disk_is_the_runs_fault_and_not_the_arms(folder):
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, most))  # four vectors take six times that
    try:
        with pytest.raises(StoreError, match="free some space"):
            build_index(DOCUMENTS, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert build_index(DOCUMENTS, folder).manifest["n"] == 4


def test_folder_name_follows_everything_that_makes_the_index(tmp_path):
    plain = index_folder(tmp_path, DOCUMENTS)
    assert plain == index_folder(tmp_path, DOCUMENTS) and plain.parent == tmp_path / "index"
    assert plain != index_folder(tmp_path, DOCUMENTS[1:])
    assert plain != index_folder(tmp_path, DOCUMENTS, chunk_tokens=32)


def test_embedder_reads_long_texts_to_their_end():
    embedder = open_embedder(DEFAULT_EMBEDDER)
    opening = "The weather is fine today and nothing happens. " * 60  # far beyond the embedder's window
    texts = [opening, opening + "Replace the water filter every month. " * 40]
    first, second = embedder.encode(texts, "query")
    assert embedder.count(texts[0]) > embedder.limit
    assert np.linalg.norm(second) == pytest.approx(1, abs=1e-6)
    assert first @ second < 0.95  # cut at the window, both would be equal


def test_chunks_beyond_the_embedders_window_are_refused(folder):
    with pytest.raises(ArmError, match="chunk_tokens 500 exceeds the 254 tokens"):
        build_index(DOCUMENTS, folder, chunk_tokens=500)


@pytest.mark.parametrize("documents", [(), (Document("a", " \n", "a.md"),)])
def test_documents_without_text_fail_the_arm(tmp_path, documents):
    study = Study(TRAIN, DEV, documents)
    with pytest.raises(ArmError, match="data.documents"):
        fit(rag({}), tmp_path, ScriptedEngine(lambda c: "a"), study)


def test_embedder_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ArmError, match="embedder .nobody/nothing. .*give a folder"):
        fit(rag({"embedder": "nobody/nothing"}), tmp_path, ScriptedEngine(lambda c: "a"))


def test_folder_that_is_no_embedder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArmError, match="empty is not a sentence-transformers model"):
        fit(rag({"embedder": str(tmp_path / "empty")}), tmp_path, ScriptedEngine(lambda c: "a"))


def test_passages_are_numbered_before_the_tasks_own_turn():
    prompt = passages_prompt(STUDY)
    found = [Passage("a#1", "a", "First {{ x }}."), Passage("b#1", "b", "Second.")]
    system, user = prompt.messages(DEV[0].question, found)
    assert system.content == "Answer briefly. Use the numbered passages to answer."
    assert user.content == f"Passages:\n[1] First {{{{ x }}}}.\n[2] Second.\n\nQ: {DEV[0].question.text}"
    assert prompt.messages(DEV[0].question)[1] == Message("user", f"Q: {DEV[0].question.text}")


def by_passages(wanted):
    """Answer rightly when the prompt shows `wanted` passages, by finding the document of the first."""

    def reply(conversation):
        shown = conversation[-1].content
        first = next((name for name, text in TEXTS.items() if f"[1] {text}" in shown), "none")
        return first if shown.count("\n[") == wanted else "unsure"

    return reply


def test_rag_settles_the_number_of_passages_on_dev(tmp_path):
    arm = rag({})
    assert isinstance(arm, Retrieving)
    fitted = fit(arm, tmp_path, ScriptedEngine(by_passages(2)))
    assert fitted.program.retriever.k == 2
    assert [(trial.setting, trial.dev_score) for trial in fitted.trials] == [
        ("passages=1", 0),
        ("passages=2", 1),
        ("passages=3", 0),
        ("passages=2 shots=2", 1),  # no better, so none are shown
    ]
    assert fitted.program.prompt.shots == ()
    assert {len(found) for found in arm.retrieve(fitted.program, [e.question for e in DEV])} == {2}


def test_rag_breaks_ties_by_loss_and_then_by_fewer_passages(tmp_path):
    shorter = ScriptedEngine(lambda c: "x", loss=lambda c: 1 / len(c[-1].content))
    assert fit(rag({}), tmp_path, shorter).program.retriever.k == 3
    assert fit(rag({}), tmp_path, ScriptedEngine(lambda c: "x")).program.retriever.k == 1


def test_fixed_number_or_smoke_run_needs_no_dev_evaluation(tmp_path):
    engine = ScriptedEngine(lambda c: "x")
    assert fit(rag({"passages": 3, "shots": 0}), tmp_path, engine).program.retriever.k == 3
    assert len(fit(rag({"passages": 3, "shots": 2}), tmp_path, engine).program.prompt.shots) == 2
    assert fit(rag({}), tmp_path, engine, budget=Budget(is_fast=True)).program.retriever.k == 1
    assert not engine.asked


def shots_in(conversation):
    return sum(message.role == "assistant" for message in conversation)


def test_rag_settles_the_number_of_shots_with_the_passages_that_scored_best(tmp_path):
    def reply(conversation):  # the form of an answer is known once it was seen
        name = by_passages(2)(conversation)
        return name if shots_in(conversation) == 3 or name == "unsure" else f"It is {name}"

    engine = ScriptedEngine(reply, loss=lambda c: abs(c[-1].content.count("\n[") - 2))
    fitted = fit(rag({"shots": [0, 1, 3]}), tmp_path, engine)
    assert (fitted.program.retriever.k, len(fitted.program.prompt.shots)) == (2, 3)
    assert [(trial.setting, trial.dev_score) for trial in fitted.trials] == [
        ("passages=1", 0),
        ("passages=2", 0),
        ("passages=3", 0),
        ("passages=2 shots=1", 0),
        ("passages=2 shots=3", 1),
    ]


def test_shots_are_training_rows_asked_with_their_own_passages(tmp_path):
    arm = rag({"passages": 1, "shots": 4})
    program = fit(arm, tmp_path, ScriptedEngine(lambda c: "x")).program
    turns = program.messages(DEV[0].question)[1:-1]
    assert {(user.content, answer.content) for user, answer in zip(turns[::2], turns[1::2], strict=True)} == {
        (f"Passages:\n[1] {TEXTS[name]}\n\nQ: {text}", name) for text, name in ASKED.items()
    }
    assert Program.from_dict(json.loads(json.dumps(program.to_dict(tmp_path))), tmp_path) == program


def test_no_question_of_dev_is_shown_as_an_example(tmp_path):
    study = Study(TRAIN, (row("d", TRAIN[0].question.text.upper(), "filter.md"), *DEV[1:]), DOCUMENTS)
    fitted = fit(rag({"passages": 1, "shots": 4}), tmp_path, ScriptedEngine(lambda c: "x"), study)
    assert {shot.input for shot in fitted.program.prompt.shots} == {e.question.text for e in TRAIN[1:]}
    assert fitted.warnings == ("4 shots asked for, but only 3 training rows can be shown",)
    only = Study(TRAIN[:1], study.dev, DOCUMENTS)
    assert fit(rag({"passages": 1}), tmp_path, ScriptedEngine(lambda c: "x"), only).program.prompt.shots == ()


def test_shots_beyond_the_context_window_are_left_out_with_the_numbers(tmp_path):
    engine = ScriptedEngine(lambda c: "x", context_window=60)  # two rows with a passage have more than 40 words
    fitted = fit(rag({"passages": 1}), tmp_path, engine)
    assert fitted.program.prompt.shots == ()
    assert any("passages=1 shots=2 left out" in warning and "window of 60" in warning for warning in fitted.warnings)


def test_preview_shows_the_fewest_shots_each_with_a_passage():
    preview = rag({"shots": 2}).preview(STUDY)
    assert [turn.role for turn in preview.messages] == ["system"] + ["user", "assistant"] * 2 + ["user"]
    assert all("[1] " in turn.content for turn in preview.messages if turn.role == "user")
    assert shots_in(rag({}).preview(STUDY).messages) == 0
    assert "0, 2 solved examples" in rag({}).preview(STUDY).note


def test_program_finds_its_index_after_the_run_folder_moved(tmp_path):
    arm = rag({"passages": 1})
    program = fit(arm, tmp_path / "run", ScriptedEngine(lambda c: "x")).program
    data = program.to_dict(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "moved")
    moved = Program.from_dict(data, tmp_path / "moved")
    assert arm.retrieve(moved, [DEV[2].question])[0][0].document == "warranty.md"


def test_passages_beyond_the_context_window_are_left_out_with_the_numbers(tmp_path):
    engine = ScriptedEngine(lambda c: "x", context_window=45)
    fitted = fit(rag({}), tmp_path, engine)
    assert fitted.program.retriever.k < 3
    assert any("passages=3 left out" in warning and "window of 45" in warning for warning in fitted.warnings)
    with pytest.raises(ArmError, match="window of 20; lower passages, shots or chunk_tokens"):
        fit(rag({}), tmp_path, ScriptedEngine(lambda c: "x", context_window=20))


def test_more_passages_than_there_are_and_silent_documents_are_reported(tmp_path):
    study = Study(TRAIN, DEV, (*DOCUMENTS[:2], Document("blank.md", "\n", "blank.md")))
    fitted = fit(rag({"passages": [1, 5]}), tmp_path, ScriptedEngine(lambda c: "x"), study)
    assert fitted.warnings == (
        "5 passages asked for, but there are only 2",
        "1 documents hold no text, e.g. blank.md",
    )


def test_program_of_another_arm_is_refused(tmp_path):
    arm = rag({"passages": 1})
    program = fit(arm, tmp_path, ScriptedEngine(lambda c: "x")).program
    with pytest.raises(ArmError, match="no retriever"):
        arm.retrieve(Program(program.weights, program.prompt, program.generation), [DEV[0].question])
    with pytest.raises(ArmError, match="no passage index"):
        lost = Program(program.weights, program.prompt, program.generation, retriever=Retriever(str(tmp_path / "x"), 1))
        arm.retrieve(lost, [DEV[0].question])


@pytest.mark.parametrize("options", [{"k": 3}, {"passages": 0}, {"passages": []}, {"shots": -1}, {"chunk_tokens": 2}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError):
        rag(options)


def test_rag_on_a_real_engine_scores_every_number_of_passages(tiny_model, tmp_path):
    from harness.engine.transformers_engine import TransformersEngine

    arm = rag({"passages": [1, 2], "shots": 0})
    context = scripted_context(tmp_path, TransformersEngine(str(tiny_model)), arm)
    context.base = Weights(str(tiny_model))
    fitted = arm.fit(STUDY, context)
    assert fitted.warnings == ()
    assert [trial.dev_score for trial in fitted.trials] == [0, 0]  # random weights, so losses decide
    assert fitted.program.retriever.k == min((t.dev_loss, k) for k, t in enumerate(fitted.trials, start=1))[1]


def _pipe(folder):
    (folder / "modules.json").unlink()
    os.mkfifo(folder / "modules.json")


def _linked_out(folder):
    (folder / "config.json").rename(folder.parent / "other.json")
    (folder / "config.json").symlink_to(folder.parent / "other.json")


ODD_EMBEDDERS = {
    "a pipe": (_pipe, "modules.json is a pipe, a device or a broken link; fetch or save the embedder again"),
    "a link that leads out": (_linked_out, "config.json is a link to"),
    "a kernel of the hub": (
        lambda folder: (folder / "config.json").write_text('{"attn_implementation": "owner/attention"}'),
        "config.json asks for code of the hub (attn_implementation: owner/attention); take that key out",
    ),
    "a kernel of the hub, for what loads it": (
        lambda folder: (folder / "sentence_bert_config.json").write_text(
            '{"model_args": {"attn_implementation": "owner/attention"}}'
        ),
        "sentence_bert_config.json asks for code of the hub (attn_implementation: owner/attention); take that key out",
    ),
}


@pytest.mark.parametrize("kind", ODD_EMBEDDERS)
def test_embedder_that_is_not_safe_to_load_is_refused_before_it_is(tmp_path, kind):
    change, words = ODD_EMBEDDERS[kind]
    folder = tmp_path / "embedder"
    folder.mkdir()
    for name in ("modules.json", "config.json"):
        (folder / name).write_text("{}")
    change(folder)
    with pytest.raises(ArmError, match=re.escape(words)):
        open_embedder(str(folder))
