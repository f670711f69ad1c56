"""Exports of a finished run on the tiny model: they stand alone, answer as the run did, and are whole or absent."""

import filecmp
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version

import pytest
from safetensors.torch import load_file, save_file

from harness.errors import HarnessError
from harness.evidence.snapshot import read_snapshot
from harness.exporting.export_source import open_export
from harness.exporting.form import TunedForm
from harness.exporting.prompt import Places
from harness.exporting.readme import Contents, readme
from harness.exporting.trained_elsewhere import score_adapter
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger

pytestmark = pytest.mark.model  # rag's embedder


def task_of(run):
    ledger = Ledger(RunFolder(run).ledger)
    task = read_snapshot(RunFolder(run), ledger)
    ledger.close()
    return task


@pytest.mark.parametrize("arm", ["few_shot", "lora_sft", pytest.param("rag", marks=pytest.mark.slow)])
def test_export_answers_as_the_run_did(finished, tmp_path, invoke, arm):
    result = invoke("export", finished, "--arm", arm, "--out", tmp_path / "out", "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("arm", ["few_shot", "lora_sft"])
def test_export_of_plain_questions_answers_as_the_run_did(plainly_asked, tmp_path, invoke, arm):
    result = invoke("export", plainly_asked, "--arm", arm, "--out", tmp_path / "out", "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    text = (tmp_path / "out" / "answer.py").read_text()
    assert '"system"' not in text  # no turn is joined: the prompt's stands among the turns, and no row brings one
    assert "Be brief." in (tmp_path / "out" / "prompt.json").read_text()


@pytest.mark.slow
def test_merged_weights_answer_as_the_adapter_did_and_need_no_peft(finished, tmp_path, invoke):
    out = tmp_path / "out"
    result = invoke("export", finished, "--arm", "lora_sft", "--merged", "--out", out, "--verify", "10")
    assert "verified: 10 of 10" in result.output
    assert not (out / "adapter").exists()
    assert "peft" not in (out / "answer.py").read_text()
    assert list((out / "model").glob("*.safetensors")) and (out / "model" / "chat_template.jinja").is_file()


def test_adapter_is_exported_as_it_is_but_for_the_name_of_its_base_and_its_card(finished, tuned_export):
    original, exported = finished / "adapters" / "lora_sft" / "adapter", tuned_export / "adapter"
    names = {path.name for path in original.iterdir()}
    assert {path.name for path in exported.iterdir()} == names
    _, different, _ = filecmp.cmpfiles(original, exported, names, shallow=False)
    assert set(different) == {"adapter_config.json", "README.md"}
    before, after = (json.loads((folder / "adapter_config.json").read_text()) for folder in (original, exported))
    assert {key for key in before if before[key] != after[key]} == {"base_model_name_or_path"}
    assert (exported / after["base_model_name_or_path"]).resolve() == (tuned_export / "model").resolve()


def test_adapters_card_holds_the_prompt_without_which_it_answers_wrongly(plainly_asked, tmp_path, invoke):
    assert invoke("export", plainly_asked, "--arm", "lora_sft", "--out", tmp_path / "out").exit_code == 0
    card = (tmp_path / "out" / "adapter" / "README.md").read_text()
    program = open_export(plainly_asked, "lora_sft").program
    assert f"```text\n{program.prompt.system}\n```" in card
    assert f"```text\n{program.prompt.template}\n```" in card
    assert f"at most {program.generation.max_new_tokens} new tokens" in card
    assert "result.json" not in card


def test_change_of_an_export_changes_neither_the_model_nor_the_run(tuned_export, tiny_model):
    for path in tuned_export.rglob("*"):
        assert path.is_dir() or path.stat().st_nlink == 1, path
    assert filecmp.cmp(tuned_export / "model" / "model.safetensors", tiny_model / "model.safetensors", shallow=False)


def ask(folder, *arguments, said=""):
    command = [sys.executable, str(folder / "answer.py"), *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True)


def test_script_answers_many_questions_and_refuses_one_beyond_the_window(plainly_asked, tmp_path, invoke):
    invoke("export", plainly_asked, "--arm", "few_shot", "--out", tmp_path / "out")
    source = open_export(plainly_asked, "few_shot")
    first, second = source.task.test[:2]
    window = json.loads((tmp_path / "out" / "prompt.json").read_text())["window"]
    lines = [first.question.text, json.dumps({"question": second.question.text}), "word " * window, '{"question": ""}']
    done = ask(tmp_path / "out", said="\n".join(lines))
    assert done.returncode == 1, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    stored = [source.program.reader.read(source.predictions[one.id].text) or "" for one in (first, second)]
    assert [one.get("answer") for one in said] == [*stored, None, None]
    assert "the question is too long" in said[2]["fault"]
    assert said[3]["fault"] == "the question is empty"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(["--help"], 0, "standard input is read"), ([" "], 2, "QUESTION is empty"), (["a", "b"], 2, "unrecognized")],
)
def test_wrong_use_of_the_script_is_said_before_a_model_is_loaded(tuned_export, tmp_path, arguments, code, words):
    copy = shutil.copytree(tuned_export, tmp_path / "copy", ignore=shutil.ignore_patterns("*.safetensors"))
    done = ask(copy, *arguments)
    assert done.returncode == code
    assert words in done.stdout + done.stderr


def test_requirements_name_what_the_script_imports_in_the_runs_versions(tuned_export):
    lines = dict(line.split("==") for line in (tuned_export / "requirements.txt").read_text().splitlines()[1:])
    assert {"torch", "transformers", "jinja2", "peft"} == lines.keys()
    assert lines["peft"] == version("peft")


def test_runs_own_adapter_answers_as_the_run_did_and_another_one_otherwise(finished, tuned_export, tmp_path, invoke):
    """Of an adapter whose second factor is zero the base is left."""
    same = invoke("export", finished, "--arm", "lora_sft", "--adapter", tuned_export / "adapter")
    assert same.exit_code == 0, same.output
    assert "0 items lost, 0 won; 0 of 10 answers differ" in same.output
    other = shutil.copytree(tuned_export / "adapter", tmp_path / "other")
    weights = load_file(other / "adapter_model.safetensors")
    without = {name: value * ("lora_B" not in name) for name, value in weights.items()}
    save_file(without, other / "adapter_model.safetensors")
    result = invoke("export", finished, "--arm", "lora_sft", "--adapter", other, "--verify", "5")
    assert f"{other}: " in result.output
    count = re.search(r"(\d+) of 5 answers differ", result.output)
    assert int(count[1]) > 0


@pytest.mark.parametrize(
    ("arm", "said"), [("few_shot", "has no adapter, so another one"), ("lora_sft", "no adapter in PEFT's format")]
)
def test_what_cannot_be_scored_is_refused(finished, tmp_path, invoke, arm, said):
    result = invoke("export", finished, "--arm", arm, "--adapter", tmp_path)
    assert result.exit_code == 2
    assert said in result.output


def test_other_adapter_is_not_scored_where_a_judge_decides(finished, tuned_export):
    source = open_export(finished, "lora_sft")
    judged = replace(
        source,
        run=replace(source.run, primary_metric="judge"),
        task=replace(source.task, judges={"judge": source.task.model}),
    )
    with pytest.raises(HarnessError, match="scored by 'judge', which asks a model; run compare on it"):
        score_adapter(judged, tuned_export / "adapter", 2, print)


@pytest.mark.parametrize("arm", ["rag", pytest.param("lora_sft", marks=pytest.mark.slow)])
def test_moved_export_answers_from_the_command_line_with_nothing_of_ours(finished, tmp_path, invoke, arm):
    invoke("export", finished, "--arm", arm, "--out", tmp_path / "out")
    moved = shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    source = open_export(finished, arm)
    example = next(e for e in source.task.test if len(e.messages) == 1)
    blocker = "import sys; sys.modules.update(harness=None, baselines=None, reports=None); import runpy; "
    code = blocker + f"sys.argv = ['answer.py', {example.question.text!r}]; "
    code += f"sys.path.insert(0, {str(moved)!r}); runpy.run_path({str(moved / 'answer.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    stored = source.predictions[example.id].text
    assert done.stdout == (source.program.reader.read(stored) or "") + "\n", done.stderr


def test_no_file_names_the_machines_folders(finished, tuned_export, tiny_model):
    for path in tuned_export.rglob("*"):
        if path.is_file() and path.suffix != ".safetensors":
            text = path.read_text()
            assert str(tiny_model) not in text, path
            assert str(finished) not in text, path


def test_no_test_row_and_every_train_row_is_among_the_training_files(finished, tuned_export):
    task = task_of(finished)
    written = {p: p.read_text() for p in (tuned_export / "training").rglob("*.json*") if p.name != "dataset_info.json"}
    assert len(written) == 5  # one for each tool, and OpenAI's dev.jsonl
    for text in written.values():
        assert not [e.id for e in task.test if e.question.text in text]
    for path, text in written.items():
        if path.stem == "train":
            assert not [e.id for e in task.study.train if e.question.text not in text], path


def test_changed_prompt_is_found_by_verification_and_named(finished, tmp_path, invoke):
    out = tmp_path / "out"
    invoke("export", finished, "--arm", "few_shot", "--out", out)
    prompt = json.loads((out / "prompt.json").read_text())
    (out / "prompt.json").write_text(json.dumps({**prompt, "template": "{{ input }}"}))
    result = invoke("export", finished, "--arm", "few_shot", "--out", out, "--verify", "3")
    assert result.exit_code == 1
    assert "of 3 answers equal the run's" in result.output
    assert "the run said" in result.output


def test_verdict_without_an_arm_asks_for_one_and_lists_them(finished, invoke):
    result = invoke("export", finished)
    assert result.exit_code == 2
    assert "the verdict names no arm" in result.output
    for arm in ("few_shot", "rag", "lora_sft"):
        assert f"--arm {arm}" in result.output


def test_unknown_arm_is_refused_with_the_nearest_name(finished, invoke):
    result = invoke("export", finished, "--arm", "lora_stf")
    assert result.exit_code == 2
    assert "did you mean 'lora_sft'?" in result.output


def test_folder_that_holds_something_is_refused_and_left_as_it_is(finished, tmp_path, invoke):
    (tmp_path / "mine.txt").write_text("mine")
    result = invoke("export", finished, "--arm", "few_shot", "--out", tmp_path)
    assert result.exit_code == 2
    assert "is not empty" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_export_that_fails_on_the_way_leaves_nothing(finished, tmp_path, invoke, monkeypatch):
    def fail(source):
        raise OSError("no space left on device")

    monkeypatch.setattr("harness.exporting.pack.license_note", fail)
    result = invoke("export", finished, "--arm", "few_shot", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_merging_an_arm_without_an_adapter_is_refused(finished, tmp_path, invoke):
    result = invoke("export", finished, "--arm", "few_shot", "--merged", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "few_shot: it has no adapter; leave the option out" in result.output


def test_adapter_changed_since_the_run_is_refused(finished, tmp_path, invoke):
    copy = shutil.copytree(finished, tmp_path / "copy")
    (copy / "adapters" / "lora_sft" / "adapter" / "adapter_config.json").write_text("{}")
    result = invoke("export", copy, "--arm", "lora_sft", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "is not what the run measured" in result.output


def test_readme_gives_the_score_with_its_interval_and_says_when_the_verdict_names_another(finished, tuned_export):
    source = open_export(finished, "lora_sft")
    text = (tuned_export / "README.md").read_text()
    assert f"{100 * source.score.low:.1f} to {100 * source.score.high:.1f}, n = 10" in text
    assert "The verdict does not name this arm" in text
    assert "vllm serve ./model --generation-config vllm" in text  # the run takes no defaults from the model either
    assert "--lora-modules lora_sft=./adapter" in text


def test_readme_escapes_what_others_wrote_as_reports_do(finished):
    source = open_export(finished, "few_shot")
    hostile = "![x](http://127.0.0.1/i.png) <img src=x> | @team \x1b]0;t\x07\n# Head"
    run = replace(source.run, description=hostile, name=hostile)
    contents = Contents(Places("model"), True, None, TunedForm("none"), (hostile,))
    text = readme(replace(source, run=run), contents)
    assert text.count("\\!\\[x\\](http&#58;//127.0.0.1/i.png) &lt;img src=x&gt; \\| &#64;team ␛\\]0;t␇ ⏎ \\# Head") == 3
    assert not any(told in text for told in ("<img", "![x]", "\n# Head", "\x1b"))
