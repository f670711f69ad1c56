"""What the answer cache spared: figures count the work, not the luck of having asked before.

One figure does not: the seconds of a training that another arm takes over, or that an interrupted attempt left, hold
what was spent there, so judgements on dev that came from the cache are missing from them.
"""

from typing import Protocol, runtime_checkable

from harness.contract import Engine


@runtime_checkable
class Replaying(Protocol):
    """An engine that gives stored answers."""

    replayed_seconds: float  # what these answers took when they were asked
    replayed: int  # how many they were
    asked: int  # how many were put to the model


def replayed_seconds(engine: Engine) -> float:
    """Return the original seconds of everything that was served from the cache so far; 0 without one."""
    return engine.replayed_seconds if isinstance(engine, Replaying) else 0.0


def replayed_counts(engine: Engine) -> dict[str, int] | None:
    """Return how many answers were replayed and how many asked so far; None without a cache."""
    return {"replayed": engine.replayed, "asked": engine.asked} if isinstance(engine, Replaying) else None
