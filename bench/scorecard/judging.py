"""What a run may leave behind after a fault: the old state or the new one, and the truth about it."""

import json
import shutil
from dataclasses import dataclass

from bench.scorecard.lab import Lab
from bench.scorecard.runs import Ending, Result, Trial, read_result


@dataclass(frozen=True, slots=True)
class Reference:
    """A run that nothing happened to."""

    result: Result
    asked: int  # prompts that the model was asked
    points: dict[str, int]  # crash points passed, with how often
    steps: int
    trial: Trial


def reference(lab: Lab) -> Reference:
    """Run the lab's task without a fault, its steps counted."""
    trial = Trial.new(lab, "reference")
    ending = trial.run({})
    if ending.code:
        raise RuntimeError(f"the run without a fault ended with exit code {ending.code}:\n{ending.errors}")
    return Reference(read_result(trial.folder), len(trial.calls), trial.points, trial.count("steps"), trial)


def misreport(trial: Trial, ending: Ending, whole: Result) -> str:
    """Say what is wrong with how a run with a fault in it ended; empty when nothing is.

    It may refuse with a message. When it says that it is done, every arm that it calls ok must be
    as in the run without a fault.
    """
    if not ending.is_clean:
        return f"exit code {ending.code}: {_last_line(ending.errors)}"
    if ending.code == 2:
        return ""
    arms = read_result(trial.folder).arms
    wrong = [name for name, arm in arms.items() if json.loads(arm)[0]["status"] == "ok" and arm != whole.arms[name]]
    return f"silently different: {', '.join(wrong)}" if wrong else ""


def resumed(trial: Trial, whole: Result) -> str:
    """Run once more without a fault; say how the result differs from the whole run's, or nothing."""
    ending = trial.run()
    if ending.code:
        return f"resuming ended with exit code {ending.code}: {_last_line(ending.errors)}"
    result = read_result(trial.folder)
    if result.lost(whole) or result.doubled():
        return f"{result.lost(whole)} items lost, {result.doubled()} doubled"
    return "" if result.sha == whole.sha else f"another result than the whole run's: {_differing(result, whole)}"


def discard(trial: Trial, fault: str) -> None:
    """Remove a trial's files, unless they show a fault."""
    if not fault:
        shutil.rmtree(trial.root)


def _differing(result: Result, whole: Result) -> str:
    return (
        ", ".join(name for name in whole.arms if result.arms.get(name) != whole.arms[name]) or "no arm, something else"
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "no message"
