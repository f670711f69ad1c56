"""Weights that are served in place of the base's: known by what is in their files, not by where they lie."""

import shutil
from pathlib import Path

import torch
from pytest import approx, fixture, raises
from safetensors.torch import load_file, save_file

from harness.engine import content
from harness.engine.content import checkpoint_hash
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError
from harness.records import Weights

REQUEST = [("the quick brown fox", [" jumps over the lazy dog"])]


def logprob(engine, weights: Weights) -> float:
    return engine.loglikelihood(REQUEST, weights)[0][0].logprob


def write(base: Path, folder: Path, seed: int) -> Weights:
    """Write the base's files with its weights moved, as a training killed and resumed writes them again."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    generator = torch.Generator().manual_seed(seed)
    file = folder / "model.safetensors"
    moved = {n: t + 0.02 * torch.randn(t.shape, generator=generator) for n, t in load_file(file).items()}
    save_file(moved, file, metadata={"format": "pt"})
    return Weights(str(base), checkpoint=str(folder))


@fixture
def moved(tiny_model, tmp_path) -> Weights:
    return write(tiny_model, tmp_path / "checkpoint", seed=1)


def test_checkpoint_answers_with_its_own_weights_and_gives_the_base_back(tiny_model, moved):
    engine, base = TransformersEngine(str(tiny_model)), Weights(str(tiny_model))
    plain, own = logprob(engine, base), logprob(engine, moved)
    assert own != approx(plain, abs=1e-3)
    assert own == approx(logprob(TransformersEngine(moved.checkpoint), Weights(moved.checkpoint)), abs=1e-6)
    assert logprob(engine, base) == approx(plain, abs=1e-6)


def test_checkpoint_that_was_written_again_is_loaded_again(tiny_model, moved):
    engine = TransformersEngine(str(tiny_model))
    first = logprob(engine, moved)
    again = write(tiny_model, Path(moved.checkpoint), seed=2)
    assert again == moved
    assert logprob(engine, again) != approx(first, abs=1e-3)
    assert logprob(engine, again) == approx(logprob(TransformersEngine(str(tiny_model)), again), abs=1e-6)


def test_hash_is_of_weights_and_configuration_and_read_once(tiny_model, moved, tmp_path, monkeypatch):
    one = checkpoint_hash(moved.checkpoint)
    other = tmp_path / "moved"
    shutil.copytree(moved.checkpoint, other)
    assert checkpoint_hash(str(other)) == one
    read: list[Path] = []
    monkeypatch.setattr(content, "hash_file", lambda path: read.append(path) or "")
    assert (checkpoint_hash(moved.checkpoint), checkpoint_hash(str(other))) == (one, one)
    assert read == []
    write(tiny_model, other, seed=2)
    checkpoint_hash(str(other))
    assert {path.name for path in read} == {"model.safetensors", "config.json"}


def test_folder_without_weights_or_configuration_is_refused(moved):
    for file in ("config.json", "model.safetensors"):
        (Path(moved.checkpoint) / file).unlink()
        with raises(ArmError, match=r"no weights or no config\.json"):
            checkpoint_hash(moved.checkpoint)
        (Path(moved.checkpoint) / file).touch()
