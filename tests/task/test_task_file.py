import pytest

from harness.errors import TaskFileError
from harness.records import Limits


def test_unknown_key_is_named_with_its_line_and_a_guess(faults_of, valid):
    faults = faults_of(valid.replace("metric:", "metrc:") + "metric: {primary: closeness}\n")
    assert faults == ("task.yaml line 8 column 1: unknown key 'metrc' (did you mean 'metric'?)",)


def test_unknown_key_deep_inside_gets_a_guess_from_its_own_section(faults_of, valid):
    faults = faults_of(valid + "general:\n  max_dorp: 0.1\n")
    assert faults == ("task.yaml line 11 column 3: unknown key 'max_dorp' (did you mean 'max_drop'?)",)


def test_unknown_key_of_an_arm_is_named(faults_of, valid):
    faults = faults_of(valid.replace("[echo]", "\n  - {name: echo, opptions: {}}"))
    assert faults == ("task.yaml line 10 column 18: unknown key 'opptions' (did you mean 'options'?)",)


@pytest.mark.parametrize("key", ["version", "name", "data", "arms"])
def test_missing_required_key_is_named(task_folder, key):
    del task_folder.settings[key]
    assert f"task.yaml line 1 column 1: key '{key}' is missing; add it" in task_folder.faults()


@pytest.mark.parametrize("written", ["0x" + "f" * 6000, "!!binary x", '"\\u0000"'])
def test_required_key_whose_value_cannot_be_read_is_not_called_missing(faults_of, valid, written):
    [line] = [line for line in valid.splitlines() if line.startswith("name:")]
    [fault] = faults_of(valid.replace(line, f"name: {written}"))
    assert fault.startswith(f"task.yaml line {valid.splitlines().index(line) + 1} column 7: ")


@pytest.mark.parametrize("split", ["train", "test"])
def test_missing_split_is_named(task_folder, split):
    del task_folder.settings["data"][split]
    assert task_folder.faults() == (f"task.yaml line 3 column 1: key 'data.{split}' is missing; add it",)


@pytest.mark.parametrize(
    ("section", "value", "expected"),
    [
        ("version", 2, "'version' is 2; it should be 1"),
        ("goal", {"at_least": 1.5}, "'goal.at_least' is 1.5; it should be less than or equal to 1"),
        ("goal", {"at_least": "high"}, "'goal.at_least' is 'high'; it should be a valid number"),
        ("goal", {"at_least": True}, "'goal.at_least' is True; it should be a valid number"),
        ("goal", {"at_least": float("nan")}, "'goal.at_least' is nan; it should be a finite number"),
        ("goal", None, "'goal' is empty; give a value or remove the key"),
        ("goal", 0.9, "'goal' is 0.9; give keys below it (known: at_least, smallest_gain)"),
        ("seeds", [], "'seeds' is []; it should have"),
        ("seeds", [0, 0], "seeds [0, 0] repeat; list each once"),
        ("seeds", [1, -1], "'seeds.2' is -1; it should be greater than or equal to 0"),
        ("budget", {"train_rows": 1.5}, "'budget.train_rows' is 1.5; it should be a valid integer"),
        ("description", 5, "'description' is 5, which YAML reads as no text; put it in quotes"),
        ("model", "", "'model.source' is ''; it should have at least 1 character"),
        ("model", "./absent", "model folder './absent' is not there"),
        ("arms", [], "'arms' is []; it should have at least 1 item"),
        ("arms", [7], "'arms.1' is 7; give keys below it"),
        ("general", {"include_path": "absent"}, "general.include_path 'absent' is not a folder"),
        (
            "prompt",
            {"template": "{{ inputt }}"},
            "prompt.template names 'inputt', which is not a column of the rows (did you mean 'input'?)",
        ),
        ("prompt", {"template": "{% if %}"}, "prompt template '{% if %}'"),
        ("prompt", {"template": "no question"}, "prompt.template leaves the question out"),
        ("prompt", {"template": "{{ input }}{{ 1 / 0 }}"}, "division by zero"),
        (
            "prompt",
            {"template": "{{ input }}{% for p in passages %}{{ p.text }}{% endfor %}"},
            "'str object' has no attribute 'text'",
        ),
        (
            "prompt",
            {"template": "{% if passages %}{{ passages[0] }}{% else %}{{ input }}{% endif %}"},
            "prompt.template leaves the question out where there are passages",
        ),
        ("prompt", {"template": "{{ input * 10**9 }}"}, "takes more than 1 GB of memory; make it simpler"),
        ("prompt", {"template": "{{ input * 10**6 }}"}, "writes more than 4,000,000 characters; make it simpler"),
        (
            "prompt",
            {"template": "{{ input }}{% for a in range(9**5) %}{% for b in range(9**5) %}{% endfor %}{% endfor %}"},
            "takes more than 2 seconds of processor time; make it simpler",
        ),
        (
            "prompt",
            {"template": "{{ input.__class__ }}"},
            "reaches for '__class__': names that begin with an underscore",
        ),
        ("arms", "echo", "'arms' is 'echo'; give a list, such as [echo]"),
        ("description", "a\0b", "holds the control character '\\x00'; remove it"),
        ("name", "x" * 999, "x...; use up to 64 letters"),
    ],
)
def test_wrong_value_is_the_one_fault_and_shows_the_value(task_folder, section, value, expected):
    task_folder.settings[section] = value
    (fault,) = task_folder.faults()
    assert expected in fault
    assert fault.startswith("task.yaml line ")


def test_list_without_items_is_told_what_it_lacks_and_no_more(faults_of, valid):
    faults = faults_of(valid.replace("[echo]", "[]"))
    assert faults == ("task.yaml line 9 column 1: 'arms' is []; it should have at least 1 item",)


@pytest.mark.parametrize(
    "template",
    [
        "{% for passage in passages %}{{ passage }}\n{% endfor %}{{ input }}",
        "{% if passages %}{{ passages[0] }}\n{{ passages[4] }}\n{% endif %}{{ input }}",
    ],
)
def test_template_that_shows_passages_where_there_are_some_is_right(task_folder, template):
    task_folder.settings["prompt"] = {"template": template}
    assert task_folder.load().study.template == template


@pytest.mark.parametrize("name", ["../up", "a b", ".hidden", "", "a/b", "x" * 65])
def test_name_that_is_no_safe_folder_name_is_refused(task_folder, name):
    task_folder.settings["name"] = name
    assert "as it names a folder" in task_folder.faults()[0]


@pytest.mark.parametrize("rule", [{"rethink": 0.95}, {"promising": 1.0}, {"nearly_sure": 0.9}])
def test_rule_thresholds_must_rise(task_folder, rule):
    task_folder.settings["rule"] = rule
    assert "do not rise; order them" in task_folder.faults()[0]


def test_defaults_are_those_of_the_limits(task_folder):
    assert task_folder.load().limits == Limits()


def test_thresholds_of_the_file_reach_the_limits(task_folder):
    task_folder.settings |= {
        "goal": {"at_least": 0.8, "smallest_gain": 0.01},
        "rule": {"rethink": 0.1, "promising": 0.7, "nearly_sure": 0.95},
        "general": {"max_drop": 0.04, "keep": 0.8, "max_text_loss": 0.2, "max_off_task": 0.3},
    }
    assert task_folder.load().limits == Limits(0.8, 0.01, 0.1, 0.7, 0.95, 0.04, 0.8, 0.2, 0.3)


def test_general_tasks_may_be_one_name(task_folder):
    task_folder.settings["general"] = {"tasks": "piqa", "limit": 10}
    assert task_folder.load().general.tasks == ("piqa",)


def test_model_folder_is_found_beside_the_task_file(task_folder):
    (task_folder.folder / "my-model").mkdir()
    task_folder.settings["model"] = "my-model"
    assert task_folder.load().model.source == str((task_folder.folder / "my-model").resolve())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smolm2-135m", "is not an alias (did you mean 'smollm2-135m'?), a folder here, or a hub id like 'org/name'"),
        ("gpt-4", "is not an alias (known: smollm2-135m), a folder here, or a hub id like 'org/name'"),
        ("gpt 4", "is not an alias (known: smollm2-135m), a folder here, or a hub id like 'org/name'"),
        ("foo/bar/baz", "is not an alias (known: smollm2-135m), a folder here, or a hub id like 'org/name'"),
    ],
)
def test_name_that_can_be_no_model_is_a_fault_at_its_place(faults_of, valid, name, said):
    assert faults_of(f"{valid}model: {name}\n") == (f"task.yaml line 10 column 1: model '{name}' {said}",)


@pytest.mark.parametrize("line", ["model: {}", "arms: [{{name: a, baseline: echo, model: {}}}]"])
def test_home_folder_that_nobody_has_is_said_as_such(faults_of, valid, line):
    text = valid.replace("arms: [echo]\n", "") if line.startswith("arms") else valid
    [fault] = faults_of(f"{text}{line.format('~nouser/model')}\n")
    assert fault.startswith("task.yaml line ")
    assert "model: '~nouser/model' begins with a home folder that is not known here; write the whole path" in fault


def test_well_formed_hub_id_stays_as_written(task_folder):
    task_folder.settings["model"] = "someone/Some.model-1B"
    assert task_folder.load().model.source == "someone/Some.model-1B"


def test_commit_of_a_hub_id_stays_in_the_source_and_out_of_the_name(task_folder):
    pinned = f"someone/Some.model-1B@{'a' * 40}"
    task_folder.settings["arms"] = ["echo", {"name": "other", "baseline": "echo", "model": pinned}]
    model = task_folder.load().arms[1].model
    assert (model.source, model.name) == (pinned, "Some-model-1B")


def test_model_alias_stays_as_written(task_folder):
    assert task_folder.load().model.source == "smollm2-135m"


def test_faults_of_file_arms_and_data_are_listed_at_once_in_order(faults_of, task_folder, valid):
    task_folder.write_rows("train.jsonl", [{"question": "q", "answer": ""}])
    task_folder.write("test.jsonl", "")
    arms = "\n  - ecko\n  - {name: a b}\n  - search"
    faults = faults_of(valid.replace("[echo]", arms) + "metrc: 1\ngoal: {at_least: 2}\nname: twice\n")
    expected = {
        "task.yaml line 10 column 5": "unknown arm 'ecko'",
        "task.yaml line 11 column 6": "'arms.2.name' is 'a b'",
        "task.yaml line 12 column 5": "arm 'search' searches documents",
        "task.yaml line 13 column 1": "unknown key 'metrc'",
        "task.yaml line 14 column 8": "'goal.at_least' is 2",
        "task.yaml line 15 column 1": "key 'name' was given on line 2",
        "train.jsonl line 1": "'answer' is empty",
        "test.jsonl": "is empty",
    }
    assert [fault.split(": ")[0] for fault in faults] == list(expected)
    assert all(text in fault for text, fault in zip(expected.values(), faults, strict=True))


def test_missing_train_key_does_not_hide_faults_of_the_test_rows(task_folder):
    del task_folder.settings["data"]["train"]
    task_folder.write("test.jsonl", "{\n")
    faults = task_folder.faults()
    assert [fault.split(":")[0] for fault in faults] == ["task.yaml line 3 column 1", "test.jsonl line 1"]


def test_error_opens_with_the_file_and_the_count(task_folder):
    task_folder.settings |= {"metrc": 1, "gaol": 2}
    with pytest.raises(TaskFileError) as caught:
        task_folder.load()
    first_line = str(caught.value).splitlines()[0]
    assert first_line == f"{task_folder.folder / 'task.yaml'}: 2 problems"
