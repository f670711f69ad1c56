"""An adapter that was trained elsewhere, instead of the run's: what it scores on the run's own test items."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.chat.turns import without_thought
from harness.decision.arms import MetricSpec
from harness.decision.intervals import score_interval
from harness.decision.paired import compare
from harness.errors import HarnessError
from harness.exporting.export_source import ExportSource
from harness.exporting.pack import ADAPTER, pack
from harness.exporting.verify import verify
from harness.records import Comparison, Interval, Score
from harness.task.scoring import task_metric


@dataclass(frozen=True)
class Side:
    """One adapter's scores by item."""

    name: str
    scores: dict[str, Score]


@dataclass(frozen=True, slots=True)
class Scored:
    """Another adapter beside the run's, on the same items."""

    metric: str
    run: Interval
    other: Interval
    change: Comparison  # other less run, paired
    differing: int  # answers that are not the run's to the letter


def score_adapter(source: ExportSource, adapter: Path, count: int | None, log: Callable[[str], object]) -> Scored:
    """Let another adapter answer test items of a run as the run's own arm did, and compare the scores.

    Answers are read out of both texts in one way, so that an answer that the run counted as cut off may count here.

    Args:
        source: A tuned arm whose adapter stands on the base.
        adapter: A folder in PEFT's format, of the same base.
        count: Of items, drawn with the run's seed; all when None.
        log: Told of each answer.

    Raises:
        HarnessError: If the arm has no adapter, the folder holds none, or the script fails with it.
    """
    if source.program.weights.adapter is None:
        raise HarnessError(f"--adapter: {source.arm} has no adapter, so another one cannot be tried instead")
    if source.run.primary_metric in source.task.judges:
        judge = source.run.primary_metric
        raise HarnessError(
            f"--adapter: answers of this task are scored by '{judge}', which asks a model; run compare on it"
        )
    _check(adapter)
    weights = replace(source.program.weights, adapter=str(adapter.resolve()))
    other = replace(source, program=replace(source.program, weights=weights))
    metric = task_metric(source.run.primary_metric, source.task.metric_options, source.task.study.answer)
    examples = {example.id: example for example in source.task.test}
    theirs: dict[str, Score] = {}
    ours: dict[str, Score] = {}
    differing = 0
    with TemporaryDirectory(prefix="harness-adapter-") as room:
        out = Path(room) / "export"
        pack(other, out, is_merged=False, log=log)
        assert (out / ADAPTER).is_dir()
        for answered in verify(other, out, count or len(examples)):
            for scores, text in ((theirs, answered.said), (ours, answered.stored)):
                said = source.program.reader.read(without_thought(text))
                scores[answered.item] = metric.score(said, examples[answered.item])
            differing += not answered.is_equal
            log(f"asked {len(theirs)}: {answered.item}")
    groups = {example.id: example.group for example in source.task.test}
    spec = MetricSpec(metric.name, metric.kind, metric.aggregate, groups, source.task.seeds[0])
    change = compare(Side(str(adapter), theirs), Side(source.arm, ours), spec, source.task.limits.smallest_gain)
    before, after = (score_interval(list(scores.values()), spec) for scores in (ours, theirs))
    return Scored(metric.name, before, after, change, differing)


def _check(adapter: Path) -> None:
    try:
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise HarnessError(f"--adapter {adapter}: no adapter in PEFT's format ({fault}); give its folder") from fault
    if not isinstance(config, dict) or not (adapter / "adapter_model.safetensors").is_file():
        raise HarnessError(f"--adapter {adapter}: it has no adapter_model.safetensors; save it as safetensors")
