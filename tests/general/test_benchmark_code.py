"""Task files of general.include_path are data: what brings code is named, and nothing of it runs."""

import os
from pathlib import Path

from click.testing import CliRunner
from pytest import fixture, mark, raises

from harness.benchmark_code import ALLOW, code_faults
from harness.cli import main
from harness.errors import HarnessError
from harness.general.benchmark_tasks import load_tasks
from harness.general.measure import general_items_digest
from harness.regular_files import read_regular

TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}, train: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{text}"
doc_to_choice: {choices}
doc_to_target: gold
metric_list: [{{metric: {metric}, aggregation: mean, higher_is_better: true}}]
{more}
"""


@fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(ALLOW, raising=False)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "rows.jsonl").write_text(
        "".join(f'{{"question": "What is {i}?", "options": ["one", "two"], "gold": {i % 2}}}\n' for i in range(8))
    )
    helper = "from pathlib import Path\nPath('marker').write_text('ran')\ndef process(rows):\n    return rows\n"
    (tmp_path / "tasks" / "helper.py").write_text(helper)
    yield tmp_path / "tasks"
    assert not (tmp_path / "marker").exists()


def write(folder, more="", text="{{question}} ", choices="options", metric="acc", name="own"):
    data = folder.parent / "rows.jsonl"
    filled = TASK.format(name=name, data=data, text=text, choices=choices, metric=metric, more=more)
    (folder / f"{name}.yaml").write_text(filled)


def said(folder):
    return [(fault.file, fault.line, fault.text) for fault in code_faults(folder)]


def test_plain_task_file_has_no_fault_and_is_loaded(folder):
    write(folder)
    assert said(folder) == []
    assert list(load_tasks(["own"], folder)) == ["own"]


@mark.parametrize(
    ("more", "line", "words"),
    [
        ("process_docs: !function helper.process", 10, "'!function' runs code"),
        ("metadata: {a: [1, {b: !function helper.process}]}", 10, "'!function' runs code"),
        ("metadata:\n  a: &x !function helper.process\n  b: *x", 11, "'!function' runs code"),
        ("metadata: !!python/object/apply:os.system [touch marker]", 10, "python/object/apply:os.system' runs code"),
        ("metadata: !<tag:yaml.org,2002:python/name:os.system> x", 10, "python/name:os.system' runs code"),
        ("class: helper.Own", 10, "'class' runs code"),
        ("unsafe_code: true", 10, "'unsafe_code' runs code"),
        ("use_prompt: prompts.yaml:own", 10, "'use_prompt' runs code"),
        ("doc_to_decontamination_query: '{{ cycler.__init__.__globals__ }}'", 10, "reaches for '__"),
        ("description: \"{{ question['__class__'] }}\"", 10, "reaches for '__class__'"),
        ("description: \"{{ question|attr('_private') }}\"", 10, "reaches for '_private'"),
        ("include: ../other.yaml", 1, "outside the folder"),
        ("x: {<<: {include: [/etc/other.yaml]}}", 1, "outside the folder"),
    ],
)
def test_each_way_to_bring_code_is_named_with_its_line_and_refused_where_it_would_run(folder, more, line, words):
    write(folder, more)
    [(file, found, text)] = said(folder)[:1]
    assert (file, found) == ("own.yaml", line)
    assert words in text
    with raises(HarnessError, match="general.include_path"):
        load_tasks(["own"], folder)


@mark.parametrize(
    "source",
    [
        "dataset_kwargs: {data_files: {test: 'http://198.51.100.7/x.jsonl'}}",
        "dataset_kwargs: {data_files: {test: [rows.jsonl, 's3::rows.jsonl']}}",
        "dataset_kwargs: {data_files: 'zip://x.jsonl::rows.zip'}",
        "dataset_kwargs: {data_dir: 'hf://datasets/owner/name'}",
        "dataset_kwargs: {sql: rows, con: 'postgresql://198.51.100.7/rows'}",
        "dataset_path: 'hf://datasets/owner/name'",
        "dataset_kwargs: {<<: {data_files: 'http:/198.51.100.7/x.jsonl'}}",
        "x: {task: [{task: inner, dataset_kwargs: {data_files: 'ftp://198.51.100.7/x'}}]}",
    ],
)
def test_address_as_a_task_s_data_is_refused_with_its_line(folder, source):
    (folder / "own.yaml").write_text(f"task: own\n{source}\n")
    [(file, line, text)] = said(folder)
    assert (file, line) == ("own.yaml", 2)
    assert "is an address, not a file of this machine or a name of the hub" in text
    with raises(HarnessError, match="is an address"):
        load_tasks(["own"], folder)


def test_address_in_a_question_is_text(folder):
    write(folder, text="What is at http://example.org? {{question}} ")
    assert said(folder) == []


def test_code_of_a_file_that_another_includes_is_found_under_any_name(folder):
    write(folder, "include: more/_base")
    (folder / "more").mkdir()
    (folder / "more" / "_base").write_text("process_docs: !function helper.process\n")
    assert [(file, line) for file, line, _ in said(folder)] == [("more/_base", 1)]


def test_file_that_a_link_brings_is_read_from_where_it_lies(folder):
    (folder.parent / "other.yaml").write_text("process_docs: !function helper.process\n")
    (folder.parent / "linked.yaml").write_text("task: linked\ninclude: other.yaml\n")
    (folder / "linked.yaml").symlink_to(folder.parent / "linked.yaml")
    assert "outside the folder" in said(folder)[0][2]


@mark.parametrize("text", ["a: [", "a: b\n---\nc: d\n", "[" * 20_000, "[" * 1_000_000, "\x00", "metadata: &m {a: *m}"])
def test_file_that_is_no_plain_yaml_is_a_fault(folder, text):
    (folder / "own.yaml").write_text(text)
    [(file, line, said_of_it)] = said(folder)
    assert (file, line) == ("own.yaml", None) and "cannot be read as plain YAML" in said_of_it


def test_aliases_count_as_often_as_they_are_named(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (folder / "own.yaml").write_text("\n".join(lines))
    assert "stands for more than 20,000 values, aliases (*) written out" in said(folder)[0][2]


def test_no_handle_is_kept_of_what_is_no_file(folder):
    kept = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        with raises(OSError, match="is a folder, a pipe or a device"):
            read_regular(folder)
    assert len([*Path("/proc/self/fd").iterdir()]) == kept


@mark.parametrize("kind", ["pipe", "endless"])
def test_file_that_is_no_file_or_never_ends_is_a_fault(folder, kind):
    file = folder / "own.yaml"
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.touch()
        os.truncate(file, 2**40)
    [(name, line, text)] = said(folder)
    assert (name, line) == ("own.yaml", None)
    assert ("a pipe or a device" if kind == "pipe" else "are read at most") in text


def test_data_is_written_nowhere_but_in_our_own_cache(folder):
    write(folder, more="metadata: {cache_dir: /somewhere}")
    [(file, line, text)] = said(folder)
    assert (file, line) == ("own.yaml", 10)
    assert "'cache_dir' has data written where no run belongs" in text


def test_template_that_builds_its_way_out_is_stopped_by_the_sandbox(folder):
    write(folder, text="{{question}}{{ cycler['__in' ~ 'it__']['__glo' ~ 'bals__'] }}")
    assert said(folder) == []
    with raises(HarnessError, match="'__init__' of 'type' object is unsafe"):
        load_tasks(["own"], folder)


def test_template_that_leaves_the_sandbox_at_a_later_item_is_one_sentence(folder):
    write(folder, text="{{question}} {{ cycler['__in' ~ 'it__'].x if question[8] != '0' }}")
    with raises(HarnessError, match="a template cannot be rendered: .*unsafe"):
        general_items_digest(["own"], 4, folder, 0)


@mark.parametrize("metric", ["acc, hf_evaluate: true", "own_metric"])
def test_metric_that_would_be_fetched_as_code_is_refused(folder, metric):
    (folder.parent / "own_metric").mkdir()
    (folder.parent / "own_metric" / "own_metric.py").write_text("open('marker', 'w')\n")
    write(folder, metric=metric)
    with raises(HarnessError, match="runs code|would fetch code of that name"):
        load_tasks(["own"], folder)


def test_code_runs_once_the_user_says_so(folder, monkeypatch):
    monkeypatch.setenv(ALLOW, "1")
    write(folder, "process_docs: !function helper.process")
    assert list(load_tasks(["own"], folder)) == ["own"]
    (folder.parent / "marker").unlink()  # it ran


def test_check_names_code_with_file_and_line_and_the_flag_lets_it_pass(folder, monkeypatch):
    write(folder, "process_docs: !function helper.process")
    rows = "".join(f'{{"input": "q{i}", "target": "a{i}"}}\n' for i in range(8))
    (folder.parent / "train.jsonl").write_text(rows)
    (folder.parent / "test.jsonl").write_text(rows.replace("q", "t"))
    task = Path("task.yaml")
    task.write_text(
        "version: 1\nname: own\ndata: {train: train.jsonl, test: test.jsonl}\narms: [zero_shot]\n"
        "general: {tasks: [own], include_path: tasks}\n"
    )
    result = CliRunner().invoke(main, ["check", str(task)])
    assert result.exit_code == 2
    assert "tasks/own.yaml line 10: '!function' runs code; take it out, or give --allow-benchmark-code" in result.output
    monkeypatch.setenv(ALLOW, "0")  # put back afterwards, whatever the flag sets
    assert "runs code" not in CliRunner().invoke(main, ["check", str(task), "--allow-benchmark-code"]).output


# ---- prompts ----------------------------------------------------------------------------------


def test_solved_examples_come_from_a_split_that_is_named(folder, measured):
    write(folder, "num_fewshot: 2")
    with raises(HarnessError, match="'own' shows 2 solved examples and does not say from which split"):
        measured(tasks=("own",), include_path=folder)


def test_training_split_serves_where_no_other_is_named(folder):
    write(folder, "num_fewshot: 2\ntraining_split: train")
    [task] = load_tasks(["own"], folder).values()
    from harness.general.prompt_faults import settle_shots

    settle_shots("own", task)
    assert task.fewshot_cfg.split == "train"


def test_prompt_that_holds_its_own_answer_is_refused(folder, measured):
    write(folder, "num_fewshot: 7\nfewshot_split: train")  # the same rows: seven of eight are shown
    with raises(HarnessError, match=r"prompt of item \d+ of 'own' holds that item with its answer"):
        measured(tasks=("own",), include_path=folder, limit=8)


def test_empty_continuation_is_refused(folder, measured):
    write(folder)
    rows = folder.parent / "rows.jsonl"
    first, *others = rows.read_text().splitlines()
    rows.write_text("\n".join([first, *(row.replace('"two"', '""') for row in others)]))
    with raises(HarnessError, match="of 'own' has an empty option or answer"):
        measured(tasks=("own",), include_path=folder)
