"""The thresholds that a user sets."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds that a user sets before the run."""

    goal: float = 0.90
    smallest_gain: float = 0.02
    rethink: float = 0.20
    promising: float = 0.90
    nearly_sure: float = 0.99
    max_drop: float = 0.03
    keep: float = 0.85
    max_text_loss: float = 0.25  # nats per token above the base
    max_off_task: float = 0.10  # share of unrelated questions that get the task's answer
    # shared: people also ask the tuned model other things, so the gate blocks; routed: only this task's inputs reach it
    deployment: Literal["shared", "routed"] = "shared"
    max_error_rate: float = 0.05  # infrastructure errors above this make an arm invalid
    is_adaptive: bool = False  # test items are asked in rounds, until all that is asked of an arm is settled

    def are_too_many(self, lost: int, asked: int) -> bool:
        """Whether so many items lost to infrastructure errors leave too little to judge."""
        return lost > self.max_error_rate * asked
