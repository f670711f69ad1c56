import shutil
import sys
from importlib.metadata import distribution

from baselines.rag.options import DEFAULT_EMBEDDER
from harness.assets.cache import make_whole
from harness.doctor.fetched import (
    EMBEDDER,
    SETUP_BYTES,
    cache_finding,
    embedder_finding,
    fetched_finding,
    git_finding,
    pip_finding,
)


def test_folder_that_set_up_made_is_whole_until_a_file_of_its_shrinks(tmp_path):
    folder = make_whole(tmp_path / "model", lambda making: (making / "weights").write_bytes(b"12345"))
    assert fetched_finding("model", "it", folder, has_pip=True).state == "ok"
    (folder / "weights").write_bytes(b"1234")
    damaged = fetched_finding("model", "it", folder, has_pip=True)
    assert (damaged.state, "damaged" in damaged.text) == ("fault", True)


def test_what_was_never_fetched_is_a_fault_whose_remedy_is_set_up(tmp_path):
    missing = fetched_finding("model", "it", tmp_path / "none", has_pip=True)
    assert (missing.state, "not here yet" in missing.text) == ("fault", True)
    assert missing.remedy.startswith("harness setup")
    assert fetched_finding("model", "it", tmp_path / "none", has_pip=False).remedy.startswith("python -m ensurepip")


def test_embedder_is_the_one_that_retrieving_arms_load():
    assert EMBEDDER == DEFAULT_EMBEDDER
    assert embedder_finding(EMBEDDER).state == "ok"


def test_embedder_that_is_not_installed_is_a_fault():
    assert embedder_finding("no-such-package-of-anybody").state == "fault"


def test_embedder_with_a_file_cut_short_is_a_fault(tmp_path, monkeypatch):
    """A copy of the installed package, ahead of it on the path."""
    source = distribution(EMBEDDER)
    for file in source.files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.locate(), tmp_path / file)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert embedder_finding(EMBEDDER).state == "ok"
    (weights,) = (path for path in tmp_path.rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    found = embedder_finding(EMBEDDER)
    assert (found.state, str(weights) in found.text) == ("fault", True)


def test_cache_is_judged_by_the_disk_below_which_it_will_be_made(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    assert free > SETUP_BYTES, "this machine's own disk is full"
    found = cache_finding(tmp_path / "not" / "yet", is_fetched=False)
    assert (found.state, str(tmp_path / "not" / "yet") in found.text) == ("ok", True)


def test_missing_tools_are_warnings_with_a_remedy():
    for found in (pip_finding(False), git_finding(None)):
        assert found.state == "warning" and found.remedy
