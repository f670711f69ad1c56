import math
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from cache_mutants import FIRST, MUTANTS, SAME, RecordingEngine, build, is_caught, is_hit

from harness.engine.cached import CachedEngine, open_engine
from harness.errors import ArmError, ModelError
from harness.evidence.answering import answer
from harness.program import Program, Prompt, Reader
from harness.records import Completion, GenerationSettings, Likelihood, Message, Question, Weights
from harness.store.cache import AnswerStore

SETTINGS = GenerationSettings(8)
GOOD = Completion("Paris", "stop", 5, 2, 0.25)
SURE = Likelihood(-0.5, 1, True)


@pytest.fixture
def scene(tmp_path):
    return build(tmp_path)


@pytest.fixture
def store(tmp_path):
    store = AnswerStore(tmp_path / "answers.sqlite")
    yield store
    store.close()


def keys(store):
    with closing(sqlite3.connect(store.path)) as reader:
        return [key for (key,) in reader.execute("SELECT key FROM answers")]


def recording(scene):
    return RecordingEngine(scene.room / "model", scene.description)


class AnsweringEngine(RecordingEngine):
    """Returns what the test says."""

    def __init__(self, scene, *, completions=None, likelihoods=None):
        super().__init__(scene.room / "model", scene.description)
        self._completions, self._likelihoods = completions, likelihoods

    def generate(self, prompts, settings, weights, until=()):
        self.calls.append("generate")
        return self._completions

    def loglikelihood(self, requests, weights):
        self.calls.append("loglikelihood")
        return self._likelihoods


@pytest.mark.parametrize("name", MUTANTS)
def test_answers_are_asked_again_after_a_change_of(name, tmp_path):
    assert is_caught(name, tmp_path)


@pytest.mark.parametrize("name", SAME)
def test_answers_are_found_again_after_a_change_of(name, tmp_path):
    assert is_hit(name, tmp_path)


def test_remembered_answers_are_equal_and_their_time_is_told(scene, store):
    first = CachedEngine(recording(scene), store)
    asked = first.generate(scene.prompts, SETTINGS, scene.weights), first.loglikelihood(scene.requests, scene.weights)
    assert (first.asked, first.replayed, first.replayed_seconds) == (3 + 3, 0, 0)
    engine = recording(scene)
    second = CachedEngine(engine, store)
    found = second.generate(scene.prompts, SETTINGS, scene.weights), second.loglikelihood(scene.requests, scene.weights)
    assert found == asked
    assert [completion.seconds for completion in found[0]] == [0.25] * 3
    assert engine.calls == []
    assert (second.asked, second.replayed) == (0, 3 + 3)
    assert 0 < second.replayed_seconds < 1  # what the two calls took


def test_two_models_never_share_an_answer(tmp_path, store):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert one.asked(store) == ["generate", "loglikelihood"]
    assert other.asked(store) == []  # equal files are one model, wherever they lie
    (tmp_path / "other" / "model" / "model.safetensors").write_text("other weights")
    assert other.asked(store) == ["generate", "loglikelihood"]
    assert one.asked(store) == []


def test_turns_that_a_template_shows_alike_are_kept_apart(scene, store):
    scene.written = "{content}"
    scene.prompts = ((Message("user", "ab"),), (Message("user", "a"), Message("assistant", "b")))
    assert scene.asked(store) == ["generate", "loglikelihood"]
    scene.prompts = ((Message("assistant", "ab"),), scene.prompts[1])
    assert scene.asked(store) == ["generate"]
    scene.prompts = (scene.prompts[0], scene.prompts[0])
    assert scene.asked(store) == ["generate"]


def test_sampled_answers_are_never_remembered(scene, store):
    engine = recording(scene)
    cached = CachedEngine(engine, store)
    for _ in range(2):
        cached.generate(scene.prompts, GenerationSettings(8, temperature=0.7), scene.weights)
    assert len(engine.calls) == 2 and (cached.asked, cached.replayed) == (6, 0)


@pytest.mark.parametrize(
    "completions",
    [
        [GOOD],  # two were asked for
        [GOOD, GOOD, GOOD],
        [GOOD, replace(GOOD, finish="error")],
        [GOOD, replace(GOOD, finish="length")],  # but two tokens of eight
        [GOOD, replace(GOOD, completion_tokens=9)],
        [GOOD, replace(GOOD, completion_tokens=0)],
        [GOOD, replace(GOOD, prompt_tokens=0)],
        [GOOD, replace(GOOD, prompt_tokens=93)],  # no room for eight more in a window of 100
        [GOOD, replace(GOOD, seconds=math.nan)],
        [GOOD, Completion("", "context_overflow", 92, 0, 0.1)],  # it would have fitted
        [GOOD, Completion("Par", "context_overflow", 93, 0, 0.1)],
    ],
)
def test_completions_that_cannot_be_right_are_not_remembered(scene, store, completions):
    for _ in range(2):
        engine = AnsweringEngine(scene, completions=completions)
        assert CachedEngine(engine, store).generate([[FIRST], "raw"], SETTINGS, scene.weights) == completions
        assert engine.calls == ["generate"]
    assert keys(store) == []


@pytest.mark.parametrize(
    "likelihoods",
    [
        [],
        [[SURE]],
        [[SURE, SURE, SURE]],
        [[SURE, SURE], []],
        [[SURE, replace(SURE, logprob=math.nan)]],
        [[SURE, replace(SURE, logprob=-math.inf)]],
        [[SURE, replace(SURE, logprob=0.01)]],
        [[SURE, replace(SURE, tokens=0)]],
    ],
)
def test_likelihoods_that_cannot_be_right_are_not_remembered(scene, store, likelihoods):
    for _ in range(2):
        engine = AnsweringEngine(scene, likelihoods=likelihoods)
        CachedEngine(engine, store).loglikelihood([("raw", ["yes", "no"])], scene.weights)
        assert engine.calls == ["loglikelihood"]
    assert keys(store) == []


@pytest.mark.parametrize(
    "completion",
    [GOOD, Completion("a" * 8, "length", 92, 8, 0.1), Completion("", "context_overflow", 93, 0, 0.0)],
)
def test_every_way_in_which_an_answer_may_end_is_remembered(scene, store, completion):
    for calls in (["generate"], []):
        engine = AnsweringEngine(scene, completions=[completion])
        assert CachedEngine(engine, store).generate(["raw"], SETTINGS, scene.weights) == [completion]
        assert engine.calls == calls


def test_call_that_fails_leaves_nothing_and_is_asked_again(scene, store):
    class Failing(RecordingEngine):
        def generate(self, prompts, settings, weights, until=()):
            raise ArmError("out of memory")

    failing = CachedEngine(Failing(scene.room / "model", scene.description), store)
    with pytest.raises(ArmError):
        failing.generate(scene.prompts, SETTINGS, scene.weights)
    engine = recording(scene)
    assert len(CachedEngine(engine, store).generate(scene.prompts, SETTINGS, scene.weights)) == 3
    assert engine.calls == ["generate"]


@pytest.mark.parametrize(
    "planted",
    ["", "no JSON", "[]", "{}", '{"seconds": 1, "answers": []}', "\x80\x02]q\x00.", '{"seconds": "x", "answers": 3}'],
)
def test_planted_record_is_a_miss_even_under_a_whole_seal(scene, store, planted):
    CachedEngine(recording(scene), store).generate(scene.prompts, SETTINGS, scene.weights)
    [key] = keys(store)
    store.put(key, planted)
    engine = recording(scene)
    [first, *_] = CachedEngine(engine, store).generate(scene.prompts, SETTINGS, scene.weights)
    assert first.text == "answer 1" and engine.calls == ["generate"]


def test_changed_reader_reads_the_remembered_text_again(scene, store):
    text = "I think.\nAnswer: KX-20"
    questions = [Question("q", (FIRST,))]

    def read_by(reader):
        engine = AnsweringEngine(scene, completions=[Completion(text, "stop", 5, 7, 0.1)])
        program = Program(scene.weights, Prompt(), SETTINGS, reader)
        cached = CachedEngine(engine, store)
        [[prediction]] = answer(program, questions, cached, lambda asked: [()] * len(asked), log=lambda _: None)
        return prediction.answer, engine.calls

    assert read_by(Reader()) == (text, ["generate"])
    assert read_by(Reader("first_line")) == ("I think.", [])
    assert read_by(Reader("first_line", "Answer:")) == ("KX-20", [])


def test_adapter_rewritten_during_the_call_leaves_nothing(scene, store):
    class Rewriting(RecordingEngine):
        def generate(self, prompts, settings, weights, until=()):
            (scene.room / "adapter" / "adapter_model.safetensors").write_text("newer")
            return super().generate(prompts, settings, weights, until)

    CachedEngine(Rewriting(scene.room / "model", scene.description), store).generate(
        scene.prompts, SETTINGS, scene.weights
    )
    assert keys(store) == []


def test_model_that_changed_before_it_was_loaded_stops_the_run(scene, store):
    engine = recording(scene)
    cached = CachedEngine(engine, store)
    (scene.room / "model" / "model.safetensors").write_text("other weights")
    with pytest.raises(ModelError, match="changed during the run"):
        cached.generate(scene.prompts, SETTINGS, scene.weights)
    (scene.room / "model" / "model.safetensors").write_text("model model.safetensors")
    assert scene.asked(store) == ["generate", "loglikelihood"]


def test_adapter_without_weights_is_refused_by_name(scene, store):
    (scene.room / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(ArmError, match=r"has no adapter_model\.safetensors"):
        scene.asked(store)


def test_second_run_of_a_real_model_loads_no_weights_and_gives_the_same_bits(tiny_model, tmp_path):
    weights, settings = Weights(str(tiny_model)), GenerationSettings(6)
    requests = [((FIRST,), ["yes", "no"]), ("", ["The quick brown fox"])]
    cache = tmp_path / "cache" / "answers-1.sqlite"

    def run():
        engine = open_engine(str(tiny_model), cache=cache)
        found = engine.generate([(FIRST,), "raw"], settings, weights), engine.loglikelihood(requests, weights)
        engine._store.close()
        return found, engine

    first, loaded = run()
    second, idle = run()
    assert second == first
    assert loaded._engine._resident is not None and idle._engine._resident is None
    assert (loaded.replayed_seconds, idle.replayed_seconds > 0) == (0, True)
    assert idle.count_tokens((FIRST,)) == loaded._engine.count_tokens((FIRST,))
    assert idle.description == loaded.description


def test_other_weights_of_a_real_model_are_asked_again(tiny_model, tmp_path):
    from safetensors.torch import load_file, save_file

    other = tmp_path / "model"
    shutil.copytree(tiny_model, other)
    tensors = load_file(other / "model.safetensors")
    name = "model.embed_tokens.weight"
    save_file({**tensors, name: tensors[name].flip(0)}, other / "model.safetensors", metadata={"format": "pt"})
    answers = []
    for model in (str(tiny_model), str(other)):
        engine = open_engine(model, cache=tmp_path / "answers.sqlite")
        answers.append(engine.generate([(FIRST,)], GenerationSettings(6), Weights(model))[0].text)
        assert engine._engine._resident is not None
        engine._store.close()
    assert answers[0] != answers[1]


def test_no_cache_file_means_nothing_is_remembered(tiny_model):
    engine = open_engine(str(tiny_model), cache=None)
    engine.generate([(FIRST,)], GenerationSettings(2), Weights(str(tiny_model)))
    assert engine._resident is not None
