"""Which material is for the gate and which for selection: what an arm is chosen on never judges it.

The parts depend on the material alone, not on seed or limit, so that no sample of one can reach the other.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

Use = Literal["gate", "selection"]

_FIFTH = 5  # selection sees estimates, the gate needs bounds: it gets four fifths


def uses_of(keys: Sequence[str]) -> list[Use]:
    """Say for each item what it is for, given what it is made of; equal keys are for the same use.

    A fifth of the distinct keys, those whose hashes are lowest, is for selection. Fewer than five leave it nothing.
    """
    ranked = sorted(set(keys), key=rank)
    selection = set(ranked[: len(ranked) // _FIFTH])
    return ["selection" if key in selection else "gate" for key in keys]


def rank(key: str) -> str:
    """Return what puts keys into an order that has nothing to do with what they say."""
    return hashlib.sha256(key.encode()).hexdigest()
