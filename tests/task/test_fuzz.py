"""Whatever stands in a task file or its data, the answer is a task or a list of faults: never a traceback."""

import json
import random
from pathlib import Path

import pytest

from harness.errors import TaskFileError
from harness.task import load_task

TASK = """version: 1
name: small
description: A task to be damaged.
data:
  train: train.jsonl
  dev: dev.jsonl
  test: test.jsonl
  columns: {input: question, target: answer}
prompt: {system: Be brief., template: "Q: {{ input }}"}
metric: {primary: exact_match, also: [f1]}
goal: {at_least: 0.90, smallest_gain: 2e-2}
arms:
  - zero_shot
  - {name: mine, baseline: few_shot, options: {shots: [2]}}
general: {tasks: core, limit: 10}
rule: {rethink: 0.20, promising: 0.90, nearly_sure: 0.99}
seeds: [0]
"""
SPLICES = [
    *":{}[],&*!|>%@`'\"#-?\t\n\r\0\ufeff\u2028\ud800",
    *(" ", "  ", "- ", ": ", "&a ", "*a", "!!int ", "!!python/name:os ", "null", "~", ".nan", "-.inf", "1e999"),
    *("true", "no", "017", "0x1F", "1:30", "2026-01-31", "{{ 1/0 }}", "{% for %}", "<<: ", "---\n", "...\n", "é"),
    *("[" * 40, "{a: " * 40, "9" * 5000, '"\\ud800"', '"\\0"', "x" * 3000, "../" * 20, "\\", "\n\n  ", "train", "id"),
]
ROWS = [{"question": f"question {n}", "answer": "yes" if n % 2 else "no", "id": f"r{n}"} for n in range(4)]
SHAPES = [
    {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
    {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "s"},
    {"instruction": "i", "input": "q", "output": "a"},
    {"prompt": [{"role": "user", "content": "q"}], "completion": "a"},
    {"prompt": "q", "chosen": "a", "rejected": "b"},
    {"question": "q", "answer": "a", "group": 1, "evidence": ["page"]},
]
ODD_VALUES = [
    None,
    True,
    0,
    -1,
    1.5,
    float("inf"),
    "",
    " ",
    "x",
    [],
    [[]],
    {},
    {"a": None},
    "\0",
    "\ud800",
    [None],
    10**30,
]


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "task.yaml").write_text(TASK)
    for split in ("train", "dev", "test"):
        write_rows(tmp_path / f"{split}.jsonl", [row | {"question": f"{split} {row['question']}"} for row in ROWS])
    return tmp_path


def is_read_or_refused(folder: Path) -> str:
    """Load the task; every fault names its file and something to do."""
    try:
        load_task(folder / "task.yaml")
    except TaskFileError as fault:
        assert fault.faults
        for text in fault.faults:
            assert ": " in text
        return "refused"
    return "read"


def damaged(text: str, chance: random.Random) -> str:
    """Cut, double or splice a text at one to three places."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 1, 5, 30)))
        text = text[:start] + chance.choice((chance.choice(SPLICES), text[start:end] * 2, "")) + text[end:]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_damaged_task_files_are_read_or_refused(folder, seed):
    chance = random.Random(f"yaml {seed}")
    outcomes = []
    for _ in range(40):
        (folder / "task.yaml").write_bytes(damaged(TASK, chance).encode(errors="surrogatepass"))
        outcomes.append(is_read_or_refused(folder))
    assert outcomes.count("refused") > len(outcomes) // 3  # else the damage does not reach the reader


def test_damaged_bytes_are_read_or_refused(folder):
    chance = random.Random("bytes")
    for name in ("task.yaml", "train.jsonl"):
        whole = (folder / name).read_bytes()
        for _ in range(60):
            start = chance.randrange(len(whole))
            (folder / name).write_bytes(whole[:start] + chance.randbytes(3) + whole[start + 2 :])
            is_read_or_refused(folder)
        (folder / name).write_bytes(whole)


def test_task_files_with_odd_values_are_read_or_refused(folder):
    from ruamel.yaml import YAML

    settings = YAML(typ="safe").load(TASK)
    places = [(key,) for key in settings] + [
        (key, inner) for key, section in settings.items() if isinstance(section, dict) for inner in section
    ]
    for place in places:
        for value in ODD_VALUES:
            changed = json.loads(json.dumps(settings))
            around = changed[place[0]] if len(place) == 2 else changed
            around[place[-1]] = value
            (folder / "task.yaml").write_text(json.dumps(changed))  # JSON is YAML
            is_read_or_refused(folder)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_rows_with_odd_values_are_read_or_refused(folder, shape):
    """Put every odd value at every place of a row, turns included."""
    whole = TASK.replace("  columns: {input: question, target: answer}\n", "")
    key = "preferences" if "chosen" in SHAPES[shape] else "train"
    task = (
        whole.replace("train: train.jsonl", "train: train.jsonl\n  preferences: odd.jsonl") if key != "train" else whole
    )
    (folder / "task.yaml").write_text(task if key != "train" else whole.replace("train.jsonl", "odd.jsonl"))
    for column, cell in SHAPES[shape].items():
        for value in ODD_VALUES:
            changes = [{column: value}]
            if isinstance(cell, list):
                turn = cell[-1]
                inner = [turn | {part: value} for part in turn] if isinstance(turn, dict) else []
                changes += [{column: [*cell[:-1], odd]} for odd in (value, *inner)]
            for change in changes:
                write_rows(folder / "odd.jsonl", [SHAPES[shape], SHAPES[shape] | change])
                is_read_or_refused(folder)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_rows_are_read_or_refused(folder, seed):
    chance = random.Random(f"rows {seed}")
    whole = (folder / "train.jsonl").read_text()
    for _ in range(40):
        (folder / "train.jsonl").write_bytes(damaged(whole, chance).encode(errors="surrogatepass"))
        is_read_or_refused(folder)


def test_damaged_tables_are_read_or_refused(folder):
    chance = random.Random("csv")
    whole = 'question,answer\n"one, two",a\n"three\nfour",b\nfive,c\n'
    (folder / "task.yaml").write_text(TASK.replace("train.jsonl", "train.csv"))
    for _ in range(60):
        (folder / "train.csv").write_bytes(damaged(whole, chance).encode(errors="surrogatepass"))
        is_read_or_refused(folder)


def test_damaged_parquet_is_read_or_refused(folder):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"question": ["q"] * 20, "answer": ["a"] * 20}).to_parquet(folder / "whole.parquet")
    whole = (folder / "whole.parquet").read_bytes()
    (folder / "task.yaml").write_text(TASK.replace("train.jsonl", "train.parquet"))
    chance = random.Random("parquet")
    for _ in range(60):
        start = chance.randrange(len(whole))
        cut = chance.choice((whole[:start], whole[:start] + chance.randbytes(1) + whole[start + 1 :]))
        (folder / "train.parquet").write_bytes(cut)
        is_read_or_refused(folder)
