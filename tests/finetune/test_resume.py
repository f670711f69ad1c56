"""A training that is cut at any step ends with the adapter of one that was not, byte for byte."""

import hashlib
import json
import resource
import shutil
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest
from inner_process import Death, Parent, answers, base_of, pairs, spec_in

from baselines.finetune import store
from baselines.finetune.kto import JudgedRow
from baselines.finetune.objectives import PREFERENCE
from baselines.finetune.spec import GeneralText, RunSpec
from harness.atomic import PART
from harness.errors import StoreError
from harness.records import Weights

ADAPTER = "adapter_model.safetensors"
# Ten texts, four a step: a step that took the texts of another one would be seen.
ANCHORED = {"anchors": tuple(GeneralText(answer.prompt) for answer in answers()), "kl_weight": 1.0}


def train(tiny_model: Path, spec: RunSpec, latest: int | None = None, **parent) -> Parent:
    from baselines.finetune import loop

    heard = Parent(**parent)
    loop.train(base_of(Weights(str(tiny_model))), spec, heard, spec.steps if latest is None else latest)
    return heard


def cut(tiny_model: Path, spec: RunSpec, event: str, step: int) -> Parent:
    """Run until the parent hears of `event` at `step`, then die; what came after that step is not on disk."""
    heard = Parent(lambda kind, values: (kind, values.get("step")) == (event, step))
    with pytest.raises(Death):
        from baselines.finetune import loop

        loop.train(base_of(Weights(str(tiny_model))), spec, heard, spec.steps)
    return heard


def sha(spec: RunSpec, step: int = 7) -> str:
    [weights] = (Path(spec.folder) / f"checkpoint-{step}").glob("*.safetensors")
    return hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def start(tiny_model, tmp_path_factory) -> str:
    """An SFT adapter that preference training continues from."""
    spec = spec_in(tmp_path_factory.mktemp("start"), steps=2, evaluate_at=(2,))
    train(tiny_model, spec)
    return str(Path(spec.folder) / "checkpoint-2")


JUDGED = tuple(JudgedRow(row.id, row.prompt, row.answer, n % 3 > 0) for n, row in enumerate(answers()))
DROPPED = {"tuner_options": {"rank": 4, "alpha": 8.0, "dropout": 0.1}}


def changes_of(kind: str, start: str) -> dict[str, object]:
    preferences = {"objective": PREFERENCE, "rows": pairs(), "start": start, "learning_rate": 1e-3}
    return {
        "sft": {},
        "sft, dropout": DROPPED,
        "sft, anchored": ANCHORED,
        "dpo, anchored": {**preferences, **ANCHORED},
        "dpo, dropout": {**preferences, **DROPPED},
        "kto": {**preferences, "objective": "baselines.finetune.kto:KTO", "rows": JUDGED},
        "full": {"tuner": "baselines.finetune.full:FULL", "tuner_options": {}, "learning_rate": 1e-3, **ANCHORED},
        "prefix": {"tuner": "baselines.finetune.prefix:PREFIX", "tuner_options": {"virtual_tokens": 3}},
        "ia3": {"tuner": "baselines.finetune.ia3:IA3", "tuner_options": {}},
    }[kind]


@pytest.fixture(scope="module")
def whole(tiny_model, start, tmp_path_factory):
    """Each kind of run, uninterrupted."""
    done: dict[str, tuple[RunSpec, Parent]] = {}

    def of(kind: str) -> tuple[RunSpec, Parent]:
        if kind not in done:
            spec = spec_in(tmp_path_factory.mktemp("whole"), **changes_of(kind, start))
            done[kind] = (spec, train(tiny_model, spec))
        return done[kind]

    return of


def test_dropout_leaves_its_mark_so_that_its_randomness_must_be_restored(whole):
    assert sha(whole("sft")[0]) != sha(whole("sft, dropout")[0])


# Three steps are an epoch. A death at a step comes before that step is saved; at a checkpoint, after.
CUTS = [("step", 2, 1), ("checkpoint", 3, 3), ("step", 4, 3), ("step", 6, 5), ("step", 7, 6), ("checkpoint", 7, 7)]


@pytest.mark.parametrize(
    ("kind", "event", "step", "resumes_from"),
    [
        ("sft", *CUTS[3]),
        *(("sft, dropout", *at) for at in CUTS),
        *(("dpo, dropout", *at) for at in CUTS[::2]),
        ("sft, anchored", *CUTS[2]),
        ("dpo, anchored", *CUTS[2]),
        *((kind, *CUTS[2]) for kind in ("kto", "full", "prefix", "ia3")),
    ],
)
def test_a_run_cut_at_any_step_ends_as_the_uninterrupted_one(
    tiny_model, whole, start, tmp_path, kind, event, step, resumes_from
):
    spec = spec_in(tmp_path / "cut", **changes_of(kind, start))
    cut(tiny_model, spec, event, step)
    resumed = train(tiny_model, spec)
    reference, uninterrupted = whole(kind)
    assert (resumed.begun.step, resumed.begun.faults) == (resumes_from, ())
    assert resumed.losses == uninterrupted.losses
    assert (sha(spec, 3), sha(spec)) == (sha(reference, 3), sha(reference))
    same = ("steps", "trainable_parameters", "total_parameters", "stopped")
    assert [getattr(resumed.result, name) for name in same] == [getattr(uninterrupted.result, name) for name in same]


def test_a_run_that_dies_at_every_step_ends_as_the_uninterrupted_one(tiny_model, whole, tmp_path):
    spec = spec_in(tmp_path / "cut", **DROPPED)
    for step in range(1, 8):
        heard = cut(tiny_model, spec, "step", step)
        assert heard.begun.step == max(0, step - 2)  # the attempt before died at step - 1, with step - 2 saved
    assert train(tiny_model, spec).losses == whole("sft, dropout")[1].losses
    assert sha(spec) == sha(whole("sft, dropout")[0])


def test_the_question_that_was_open_is_asked_again_and_a_no_still_ends_the_run(tiny_model, tmp_path):
    spec = spec_in(tmp_path / "cut")
    cut(tiny_model, spec, "checkpoint", 3)
    resumed = train(tiny_model, spec, on_checkpoint=lambda *_: False)
    assert resumed.heard("step") == []  # not one step more
    assert (resumed.result.steps, resumed.result.stopped) == (3, "early")


def test_seconds_and_the_time_limit_continue_from_where_they_were(tiny_model, tmp_path):
    spec = spec_in(tmp_path / "cut")
    cut(tiny_model, spec, "checkpoint", 3)
    state = next(Path(spec.folder).glob("resume-3/state.json"))
    told = json.loads(state.read_text())["told"]
    # all its time went before it was cut: it may ask, and not train on
    resumed = train(tiny_model, replace(spec, seconds=told["seconds"] / 2))
    assert (resumed.result.stopped, resumed.result.steps) == ("budget", 3)
    assert resumed.result.seconds == pytest.approx(told["seconds"])


def test_only_the_newest_resume_point_is_kept(tiny_model, whole):
    spec, _ = whole("sft")
    assert [path.name for path in Path(spec.folder).glob("resume-*")] == ["resume-7"]


def test_points_are_saved_at_evaluations_and_otherwise_only_when_time_has_passed(tiny_model, tmp_path):
    spec = spec_in(tmp_path / "cut", resume_seconds=300.0)
    cut(tiny_model, spec, "step", 6)
    assert [path.name for path in Path(spec.folder).glob("resume-*")] == ["resume-3"]


def test_a_resume_point_holds_no_pickle(tiny_model, whole):
    names = sorted(path.name for path in (Path(whole("sft")[0].folder) / "resume-7").iterdir())
    assert names == ["manifest.json", "state.json", "tensors-0.safetensors", "trainer_state.json"]


# ---- points that must not be used ---------------------------------------------------------


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def two_points(tiny_model, tmp_path_factory) -> RunSpec:
    """A run cut after step 3, with the point of step 2 beside that of step 3: a death came between."""
    spec = spec_in(tmp_path_factory.mktemp("two"))
    cut(tiny_model, spec, "step", 3)
    older = Path(spec.folder) / "resume-2"
    shutil.copytree(older, older.with_name("aside"))
    cut(tiny_model, spec, "checkpoint", 3)
    older.with_name("aside").rename(older)
    return spec


def copied(spec: RunSpec, tmp_path: Path) -> RunSpec:
    shutil.copytree(spec.folder, tmp_path / "copy")
    return replace(spec, folder=str(tmp_path / "copy"))


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", ["manifest.json", "state.json", "tensors-0.safetensors", "trainer_state.json"])
def test_a_damaged_point_is_passed_over_for_the_one_before_it(two_points, tmp_path, name, damage):
    from baselines.finetune.resume import find

    spec = copied(two_points, tmp_path)
    identity = store.identity_of(spec)
    assert find(Path(spec.folder), identity, 7)[0].told.step == 3
    damage(Path(spec.folder) / "resume-3" / name)
    point, faults = find(Path(spec.folder), identity, 7)
    assert point.told.step == 2
    assert faults == ["resume-3 is not whole: it does not match its manifest"]
    damage(Path(spec.folder) / "resume-2" / name)
    assert find(Path(spec.folder), identity, 7)[0] is None


def test_after_a_damaged_point_the_run_still_ends_as_the_uninterrupted_one(tiny_model, two_points, whole, tmp_path):
    spec = copied(two_points, tmp_path)
    flip(Path(spec.folder) / "resume-3" / "tensors-0.safetensors")
    resumed = train(tiny_model, spec)
    assert resumed.begun.step == 2
    assert "resume-3 is not whole" in resumed.begun.faults[0]
    assert (resumed.losses, sha(spec)) == (whole("sft")[1].losses, sha(whole("sft")[0]))


def test_a_run_without_a_usable_point_starts_again_and_says_why(tiny_model, two_points, whole, tmp_path):
    spec = copied(two_points, tmp_path)
    for name in ("resume-2", "resume-3"):
        truncate(Path(spec.folder) / name / "state.json")
    again = train(tiny_model, spec)
    assert (again.begun.step, len(again.begun.faults)) == (0, 2)
    assert (again.losses, sha(spec)) == (whole("sft")[1].losses, sha(whole("sft")[0]))


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 2e-2},
        {"seed": 1},
        {"rows": answers(11)},
        {"base": "another"},
        DROPPED,
        {"evaluate_at": (2, 7)},
        {"batch_size": 2},
    ],
)
def test_a_point_of_another_training_is_not_used(two_points, change):
    from baselines.finetune.resume import find

    point, faults = find(Path(two_points.folder), store.identity_of(replace(two_points, **change)), 7)
    assert point is None
    assert all("belongs to another training" in fault for fault in faults)


def test_a_point_of_other_code_is_not_used(two_points, monkeypatch):
    from baselines.finetune.resume import find

    monkeypatch.setattr(store, "_code_hash", lambda: "other")
    assert find(Path(two_points.folder), store.identity_of(two_points), 7)[0] is None


def test_where_a_run_lies_and_what_it_may_use_do_not_make_it_another(two_points):
    other = replace(two_points, folder="/elsewhere", seconds=9.0, micro_tokens=10, resume_seconds=1.0)
    assert store.identity_of(other) == store.identity_of(two_points)


def test_the_start_adapter_counts_by_content_and_not_by_path(start, tmp_path):
    spec = spec_in(tmp_path / "dpo", objective=PREFERENCE, rows=pairs(), start=start)
    moved = shutil.copytree(start, tmp_path / "moved")
    assert store.identity_of(replace(spec, start=str(moved))) == store.identity_of(spec)
    flip(moved / ADAPTER)
    assert store.identity_of(replace(spec, start=str(moved))) != store.identity_of(spec)


def test_a_point_whose_judgements_are_lost_is_not_used(tiny_model, two_points, tmp_path):
    spec = copied(two_points, tmp_path)
    resumed = train(tiny_model, spec, latest=2)
    assert resumed.begun.step == 2
    assert "lies after step 2" in resumed.begun.faults[0]


def test_a_point_in_many_files_is_taken_up_as_one_in_a_single_file(tiny_model, whole, tmp_path, monkeypatch):
    from baselines.finetune import resume

    monkeypatch.setattr(resume, "PART_BYTES", 1000)
    spec = spec_in(tmp_path / "cut")
    cut(tiny_model, spec, "step", 4)
    assert len([*(Path(spec.folder) / "resume-3").glob("tensors-*.safetensors")]) > 10
    resumed = train(tiny_model, spec)
    assert resumed.begun.step == 3
    assert (resumed.losses, sha(spec)) == (whole("sft")[1].losses, sha(whole("sft")[0]))


def test_a_point_that_was_being_written_is_not_used(tiny_model, tmp_path):
    spec = spec_in(tmp_path / "cut")
    cut(tiny_model, spec, "step", 3)
    folder = Path(spec.folder)
    shutil.copytree(folder / "resume-2", folder / f".resume-3.1{PART}")  # as a death in the middle leaves it
    resumed = train(tiny_model, spec)
    assert (resumed.begun.step, resumed.begun.faults) == (2, ())


def test_a_disk_that_fills_up_leaves_the_point_before_and_the_run_continues_from_it(tiny_model, whole, tmp_path):
    spec = spec_in(tmp_path / "cut")
    cut(tiny_model, spec, "step", 3)
    largest = (Path(spec.folder) / "resume-2" / "tensors-0.safetensors").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            train(tiny_model, spec)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    resumed = train(tiny_model, spec)
    assert (resumed.begun.step, resumed.begun.faults) == (2, ())
    assert sha(spec) == sha(whole("sft")[0])


def test_what_the_disk_says_ends_the_run_and_not_the_arm(tmp_path):
    with pytest.raises(StoreError, match="No space left.*free some space.*the same command continues"):
        with store.writing(tmp_path):
            raise OSError(ENOSPC, "No space left on device")
