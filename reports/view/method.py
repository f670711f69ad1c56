"""Method, limits, versions and how to repeat the run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.records import Run
from reports import numbers
from reports.text import Clipped, clip
from reports.view.shapes import Table, table

TASK_FILE_LIMIT = 12_000  # characters of the resolved task file
VALUE_LIMIT = 300  # characters of one manifest value
MANIFEST_ROWS = 200
RULES = (
    "Every arm answers the same test items once; nothing of them is seen while an arm is built.",
    "The rungs are prompt, RAG, fine-tuning and both, cheapest first; dev names one candidate for each.",
    "If the prompt's lower bound reaches the goal, the answer is the prompt.",
    "A higher rung climbs when its paired gain's lower bound exceeds the smallest gain against every arm of the cheaper"
    " rungs, or when all of those are shown to miss the goal and it is shown to reach it.",
    "A tuned arm must not be shown to have lost more general ability than was allowed; if the items cannot tell, the"
    " report says so.",
    "Rates carry Wilson intervals, differences are paired on the same items; all are two-sided 95%"
    " unless said otherwise.",
    "An answer that is empty, cut off or unreadable counts as wrong. An item that could not be asked is left out"
    " for every arm, and bounded.",
    "The estimate is of this very prompt or adapter on questions like the test items; another seed was not measured"
    " unless the manifest lists several.",
)


@dataclass(frozen=True, slots=True)
class MethodSection:
    """All that a reviewer needs a year later."""

    finding: str
    rules: tuple[str, ...]
    limits: Table
    manifest: Table
    manifest_note: str
    commands: tuple[tuple[str, str], ...]  # what it does, what to type
    task_file: Clipped


def method_section(run: Run) -> MethodSection:
    """Build the section on method."""
    rows = list(flatten(run.manifest))
    hidden = len(rows) - MANIFEST_ROWS
    return MethodSection(
        finding=_finding(run),
        rules=RULES,
        limits=_limits(run),
        manifest=table(
            "Manifest of the run",
            ("Entry", "Value"),
            [(name, str(clip(value, VALUE_LIMIT))) for name, value in rows[:MANIFEST_ROWS]],
        ),
        manifest_note=f"… {numbers.plural(hidden, 'more entry', 'more entries')} in manifest.json"
        if hidden > 0
        else "",
        commands=_commands(run),
        task_file=clip(json.dumps(run.task, indent=2, ensure_ascii=False, default=str), TASK_FILE_LIMIT),
    )


def _finding(run: Run) -> str:
    versions = run.manifest.get("versions")
    seeds = run.manifest.get("seeds")
    parts = []
    if isinstance(versions, Mapping) and versions:
        parts.append(f"the versions of {numbers.plural(len(versions), 'package')}")
    if isinstance(seeds, list) and seeds:
        parts.append(f"seed {', '.join(str(seed) for seed in seeds)}" if len(seeds) == 1 else f"{len(seeds)} seeds")
    parts.append("hashes of model and data" if "data_sha256" in run.manifest else "the task file")
    return f"To repeat this run: {', '.join(parts)} are below."


def _limits(run: Run) -> Table:
    limits = run.limits
    rows = [
        ("Goal", numbers.percent(limits.goal), "an arm's lower bound must reach it"),
        ("Smallest gain", f"{numbers.size(limits.smallest_gain)} points", "smaller gains are not worth a rung"),
        ("Largest drop", f"{numbers.size(limits.max_drop)} points", "of general ability, over all benchmarks"),
        ("Keep", numbers.percent(limits.keep), "of what the base can do above chance"),
        ("Text loss", f"{numbers.plain(limits.max_text_loss, 2)} nats a token", "rise above the base"),
        ("Off-task answers", numbers.percent(limits.max_off_task), "of unrelated questions"),
        ("Errors", numbers.percent(limits.max_error_rate), "of items not asked; above it an arm is invalid"),
        (
            "Rule of thumb",
            " / ".join(numbers.percent(v) for v in (limits.rethink, limits.promising, limits.nearly_sure)),
            "rethink / promising / nearly sure; shown, decides nothing",
        ),
    ]
    return table("Limits set before the run", ("Limit", "Value", "Meaning"), rows, numbers=(1,))


def _commands(run: Run) -> tuple[tuple[str, str], ...]:
    again = "harness compare task.yaml"
    if run.manifest.get("limit"):
        again += f" --limit {run.manifest['limit']}"
    if run.is_fast:
        again += " --fast"
    commands = [
        ("Run it again, from the task's folder", again),
        ("Redraw this report without a model", f"harness report runs/{run.folder}"),
    ]
    for name, value in flatten(run.manifest):
        if "lm_eval" in name and "command" in name:
            commands.append(("Measure general ability with lm-eval itself", str(clip(value, 2000))))
    return tuple(commands)


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every leaf of nested data with its dotted name; missing values say so."""
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from flatten(value[key], f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and not all(isinstance(part, str | int | float) for part in value):
        for index, part in enumerate(value):
            yield from flatten(part, f"{name}.{index}")
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(part) for part in value) or "none"
    else:
        yield name, "not recorded" if value is None else str(value) or "empty"
