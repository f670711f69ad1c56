import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from regress_ground import LIMIT, copy_with

from harness.cli.exit_codes import Exit
from harness.cli.regress import SUMMARY, exit_code

pytestmark = pytest.mark.usefixtures("elsewhere")


def is_one_sentence(text: str) -> bool:
    """Whether this is what a user's mistake ends with: one line, no traceback."""
    said = [line for line in text.splitlines() if line.startswith("Error:")]
    return len(said) == 1 and "Traceback" not in text


# ---- the three ends ------------------------------------------------------------------------


def test_model_against_itself_passes(check, ground, written):
    result = check(str(ground.model))
    assert result.exit_code == 0, result.output
    assert "Passed: over 400 benchmark items" in result.stdout
    assert "both sides are the same weights" in result.stdout
    assert written()["flips"] == []


def test_adapter_that_changes_nothing_passes(check, ground, written):
    result = check(ground.path("harmless"))
    assert result.exit_code == 0, result.output
    assert written()["tuned"] == ground.path("harmless")
    assert written()["manifest"]["tuned"]["adapter_sha256"]


def test_ruined_adapter_regresses_and_every_form_says_so(check, ground, written):
    result = check(ground.path("ruined"))
    assert result.exit_code == 1, result.output
    assert "Regressed: " in result.stdout
    assert written()["verdict"] == "regressed"
    assert Path("out/regression.md").read_text().startswith("**Regressed**: ")
    assert ">Regressed</span>" in Path("out/regression.html").read_text()
    suite = ElementTree.parse("out/regression.xml").getroot()
    assert suite.find("testcase[@name='verdict']/failure") is not None


def test_every_flip_is_in_json_and_html_and_a_few_on_the_terminal(check, ground, written):
    result = check(ground.path("ruined"))
    flips = written()["flips"]
    losses = [flip for flip in flips if flip["is_loss"]]
    assert len(losses) > 20
    page = Path("out/regression.html").read_text()
    assert all(f">known {flip['item']}<" in page for flip in flips)
    assert f"lost ({len(losses)}): " in result.stdout
    assert f" and {len(losses) - 10} more" in result.stdout
    assert f"{len(losses) - 20} more, all in regression.json" in Path("out/regression.md").read_text()


def test_few_items_are_inconclusive_which_only_strict_fails(check, ground):
    # a zero change over 30 items is bounded by far more than 3 points
    lenient, strict = (check(str(ground.model), *option, limit=30) for option in ((), ("--strict",)))
    assert (lenient.exit_code, strict.exit_code) == (0, 3)
    assert "Inconclusive: " in lenient.stdout
    assert Path("out/regression.md").read_text().startswith("**Inconclusive**: ")


def test_base_at_chance_cannot_be_judged_and_is_no_pass(check, ground):
    result = check(str(ground.model), general="guessed.jsonl")
    assert result.exit_code == 2
    assert "Cannot be judged: it is not clearly above chance on any of the benchmarks" in result.stdout


@pytest.mark.parametrize(
    ("verdict", "is_strict", "code"),
    [("passed", True, 0), ("regressed", False, 1), ("cannot_judge", False, 2), ("inconclusive", False, 0)],
)
def test_exit_codes(verdict, is_strict, code):
    assert exit_code(SimpleNamespace(verdict=verdict), is_strict=is_strict) == code


def test_json_alone_goes_to_standard_output(check, ground, written):
    result = check(str(ground.model), "--json", "--strict")
    assert json.loads(result.stdout) == written()
    assert result.exit_code == 0


def test_summary_is_appended_where_github_asks_for_it(check, ground, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("what was there\n")
    monkeypatch.setenv(SUMMARY, str(summary))
    check(str(ground.model))
    check(ground.path("ruined"))
    told = summary.read_text()
    assert told.startswith("what was there\n**Passed**: ")
    assert "\n**Regressed**: " in told


def test_another_quantisation_is_stated_in_the_sentence(check, ground, written):
    result = check(str(ground.model), "--quantize", "tuned")
    assert result.exit_code in (0, 1), result.output
    assert written()["sentence"].endswith(
        "The base is unquantised and the tuned weights are in 4-bit NF4: what that costs is part of every change."
    )
    assert written()["manifest"]["tuned"]["quantization"] == "nf4"


def test_own_file_is_named_from_where_the_command_is_given(check, ground, monkeypatch, tmp_path, written):
    check(str(ground.model), "--baseline", "base.json")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    result = check(str(ground.model), "--baseline", "../base.json")
    # the same rows at another place are the same items
    assert result.exit_code == 0, result.output
    assert written()["manifest"]["general"]["tasks"] == [str(tmp_path / "below" / "known.jsonl")]


def test_limits_are_those_of_the_command(check, ground, written):
    # a kept share of 100% and a drop of 0.1 points cannot be shown on 400 items
    result = check(str(ground.model), "--max-drop", "0.001", "--keep", "1", "--strict")
    assert result.exit_code == 3
    assert (written()["limits"]["max_drop"], written()["limits"]["keep"]) == (0.001, 1.0)


# ---- the recorded baseline -----------------------------------------------------------------


def test_recorded_baseline_stands_for_the_base_and_gives_the_same_verdict(check, ground, written):
    fresh = check(ground.path("ruined"), "--baseline", "base.json")
    first = written()
    again = check(ground.path("ruined"), "--baseline", "base.json")
    assert "the base was recorded in base.json" in fresh.stderr
    assert "the base is not measured: base.json" in again.stderr
    assert "[1/1]" in again.stderr
    assert (again.exit_code, written()["gate"], written()["flips"]) == (1, first["gate"], first["flips"])
    assert any("its record of" in note for note in written()["notes"])


def test_baseline_goes_by_content_and_not_by_name(check, ground, tmp_path, written):
    check(ground.path("harmless"), "--baseline", "base.json")
    shutil.copytree(ground.model, tmp_path / "moved")
    result = check(ground.path("harmless"), "--baseline", "base.json", base=str(tmp_path / "moved"))
    assert result.exit_code == 0, result.output
    assert written()["base"] == str(tmp_path / "moved")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"limit": LIMIT - 1}, "items is"),
        ({"general": "guessed.jsonl"}, "items is"),
        ({"base": "other_model"}, "model is"),
    ],
)
def test_baseline_of_something_else_is_refused_and_says_of_what(check, ground, changed, named):
    check(str(ground.model), "--baseline", "base.json")
    recorded = Path("base.json").read_bytes()
    changed = changed | ({"base": ground.path(changed["base"])} if "base" in changed else {})
    result = check(str(ground.model), "--baseline", "base.json", **changed)
    assert result.exit_code == 2
    assert is_one_sentence(result.output)
    assert f"base.json: was recorded of something else ({named}" in result.output
    assert Path("base.json").read_bytes() == recorded


def test_quantised_base_is_another_base(check, ground):
    check(str(ground.model), "--baseline", "base.json")
    result = check(str(ground.model), "--baseline", "base.json", "--quantize", "both")
    assert result.exit_code == 2
    assert "quantization is none there and nf4 now" in result.output


def test_edited_baseline_is_refused(check, ground):
    check(str(ground.model), "--baseline", "base.json")
    text = Path("base.json").read_text()
    Path("base.json").write_text(re.sub(r'"score": 1\.0', '"score": 0.0', text, count=1))
    result = check(str(ground.model), "--baseline", "base.json")
    assert result.exit_code == 2
    assert "was edited, its seal does not fit" in result.output


# ---- bad input: one sentence, exit code 2, never a pass --------------------------------------


def test_two_tokenizers_are_refused_before_anything_is_measured(check, ground):
    result = check(ground.path("other_tokenizer"))
    assert result.exit_code == 2
    assert is_one_sentence(result.output)
    assert "have different tokenizers" in result.output
    assert "benchmarks" not in result.stderr


def test_adapter_of_another_base_is_refused(check, ground):
    result = check(ground.path("of_another_base"))
    assert result.exit_code == 2
    assert is_one_sentence(result.output)
    assert "give that base, or --same-base" in result.output
    insisted = check(ground.path("of_another_base"), "--same-base")
    assert insisted.exit_code == 2
    assert len(insisted.output.partition("Error: ")[2].splitlines()) == 1  # the library lists every layer
    assert "size mismatch" in insisted.output and "train it on this model" in insisted.output
    assert "benchmarks" not in insisted.stderr  # at once, and not item by item


def test_adapter_full_of_nan_never_passes(check, ground):
    result = check(ground.path("broken"))
    assert result.exit_code == 2
    assert is_one_sentence(result.output)
    assert "nan" in result.output
    assert "benchmarks" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-drop", "nan"], "'nan' is not a number"),
        (["--keep", "0"], "is not in the range"),
        (["--limit", "0"], "is not in the range"),
        (["--task", "nowhere/task.yaml"], "nowhere/task.yaml"),
        (["--general", "nowhere.jsonl"], "cannot be read"),
        (["--baseline", "."], "is a directory"),
    ],
)
def test_wrong_option_is_named(check, ground, arguments, said):
    result = check(str(ground.model), *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("side", ["--base", "--tuned"])
def test_model_that_is_nowhere_is_named(check, ground, side):
    result = check(str(ground.model), side, "no-such-model")
    assert result.exit_code == 2
    assert "'no-such-model' is not an alias" in result.output


def test_adapter_without_weights_is_named_before_anything_is_measured(check, ground, tmp_path):
    (tmp_path / "half").mkdir()
    shutil.copy(Path(ground.path("harmless")) / "adapter_config.json", tmp_path / "half")
    result = check(str(tmp_path / "half"))
    assert result.exit_code == 2
    assert "has no adapter_model.safetensors" in result.output
    assert "benchmarks" not in result.stderr


def test_benchmark_items_that_cannot_be_had_are_no_pass(check, ground, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    result = check(str(ground.model))
    assert result.exit_code == 2
    assert is_one_sentence(result.output)
    assert "fetching the benchmark items" in result.stderr
    assert "pip could not download" in result.output


# ---- what is said of the two sides -----------------------------------------------------------


def test_adapter_that_names_another_base_is_refused_unless_the_user_says_it_is_the_same(check, ground, tmp_path):
    source = Path(ground.path("harmless"))
    config = json.loads((source / "adapter_config.json").read_text()) | {"base_model_name_or_path": "org/other"}
    adapter = copy_with(source, tmp_path / "adapter", "adapter_config.json", json.dumps(config))
    refused = check(str(adapter))
    assert refused.exit_code == 2
    assert is_one_sentence(refused.output)
    assert "names 'org/other' as its base" in refused.output
    assert check(str(adapter), "--same-base").exit_code == 0


def test_crash_is_a_fault_and_never_a_regression(check, ground, monkeypatch):
    def crash(*_: object) -> None:
        raise IndexError("index out of range in self")

    monkeypatch.setattr("harness.evidence.regress.regress", crash)
    result = check(ground.path("harmless"))
    assert result.exit_code == Exit.DEFECT
    assert "IndexError: index out of range in self" in result.output


def test_summary_that_cannot_be_written_does_not_turn_the_verdict(check, ground, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    result = check(ground.path("harmless"))
    assert result.exit_code == 0
    assert "Warning: GITHUB_STEP_SUMMARY" in result.output


def test_empty_list_of_benchmarks_is_refused(check, ground):
    result = check(ground.path("harmless"), "--general", "")
    assert result.exit_code == 2
    assert "names no benchmark" in result.output


def test_token_that_only_the_tuned_model_has_is_noted_and_does_not_stop(check, ground, written):
    result = check(ground.path("one_more_token"))
    assert result.exit_code in (0, 1), result.output
    assert any("'<|extra|>'" in note for note in written()["notes"])
