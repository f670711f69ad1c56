"""Row 12: a thousand damaged task files, rows, documents, models, runs and caches; none ends in a traceback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.scorecard.figures import Figure, share
from bench.scorecard.lab import ROOT, Lab
from bench.scorecard.parallel import each, say
from bench.scorecard.runs import Trial

BATCH = 50  # cases a process
LIMIT_SECONDS = 1_800  # of a batch; each case has a limit of its own, of processor time
LOCALES: Mapping[str, Mapping[str, str]] = {
    "UTF-8": {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    "LC_ALL=C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def mutations(lab: Lab, whole: Trial, count: int) -> Figure:
    """Damage files and have them read, under both locales.

    Args:
        lab: Where.
        whole: A finished run.
        count: Cases under each locale.
    """
    ground = _ground(lab, whole)
    batches = [(locale, first, min(BATCH, count - first)) for locale in LOCALES for first in range(0, count, BATCH)]
    found = [one for batch in each("mutations", lambda batch: _batch(lab, ground, *batch), batches) for one in batch]
    faults = [f"{one['locale']}, {one['case']}: {one['fault']}" for one in found if one["fault"]]
    slowest, largest = (max(one[key] for one in found) for key in ("seconds", "memory"))
    note = (
        f"{count} under each of {' and '.join(LOCALES)}; slowest {slowest:.1f} s of processor time, largest process "
        f"{largest // 1024} MB; no traceback, none over 30 s or 2 GiB, no row lost in silence"
    )
    for fault in faults:
        say(f"  {fault}")
    return share("12", "damaged task files, data, models, runs and caches", faults, len(found), [note])


def _batch(lab: Lab, ground: Path, locale: str, first: int, count: int) -> list[dict[str, Any]]:
    """Run cases in a process, and in another one what a case that ended it left."""
    own = ground.parent / f"ground-{locale.replace('=', '-')}-{first}"
    shutil.copytree(ground, own)
    found: list[dict[str, Any]] = []
    while len(found) < count:
        done = _process(lab, own, locale, first + len(found), count - len(found))
        found += [{**json.loads(line), "locale": locale} for line in done.stdout.splitlines() if line.startswith("{")]
        if len(found) < count:
            fault = f"ended its process (exit code {done.returncode}): {done.stderr[-200:]}"
            case = str(first + len(found))
            found.append({"case": case, "locale": locale, "fault": fault, "seconds": 0.0, "memory": 0})
        shutil.rmtree(own / "room", ignore_errors=True)
    shutil.rmtree(own)
    return found


def _process(lab: Lab, own: Path, locale: str, first: int, count: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench.scorecard.mutated", str(own), str(first), str(count)]
    environment = {**lab.environment(own / "cache"), **LOCALES[locale]}
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", env=environment, cwd=ROOT,
            timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        return subprocess.CompletedProcess(command, -1, said, f"hangs: no end within {LIMIT_SECONDS} s")


def _ground(lab: Lab, whole: Trial) -> Path:
    """Write what is damaged: a folder a kind."""
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny_model import build_tiny_model  # type: ignore[import-not-found]

    from harness.store.cache import AnswerStore

    ground = lab.root / "mutations" / "ground"
    _write_task(ground / "task", build_tiny_model(lab.root / "mutations" / "tiny"))
    for kind in ("data", "model"):
        shutil.copytree(ground / "task", ground / kind)
    shutil.copytree(whole.folder, ground / "ledger")
    (ground / "cache").mkdir()
    store = AnswerStore(ground / "cache" / "answers-1.sqlite", log=say)
    for number in range(50):
        store.put(f"key{number}", json.dumps(f"answer {number}"))
    store.close()
    return ground


def _write_task(folder: Path, model: Path) -> None:
    """Write a task that has every format: JSONL, CSV, Parquet and pages of each kind."""
    import pyarrow as pa
    import pyarrow.parquet as parquet
    from page_files import docx_of, pdf_of  # type: ignore[import-not-found]

    folder.mkdir(parents=True)
    shutil.copytree(model, folder / "model", ignore=lambda _, names: [one for one in names if one.endswith("tensors")])
    os.link(model / "model.safetensors", folder / "model" / "model.safetensors")
    rows = [
        {"id": f"r{n}", "input": f"Which code has part {n}, größer?", "target": f"K-{n}", "of": "x"} for n in range(40)
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:30]), encoding="utf-8")
    (folder / "dev.csv").write_text(
        "id,input,target,of\n" + "".join(f'{r["id"]}d,"{r["input"]} dev",{r["target"]},y\n' for r in rows[:8]),
        encoding="utf-8",
    )
    parquet.write_table(
        pa.Table.from_pylist([{**r, "input": f"{r['input']} test"} for r in rows[30:]]), folder / "test.parquet"
    )
    pages = folder / "pages"
    pages.mkdir()
    (pages / "one.md").write_text(
        "---\ntitle: Codes\n---\n\n| part | code |\n|---|---|\n| 1 | K-1 |\n", encoding="utf-8"
    )
    (pages / "two.html").write_text("<html><body><main><h1>Codes</h1><p>K-2</p></main></body></html>", encoding="utf-8")
    (pages / "three.docx").write_bytes(docx_of(("Normal", "Part 3 has K-3."), [["part", "code"], ["4", "K-4"]]))
    (pages / "four.pdf").write_bytes(pdf_of(["Part 5 has K-5."], ["Part 6 has K-6."]))
    (folder / "task.yaml").write_text(_TASK, encoding="utf-8")


_TASK = """\
version: 1
name: damaged
description: A task to be damaged.
model: ./model
data:
  train: train.jsonl
  dev: dev.csv
  test: test.parquet
  documents: pages
prompt: {system: Be brief., template: "{% for p in passages %}{{ p }} {% endfor %}Q: {{ input }} ({{ of }})"}
answer: {pattern: "(K-\\\\d+)"}
metric: {primary: exact_match, also: [f1]}
goal: {at_least: 0.90, smallest_gain: 2e-2}
arms:
  - zero_shot
  - {name: mine, baseline: few_shot, options: {shots: [2]}}
  - rag
general: {tasks: core, limit: 12}
seeds: [0, 1]
"""
