"""A small valid task on disk, which tests then change, and plug-ins of a third party."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.errors import TaskFileError
from harness.plugins import plugins
from harness.task import Task, load_task

VALID = """version: 1
name: small
data:
  train: train.jsonl
  dev: dev.jsonl
  test: test.jsonl
  columns: {input: question, target: answer}
metric: {primary: closeness}
arms: [echo]
"""
PLUGIN_SOURCE = """
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

class Echo:
    family = "prompt"
    needs = frozenset()
    needs_documents = False

class Search(Echo):
    needs_documents = True

def echo(options):
    if set(options) - {"rank"}:
        raise ValueError(f"unknown option {sorted(options)[0]}; known: rank")
    return Echo()

def search(options):
    return Search()

def closeness():
    return None

class Roughness(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    tolerance: Annotated[float, Field(ge=0)] = 0

def distance(power=2):
    if power not in (1, 2):
        raise ValueError(f"power is {power}; it may be 1 or 2")
"""
ENTRY_POINTS = """[harness.baselines]
echo = third_party_arms:echo
search = third_party_arms:search
broken = third_party_arms:not_there
[harness.metrics]
closeness = third_party_arms:closeness
nearness = third_party_arms:closeness
roughness = third_party_arms:Roughness
distance = third_party_arms:distance
"""


@pytest.fixture(autouse=True)
def third_party(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a real distribution with arms `echo`, `search`, `broken` and four metrics."""
    site = tmp_path_factory.mktemp("site")
    (site / "third_party_arms.py").write_text(PLUGIN_SOURCE)
    info = site / "third_party_arms-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party-arms\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(site))
    plugins.cache_clear()
    yield
    sys.modules.pop("third_party_arms", None)
    plugins.cache_clear()


def rows(prefix: str, count: int) -> list[dict[str, Any]]:
    return [{"question": f"{prefix} question {n}", "answer": f"answer {n}"} for n in range(count)]


class TaskFolder:
    """A task of 10 train, 2 dev and 3 test rows; `load` writes task.yaml and reads all back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {
            "version": 1,
            "name": "small",
            "data": {
                "train": "train.jsonl",
                "dev": "dev.jsonl",
                "test": "test.jsonl",
                "columns": {"input": "question", "target": "answer"},
            },
            "metric": {"primary": "closeness"},
            "arms": ["echo"],
        }
        for split, count in (("train", 10), ("dev", 2), ("test", 3)):
            self.write_rows(f"{split}.jsonl", rows(split, count))

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_rows(self, name: str, records: list[Any]) -> Path:
        return self.write(name, "".join(json.dumps(record) + "\n" for record in records))

    def only_train(self, name: str) -> None:
        """Let `name`, whose shape is recognised by itself, be the train split, and the others plain."""
        self.settings["data"] |= {"train": name, "columns": {}}
        for split in ("dev", "test"):
            self.write_rows(f"{split}.jsonl", [{"input": f"{split} question", "target": "answer"}])

    def add_preference(self, record: dict[str, Any]) -> None:
        self.settings["data"]["preferences"] = "pairs.jsonl"
        self.write_rows("pairs.jsonl", [record])

    def add_documents(self, evidence: Any) -> None:
        """Documents 'one' and 'two', a hidden file, and a single test row with this evidence."""
        self.settings["data"]["documents"] = "pages"
        self.write("pages/one.md", "first page\r\n")
        self.write("pages/deeper/two.txt", "second page")
        self.write("pages/.hidden", b"\xff")
        self.write_rows("test.jsonl", [{"question": "t", "answer": "a", "evidence": evidence}])

    def save(self) -> Path:
        path = self.folder / "task.yaml"
        with path.open("w") as file:
            YAML().dump(self.settings, file)
        return path

    def load(self) -> Task:
        return load_task(self.save())

    def faults(self) -> tuple[str, ...]:
        with pytest.raises(TaskFileError) as caught:
            self.load()
        return caught.value.faults


@pytest.fixture
def valid() -> str:
    """The text of a task file without a fault, beside the data of `task_folder`; 9 lines."""
    return VALID


@pytest.fixture
def task_folder(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path)


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """Write a task file's text beside valid data, and return the faults found in it."""
    folder = TaskFolder(tmp_path)

    def faults(text: str) -> tuple[str, ...]:
        path = folder.write("task.yaml", text)
        with pytest.raises(TaskFileError) as caught:
            load_task(path)
        return caught.value.faults

    return faults
