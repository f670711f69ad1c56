import dataclasses
import gc
import json
import shutil
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from baselines.prompt.reading import reader_for as reader_of_the_prompts
from harness.engine.content import model_hash
from harness.errors import ArmError, HarnessError, ModelError
from harness.evidence import regress as module
from harness.evidence import sides
from harness.evidence.regress import Check, reader_for
from harness.evidence.sides import Side, check_adapter, comparison_notes, forms
from harness.records import Example, GeneralAbility, Likelihood, Limits, Message, Study, Weights

CHECK = Check(("core",), 10, None, Limits(), task=None, baseline=None, is_cached=False)


class Silent:
    """An observer that nobody watches."""

    def __getattr__(self, name):
        return lambda *told: None


class FakeEngine:
    """Knows its model, and takes every question."""

    def __init__(self, model):
        self.model = model

    def loglikelihood(self, requests, weights):
        return [[Likelihood(-1.0, 1, True)] for _ in requests]


def side(name, quantization=None, adapter=None, model=None):
    return Side(name, Weights(model or name, quantization, adapter), f"hash of {model or name}", adapter)


# ---- one model at a time -----------------------------------------------------------------------


def test_first_model_is_let_go_of_before_the_second_is_loaded(monkeypatch):
    opened = []

    def open_engine(model, **_):
        gc.collect()
        assert [engine().model for engine in opened if engine()] == []
        engine = FakeEngine(model)
        opened.append(weakref.ref(engine))
        return engine

    monkeypatch.setattr(module, "open_engine", open_engine)
    monkeypatch.setattr(module, "measure", lambda engine, weights, name, **_: GeneralAbility(name, ()))
    found = module._measure_in_turn([side("tuned"), side("base")], CHECK, Silent())
    assert [item.ability.weights for item in found] == ["tuned", "base"]
    assert len(opened) == 2


def test_two_sides_on_one_model_share_it(monkeypatch):
    opened = []
    monkeypatch.setattr(module, "open_engine", lambda model, **_: opened.append(model) or FakeEngine(model))
    monkeypatch.setattr(module, "measure", lambda engine, weights, name, **_: GeneralAbility(name, ()))
    module._measure_in_turn([side("tuned", adapter="lora", model="base"), side("base")], CHECK, Silent())
    assert opened == ["base"]


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (MemoryError(), HarnessError),
        (RuntimeError("CUDA out of memory"), HarnessError),
        (RuntimeError("a fault of ours"), RuntimeError),
    ],
)
def test_memory_that_runs_out_is_a_sentence_and_our_own_faults_stay_visible(monkeypatch, fault, seen):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(module, "open_engine", fail)
    with pytest.raises(seen):
        module._measure_in_turn([side("base")], CHECK, Silent())


def test_side_that_cannot_be_measured_is_named(monkeypatch):
    def measure(*_, **__):
        raise ArmError("the model gives a text of 7 tokens a log-probability of nan")

    monkeypatch.setattr(module, "open_engine", lambda model, **_: FakeEngine(model))
    monkeypatch.setattr(module, "measure", measure)
    with pytest.raises(ArmError, match=r"^'tuned': the model gives a text of 7 tokens"):
        module._measure_in_turn([side("tuned"), side("base")], CHECK, Silent())


# ---- the two sides -----------------------------------------------------------------------------


def test_equal_forms_are_not_talked_about():
    assert forms(side("a"), side("b")) == forms(side("a", "nf4"), side("b", "nf4")) == ""
    assert "The base is in 4-bit NF4 and the tuned weights are unquantised" in forms(side("a", "nf4"), side("b"))


def test_two_vocabularies_are_refused_by_the_users_own_names(tiny_model, tmp_path):
    from regress_ground import _other_tokenizer

    _other_tokenizer(tmp_path / "other")
    before, after = side("mine", model=str(tiny_model)), side("yours", model=str(tmp_path / "other"))
    with pytest.raises(ModelError, match="'mine' and 'yours' have different tokenizers"):
        comparison_notes(before, after, [], is_chat_used=False)


def test_one_vocabulary_that_cuts_texts_otherwise_is_refused(tiny_model, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    settings = json.loads((other / "tokenizer.json").read_text())
    settings["normalizer"] = {"type": "Lowercase"}
    (other / "tokenizer.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="different tokenizers"):
        comparison_notes(side("a", model=str(tiny_model)), side("b", model=str(other)), ["Paris"], is_chat_used=False)


def test_words_that_no_text_holds_count_too(tiny_model, tmp_path):
    from transformers import AutoTokenizer

    used = set(AutoTokenizer.from_pretrained(tiny_model).encode(sides._PROBE))
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    settings = json.loads((other / "tokenizer.json").read_text())
    words = settings["model"]["vocab"]
    one, two = [word for word in words if words[word] not in used][-2:]
    words[one], words[two] = words[two], words[one]
    (other / "tokenizer.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="different tokenizers"):
        comparison_notes(side("a", model=str(tiny_model)), side("b", model=str(other)), [], is_chat_used=False)


@pytest.mark.parametrize("is_chat_used", [True, False])
def test_another_chat_template_is_noted_where_something_is_asked_through_it(tiny_model, tmp_path, is_chat_used):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    tokenizer.save_pretrained(tmp_path / "other")
    before, after = side("a", model=str(tiny_model)), side("b", model=str(tmp_path / "other"))
    notes = comparison_notes(before, after, [], is_chat_used=is_chat_used)
    assert any("chat templates differ" in note for note in notes) == is_chat_used


def named_base(tmp_path, named):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": named}))
    return str(adapter)


@pytest.mark.parametrize("named", ["/elsewhere/small-1b", "org/Small-1B", None])
def test_adapter_that_names_this_base_or_none_is_taken(tmp_path, named):
    check_adapter(side("small-1b"), Path(named_base(tmp_path, named)))


@pytest.mark.parametrize("named", ["/elsewhere/model", "C:\\runs\\checkpoint-500", "out/final"])
def test_adapter_whose_base_is_not_here_by_a_name_that_any_model_may_have_is_refused(tmp_path, named):
    own = named.replace("\\", "/").rpartition("/")[2]
    with pytest.raises(ModelError, match=f"which is not here, and any model.*--same-base if it is '{own}'"):
        check_adapter(side(own), Path(named_base(tmp_path, named)))


def test_adapter_that_names_its_base_as_the_command_does_is_taken(tmp_path):
    check_adapter(side("org/model"), Path(named_base(tmp_path, "org/model")))


def test_adapter_that_names_another_base_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"names 'org/another' as its base, not 'base'.*--same-base"):
        check_adapter(side("base"), Path(named_base(tmp_path, "org/another")))


def test_folder_that_an_adapter_names_is_compared_by_content_whatever_it_is_called(tmp_path):
    other = tmp_path / "elsewhere" / "base"
    other.mkdir(parents=True)
    (other / "config.json").write_text("{}")
    (other / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match="as its base, not 'base'"):
        check_adapter(side("base"), Path(named_base(tmp_path, str(other))))
    same = dataclasses.replace(side("another name"), model_sha256=model_hash(str(other)))
    check_adapter(same, tmp_path / "adapter")


def test_folder_that_an_adapter_names_and_that_is_no_model_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sides, "model_hash", lambda folder: pytest.fail(f"{folder} was read"))
    (tmp_path / "all").mkdir()
    with pytest.raises(ModelError, match="all' as its base, not 'base'"):
        check_adapter(side("base"), Path(named_base(tmp_path, str(tmp_path / "all"))))


# ---- how answers are read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "targets",
    [
        ["yes", "no"],
        ["one\ntwo", "no"],
        ["yes\n", "no\n"],  # a line's end is no second line
        ['{"a": 1}', "{}", "no"],
        ['{"a": 1}', "[x", "no"],
        ["[A-12]", "{B}"],  # brackets are no JSON
        ["1", "2"],
    ],
)
def test_answers_are_read_as_the_zero_shot_arm_reads_them(targets):
    train = tuple(Example(str(n), (Message("user", "?"),), target) for n, target in enumerate(targets))
    study = Study(train, ())
    assert reader_for(SimpleNamespace(study=study)) == reader_of_the_prompts(study)
