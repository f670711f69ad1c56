"""A place to run comparisons in without torch: a model that answers by hashes, a small task, a cache of its own."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUB = ROOT / "tests" / "scorecard" / "stub"
ARMS = ("stub_prompt", "stub_index", "stub_tune")
TEST_ITEMS = 40
BENCHMARK_ITEMS = 12
HELD_OUT_TEXTS = 40  # as many as the product may ask for


@dataclass(frozen=True, slots=True)
class Lab:
    """Where the runs of one scorecard lie."""

    root: Path
    more: Mapping[str, str] = field(default_factory=dict)  # further environment of its runs
    options: tuple[str, ...] = ()  # of the command, in every run
    is_stub: bool = True  # False: the model that the task names

    @property
    def task(self) -> Path:
        """The task file with all arms."""
        return self.root / "task" / "task.yaml"

    def write_task(self, name: str, arms: Sequence[str] = ARMS, *, items: int = TEST_ITEMS, extra: str = "") -> Path:
        """Write a task on the stub model and return its file."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        for split, count in (("train", 9), ("dev", 6), ("test", items)):
            rows = [{"id": f"{split}{i}", "input": f"{split} {i}?", "target": f"answer {i % 3}"} for i in range(count)]
            (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (folder / "task.yaml").write_text(
            "version: 1\nname: scorecard\ndescription: a task for faults\n"
            f"model: {self.root / 'model'}\n"
            "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl,"
            " columns: {input: input, target: target, id: id}}\n"
            "metric: {primary: exact_match, also: [f1]}\n"
            f"general: {{tasks: core, limit: {BENCHMARK_ITEMS}}}\n{extra}"
            f"arms: [{', '.join(arms)}]\n",
            encoding="utf-8",
        )
        return folder / "task.yaml"

    def environment(self, cache: Path, **more: str) -> Mapping[str, str]:
        """Return the environment of a run: the stub on its path, and `more`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SCORECARD_")}
        path = os.pathsep.join((str(STUB), str(ROOT)))  # this tree, whatever is installed
        ours = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HARNESS_CACHE": str(cache)}
        return {**kept, **ours, **({"SCORECARD_STUB": "1"} if self.is_stub else {}), **self.more, **more}

    def new_cache(self, name: str) -> Path:
        """Make a cache that holds the benchmark items (and the embedded model) and no answer."""
        from harness.assets.cache import cache_folder

        cache = self.root / name
        cache.mkdir(parents=True)
        source, parts = (self.root, ["benchmarks-2"]) if self.is_stub else (cache_folder(), ["benchmarks-2", "models"])
        for part in parts:
            (cache / part).symlink_to((source / part).resolve())
        return cache


def command(task: Path, out: Path, *options: str) -> list[str]:
    """Return the command line of a comparison."""
    call = "from harness.cli import main; main()"
    return [sys.executable, "-c", call, "compare", str(task), "--out", str(out), *options]


def build_lab(root: Path) -> Lab:
    """Make the model's folder, the held-out texts and the task."""
    from harness.assets.cache import make_whole
    from harness.general.passages import TEXTS

    lab = Lab(root)
    model = root / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text(json.dumps({"model_type": "llama"}), encoding="utf-8")
    (model / "tokenizer_config.json").write_text('{"eos_token": "</s>"}', encoding="utf-8")
    (model / "chat_template.jinja").write_text(
        "{% for turn in messages %}{{ turn.content }}</s>{% endfor %}", encoding="utf-8"
    )
    (model / "tokenizer.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")  # of no tensor

    def texts(folder: Path) -> None:
        uses = ["gate"] * HELD_OUT_TEXTS + ["selection"] * HELD_OUT_TEXTS
        rows = [{"id": f"text{i}", "text": f"held-out text number {i}", "use": use} for i, use in enumerate(uses)]
        (folder / f"{TEXTS}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    make_whole(root / "benchmarks-2", texts)
    lab.write_task("task")
    return lab
