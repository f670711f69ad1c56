"""What a task is for, as its owner says it, and the goal, gain, deployment and prices that follow."""

from dataclasses import dataclass
from typing import Literal

Asker = Literal["customers", "colleagues", "program"]
Harm = Literal["little", "some", "much"]

_GOALS: dict[Harm, float] = {"little": 0.80, "some": 0.90, "much": 0.97}
_LOOKED_AT = 0.05  # less is enough where colleagues see each answer before it is used
_SMALL, _USUAL, _LARGE = 0.01, 0.02, 0.05  # smallest gains
_MANY, _FEW = 100_000, 1_000  # requests a month


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the owner of a task said of it."""

    asker: Asker
    harm: Harm  # of a wrong answer
    is_only_this: bool  # nothing but this task's inputs reaches the adapter
    requests_per_month: int | None
    gpu_hour: float | None  # price of an hour of the machine

    @property
    def goal(self) -> float:
        """The share of right answers from which the answerer is of use."""
        return round(_GOALS[self.harm] - (_LOOKED_AT if self.asker == "colleagues" else 0), 2)

    @property
    def smallest_gain(self) -> float:
        """The gain that is worth a costlier method: small where a wrong answer costs much, or very many are asked."""
        requests = self.requests_per_month
        if self.harm == "much" or (requests is not None and requests >= _MANY):
            return _SMALL
        return _LARGE if self.harm == "little" and requests is not None and requests < _FEW else _USUAL

    @property
    def deployment(self) -> Literal["shared", "routed"]:
        """As `general.deployment` in a task file."""
        return "routed" if self.is_only_this else "shared"

    @property
    def said(self) -> str:
        """What was said, for a comment in the task file."""
        count = "an unknown number of" if self.requests_per_month is None else f"{self.requests_per_month:,}"
        return f"{self.asker} ask, a wrong answer costs {self.harm}, {count} requests a month"
