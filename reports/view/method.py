"""Method, limits, versions and how to repeat the run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.decision.gate import WARN_TEXT_LOSS
from harness.decision.words import IN_ROUNDS
from harness.records import Run
from reports import numbers
from reports.text import Clipped, clip
from reports.view.gates import DOES_NOT_BLOCK
from reports.view.shapes import Table, join, table

TASK_FILE_LIMIT = 12_000  # characters of the resolved task file
VALUE_LIMIT = 300  # characters of one manifest value
NOTE_LIMIT = 1_000
MANIFEST_ROWS = 200
DEPLOYMENTS = {
    "shared": "people also ask the tuned model other things, so the gate blocks",
    "routed": "only this task's inputs reach the adapter, so forgetting is reported and does not block",
}
RULES = (
    "Every arm answers the same test items once, unless stated below; nothing of them is seen while an arm is built.",
    "The rungs are prompt, RAG, fine-tuning and both, cheapest first; dev names one candidate for each.",
    "If the prompt's lower bound reaches the goal, the answer is the prompt.",
    "A higher rung climbs when its paired gain's lower bound exceeds the smallest gain against every arm of the cheaper"
    " rungs, or when all of those, and the best constant answer, are shown to miss the goal and it is shown to reach"
    " it.",
    "A tuned arm goes through a gate on items that it shares with its base. It fails when harm is shown, the chance of"
    " a false alarm (5%) split over the tests. It passes when every one-sided 95% bound lies inside its limit: the"
    " benchmarks, the loss on texts, and unrelated questions asked alone and under the task's prompt. In between, the"
    " report says how many items would settle it.",
    "The claim on benchmarks rests on the probability given to right answers, in points of the score, where the base"
    " stands far enough above chance in it to show a loss of the limit; else on the score. Benchmarks on which the base"
    " is near chance are shown and not judged; where too little is left to judge, the gate says so.",
    "Checkpoint and strength are chosen on dev as the best on the task inside a forgetting budget, a"
    " share of the gate's own limits, measured on items that the gate never uses. Where the gate does not block,"
    " there is no budget.",
    "Rates carry exact intervals, differences are paired on the same items; all are two-sided 95%"
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
    notes: tuple[str, ...]  # how the rows were read
    sentence: str  # the verdict in one line, as the terminal and result.json have it
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
        rules=(*RULES, *_this_run(run), *_formats(run)),
        notes=tuple(str(clip(note, NOTE_LIMIT)) for note in run.notes),
        sentence=run.decision.sentence,
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


def _this_run(run: Run) -> tuple[str, ...]:
    """Say how items were asked where not all were, what the gates of this run rest on, and whether they block."""
    deployed = "This run's gate blocks: people also ask the tuned model other things (general.deployment: shared)."
    if run.limits.deployment == "routed":
        deployed = f"This run's gate {DOES_NOT_BLOCK}. Forgetting is reported in full."
    resting: dict[str, list[str]] = {}
    for gate in run.decision.gates:
        if gate.state != "not_measured":
            resting.setdefault(gate.basis, []).append(gate.arm)
    rests = [
        f"for {join(arms)} the claim rests on {basis}" if basis else f"for {join(arms)} no measure sees enough to judge"
        for basis, arms in resting.items()
    ]
    asking = (IN_ROUNDS,) if run.limits.is_adaptive else ()
    return (*asking, deployed, f"In this run, {'; '.join(rests)}.") if rests else (*asking, deployed)


def _formats(run: Run) -> tuple[str, ...]:
    """Say how conversations were written for models whose chat templates do not take everything as it comes."""
    notes = [note for found in run.manifest.get("formats", {}).values() for note in found]
    return tuple(f"{note[0].upper()}{note[1:]}, in training, asking and exports alike." for note in notes)


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
        (
            "Smallest gain",
            f"{numbers.size(limits.smallest_gain)} points",
            "smaller gains are not worth a dearer option",
        ),
        ("Largest drop", f"{numbers.size(limits.max_drop)} points", "of general ability, over the judged benchmarks"),
        ("Keep", numbers.percent(limits.keep), "of what the base can do above chance; shown to keep less fails"),
        ("Text loss", f"{numbers.plain(limits.max_text_loss, 2)} nats a token", "rise above the base; more fails"),
        ("Text loss, warning", f"{numbers.plain(WARN_TEXT_LOSS, 2)} nats a token", "said as a warning; blocks nothing"),
        (
            "Off-task answers",
            numbers.percent(limits.max_off_task),
            "of unrelated questions turned into the task's answers, alone or under its prompt",
        ),
        ("Deployment", limits.deployment, DEPLOYMENTS[limits.deployment]),
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
    if run.limits.is_adaptive:
        again += " --adaptive"
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
