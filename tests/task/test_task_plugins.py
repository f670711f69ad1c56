import pytest

from harness.task.plugged import make_metric


def test_arm_may_be_a_name_or_a_mapping(task_folder):
    task_folder.settings["arms"] = ["echo", {"name": "louder", "baseline": "echo", "options": {"rank": 4}}]
    first, second = task_folder.load().arms
    assert (first.name, first.baseline, first.options) == ("echo", "echo", {})
    assert (second.name, second.baseline, second.options) == ("louder", "echo", {"rank": 4})


def test_unknown_arm_gets_a_guess(faults_of, valid):
    faults = faults_of(valid.replace("[echo]", "[ecko]"))
    assert faults == ("task.yaml line 9 column 8: unknown arm 'ecko' (did you mean 'echo'?)",)


def test_unknown_baseline_of_a_named_arm_is_called_a_baseline(task_folder):
    task_folder.settings["arms"] = [{"name": "mine", "baseline": "ecko"}]
    assert "unknown baseline 'ecko' (did you mean 'echo'?)" in task_folder.faults()[0]


def test_arm_that_cannot_be_imported_is_named(task_folder):
    task_folder.settings["arms"] = ["broken"]
    assert "plug-in 'broken' (third_party_arms:not_there) cannot be imported" in task_folder.faults()[0]


def test_two_arms_of_one_name_are_refused_whatever_their_case(task_folder):
    task_folder.settings["arms"] = ["echo", {"name": "Echo", "baseline": "echo"}]
    assert "arm 'Echo' is listed twice" in task_folder.faults()[0]


def test_arm_cannot_take_the_name_of_the_untuned_model(task_folder):
    task_folder.settings["arms"] = [{"name": "base", "baseline": "echo"}]
    assert "arm 'base' has the name of the untuned model" in task_folder.faults()[0]


def test_wrong_option_of_an_arm_is_named(task_folder):
    task_folder.settings["arms"] = [{"name": "echo", "options": {"rnak": 4}}]
    assert "arm 'echo': unknown option rnak; known: rank" in task_folder.faults()[0]


def test_wrong_option_of_our_own_arm_is_named(task_folder):
    task_folder.settings["arms"] = [{"name": "few_shot", "options": {"no_such_option": 4}}]
    assert "arm 'few_shot': unknown option 'no_such_option'" in task_folder.faults()[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{shot: [4]}", ["15: arm 'few_shot': unknown option 'shot' (did you mean 'shots'?)"]),
        (
            "{shots: four}",
            ["15: arm 'few_shot': option 'shots' is 'four'; it should be a valid integer or be a list"],
        ),
        (
            "{shots: [0, 2, -1]}",
            [
                "23: arm 'few_shot': option 'shots.1' is 0; it should be greater than or equal to 1",
                "29: arm 'few_shot': option 'shots.3' is -1; it should be greater than or equal to 1",
            ],
        ),
        (
            "{shots: []}",
            ["15: arm 'few_shot': option 'shots' is []; it should be a valid integer or have at least 1 item"],
        ),
        ("{dev_rows: 1.5}", ["15: arm 'few_shot': option 'dev_rows' is 1.5; it should be a valid integer"]),
    ],
)
def test_mistake_in_an_option_is_one_fault_at_its_own_place(faults_of, valid, options, expected):
    faults = faults_of(valid.replace("[echo]", f"\n  - name: few_shot\n    options: {options}"))
    assert [fault.partition("column ")[2] for fault in faults] == expected
    assert all(fault.startswith("task.yaml line 11 ") for fault in faults)


def test_arm_that_needs_documents_says_so_when_there_are_none(faults_of, valid):
    (fault,) = faults_of(valid.replace("[echo]", "\n  - echo\n  - search"))
    assert fault.startswith("task.yaml line 11 column 5: arm 'search' searches documents and the task has none; set")


def test_unknown_metrics_get_guesses(faults_of, valid):
    faults = faults_of(valid.replace("{primary: closeness}", "\n  primary: closenes\n  also:\n    - nearnes"))
    assert faults == (
        "task.yaml line 9 column 3: unknown metric 'closenes' (did you mean 'closeness'?)",
        "task.yaml line 11 column 7: unknown metric 'nearnes' (did you mean 'nearness'?)",
    )


def test_metric_listed_twice_is_refused(task_folder):
    task_folder.settings["metric"] = {"primary": "closeness", "also": ["closeness"]}
    assert "metric 'closeness' is listed twice" in task_folder.faults()[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            "{exact_match: {strict: true}}",
            ["line 11 column 13: metric 'exact_match' has no options; remove them"],
        ),
        (
            "{roughness: {tolerence: 1}}",
            ["line 11 column 25: metric 'roughness': unknown option 'tolerence' (did you mean 'tolerance'?)"],
        ),
        (
            "{roughness: {tolerance: -1}}",
            [
                "line 11 column 25: metric 'roughness': option 'tolerance' is -1; "
                "it should be greater than or equal to 0"
            ],
        ),
        ("{distance: {power: 3}}", ["line 11 column 13: metric 'distance': power is 3; it may be 1 or 2"]),
        ("{distance: {pover: 2}}", ["line 11 column 24: metric 'distance': unknown option 'pover' (did you mean 'p"]),
        ("{closeness: {}}", ["line 11 column 13: options of metric 'closeness', which is not used; name it in me"]),
        ("{roughness: 3}", ["line 11 column 13: 'metric.options.roughness' is 3; give keys below it"]),
    ],
)
def test_mistake_in_a_metrics_options_is_one_fault_at_its_own_place(faults_of, valid, options, expected):
    metric = f"metric:\n  primary: exact_match\n  also: [roughness, distance]\n  options: {options}"
    faults = faults_of(valid.replace("metric: {primary: closeness}", metric))
    pairs = zip(faults, expected, strict=True)
    assert [fault.removeprefix("task.yaml ")[: len(wanted)] for fault, wanted in pairs] == expected


def test_metric_is_made_with_its_options(task_folder):
    task_folder.settings["metric"] = {"primary": "roughness", "options": {"roughness": {"tolerance": 0.5}}}
    task = task_folder.load()
    assert make_metric("roughness", task.metric_options).tolerance == 0.5
    assert task.resolved["metric"]["options"] == {"roughness": {"tolerance": 0.5}}


def test_metric_without_options_is_made_without_arguments(task_folder):
    assert task_folder.load().metric_options == {}
    assert make_metric("roughness", {}).tolerance == 0


def test_options_of_metrics_are_part_of_the_digest_and_their_absence_is_not(task_folder):
    task_folder.settings["metric"] = {"primary": "roughness"}
    plain = task_folder.load().digest
    task_folder.settings["metric"] = {"primary": "roughness", "options": {}}
    assert task_folder.load().digest == plain
    task_folder.settings["metric"] = {"primary": "roughness", "options": {"roughness": {"tolerance": 0.5}}}
    assert task_folder.load().digest != plain
