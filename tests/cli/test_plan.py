import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.planning.record import Probe, ProbeArm, Speed

WIDTH = 80


@pytest.fixture
def task(tmp_path, tiny_model):
    """A task of forty test items on the tiny model."""

    def write(model=str(tiny_model), test=40, lines=""):
        for split, count in (("train", 12), ("dev", 8), ("test", test)):
            rows = [{"input": f"{split} {number}", "target": "A1" if number % 2 else "B2"} for number in range(count)]
            (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        file = tmp_path / "task.yaml"
        data = "{train: train.jsonl, dev: dev.jsonl, test: test.jsonl}"
        file.write_text(
            f"version: 1\nname: desks\nmodel: {model}\ndata: {data}\narms: [zero_shot, lora_sft]\n{lines}\n"
        )
        return str(file)

    return write


def plan(*arguments: str):
    return CliRunner().invoke(main, ["plan", *arguments])


def test_a_plan_says_what_can_be_shown_and_what_it_takes_in_80_columns(task):
    result = plan(task(), "--tokens-per-second", "500")
    assert result.exit_code == 0, result.output
    for part in ("can answer", "smallest gain of lora_sft", "benchmark items", "GB", "500 tokens a second", "Assumed"):
        assert part in result.output
    assert max(map(len, result.output.splitlines())) <= WIDTH


def test_no_model_is_loaded(task, tmp_path):
    import subprocess

    code = (
        "import sys\nfrom harness.cli import main\n"
        f"try: main(['plan', {task()!r}])\nexcept SystemExit: pass\n"
        "sys.exit(', '.join({'torch', 'transformers', 'peft'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_json_holds_the_whole_plan(task):
    result = plan(task(), "--json")
    found = json.loads(result.output)
    assert found["items"] == 40
    assert [arm["arm"] for arm in found["memory"]] == ["zero_shot", "lora_sft"]
    assert found["costs"][0]["seconds"] is None  # nobody told a speed


def test_without_a_speed_or_a_price_it_says_what_to_give(task):
    output = plan(task()).output
    assert "--tokens-per-second" in output
    assert "cost.gpu_hour" in output


def test_money_is_told_where_the_task_has_prices(task):
    output = plan(task(lines="cost: {gpu_hour: 2.5, requests_per_month: 1000}"), "--tokens-per-second", "100").output
    assert "a month for 1k requests" in " ".join(output.split())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test": 1}, "cannot answer"),
        ({"lines": "goal: {at_least: 1.0}"}, "give a goal below 1"),
        ({"model": "org/absent"}, "not on this machine"),
    ],
)
def test_a_run_that_cannot_say_much_is_a_plan_that_says_so(task, changes, words):
    result = plan(task(**changes))
    assert result.exit_code == 0, result.output
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize("model", ["nowhere-at-all", "./not/there"])
def test_an_unknown_model_is_a_fault(task, model):
    result = plan(task(model=model))
    assert result.exit_code == 2
    assert "model" in result.output
    assert "Traceback" not in result.output


def test_a_model_folder_without_a_model_is_a_fault(task, tmp_path):
    (tmp_path / "empty").mkdir()
    result = plan(task(model="./empty"))
    assert result.exit_code == 2
    assert "config.json" in result.output


def test_a_task_with_faults_is_a_fault(tmp_path):
    (tmp_path / "task.yaml").write_text("version: 1\n")
    result = plan(str(tmp_path / "task.yaml"))
    assert result.exit_code == 2
    assert "problems" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tokens-per-second", "nan"], "not a speed"),
        (["--tokens-per-second", "0"], "0"),
        (["--arm", "zero_shot"], "add --probe"),
        (["--device", "tpu"], "cuda"),
    ],
)
def test_options_that_make_no_sense_are_refused(task, arguments, words):
    result = plan(task(), *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_hub_id_that_cannot_be_had_cannot_be_probed(task, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = plan(task(model="org/absent"), "--probe")
    assert result.exit_code == 2
    assert "'org/absent' cannot be read" in " ".join(result.output.split())


def test_a_dry_run_stands_beside_what_was_predicted_and_gives_the_speed(task, monkeypatch):
    asked = []

    def dry_run(task, model, device, arms, observer):
        asked.append((Path(model).is_dir(), arms))
        return Probe((ProbeArm("zero_shot", 550.0, 500.0, 3.0), ProbeArm("x", 9.0, None, 0.0, "it did not run")), SPEED)

    SPEED = Speed(123.0, "the dry run")
    monkeypatch.setattr("harness.planning.probe.probe", dry_run)
    result = plan(task(), "--probe", "--arm", "zero_shot")
    assert asked == [(True, ("zero_shot",))]
    text = " ".join(result.output.split())
    assert "123 tokens a second, by the dry run" in text
    assert "0.52 GB measured, 0.58 predicted for the dry run (+10%)" in text  # 500 and 550 times 2^20 bytes
    assert "x: it did not run" in text


def test_check_says_when_not_even_a_perfect_score_shows_the_goal(task):
    few = CliRunner().invoke(main, ["check", task(test=30)])
    assert "not even by a perfect score: give 36 rows at least" in few.output
    enough = CliRunner().invoke(main, ["check", task(test=300)])
    assert "perfect score" not in enough.output
