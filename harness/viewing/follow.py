"""Where a run stands, by its events: jobs, scores as they come, the stage, the time left, the last lines."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from harness.decision.words import share

State = Literal["running", "silent", "stopped", "finished", "unknown"]

MOST_SILENT = 150.0  # seconds without an event, after which a run is not called running; it says `alive` every 30 s
LAST_LINES = 12


@dataclass(slots=True)
class JobState:
    """One job of a run."""

    name: str
    state: str = "waiting"  # waiting, running, ok, failed, skipped, invalid
    reason: str = ""
    seconds: float | None = None
    score: str = ""  # '92.0% exact_match (80.2 to 97.0, n = 200)'


@dataclass(slots=True)
class Progress:
    """What the events of a run add up to."""

    state: State = "unknown"
    task: str = ""
    models: Sequence[str] = ()
    is_fast: bool = False
    started: str = ""
    last: str = ""  # time of the last event
    jobs: dict[str, JobState] = field(default_factory=dict)
    stage: str = ""  # 'training 12 of 60'
    left: int | None = None  # seconds of the whole run
    lines: list[str] = field(default_factory=list)
    verdict: dict[str, Any] = field(default_factory=dict)


def progress_of(events: Sequence[dict[str, Any]], now: datetime | None = None) -> Progress:
    """Add up a run's events.

    Args:
        events: Of `harness.evidence.event_file.read_events`.
        now: Instead of the time.
    """
    found = Progress()
    for event in events:
        with suppress(TypeError, ValueError, KeyError, AttributeError):  # of another form: it tells nothing
            _take(found, event)
    if found.state == "running" and _age(found.last, now or datetime.now(UTC)) > MOST_SILENT:
        found.state = "silent"
    del found.lines[:-LAST_LINES]
    return found


def _take(found: Progress, event: dict[str, Any]) -> None:
    """Let one event count; a field that is missing counts as not told."""
    kind, found.last = event["event"], str(event.get("time", ""))
    job = found.jobs.get(str(event.get("job", "")))
    if kind == "run_started":
        found.state, found.started, found.verdict = "running", found.last, {}
        found.task, found.is_fast = str(event.get("task", "")), bool(event.get("is_fast"))
        found.models = [str(model) for model in event.get("models", ())]
    elif kind == "planned":
        for planned in event.get("jobs", ()):
            found.jobs[str(planned["name"])] = JobState(str(planned["name"]))
    elif kind == "replanned":
        for name in event.get("dropped", ()):
            found.jobs.pop(str(name), None)
        for added in event.get("added", ()):
            found.jobs[str(added["name"])] = JobState(str(added["name"]))
    elif kind == "job_started":
        name = str(event.get("job", ""))
        found.jobs[name] = JobState(name, "running")
    elif kind == "progress":
        counts = f" {event.get('done')} of {event['total']}" if event.get("total") not in (None, 1) else ""
        found.stage = str(event.get("stage", "")) + counts
    elif kind == "log":
        found.lines.append(str(event.get("message", "")))
    elif kind == "scored" and job:
        low, high = (100 * float(event[end]) for end in ("low", "high"))
        figure = f"{share(float(event['estimate']))} {event['metric']}"
        job.score = f"{figure} ({low:.1f} to {high:.1f}, n = {event['n']})"
    elif kind == "job_ended" and job:
        job.state, job.reason = str(event.get("status", "")), str(event.get("reason", ""))
        job.seconds, found.stage = event.get("seconds"), ""
    elif kind in ("run_ended", "run_stopped"):
        found.state = "finished" if kind == "run_ended" else "stopped"
        found.verdict, found.stage = event.get("verdict", {}), ""
        found.lines += [str(event["reason"])] if kind == "run_stopped" else []
    found.left = event["left"] if "left" in event else found.left


def _age(time: str, now: datetime) -> float:
    try:
        return (now - datetime.fromisoformat(time)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
