import json
import multiprocessing
import time

from pytest import mark, raises

from harness.assets.cache import MANIFEST, cache_folder, is_whole, make_whole


def build(folder):
    (folder / "part").mkdir()
    (folder / "weights").write_text("all of it")
    (folder / "part" / "rows").write_text("1\n2\n")


def refuse(folder):
    raise AssertionError("built although it was there whole")


def test_whole_folder_is_built_once(tmp_path):
    target = make_whole(tmp_path / "model", build)
    assert is_whole(target, by_content=True)
    assert make_whole(target, refuse) == target


@mark.parametrize("harm", ["missing file", "truncated file", "no manifest", "truncated manifest", "empty manifest"])
def test_folder_that_is_not_whole_is_built_again(tmp_path, harm):
    target = make_whole(tmp_path / "model", build)
    manifest = target / MANIFEST
    match harm:
        case "missing file":
            (target / "part" / "rows").unlink()
        case "truncated file":
            (target / "weights").write_text("all")
        case "no manifest":
            manifest.unlink()
        case "truncated manifest":
            manifest.write_text(manifest.read_text()[:40])
        case "empty manifest":
            manifest.write_text(json.dumps({"files": {}}))
    assert not is_whole(target)
    make_whole(target, build)
    assert (target / "weights").read_text() == "all of it"
    assert is_whole(target, by_content=True)


def test_changed_content_of_equal_size_is_found_by_content_only(tmp_path):
    target = make_whole(tmp_path / "model", build)
    (target / "weights").write_text("ALL OF IT")
    assert is_whole(target)
    assert not is_whole(target, by_content=True)


def test_failed_build_leaves_nothing(tmp_path):
    def fail(folder):
        build(folder)
        raise OSError("no network")

    with raises(OSError):
        make_whole(tmp_path / "model", fail)
    assert [p.name for p in tmp_path.iterdir()] == [".model.lock"]


def killed(target):
    def stall(folder):
        build(folder)
        time.sleep(60)

    make_whole(target, stall)


def test_killed_build_is_cleared_away_and_built_again(tmp_path):
    process = multiprocessing.get_context("fork").Process(target=killed, args=(tmp_path / "model",))
    process.start()
    while not list(tmp_path.glob(".model.*.part/weights")):
        time.sleep(0.01)
    process.kill()
    process.join()
    assert not is_whole(tmp_path / "model")
    make_whole(tmp_path / "model", build)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".model.lock", "model"]


def slowly(target, count):
    def build_slowly(folder):
        with count.get_lock():
            count.value += 1
        time.sleep(0.2)
        build(folder)

    make_whole(target, build_slowly)


def test_two_processes_at_once_build_once(tmp_path):
    context = multiprocessing.get_context("fork")
    count = context.Value("i", 0)
    both = [context.Process(target=slowly, args=(tmp_path / "model", count)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [p.exitcode for p in both] == [0, 0]
    assert count.value == 1
    assert is_whole(tmp_path / "model", by_content=True)


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
