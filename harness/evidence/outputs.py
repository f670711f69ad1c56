"""Derived files of a run: reports through their plug-ins, and parquet tables from the ledger."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contract import Rendered, ReportFormat
from harness.errors import PluginError
from harness.evidence.redaction import redacted, texts_beside
from harness.plugins import REPORTS, load, plugins
from harness.program import Program
from harness.program import asked as asked_with
from harness.records import Evidence, Example, Fit, GeneralAbility, Measurement, Prediction, Run
from harness.store.files import replacing, write_atomically
from harness.store.folder import RunFolder
from harness.task.plugged import make_metric
from harness.task.task import Task

if TYPE_CHECKING:
    import pandas as pd


REDACTED = "redacted"  # the folder in the run's
# Of items.parquet, besides the dimensions of what was measured and one for each metric.
COLUMNS = frozenset(
    "judged item question target accepted prompt text answer outcome finish passages "
    "passage_texts prompt_tokens completion_tokens seconds probability".split()
)


def check_columns(task: Task) -> None:
    """Refuse metrics that would overwrite a column, or each other, before anything is spent.

    Raises:
        PluginError: If a metric calls itself as a column, or as another metric, is called.
    """
    seen = {*COLUMNS, *Measurement(Fit("")).dimensions}
    for asked in (task.primary_metric, *task.other_metrics):
        name = make_metric(asked, task.metric_options).name
        if name in seen:
            raise PluginError(f"metric '{asked}' calls itself '{name}', which items.parquet has already; rename it")
        seen.add(name)


def write_outputs(run: Run, folder: RunFolder) -> None:
    """Write every installed report format, the tables and the manifest."""
    write_atomically(folder.path / "manifest.json", json.dumps(run.manifest, indent=2, sort_keys=True) + "\n")
    _write_table(items_table(run, folder.path), folder.path / "items.parquet")
    _write_table(benchmarks_table(run), folder.path / "benchmarks.parquet")
    for name in sorted(plugins(REPORTS)):
        write_report(name, run, folder.path)


def write_redacted(task: Task, run: Run, folder: RunFolder) -> Run:
    """Write every installed report format of the redacted run into a folder of its own; return what was drawn."""
    bare = redacted(run, texts_beside(task.study))
    place = folder.path / REDACTED
    place.mkdir(exist_ok=True)
    for name in sorted(plugins(REPORTS)):
        write_report(name, bare, place)
    return bare


def write_report(name: str, run: Run, folder: Path) -> Path:
    """Draw one report format and return where it lies."""
    report = rendered(name, run)
    for part in (report, *report.beside):
        write_atomically(folder / part.file_name, part.text)
    return folder / report.file_name


def rendered(name: str, run: Run) -> Rendered:
    """Draw one report format.

    Raises:
        PluginError: If no installed package offers it.
    """
    report: ReportFormat = load(REPORTS, name)()
    return report.render(run)


def items_table(run: Run, folder: Path) -> "pd.DataFrame":
    """Return a row for every answer to a test item, of all seeds; `folder` is the run's.

    `judged` marks those of the seed that stands for its arm.
    """
    import pandas as pd

    examples = {example.id: example for example in run.examples}
    judged = {evidence.fit for evidence in run.evidence}
    rows = []
    for evidence in _all_fits(run):
        by_metric = {name: {s.example_id: s.value for s in scores} for name, scores in evidence.scores.items()}
        program = Program.from_dict(evidence.program, folder) if evidence.program else None
        for p in evidence.predictions:
            row = _item_row(evidence, examples[p.example_id], p, program)
            row["judged"] = evidence.fit in judged
            rows.append(row | {name: values.get(p.example_id) for name, values in by_metric.items()})
    return pd.DataFrame(rows)


def _all_fits(run: Run) -> Iterator[Evidence]:
    """Yield every fit of every arm; of the one that stands for its arm, what was judged."""
    for judged in run.evidence:
        for evidence in run.fits.get(judged.arm, (judged,)):
            yield judged if evidence.fit == judged.fit else evidence


def _item_row(evidence: Evidence, example: Example, p: Prediction, program: Program | None) -> dict[str, object]:
    return {
        **Measurement(evidence.fit).dimensions,
        "item": p.example_id,
        "question": example.messages[-1].content,
        "target": example.target,
        "accepted": list(example.accepted),
        "prompt": _prompt(program, example, p),
        "text": p.text,
        "answer": p.answer,
        "outcome": p.outcome.value,
        "finish": p.finish,
        "passages": list(p.passages),
        "passage_texts": list(p.passage_texts),
        "prompt_tokens": p.prompt_tokens,
        "completion_tokens": p.completion_tokens,
        "seconds": p.seconds,
        "probability": p.probability,
    }


def _prompt(program: Program | None, example: Example, p: Prediction) -> str | None:
    """Return the conversation that was put to the model as JSON, passages in full; None where it is not known."""
    turns = asked_with(program, example.question, p) if program is not None else None
    if turns is None:
        return None
    return json.dumps([asdict(turn) for turn in turns], ensure_ascii=False)


def benchmarks_table(run: Run) -> "pd.DataFrame":
    """Return a row for every benchmark item, held-out text and unrelated question, of each weights and seed."""
    import pandas as pd

    measured = [*run.bases, *(e.general for e in _all_fits(run) if e.general)]
    rows = [row for ability in measured for row in _general_rows(ability)]
    return pd.DataFrame(rows)


def _general_rows(ability: GeneralAbility) -> Iterator[dict[str, object]]:
    """Yield a row for every benchmark item, held-out text (nats a token) and unrelated question, with its answer."""
    for item in ability.items:
        yield {"weights": ability.weights, **asdict(item)}
    for text in ability.texts:
        loss = text.loss / text.tokens
        yield {"weights": ability.weights, "task": "held_out_text", "item": text.item, "metric": "loss", "score": loss}
    for asked in ability.off_task:
        yield {
            "weights": ability.weights,
            "task": "off_task",
            "item": asked.item,
            "metric": "hit",
            "score": float(asked.is_task_answer),
            "is_prompted": asked.is_prompted,
            "kind": asked.kind,
            "question": asked.question,
            "text": asked.text,
        }


def _write_table(table: "pd.DataFrame", path: Path) -> None:
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)
