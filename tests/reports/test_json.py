import dataclasses
import json
import math

import jsonschema
import pytest

import reports
from bench.known_answers import table
from reports.json_format import schema


def load(text: str):
    def refuse(name: str):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def result(run):
    return load(reports.json().render(run).text)


def test_known_answers_table_has_a_line_for_every_arm_with_its_own_figures(result):
    lines = table(result).splitlines()
    cells = {line.split(" | ")[0].removeprefix("| "): line for line in lines[2 : 2 + len(result["arms"])]}
    assert list(cells) == [arm["name"] for arm in result["arms"]]
    for arm in result["arms"]:
        shown = f"{arm['score']['mean']:.1%}" if arm["score"] else arm["status"]
        assert f"| {shown} |" in cells[arm["name"]]
        assert cells[arm["name"]].count("|") == lines[0].count("|")
    for gate in result["gates"]:
        assert f"| {gate['state']}, " in cells[gate["arm"]]
    assert result["verdict"]["sentence"] in lines


def test_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_result_keeps_the_published_schema(result):
    jsonschema.Draft202012Validator(schema()).validate(result)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda result: result.update(schema_version=1),
        lambda result: result.update(surprise=1),
        lambda result: result["verdict"].update(action="maybe"),
        lambda result: result["arms"][0].pop("cost"),
        lambda result: result["arms"][0]["score"].update(mean="high"),
        lambda result: result["arms"][0].update(outcomes={"lost": 1}),
    ],
)
def test_schema_refuses_what_it_does_not_describe(result, spoil):
    spoil(result)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(result)


def test_arm_without_a_result_has_null_and_not_zero(result):
    failed = next(arm for arm in result["arms"] if arm["name"] == "lora_dpo")
    assert failed["status"] == "failed" and failed["reason"]
    assert failed["score"] is failed["general"] is failed["cost"] is failed["dev_score"] is None


def test_score_general_and_cost_are_those_of_the_run(run, result):
    arm = next(arm for arm in result["arms"] if arm["name"] == "lora_sft")
    score, gate = run.decision.scores["lora_sft"], run.decision.gates[0]
    assert arm["score"] == {"metric": "exact_match", "mean": score.estimate, "low": score.low, "high": score.high,
                            "n": score.n, "method": score.method}  # fmt: skip
    assert arm["general"]["retention"] == gate.retention.estimate
    assert set(arm["general"]["tasks"]) == {"piqa", "openbookqa", "social_iqa", "commonsense_qa", "boolq"}
    assert arm["cost"]["tokens_per_item"] == 180 + 9


def test_figures_that_are_not_finite_become_null(run):
    odd = dataclasses.replace(run.evidence[0], dev_score=math.nan, aggregates={"exact_match": math.inf})
    result = load(reports.json().render(dataclasses.replace(run, evidence=(odd, *run.evidence[1:]))).text)
    assert result["arms"][0]["dev_score"] is None
    assert result["arms"][0]["metrics"] == {"exact_match": None}
    jsonschema.Draft202012Validator(schema()).validate(result)


def test_half_a_surrogate_pair_is_escaped_and_other_scripts_are_not(run):
    text = reports.json().render(dataclasses.replace(run, description="請問 \ud83d")).text
    assert "請問 \\ud83d" in text
    assert load(text.encode("utf-8").decode())["description"] == "請問 \ud83d"


def test_equal_runs_give_equal_json(make_run):
    assert reports.json().render(make_run(20)) == reports.json().render(make_run(20))
