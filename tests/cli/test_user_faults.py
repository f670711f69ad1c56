"""Whatever a user gives, each command ends in a sentence: never a traceback, never 'a fault of harness itself'."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_model import CHAT_TEMPLATE

from harness.cli import main
from harness.cli.exit_codes import Exit

TASK = "version: 1\nname: t\nmodel: MODEL\ndata: {train: train.jsonl, test: test.jsonl}\narms: [zero_shot]\n"
HUGE = f"0x{'F' * 6000}"  # Python refuses to write it in decimal


def rows(split, count):
    found = [{"input": f"{split} question {number}?", "target": f"a{number % 3}"} for number in range(count)]
    return "".join(json.dumps(row) + "\n" for row in found)


@pytest.fixture
def task(tmp_path, tiny_model):
    """Write a task on a copy of the tiny model; returns a function of the task file's text."""
    shutil.copytree(tiny_model, tmp_path / "model")
    (tmp_path / "train.jsonl").write_text(rows("train", 8))
    (tmp_path / "test.jsonl").write_text(rows("test", 6))

    def write(text=TASK):
        (tmp_path / "task.yaml").write_text(text.replace("MODEL", str(tmp_path / "model")))
        return tmp_path / "task.yaml"

    return write


def refused(*arguments, code=Exit.FAULT):
    """Run a command that must refuse; returns what it said."""
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == code, done.output
    assert "Error: " in done.output
    return done.output


def edited(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def without_layer(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layers.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def without_tensor_of_index(folder):
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", framework="numpy") as tensors:
        names = [*tensors.keys(), "model.layers.0.forgotten.weight"]
    (folder / "model.safetensors").rename(folder / "shard.safetensors")
    index = {"weight_map": dict.fromkeys(names, "shard.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def in_int8(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"].char()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


TENFOLD = {"type": "Replace", "pattern": {"Regex": "."}, "content": "a" * 10}
BROKEN_MODELS = {
    "weight in int8": (in_int8, "holds model.norm.weight as I8, and config.json has no quantization_config"),
    "cut tokenizer": (lambda m: (m / "tokenizer.json").write_text('{"version": '), "is not a tokenizer"),
    "empty tokenizer": (lambda m: (m / "tokenizer.json").write_text(""), "is not a tokenizer"),
    "list for a tokenizer": (lambda m: (m / "tokenizer.json").write_text("[]"), "is not a tokenizer"),
    "nested template": (
        lambda m: (m / "chat_template.jinja").write_text("{% for a in [1] %}" * 25 + "{% endfor %}" * 25),
        "too many statically nested blocks",
    ),
    "template that calls itself": (
        lambda m: (m / "chat_template.jinja").write_text(
            "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}" + CHAT_TEMPLATE
        ),
        "chat template",
    ),
    "template of bytes": (lambda m: (m / "chat_template.jinja").write_bytes(b"\xff{{ messages }}"), "cannot be read"),
    "object for an end token": (
        lambda m: edited(m / "tokenizer_config.json", eos_token={"a": 1}),
        "'eos_token' is {'a': 1}",
    ),
    "word for a window": (lambda m: edited(m / "config.json", max_position_embeddings="abc"), "_embeddings' is 'abc'"),
    "list for a text_config": (lambda m: edited(m / "config.json", text_config=[1]), "'text_config' is [1]"),
    "number for a config": (lambda m: (m / "config.json").write_text("5"), "config.json"),
    "deep config": (lambda m: (m / "config.json").write_text("[" * 200_000), "nests"),
    "pipe for a config": (lambda m: os.mkfifo(m / "x_config.json"), "a pipe or a device"),
    "pipe for a template": (lambda m: pipe(m / "chat_template.jinja"), "chat_template.jinja cannot be read"),
    "endless config": (lambda m: os.truncate(made(m / "x_config.json"), 2**40), "are read at most"),
    "layers beyond counting": (lambda m: edited(m / "config.json", num_hidden_layers=10**9), "of 1000000000 layers"),
    "words beyond counting": (
        lambda m: edited(m / "config.json", vocab_size=10**12),
        "the vocab_size in config.json is one that no tensor comes near",
    ),
    "words beyond counting, inside": (
        lambda m: edited(m / "config.json", text_config={"vocab_size": 1e12}),
        "the vocab_size in config.json",
    ),
    "heads beyond counting": (lambda m: edited(m / "config.json", num_attention_heads=10**9), "num_attention_heads"),
    "size beyond floats": (
        lambda m: edited(m / "config.json", hidden_size=10**400),
        "the hidden_size in config.json is one that no tensor comes near",
    ),
    "kernel of the hub": (
        lambda m: edited(m / "config.json", attn_implementation="owner/attention"),
        "config.json asks for code of the hub (attn_implementation: owner/attention); take that key out",
    ),
    "kernel of the hub, inside": (
        lambda m: edited(m / "config.json", text_config={"_attn_implementation": {"": "owner/attention@main"}}),
        "config.json asks for code of the hub (_attn_implementation: ",
    ),
    "tokenizer that grows": (
        lambda m: edited(m / "tokenizer.json", normalizer={"type": "Sequence", "normalizers": [TENFOLD] * 9}),
        "'normalizer' replaces so often that a character may become 10,000; save the model again",
    ),
    "missing layer": (without_layer, "of 2 layers 1 are in no file (layer 1 is the first)"),
    "tensor in no shard": (without_tensor_of_index, "model.layers.0.forgotten.weight"),
}


def made(file):
    file.touch()
    return file


def pipe(file):
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("kind", BROKEN_MODELS)
def test_check_names_what_is_wrong_with_a_models_folder(task, tmp_path, kind):
    change, words = BROKEN_MODELS[kind]
    change(tmp_path / "model")
    assert words in refused("check", task())


@pytest.mark.parametrize("kind", ["object for an end token", "word for a window", "list for a text_config"])
def test_compare_names_the_same_key_of_a_models_folder(task, tmp_path, kind):
    change, words = BROKEN_MODELS[kind]
    change(tmp_path / "model")
    assert words in refused("compare", task(), "--out", tmp_path / "run").splitlines()[-1]


def test_file_that_no_weights_are_loaded_from_is_left_alone(task, tmp_path):
    os.mkfifo(tmp_path / "model" / "stray.safetensors")
    assert CliRunner().invoke(main, ["check", str(task())]).exit_code == Exit.DONE


def test_link_to_itself_leads_out_of_no_model_s_folder(task, tmp_path):
    (tmp_path / "model" / "loop").symlink_to("loop")
    assert CliRunner().invoke(main, ["check", str(task())]).exit_code == Exit.DONE


ODD_MODELS = {
    "object for a token": {"tokenizer_config.json": {"eos_token": {"a": 1}}},
    "infinite window": {"config.json": {"max_position_embeddings": float("inf")}},
    "word for a window": {"config.json": {"max_position_embeddings": "abc"}},
    "list for a part": {"config.json": {"text_config": [1]}},
    "numbers for templates": {"tokenizer_config.json": {"chat_template": [1, 2]}},
    "numbers for tokens": {"tokenizer_config.json": {"bos_token": 7, "pad_token": [1]}},
}


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize("kind", ODD_MODELS)
def test_odd_settings_of_a_model_end_in_no_traceback(task, tmp_path, kind, command):
    for file, values in ODD_MODELS[kind].items():
        edited(tmp_path / "model" / file, **values)
    done = CliRunner().invoke(main, [command, str(task())])
    assert done.exit_code in (Exit.DONE, Exit.FAULT), done.output


@pytest.mark.parametrize("command", ["check", "plan", "compare"])
@pytest.mark.parametrize(
    "line",
    [
        f"seeds: [{HUGE}]\n",
        f"goal: {{at_least: {HUGE}}}\n",
        f"general: {{limit: {HUGE}}}\n",
        f"budget: {{minutes: {HUGE}}}\n",
    ],
)
def test_number_of_thousands_of_digits_is_a_fault_with_its_line(task, line, command):
    said = refused(command, task(TASK + line))
    assert "task.yaml line 6" in said
    assert len(said) < 5000  # the number is not repeated


def test_number_inside_an_option_is_found_too(task):
    few = f"[{{name: few, baseline: few_shot, options: {{shots: [{HUGE}]}}}}]"
    assert "larger than any setting" in refused("check", task(TASK.replace("[zero_shot]", few)))


@pytest.mark.parametrize("command", ["check", "plan", "compare"])
def test_pattern_that_is_slow_over_a_row_is_one_fault_of_the_task_file(task, tmp_path, command):
    """Of 2^60 ways to match, `(a|aa)+$` tries all before it fails."""
    slow = [{"input": f"q{number}", "target": "a" * 60 + "b"} for number in range(3)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in slow))
    said = refused(command, task(f'{TASK}answer: {{pattern: "((?:a|aa)+)$"}}\n'))
    assert said.count("answer.pattern") == 1
    assert "task.yaml line 6" in said and "(train.jsonl line 1)" in said and "make it simpler" in said


@pytest.mark.parametrize("zone", ["Mars/Phobos", "+99:99", "../../etc/passwd", "x" * 5000])
def test_time_zone_that_nobody_knows_is_a_fault_of_the_file(task, tmp_path, zone):
    import pyarrow as pa
    import pyarrow.parquet as pq

    when = pa.array([0] * 8, pa.timestamp("us", tz=zone))
    table = pa.table({"input": [f"q{n}?" for n in range(8)], "target": [f"a{n}" for n in range(8)], "when": when})
    pq.write_table(table, tmp_path / "train.parquet")
    path = task(TASK.replace("train.jsonl", "train.parquet"))
    for command in (["check", path], ["plan", path], ["init", "--from", tmp_path / "train.parquet"]):
        said = refused(*command)
        assert "train.parquet" in said
        assert len(said) < 5000


def test_machine_without_a_home_folder_is_told_what_to_set(task, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", "~nobody-here/x")
    path = task(TASK.replace("MODEL", "smollm2-135m"))
    for command in (["setup"], ["doctor"], ["check", path], ["plan", path], ["compare", path]):
        assert "set HARNESS_CACHE" in refused(*command)


def test_name_that_is_no_utf8_is_refused_before_anything_is_written(task, tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    path = task()
    rows_file = tmp_path / "train.jsonl"
    for command in (
        ["compare", path, "--out", odd],
        ["report", odd],
        ["export", odd],
        ["init", "--from", rows_file, "--out", odd],
        ["regress", "--base", odd, "--tuned", odd],
        ["check", odd],
    ):
        assert "is not UTF-8" in refused(*command)


def test_working_folder_whose_name_is_no_utf8_is_refused(task, tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(odd)).mkdir()
    call = [sys.executable, "-c", "from harness.cli import main; main()", "compare", str(task())]
    done = subprocess.run(call, cwd=odd, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.FAULT, 1)
    assert "is not UTF-8" in done.stderr


DAMAGES = (b"", b"null", b"[1, 2]", b"5", b"[" * 100_000, b"\xff\xfe\x00", b'{"a": ' * 2000)


@pytest.mark.parametrize("name", ["identity.json", "ledger.sqlite", "data/task.json", "result.json", "manifest.json"])
def test_damaged_run_folder_is_reported_listed_and_refused(tmp_path, monkeypatch, name):
    """An identity that is whole and one damaged file beside it: enough for every reader to be asked."""
    monkeypatch.chdir(tmp_path)
    for damage in DAMAGES:
        folder = tmp_path / "runs" / f"t-{abs(hash(damage))}"
        (folder / "data").mkdir(parents=True)
        (folder / "identity.json").write_text('{"task": "t"}')
        (folder / name).write_bytes(damage)
        for path in [folder, folder / "data", *folder.glob("*.*"), *folder.glob("data/*")]:
            path.chmod(path.stat().st_mode & 0o700)
        for command in (["report", folder], ["export", folder]):
            refused(*command)
        assert CliRunner().invoke(main, ["list"]).exit_code == Exit.DONE


SPLICES = (
    ":",
    "{",
    "[",
    "'",
    '"',
    "&a ",
    "*a",
    "!!int ",
    HUGE,
    "\0",
    "\u202e",
    "\ud800",
    "- " * 500,
    "{{ 1/0 }}",
    "~",
    ".nan",
    "1e999",
)


@pytest.mark.parametrize("seed", range(40))
def test_seeded_damage_to_task_rows_and_model_ends_in_no_traceback(task, tmp_path, seed):
    rng = random.Random(seed)
    path = task()
    files = [
        path,
        tmp_path / "train.jsonl",
        *sorted((tmp_path / "model").glob("*.js*")),
        *(tmp_path / "model").glob("*.ji*"),
    ]
    file = rng.choice(files)
    text = file.read_text()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text))
        splice = rng.choice(SPLICES).encode(errors="surrogatepass").decode(errors="replace")
        text = text[:at] + splice + text[at + rng.randint(0, 20) :]
    file.write_text(text)
    for command in (
        ["check", path],
        ["plan", path],
        ["init", "--from", tmp_path / "train.jsonl", "--out", tmp_path / "new"],
    ):
        done = CliRunner().invoke(main, list(map(str, command)))
        assert done.exit_code in (Exit.DONE, Exit.CHECK_FAILED, Exit.FAULT), (seed, file.name, done.output)


@pytest.mark.skipif(not Path("/proc").exists(), reason="limits the memory of a process as Linux does")
def test_lack_of_memory_is_not_said_as_another_model(task):
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))\n"
        "from harness.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code, "check", str(task()), "--model"], capture_output=True, text=True)
    assert done.returncode == Exit.FAULT, done.stderr
    assert "memory" in done.stderr
    assert "give another model" not in done.stderr


@pytest.mark.parametrize("name", ["task.yaml", "train.jsonl"])
def test_pipe_is_called_one_and_not_waited_for(task, tmp_path, name):
    file = task()
    pipe(tmp_path / name)
    assert f"{name}' is a pipe or a device" in refused("check", file).replace(f"{name}: is", f"{name}' is")


OWN = """
task: own
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: question
doc_to_choice: choices
doc_to_target: gold
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def raising(fault):
    def call(*_, **__):
        raise fault

    return call


def test_lack_of_memory_for_a_benchmark_s_data_is_said_so(task, tmp_path, monkeypatch):
    import datasets

    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(OWN)
    path = task(TASK.replace("zero_shot", "lora_sft") + "general: {tasks: [own], include_path: own}\n")
    wrapped = RuntimeError("cannot be generated")
    wrapped.__cause__ = MemoryError("64 GB")
    monkeypatch.setattr(datasets, "load_dataset", raising(wrapped))
    said = refused("compare", path, "--out", tmp_path / "run")
    assert "memory ran out" in said and "hub" not in said


def test_lack_of_memory_for_rows_is_no_fault_of_their_file(task, tmp_path, monkeypatch):
    import pandas
    import pyarrow

    pandas.DataFrame({"input": ["a"], "target": ["b"]}).to_parquet(tmp_path / "train.parquet")
    path = task(TASK.replace("train.jsonl", "train.parquet"))
    monkeypatch.setattr("harness.task.rows.parquet_rows", raising(pyarrow.ArrowMemoryError("64 GB")))
    said = refused("check", path)
    assert "memory ran out" in said and "write it again" not in said


LONG = "n" * 300  # no usual file system takes more than 255 bytes


@pytest.mark.parametrize("command", ["check", "plan", "compare"])
@pytest.mark.parametrize(("line", "written"), [(3, "MODEL"), (4, "train.jsonl"), (4, "test.jsonl")])
def test_name_longer_than_any_file_s_is_a_fault_with_its_line(task, command, line, written):
    said = refused(command, task(TASK.replace(written, LONG)))
    key = "model" if written == "MODEL" else f"data.{written.removesuffix('.jsonl')}"
    fault = next(text for text in said.splitlines() if f"task.yaml line {line} " in text)
    assert key in fault and "n" * 50 in fault and "..." in fault
    assert LONG not in said


def test_argument_longer_than_any_file_s_name_is_said_shortened(task):
    path = task()
    for command in (
        ["report", LONG],
        ["check", LONG],
        ["plan", LONG],
        ["compare", LONG],
        ["export", LONG],
        ["view", LONG],
        ["compare", path, "--out", LONG],
        ["check", path, "--fix", LONG],
        ["init", "--from", LONG],
        ["regress", "--base", LONG, "--tuned", LONG],
    ):
        said = refused(*command)
        assert "n" * 40 in said and "..." in said
        assert LONG not in said and "Errno" not in said
