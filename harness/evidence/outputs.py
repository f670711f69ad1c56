"""Derived files of a run: reports through their plug-ins, and parquet tables from the ledger."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contract import ReportFormat
from harness.plugins import REPORTS, load, plugins
from harness.records import GeneralAbility, Run
from harness.store.files import write_atomically
from harness.store.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd


def write_outputs(run: Run, folder: RunFolder) -> None:
    """Write every installed report format, the tables and the manifest."""
    write_atomically(folder.path / "manifest.json", json.dumps(run.manifest, indent=2, sort_keys=True) + "\n")
    _write_items(run, folder.path / "items.parquet")
    _write_benchmarks(run, folder.path / "benchmarks.parquet")
    for name in sorted(plugins(REPORTS)):
        write_report(name, run, folder.path)


def write_report(name: str, run: Run, folder: Path) -> Path:
    """Draw one report format and return where it lies."""
    report: ReportFormat = load(REPORTS, name)()
    rendered = report.render(run)
    path = folder / rendered.file_name
    write_atomically(path, rendered.text)
    return path


def _write_items(run: Run, path: Path) -> None:
    import pandas as pd

    targets = {example.id: example for example in run.examples}
    rows = []
    for evidence in run.evidence:
        by_metric = {name: {s.example_id: s.value for s in scores} for name, scores in evidence.scores.items()}
        for p in evidence.predictions:
            rows.append(
                {
                    "arm": evidence.arm,
                    "condition": "test",
                    "seed": evidence.seed,
                    "item": p.example_id,
                    "question": targets[p.example_id].messages[-1].content,
                    "target": targets[p.example_id].target,
                    "text": p.text,
                    "answer": p.answer,
                    "outcome": p.outcome.value,
                    "finish": p.finish,
                    "passages": list(p.passages),
                    "prompt_tokens": p.prompt_tokens,
                    "completion_tokens": p.completion_tokens,
                    "seconds": p.seconds,
                    **{name: values.get(p.example_id) for name, values in by_metric.items()},
                }
            )
    _write_table(pd.DataFrame(rows), path)


def _write_benchmarks(run: Run, path: Path) -> None:
    import pandas as pd

    measured = [*run.bases, *(e.general for e in run.evidence if e.general)]
    rows = [row for ability in measured for row in _general_rows(ability)]
    _write_table(pd.DataFrame(rows), path)


def _general_rows(ability: GeneralAbility) -> Iterator[dict[str, object]]:
    """Yield a row for every benchmark item, held-out text (nats a token) and unrelated question."""
    for item in ability.items:
        yield {"weights": ability.weights, **asdict(item)}
    for text in ability.texts:
        loss = text.loss / text.tokens
        yield {"weights": ability.weights, "task": "held_out_text", "item": text.item, "metric": "loss", "score": loss}
    for asked in ability.off_task:
        is_hit = float(asked.is_task_answer)
        yield {"weights": ability.weights, "task": "off_task", "item": asked.item, "metric": "hit", "score": is_hit}


def _write_table(table: "pd.DataFrame", path: Path) -> None:
    temporary = path.with_name(f".{path.name}.part")
    table.to_parquet(temporary, index=False)
    temporary.replace(path)
