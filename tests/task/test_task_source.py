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


def test_line_of_a_missing_place_is_that_of_what_encloses_it(tmp_path):
    source = read(tmp_path, "a: 1\nb:\n  c: 2\n")
    assert source.line(("b", "c")) == 3
    assert source.line(("b", "absent", "deeper")) == 2


def test_repeated_key_is_a_fault_with_both_lines(faults_of, valid):
    text = valid + "name: again\n"
    assert faults_of(text) == ("task.yaml line 10: key 'name' was given on line 2 already; remove one",)


def test_broken_yaml_names_its_line(faults_of):
    (fault,) = faults_of("version: 1\narms: [a\nname: b\n")
    assert fault.startswith("task.yaml line 3: not valid YAML: ")
    assert "begun on line 2" in fault


def test_unquoted_template_is_explained(faults_of, valid):
    assert faults_of(valid + "prompt: {template: {{ input }}}\n") == (
        "task.yaml line 10: a value that begins with '{' or '[' is read as YAML; put it in quotes",
    )


def test_tag_is_refused(faults_of, valid):
    assert "tag '!secret' is not supported; remove it" in faults_of(valid + "description: !secret x\n")[0]


def test_alias_to_its_own_parent_is_refused(faults_of, valid):
    assert any("refers to itself" in fault for fault in faults_of(valid + "cost: &a {gpu_hour: *a}\n"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 1\n", "just text\n"])
def test_file_that_is_no_mapping_is_refused(faults_of, text):
    assert "it should hold keys such as 'version: 1'" in faults_of(text)[0]


def test_missing_task_file_is_named(tmp_path):
    with pytest.raises(TaskFileError, match=r"absent\.yaml: there is no such file; check the path"):
        load_task(tmp_path / "absent.yaml")


def test_folder_in_place_of_the_task_file_is_named(tmp_path):
    with pytest.raises(TaskFileError, match="is a folder; give the file in it"):
        load_task(tmp_path)


def test_task_file_in_another_encoding_names_the_line(tmp_path):
    (tmp_path / "task.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    with pytest.raises(TaskFileError, match=r"task.yaml line 2: byte 0xe9 is not UTF-8"):
        load_task(tmp_path / "task.yaml")


def test_byte_order_mark_and_windows_line_ends_are_read(task_folder, valid):
    path = task_folder.write("task.yaml", b"\xef\xbb\xbf" + valid.replace("\n", "\r\n").encode())
    assert load_task(path).name == "small"
