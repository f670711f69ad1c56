"""Which folders are loaded as models: each test takes a sound one and changes one thing."""

import json
import pickle
import shutil

import torch
from pytest import fixture, mark, raises
from safetensors.torch import load_file, save_file
from tiny_model import build_tiny_model

from harness.assets.hub import hub_commit, hub_name
from harness.assets.model_folder import INDEX, WEIGHTS, checked_folder
from harness.engine.content import model_hash
from harness.engine.resident import load_base
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ModelError
from harness.records import GenerationSettings, Message, Weights

COMMIT = "c" * 40
CPU = torch.device("cpu")


@fixture(scope="module")
def tiny(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("tiny"))


@fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "model")


def shard(folder, name):
    """Let an index name this file for all weights."""
    names = load_file(folder / WEIGHTS).keys()
    (folder / WEIGHTS).rename(folder / "decoy.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, name)}))


def test_sound_folder_is_taken_whole_or_in_shards(folder):
    assert checked_folder(folder) == folder
    shard(folder, "decoy.safetensors")
    assert checked_folder(folder) == folder
    load_base(str(folder), None, CPU)


def with_normalizers(folder, *steps):
    """Give a model's tokenizer these steps before it splits a text."""
    file = folder / "tokenizer.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps(said | {"normalizer": {"type": "Sequence", "normalizers": list(steps)}}))
    return folder


def replacing(put, **pattern):
    return {"type": "Replace", "pattern": pattern, "content": put}


def test_many_signs_that_are_written_out_each_for_itself_grow_no_text_beyond_the_longest(folder):
    written_out = {"…": "...", "½": "1/2", "¼": "1/4", "™": "(TM)", "©": "(C)", "®": "(R)", "№": "No.", "℃": "degC"}
    assert checked_folder(with_normalizers(folder, *(replacing(put, String=sign) for sign, put in written_out.items())))


@mark.parametrize(
    ("steps", "growth"),
    [
        ([replacing("b" * 40, String="a"), replacing("a" * 40, String="b")], 1_600),  # what one puts, the next replaces
        ([replacing("aaa" * 20, Regex="."), replacing("bbb" * 20, Regex=".")], 3_600),
        ([{"type": "Prepend", "prepend": "a" * 5_000}], 5_000),
        ([replacing("a" * 2_000, String="")], 2_000),
    ],
)
def test_tokenizer_that_makes_a_page_of_a_character_is_refused(folder, steps, growth):
    with raises(ModelError, match=f"'normalizer' replaces so often that a character may become {growth:,}; save"):
        checked_folder(with_normalizers(folder, *steps))


@mark.parametrize(
    "name", ["weights.bin", "weights.pt", "../other/model.safetensors", "/model.safetensors", ".a.safetensors"]
)
def test_index_names_safetensors_of_the_folder_alone(folder, name):
    (folder / "weights.bin").write_bytes(pickle.dumps({}))
    shard(folder, name)
    with raises(ModelError, match=f"names '{name}', which is not a safetensors file in the folder itself"):
        checked_folder(folder)


@mark.parametrize("kind", ["pickle", "cut", "empty", "absent"])
def test_shard_that_is_no_whole_safetensors_file_is_refused(folder, kind):
    shard(folder, "shard.safetensors")
    whole = (folder / "decoy.safetensors").read_bytes()
    contents = {"pickle": pickle.dumps({}), "cut": whole[:-1], "empty": b""}
    if kind in contents:
        (folder / "shard.safetensors").write_bytes(contents[kind])
    with raises(ModelError, match=r"shard\.safetensors is not a whole safetensors file"):
        checked_folder(folder)


@mark.parametrize("text", ["[]", "5", "{}", '{"weight_map": {}}', '{"weight_map": {"a": 1}}', '{"weight_map": ["a"]}'])
def test_index_without_a_map_is_refused(folder, text):
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(text)
    with raises(ModelError, match="holds no settings|has no weight_map of file names"):
        checked_folder(folder)


@mark.parametrize("text", ["5", "null", "[" * 200_000, "{", '"a"'])
@mark.parametrize("name", ["config.json", "tokenizer_config.json", "generation_config.json"])
def test_settings_that_are_no_object_are_refused(folder, name, text):
    (folder / name).write_text(text)
    with raises(ModelError, match=f"{name} (is not JSON|holds no settings)"):
        checked_folder(folder)


@mark.parametrize("name", ["config.json", "tokenizer_config.json", "config.4.0.0.json", "processor_config.json"])
def test_settings_that_ask_for_code_are_refused(folder, name):
    file = folder / name
    said = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**said, "auto_map": {"AutoConfig": "custom.Config"}}))
    with raises(ModelError, match=f"{name} asks for code of its own"):
        checked_folder(folder)


def test_other_ways_to_other_weights_are_refused(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/other"}')
    with raises(ModelError, match="holds an adapter"):
        checked_folder(folder)
    (folder / "adapter_config.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "decoy.safetensors"}))
    with raises(ModelError, match=r"names its own file of weights \(decoy\.safetensors\)"):
        checked_folder(folder)


@mark.parametrize("name", [WEIGHTS, "tokenizer.json", "chat_template.jinja"])
def test_link_that_leads_out_of_the_folder_is_refused(folder, tmp_path, name):
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    with raises(ModelError, match=f"{name} is a link to .*outside; put a copy"):
        checked_folder(folder)


def test_linked_folder_which_the_hash_leaves_out_is_refused(folder):
    (folder / "inside").mkdir()
    (folder / "linked").symlink_to(folder / "inside")
    with raises(ModelError, match="linked is a link"):
        checked_folder(folder)


def test_link_inside_the_folder_and_hidden_files_are_taken(folder, tmp_path):
    (folder / "chat_template.jinja").rename(folder / "own.jinja")
    (folder / "chat_template.jinja").symlink_to("own.jinja")
    (folder / ".cache").symlink_to(tmp_path)
    assert checked_folder(folder) == folder


def hub_snapshot(tiny, root):
    """Lay a model as the hub's cache does: links to the repository's blobs."""
    repository = root / "models--org--name"
    snapshot, blobs = repository / "snapshots" / COMMIT, repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted(tiny.iterdir())):
        shutil.copyfile(file, blobs / str(number))
        (snapshot / file.name).symlink_to(blobs / str(number))
    return snapshot


def test_snapshot_of_the_hub_links_to_its_own_repository_and_no_further(tiny, tmp_path, monkeypatch):
    snapshot = hub_snapshot(tiny, tmp_path)
    assert checked_folder(snapshot) == snapshot
    assert model_hash(str(snapshot)) == model_hash(str(tiny))
    assert (hub_name(str(snapshot)), hub_commit(str(snapshot))) == ("org/name", None)  # it lies in nobody's cache
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert hub_commit(str(snapshot)) == COMMIT
    assert (hub_name(str(tiny)), hub_commit(str(tiny))) == (None, None)
    (snapshot / WEIGHTS).unlink()
    (snapshot / WEIGHTS).symlink_to(tiny / WEIGHTS)
    with raises(ModelError, match="is a link to"):
        checked_folder(snapshot)


# ---- weights are the architecture's ------------------------------------------------------------


def rewritten(folder, change):
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    return str(folder)


@mark.parametrize("quantization", [None, "nf4"])
def test_missing_weights_are_refused_and_one_is_named(folder, quantization):
    def change(weights):
        for name in [name for name in weights if "layers.1" in name]:
            del weights[name]

    # attention: q, k, v, o; feed-forward: gate, up, down; two norms
    with raises(ModelError, match=r"architecture: 9 missing \(e\.g\. model\.layers\.1\.input_layernorm\.weight\)"):
        load_base(rewritten(folder, change), quantization, CPU)


def test_unknown_weights_are_refused(folder):
    with raises(ModelError, match=r"1 unknown \(e\.g\. model\.extra\)"):
        load_base(rewritten(folder, lambda weights: weights.update({"model.extra": torch.ones(1)})), None, CPU)


def test_weights_of_another_shape_are_refused(folder):
    with raises(ModelError, match=r"model\.norm\.weight"):
        load_base(rewritten(folder, lambda weights: weights.update({"model.norm.weight": torch.ones(3)})), None, CPU)


@mark.parametrize("named", ["x", [[1]]])
def test_end_token_that_is_no_number_is_named_with_its_file(folder, named):
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": named}))
    engine = TransformersEngine(str(folder))
    with raises(ModelError, match=r"eos_token_id in its generation_config\.json names .*, which is no token's number"):
        engine.generate([[Message("user", "hello")]], GenerationSettings(1), Weights(str(folder)))


def test_window_of_the_tokenizer_that_is_no_number_is_named_with_its_file(folder):
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": "abc"}))
    with raises(ModelError, match=r"model_max_length in its tokenizer_config\.json is 'abc'; give a number"):
        TransformersEngine(str(folder))


def test_weights_that_are_called_packed_and_are_not_are_refused(folder):
    packed = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"quantization_config": packed}))
    with raises(ModelError, match=r"says that they are in 4 bits \(quantization_config\), and they are not"):
        load_base(str(folder), None, CPU)


def test_index_beside_the_one_file_of_weights_is_not_read(folder):
    whole = load_file(folder / WEIGHTS)
    save_file({name: tensor + 1 for name, tensor in whole.items()}, folder / "other.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(whole, "other.safetensors")}
    (folder / INDEX).write_text(json.dumps(index))
    checked_folder(folder)
    loaded = load_base(str(folder), None, CPU).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in whole.items())
