import importlib.metadata
from pathlib import Path

import pytest

from harness.engine import content
from harness.engine.content import LIBRARIES, code_hash, library_versions, model_hash
from harness.errors import ModelError

COMMIT = "c" * 40


def model_files(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    return folder


def test_model_is_its_files_names_and_contents_wherever_it_lies(tmp_path):
    one, other = model_files(tmp_path / "one"), model_files(tmp_path / "other")
    assert model_hash(str(one)) == model_hash(str(other))
    (other / "config.json").rename(other / "config2.json")  # of the same place in the order
    assert model_hash(str(one)) != model_hash(str(other))


def test_model_of_the_hub_has_the_hash_of_its_snapshot(tmp_path, monkeypatch):
    kept = tmp_path / "hub" / "models--org--name"
    folder = model_files(kept / "snapshots" / COMMIT)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert model_hash("org/name") == model_hash(str(folder))
    with pytest.raises(ModelError, match="'org/other' cannot be read"):
        model_hash("org/other")


def test_fault_of_the_hubs_client_that_is_no_fault_of_the_systems_is_told(monkeypatch):
    class ProxyError(Exception):
        """What httpx raises behind a proxy that refuses."""

    def refuse(*given, **named):
        raise ProxyError("403 Forbidden")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ModelError, match="'org/name' cannot be read: 403 Forbidden; check .* the way to the hub"):
        model_hash("org/name")


def test_folder_without_a_model_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        model_hash(str(tmp_path / "absent"))


def test_code_is_the_source_of_every_file_of_the_engine(tmp_path, monkeypatch):
    now = code_hash()
    for path in content.CODE.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(content, "CODE", tmp_path)
    assert code_hash() == now
    for path in sorted(tmp_path.iterdir()):
        source = path.read_bytes()
        path.write_bytes(source + b"#")
        assert code_hash() != now, path.name
        path.write_bytes(source)
    assert code_hash() == now


def test_versions_are_those_installed_and_absence_has_a_name(monkeypatch):
    assert library_versions() == {name: importlib.metadata.version(name) for name in LIBRARIES}
    monkeypatch.setattr(content, "LIBRARIES", ("no-such-library",))
    assert library_versions() == {"no-such-library": "not installed"}
