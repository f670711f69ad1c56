import json
import shutil
import struct

import pytest

from harness.errors import ModelError
from harness.planning.shape import read_shape

HIDDEN, INNER, LAYERS, KV = 64, 128, 2, 2 * 16  # of the tiny model: four heads of 16, two of them for keys


def linear():
    return [(HIDDEN, HIDDEN), (KV, HIDDEN), (KV, HIDDEN), (HIDDEN, HIDDEN)] + [(INNER, HIDDEN)] * 2 + [(HIDDEN, INNER)]


def test_parameters_and_linear_layers_are_those_of_the_model(tiny_model):
    shape = read_shape(tiny_model)
    vocabulary = json.loads((tiny_model / "config.json").read_text())["vocab_size"]
    per_layer = sum(rows * columns for rows, columns in linear())
    norms = (2 * LAYERS + 1) * HIDDEN
    assert shape.parameters == vocabulary * HIDDEN + LAYERS * per_layer + norms
    assert sorted(shape.linear) == sorted(linear() * LAYERS)
    assert shape.is_fp32


def test_adapter_has_rank_times_both_sides_of_every_layer(tiny_model):
    sides = sum(rows + columns for rows, columns in linear())
    assert read_shape(tiny_model).adapter_parameters(8) == 8 * LAYERS * sides


def test_a_folder_without_weights_is_counted_by_its_configuration(tiny_model, tmp_path):
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    shape = read_shape(tmp_path)
    assert shape.parameters == read_shape(tiny_model).parameters
    assert "estimated" in shape.source


def test_damaged_weights_are_passed_over(tiny_model, tmp_path):
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    assert "estimated" in read_shape(tmp_path).source


NO_HEADS = '{"hidden_size": 8, "num_attention_heads": 0, "num_hidden_layers": 1, "vocab_size": 9}'


@pytest.mark.parametrize("text", [None, "no json", "[1]", '{"hidden_size": 8}', NO_HEADS])
def test_a_folder_that_holds_no_model_is_refused_in_words(tmp_path, text):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_shape(tmp_path)


def test_head_tables_experts_and_norms_get_no_adapter(tmp_path):
    sizes = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 10}
    (tmp_path / "config.json").write_text(json.dumps(sizes))
    names = ["lm_head.weight", "model.embed_tokens.weight", "a.experts.0.up.weight", "a.q_proj.weight", "a.norm.weight"]
    header = json.dumps({n: {"dtype": "BF16", "shape": [4, 4], "data_offsets": [0, 0]} for n in names}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    shape = read_shape(tmp_path)
    assert (shape.linear, shape.parameters, shape.is_fp32) == (((4, 4),), 5 * 16, False)


def test_part_of_the_weights_is_not_taken_for_the_whole(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "model")
    (tmp_path / "model" / "model-00002-of-00002.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    assert "estimated" in read_shape(tmp_path / "model").source


def test_second_form_of_the_same_weights_is_not_counted(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")
    header = b'{"other": {"dtype": "F32", "shape": [1000, 1000], "data_offsets": [0, 4]}}'
    (folder / "consolidated.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert read_shape(folder).parameters == read_shape(tiny_model).parameters


@pytest.mark.parametrize("header", [b"[1, 2]", b'{"a": 1}', b'{"a": {}}'])
def test_header_of_another_kind_is_passed_over(tiny_model, tmp_path, header):
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert "estimated" in read_shape(tmp_path).source
