import pytest

from harness.errors import TaskFileError
from harness.task import load_task
from harness.task.faults import Faults
from harness.task.source import read_source


def read(tmp_path, text):
    path = tmp_path / "task.yaml"
    path.write_text(text)
    faults = Faults()
    source = read_source(path, faults)
    faults.raise_any(path)
    return source


def test_number_without_a_dot_before_its_exponent_is_a_number(tmp_path):
    assert read(tmp_path, "rate: 2e-4\n").values == {"rate": 0.0002}


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "2026-01-31", "1:30"])
def test_word_that_older_yaml_converts_stays_text(tmp_path, word):
    assert read(tmp_path, f"answer: {word}\n").values == {"answer": word}


def test_values_are_plain_python(tmp_path):
    values = read(tmp_path, "a: [1, true, null, 1.5]\nb: {c: d}\n").values
    assert type(values["b"]) is dict
    assert [type(value) for value in values["a"]] == [int, bool, type(None), float]


def test_leading_zero_is_decimal_as_yaml_1_2_has_it(tmp_path):
    assert read(tmp_path, "a: 017\nb: 0o17\n").values == {"a": 17, "b": 15}


@pytest.mark.parametrize(
    ("mark", "value"), [(">-", "one two three"), ("|-", "one\ntwo\nthree"), (">", "one two three\n")]
)
def test_block_of_several_lines_is_its_text_alone(tmp_path, mark, value):
    assert read(tmp_path, f"system: {mark}\n  one\n  two\n  three\n").values == {"system": value}


def test_spot_of_a_missing_place_is_that_of_what_encloses_it(tmp_path):
    source = read(tmp_path, "a: 1\nb:\n  c: 2\n")
    assert source.spot(("b", "c")) == (3, 3)
    assert source.spot(("b", "absent", "deeper")) == (2, 1)


def test_repeated_key_is_a_fault_with_both_lines(faults_of, valid):
    text = valid + "name: again\n"
    assert faults_of(text) == ("task.yaml line 10 column 1: key 'name' was given on line 2 already; remove one",)


def test_broken_yaml_names_its_line(faults_of):
    (fault,) = faults_of("version: 1\narms: [a\nname: b\n")
    assert fault.startswith("task.yaml line 3 column 5: not valid YAML: ")
    assert "begun on line 2" in fault


def test_unquoted_template_is_explained(faults_of, valid):
    assert faults_of(valid + "prompt: {template: {{ input }}}\n") == (
        "task.yaml line 10 column 21: a value that begins with '{' or '[' is read as YAML; put it in quotes",
    )


def test_tag_is_refused(faults_of, valid):
    assert "tag '!secret' is not supported; remove it" in faults_of(valid + "description: !secret x\n")[0]


def test_alias_to_its_own_parent_is_refused(faults_of, valid):
    assert any("refers to itself" in fault for fault in faults_of(valid + "cost: &a {gpu_hour: *a}\n"))


@pytest.mark.parametrize("value", ["!!int abc", "!!int ''", "!!float abc", "!!bool maybe", "9" * 5000])
def test_value_that_is_not_of_its_tag_is_named(faults_of, valid, value):
    assert "cannot be read as" in faults_of(valid + f"model: {value}\n")[0]


@pytest.mark.parametrize("value", ["!!python/object/apply:os.system [ls]", "!!set {a, b}", "!!binary aGVsbG8="])
def test_tag_that_makes_an_object_is_refused(faults_of, valid, value):
    assert "is not supported; remove it" in faults_of(valid + f"model: {value}\n")[0]


def test_merge_key_is_refused(faults_of, valid):
    faults = faults_of(valid + "goal: &goal {at_least: 0.5}\nrule: {<<: *goal}\n")
    assert faults == ("task.yaml line 11 column 8: merge keys (<<) are not supported; write the keys out",)


def test_anchors_that_write_out_to_billions_are_refused_at_once(faults_of, valid):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    assert faults_of(valid + bomb) == (
        "task.yaml: stands for more than 20,000 values, aliases (*) written out; a task file has some hundred",
    )


def test_alias_of_a_value_is_read(faults_of, task_folder, valid):
    path = task_folder.write("task.yaml", valid + "description: &text hello\nprompt: {system: *text}\n")
    assert load_task(path).study.system == "hello"


@pytest.mark.parametrize("value", ["[" * 500 + "]" * 500, "{a: " * 31 + "1" + "}" * 31])
def test_deep_nesting_is_refused(faults_of, valid, value):
    assert "nests lists or keys too deeply" in faults_of(valid + f"cost: {value}\n")[0]


def test_directive_that_brings_back_the_old_traps_is_refused(faults_of, valid):
    assert faults_of("%YAML 1.1\n---\n" + valid + "description: no\n") == (
        "task.yaml line 1 column 1: '%YAML' changes how YAML is read; remove the line",
    )


def test_tab_is_named_by_its_line_and_column(faults_of, valid):
    assert faults_of(valid + "goal:\n\tat_least: 0.9\n")[0].startswith("task.yaml line 11 column 1: not valid YAML: ")


def test_control_character_is_named_by_its_line_and_column(faults_of, valid):
    assert faults_of(valid + "description: a\x07\n") == (
        "task.yaml line 10 column 15: holds the control character '\\x07'; remove it",
    )


@pytest.mark.parametrize("name", ["train.jsonl", "rows.csv", "rows.parquet"])
def test_data_file_in_place_of_the_task_file_is_recognised(task_folder, name):
    path = task_folder.write(name, '{"question": "q", "answer": "a"}\n')
    with pytest.raises(
        TaskFileError, match=f"{name}: is a file of rows; make a task of it: harness init --from {name}"
    ):
        load_task(path)


def test_file_far_too_long_for_a_task_is_not_parsed(faults_of):
    assert faults_of("a: b\n" * 50_000)[0].startswith(
        "task.yaml: has 250,000 characters; a task file has some thousand"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_task_file_with_another_encodings_mark_is_read(task_folder, valid, encoding):
    assert load_task(task_folder.write("task.yaml", valid.encode(encoding))).name == "small"


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 1\n", "just text\n"])
def test_file_that_is_no_mapping_is_refused(faults_of, text):
    assert "it should hold keys such as 'version: 1'" in faults_of(text)[0]


def test_missing_task_file_is_named(tmp_path):
    with pytest.raises(TaskFileError, match=r"absent\.yaml: there is no such file; check the path"):
        load_task(tmp_path / "absent.yaml")


def test_folder_without_a_task_file_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(TaskFileError, match=r"is a folder without task\.yaml; give the task file, or make one"):
        load_task(tmp_path)


def test_task_file_in_another_encoding_names_the_line(tmp_path):
    (tmp_path / "task.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    with pytest.raises(TaskFileError, match=r"task.yaml line 2 column 10: byte 0xe9 is not UTF-8"):
        load_task(tmp_path / "task.yaml")


def test_byte_order_mark_and_windows_line_ends_are_read(task_folder, valid):
    path = task_folder.write("task.yaml", b"\xef\xbb\xbf" + valid.replace("\n", "\r\n").encode())
    assert load_task(path).name == "small"
